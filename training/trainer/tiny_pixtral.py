"""The configuration and the processor of a small model with a Pixtral tower and a Mistral language model.

This is the architecture of Mistral 3 and of Nemotron-Labs Diffusion. Image tokens have positions one after the other,
row by row, and a token ends each row. A Qwen model counts the row and the column of an image token apart.
"""

from typing import Any, Protocol

from ocr.core.environment import load

IMAGE, BREAK, END = "<|image_pad|>", "<|vision_pad|>", "<|vision_end|>"
"""Tokens of an image patch, of the end of a row of patches, and of the end of an image."""
PAPER = 0.95
"""Brightness of blank paper, between 0 and 1, which the processor maps to zero."""
TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message.role != 'assistant' -%}{{ '<|im_start|>' }}{%- endif -%}"
    "{%- if message.content is string -%}{{ message.content }}"
    "{%- else -%}{%- for part in message.content -%}"
    "{{ '<|image_pad|>' if part.type == 'image' else part.text }}"
    "{%- endfor -%}{%- endif -%}"
    "{{ '<|im_end|>' if message.role == 'assistant' else '<|box_start|>' }}"
    "{%- endfor -%}"
)
"""Chat template: a question stands between two tokens, an answer ends with one."""


class ModelSize(Protocol):
    """What is read of `training.trainer.tiny_model.TinyModelConfig`."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    key_value_heads: int
    vision_hidden: int
    vision_intermediate: int
    vision_layers: int
    vision_heads: int
    embedded_vocabulary: int
    max_image_tokens: int
    positions: int
    rope_theta: float

    @property
    def patch_side(self) -> int:
        """Pixels of a side of an image patch."""
        ...


def configure(config: ModelSize, tokenizer: Any) -> Any:
    """Return the `Mistral3Config` of a model of this size. One patch of the image is one token."""
    transformers = load("transformers", extra="train")
    identify = tokenizer.convert_tokens_to_ids
    text = transformers.MistralConfig(
        vocab_size=max(config.embedded_vocabulary, (len(tokenizer) + 63) // 64 * 64),
        hidden_size=config.hidden,
        intermediate_size=config.intermediate or 2 * config.hidden,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.key_value_heads,
        head_dim=config.hidden // config.heads,
        max_position_embeddings=config.positions,
        sliding_window=None,
        tie_word_embeddings=True,
        bos_token_id=identify("<|endoftext|>"),
        eos_token_id=identify("<|im_end|>"),
        pad_token_id=identify("<|endoftext|>"),
        rope_parameters={"rope_type": "default", "rope_theta": config.rope_theta or 1e6},
    )
    vision = transformers.PixtralVisionConfig(
        hidden_size=config.vision_hidden,
        intermediate_size=config.vision_intermediate or 2 * config.vision_hidden,
        num_hidden_layers=config.vision_layers,
        num_attention_heads=config.vision_heads,
        head_dim=config.vision_hidden // config.vision_heads,
        image_size=config.max_image_tokens * config.patch_side,
        patch_size=config.patch_side,
    )
    return transformers.Mistral3Config(
        text_config=text,
        vision_config=vision,
        image_token_id=identify(IMAGE),
        spatial_merge_size=1,
        tie_word_embeddings=True,
    )


def build_processor(config: ModelSize, tokenizer: Any) -> Any:
    """Return the processor of a model of this size."""
    transformers = load("transformers", extra="train")
    side = config.patch_side
    pixels = transformers.PixtralImageProcessor(
        size={"longest_edge": config.max_image_tokens * side},
        patch_size={"height": side, "width": side},
        image_mean=[PAPER] * 3,
        image_std=[0.3] * 3,
    )
    return transformers.PixtralProcessor(
        image_processor=pixels,
        tokenizer=tokenizer,
        patch_size=side,
        spatial_merge_size=1,
        chat_template=TEMPLATE,
        image_token=IMAGE,
        image_break_token=BREAK,
        image_end_token=END,
    )
