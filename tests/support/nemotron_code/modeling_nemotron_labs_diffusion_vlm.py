import torch
from transformers import Mistral3ForConditionalGeneration

from .configuration_nemotron_labs_diffusion_vlm import NemotronLabsDiffusionVLMConfig


class NemotronLabsDiffusionVLMModel(Mistral3ForConditionalGeneration):
    """A small stand-in with the interface of the published class; it writes token by token in either function."""

    config_class = NemotronLabsDiffusionVLMConfig

    def generate(  # the published name and arguments
        self,
        input_ids,
        pixel_values,
        image_sizes,
        max_new_tokens,
        steps,
        block_length,
        shift_logits,
        threshold,
        eos_token_id,
    ):
        assert not shift_logits and steps >= block_length and 0 <= threshold <= 1
        return self.ar_generate(input_ids, pixel_values, image_sizes, max_new_tokens, eos_token_id)

    def ar_generate(self, input_ids, pixel_values, image_sizes, max_new_tokens, eos_token_id):
        ids = input_ids
        passes = 0
        while passes < max_new_tokens and (not passes or ids[0, -1] != eos_token_id):
            logits = self(input_ids=ids, pixel_values=pixel_values, image_sizes=image_sizes, logits_to_keep=1).logits
            ids = torch.cat([ids, logits[:, -1:].argmax(-1)], 1)
            passes += 1
        return ids, passes

    def linear_spec_generate(self, input_ids, max_new_tokens):
        """Take no image, as the text models' function."""
        return input_ids[:, :max_new_tokens], 0
