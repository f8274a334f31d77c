"""Small vision-language models built from nothing: same architectures as the real ones, a few million parameters.

They carry the whole path (processor, chat template, vLLM, LoRA, merging) on two CPU cores: the tests compare engines
with them, the canary is tried on one, and the `miniature` recipe trains one from scratch. Their own byte-level BPE is
trained on the texts given, so that a page's text is a few dozen tokens.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ocr.core.environment import load

Architecture = Literal["qwen2_5_vl", "qwen3_vl"]
ARCHITECTURES: tuple[Architecture, ...] = ("qwen2_5_vl", "qwen3_vl")

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

CHAT = ("system\nYou are a helpful assistant.", "user\nassistant\n")
"""Words of the chat template: every page is asked with them."""

PAPER = 0.95
"""Brightness of blank paper, between 0 and 1, which the processor takes for zero."""

TEXTS = (
    *CHAT,
    '{"header": "Diário Oficial", "margin": "", "footer": "Página 12", "text": "Art. 1º Fica autorizada a União."}',
    "O Tribunal de Justiça do Estado de São Paulo decidiu, por unanimidade, negar provimento ao recurso.",
    "Publique-se. Registre-se. Intimem-se. Brasília, 21 de março de 1998; 177º da Independência e 110º da República.",
    "coração, ação, não, também, além, você, às, à, é, í, ó, ú, ã, õ, ç, 0123456789 R$ 1.234,56 / - ( ) [ ] : ; ! ?",
)


@dataclass(frozen=True, slots=True)
class TinyModelConfig:
    """How large the model is. The defaults give about 0.8 M parameters, enough to compare engines with."""

    architecture: Architecture = "qwen2_5_vl"
    hidden: int = 128
    layers: int = 2
    heads: int = 4
    key_value_heads: int = 2
    vision_hidden: int = 64
    vision_layers: int = 2
    vision_heads: int = 2
    patch: int = 0
    """Side of an image patch in pixels; 0 takes the architecture's own: 14 or 16. Four patches make one token."""
    intermediate: int = 0
    """Width inside a layer of the decoder; 0 is twice `hidden`."""
    vision_intermediate: int = 0
    full_attention: bool = False
    """Every layer of a Qwen2.5 vision tower sees the whole image; else all but the last look through windows."""
    vocabulary: int = 480
    embedded_vocabulary: int = 0
    """Rows of the embedding, as many as the tokenizer's entries where that is more."""
    max_image_tokens: int = 64
    """The processor shrinks larger images to this many tokens."""
    positions: int = 8192
    gain: float = 1.0
    """Multiplies every initial matrix. 4 makes the greedy choices of an untrained model decisive, instead of near
    ties that two correct engines may break differently (at 1.0 the logits of random weights differ by about 0.02)."""

    @property
    def patch_side(self) -> int:
        return self.patch or (14 if self.architecture == "qwen2_5_vl" else 16)


def build(out: Path, shape: TinyModelConfig, *, seed: int, texts: Iterable[str] = TEXTS) -> int:
    """Write an untrained checkpoint with its processor to `out`; answers how many parameters it has.

    `seed` fixes the weights; `texts` train the tokenizer. Raises `DependencyError` without the extra `train`.
    """
    torch, transformers = load("torch", extra="train"), load("transformers", extra="train")
    torch.manual_seed(seed)
    tokenizer = build_tokenizer(shape, texts)
    model_class = getattr(transformers, _CLASSES[shape.architecture] + "ForConditionalGeneration")
    model = model_class(_configuration(shape, tokenizer)).to(torch.float32).eval()
    with torch.no_grad():
        for matrix in (parameter for parameter in model.parameters() if parameter.ndim >= 2):
            matrix.mul_(shape.gain)
    end, pad = (tokenizer.convert_tokens_to_ids(token) for token in ("<|im_end|>", "<|endoftext|>"))
    model.generation_config = transformers.GenerationConfig(
        eos_token_id=[end, pad], pad_token_id=pad, bos_token_id=pad, do_sample=False
    )
    model.save_pretrained(out)
    _processor(shape, tokenizer).save_pretrained(out)
    return sum(parameter.numel() for parameter in model.parameters())


_CLASSES: dict[Architecture, str] = {"qwen2_5_vl": "Qwen2_5_VL", "qwen3_vl": "Qwen3VL"}


