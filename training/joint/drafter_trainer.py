"""trl's SFTTrainer for the stage `drafter`: only the adapter moves, and it acts on the noisy copy alone."""

from typing import Any

from ocr.core.environment import load
from ocr.models.catalog import Diffusion
from training.joint.drafter_training import act_on_drafts, drafting_loss, mask_whole_blocks
from training.joint.joint_trainer import count_answers, shown
from training.joint.two_streams import StreamTokens, build_streams


def drafter_trainer_class(diffusion: Diffusion) -> Any:
    """Return the trainer class for a base that is decoded so; it is made here because its parent needs trl loaded."""
    trl = load("trl", extra="train")

    class DrafterTrainer(trl.SFTTrainer):  # type: ignore[misc, name-defined]
        def __init__(self, **arguments: Any) -> None:
            super().__init__(**arguments)
            self._places = act_on_drafts(self.model)

        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            tokens = StreamTokens(diffusion.mask, int(self.processing_class.tokenizer.eos_token_id))
            streams = mask_whole_blocks(build_streams(inputs, diffusion.block, tokens), tokens.mask)
            self._places.noisy = streams.layout.noisy[..., None]
            outputs = model(**shown(self.accelerator.unwrap_model(model), inputs, streams), use_cache=False)
            loss = drafting_loss(outputs.logits, streams.layout)
            if num_items_in_batch is not None:  # the answer tokens of all batches of the step
                loss = loss * (count_answers(streams) / num_items_in_batch)
                if self.args.average_tokens_across_devices:
                    loss = loss * self.accelerator.num_processes
            return (loss, outputs) if return_outputs else loss

    return DrafterTrainer
