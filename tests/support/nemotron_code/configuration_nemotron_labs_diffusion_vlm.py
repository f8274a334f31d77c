from transformers import Mistral3Config


class NemotronLabsDiffusionVLMConfig(Mistral3Config):
    model_type = "nemotron_labs_diffusion_vlm"