def build_tokenizer(shape: TinyModelConfig, texts: Iterable[str]) -> Any:
    """Train a byte-level BPE of `shape.vocabulary` entries on `texts`: any text can be written, known text is short."""
    tokenizers, transformers = load("tokenizers", extra="train"), load("transformers", extra="train")
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=shape.vocabulary,
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    trained = json.loads(bpe.to_str())["model"]
    tokenizer = transformers.Qwen2Tokenizer(
        vocab=trained["vocab"],
        merges=[tuple(merge) for merge in trained["merges"]],
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token=None,
        additional_special_tokens=list(SPECIAL_TOKENS),
        model_max_length=shape.positions,
    )
    tokenizer.chat_template = _chat_template(shape.architecture)
    return tokenizer


def _chat_template(architecture: Architecture) -> str:
    """The template of the real family, as trl ships it: trl then knows where an answer begins."""
    template: str = getattr(load("trl.chat_template_utils", extra="train"), f"{architecture}_chat_template")
    return template


def _configuration(shape: TinyModelConfig, tokenizer: Any) -> Any:
    identify = tokenizer.convert_tokens_to_ids
    head = shape.hidden // shape.heads
    text: dict[str, Any] = {
        "vocab_size": max(shape.embedded_vocabulary, (len(tokenizer) + 63) // 64 * 64),
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate or 2 * shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_value_heads,
        "max_position_embeddings": shape.positions,
        "bos_token_id": identify("<|endoftext|>"),
        "eos_token_id": identify("<|im_end|>"),
        "pad_token_id": identify("<|endoftext|>"),
    }
    vision = _vision(shape)
    # Rotary positions in time, height and width share the pairs of one head.
    third = head // 2 // 3
    rope: dict[str, Any] = {"rope_type": "default", "mrope_section": [head // 2 - 2 * third, third, third]}
    if shape.architecture == "qwen2_5_vl":
        text["rope_parameters"] = rope | {"rope_theta": 1e6}
    else:
        text["head_dim"] = head
        text["rope_parameters"] = rope | {"rope_theta": 5e6, "mrope_interleaved": True}
    return getattr(load("transformers", extra="train"), _CLASSES[shape.architecture] + "Config")(
        text_config=text,
        vision_config=vision,
        image_token_id=identify("<|image_pad|>"),
        video_token_id=identify("<|video_pad|>"),
        vision_start_token_id=identify("<|vision_start|>"),
        vision_end_token_id=identify("<|vision_end|>"),
        tie_word_embeddings=True,
    )


def _vision(shape: TinyModelConfig) -> dict[str, Any]:
    vision: dict[str, Any] = {
        "depth": shape.vision_layers,
        "hidden_size": shape.vision_hidden,
        "intermediate_size": shape.vision_intermediate or 2 * shape.vision_hidden,
        "num_heads": shape.vision_heads,
        "out_hidden_size": shape.hidden,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "patch_size": shape.patch_side,
    }
    if shape.architecture == "qwen2_5_vl":
        return vision | {"window_size": 8 * shape.patch_side, "fullatt_block_indexes": _whole_image_layers(shape)}
    return vision | {"num_position_embeddings": 256, "deepstack_visual_indexes": [0, shape.vision_layers - 1]}


def _whole_image_layers(shape: TinyModelConfig) -> list[int]:
    last = shape.vision_layers - 1
    return list(range(last + 1)) if shape.full_attention else [last]


def _processor(shape: TinyModelConfig, tokenizer: Any) -> Any:
    transformers = load("transformers", extra="train")
    pixels_per_token = 4 * shape.patch_side**2
    settings: dict[str, Any] = {
        "patch_size": shape.patch_side,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "size": {"shortest_edge": 4 * pixels_per_token, "longest_edge": shape.max_image_tokens * pixels_per_token},
        # Paper is nothing and ink is something. With the means of photographs, paper is a large number in every patch:
        # training from nothing then drowned the ink in it and told pages apart by their size alone.
        "image_mean": [PAPER] * 3,
        "image_std": [0.3] * 3,
    }
    video = "Qwen3VLVideoProcessor" if shape.architecture == "qwen3_vl" else "Qwen2VLVideoProcessor"
    return getattr(transformers, _CLASSES[shape.architecture] + "Processor")(
        image_processor=transformers.Qwen2VLImageProcessor(**settings),
        tokenizer=tokenizer,
        video_processor=getattr(transformers, video)(),
        chat_template=tokenizer.chat_template,
    )
