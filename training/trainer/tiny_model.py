"""Build small vision-language models from scratch: the architectures of the real ones, a few million parameters.

They run the whole path (processor, chat template, vLLM, LoRA, merging) on two CPU cores. Tests compare engines with
them, the canary is tested on one, and the recipe `miniature` trains one. Their byte-level BPE is trained on the texts
given, so that the text of a page is a few dozen tokens.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import model_serializer

from ocr.core.environment import load
from ocr.core.settings import Settings
from training.trainer import tiny_pixtral

Architecture = Literal["qwen2_5_vl", "qwen3_vl", "mistral3"]
ARCHITECTURES: tuple[Architecture, ...] = ("qwen2_5_vl", "qwen3_vl")
"""Families of models that read pages with vLLM. `mistral3`, the family of Nemotron-Labs Diffusion, has a module of its
own: `training.trainer.tiny_pixtral`."""

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
"""Words of the chat template, which are in every prompt."""

PAPER = 0.95
"""Brightness of blank paper, between 0 and 1, which the processor maps to zero."""

TEXTS = (
    *CHAT,
    '{"header": "Diário Oficial", "margin": "", "footer": "Página 12", "text": "Art. 1º Fica autorizada a União."}',
    "O Tribunal de Justiça do Estado de São Paulo decidiu, por unanimidade, negar provimento ao recurso.",
    "Publique-se. Registre-se. Intimem-se. Brasília, 21 de março de 1998; 177º da Independência e 110º da República.",
    "coração, ação, não, também, além, você, às, à, é, í, ó, ú, ã, õ, ç, 0123456789 R$ 1.234,56 / - ( ) [ ] : ; ! ?",
)


class TinyModelConfig(Settings):
    """The size of a model that is built from scratch. The defaults are those of the recipe `miniature`."""

    hidden: int = 256
    """Width of the language model."""
    layers: int = 4
    """Layers of the language model."""
    heads: int = 8
    """Attention heads of the language model."""
    key_value_heads: int = 4
    """Key and value heads of the language model."""
    vision_hidden: int = 256
    """Width of the vision encoder."""
    vision_layers: int = 6
    """Layers of the vision encoder."""
    vision_heads: int = 8
    """Attention heads of the vision encoder."""
    patch: int = 16
    """Pixels of a side of an image patch; 0 takes the architecture's own, 14 or 16. Four patches make one token."""
    vocabulary: int = 1024
    """Tokens of the vocabulary."""
    max_image_tokens: int = 512
    """Upper limit of the image tokens of a page."""
    full_attention: bool = True
    """Every vision layer of a Qwen2.5-VL sees the whole image; else all but the last look through windows."""
    architecture: Architecture = "qwen2_5_vl"
    """Model family."""
    intermediate: int = 0
    """Width inside a layer of the language model; 0 is twice `hidden`."""
    vision_intermediate: int = 0
    """Width inside a layer of the vision encoder; 0 is twice `vision_hidden`."""
    embedded_vocabulary: int = 0
    """Rows of the embedding; at least as many as the tokenizer has entries."""
    positions: int = 8192
    """Longest sequence in tokens."""
    rope_theta: float = 0.0
    """Base of the rotary positions; 0 takes the architecture's own. With a low one, a small model tells apart places
    that are near each other."""
    token_each_sign: bool = False
    """Every sign of the texts is one token, and no token has two signs."""
    gain: float = 1.0
    """Factor on every initial matrix. 4 makes the greedy choices of an untrained model decisive. At 1 the logits differ
    by about 0.02, and two correct engines may choose differently."""

    @property
    def patch_side(self) -> int:
        """Pixels of a side of an image patch."""
        return self.patch or (14 if self.architecture == "qwen2_5_vl" else 16)

    @model_serializer(mode="wrap")
    def _leave_out_later_fields(self, serialize: Callable[["TinyModelConfig"], dict[str, object]]) -> dict[str, object]:
        """Write the fields from `architecture` on only where they were set.

        Recipes had only the others at first. Their JSON identifies finished runs, so it must not change.
        """
        values = serialize(self)
        later = list(type(self).model_fields)[_FIRST_FIELDS:]
        return {name: value for name, value in values.items() if name not in later or value != _default(name)}


_FIRST_FIELDS = 11
"""Fields of the first recipes."""


def _default(field: str) -> object:
    return TinyModelConfig.model_fields[field].default


def smallest(**changes: object) -> TinyModelConfig:
    """Return a model of about 0.8 million parameters, enough to compare engines, with `changes` to its fields."""
    values = {"hidden": 128, "layers": 2, "heads": 4, "key_value_heads": 2, "vision_hidden": 64, "vision_layers": 2}
    values |= {"vision_heads": 2, "patch": 0, "vocabulary": 480, "max_image_tokens": 64, "full_attention": False}
    return TinyModelConfig.model_validate(values | changes)


def build(out: Path, config: TinyModelConfig, *, seed: int, texts: Iterable[str] = TEXTS) -> int:
    """Write an untrained checkpoint with its processor to `out`; return its number of parameters.

    `seed` fixes the weights; `texts` train the tokenizer. Raises `DependencyError` without the extra `train`.
    """
    torch, transformers = load("torch", extra="train"), load("transformers", extra="train")
    torch.manual_seed(seed)
    tokenizer = build_tokenizer(config, texts)
    model_class = getattr(transformers, _CLASSES[config.architecture] + "ForConditionalGeneration")
    is_pixtral = config.architecture == "mistral3"
    values = (tiny_pixtral.configure if is_pixtral else _configuration)(config, tokenizer)
    model = model_class(values).to(torch.float32).eval()
    with torch.no_grad():
        for matrix in (parameter for parameter in model.parameters() if parameter.ndim >= 2):
            matrix.mul_(config.gain)
    end, pad = (tokenizer.convert_tokens_to_ids(token) for token in ("<|im_end|>", "<|endoftext|>"))
    model.generation_config = transformers.GenerationConfig(
        eos_token_id=[end, pad], pad_token_id=pad, bos_token_id=pad, do_sample=False
    )
    model.save_pretrained(out)
    (tiny_pixtral.build_processor if is_pixtral else _processor)(config, tokenizer).save_pretrained(out)
    return sum(parameter.numel() for parameter in model.parameters())


_CLASSES: dict[Architecture, str] = {"qwen2_5_vl": "Qwen2_5_VL", "qwen3_vl": "Qwen3VL", "mistral3": "Mistral3"}


def build_tokenizer(config: TinyModelConfig, texts: Iterable[str]) -> Any:
    """Train a byte-level BPE of `config.vocabulary` entries on `texts`: it can write any text, known text is short."""
    tokenizers, transformers = load("tokenizers", extra="train"), load("transformers", extra="train")
    bpe = tokenizers.Tokenizer(tokenizers.models.BPE())
    bpe.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=config.vocabulary,
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    if config.token_each_sign:
        texts = sorted({sign for text in texts for sign in text})
    bpe.train_from_iterator(texts, trainer)
    trained = json.loads(bpe.to_str())["model"]
    tokenizer = transformers.Qwen2Tokenizer(
        vocab=trained["vocab"],
        merges=[tuple(merge) for merge in trained["merges"]],
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token=None,
        additional_special_tokens=list(SPECIAL_TOKENS),
        model_max_length=config.positions,
    )
    tokenizer.chat_template = _chat_template(config.architecture)
    return tokenizer


def _chat_template(architecture: Architecture) -> str:
    """Return the template of the real family from trl, which then knows where an answer begins."""
    if architecture == "mistral3":
        return tiny_pixtral.TEMPLATE
    template: str = getattr(load("trl.chat_template_utils", extra="train"), f"{architecture}_chat_template")
    return template


def _configuration(config: TinyModelConfig, tokenizer: Any) -> Any:
    identify = tokenizer.convert_tokens_to_ids
    head = config.hidden // config.heads
    text: dict[str, Any] = {
        "vocab_size": max(config.embedded_vocabulary, (len(tokenizer) + 63) // 64 * 64),
        "hidden_size": config.hidden,
        "intermediate_size": config.intermediate or 2 * config.hidden,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.key_value_heads,
        "max_position_embeddings": config.positions,
        "bos_token_id": identify("<|endoftext|>"),
        "eos_token_id": identify("<|im_end|>"),
        "pad_token_id": identify("<|endoftext|>"),
    }
    vision = _vision(config)
    # Rotary positions in time, height and width share the pairs of one head.
    third = head // 2 // 3
    rope: dict[str, Any] = {"rope_type": "default", "mrope_section": [head // 2 - 2 * third, third, third]}
    if config.architecture == "qwen2_5_vl":
        text["rope_parameters"] = rope | {"rope_theta": config.rope_theta or 1e6}
    else:
        text["head_dim"] = head
        text["rope_parameters"] = rope | {"rope_theta": config.rope_theta or 5e6, "mrope_interleaved": True}
    return getattr(load("transformers", extra="train"), _CLASSES[config.architecture] + "Config")(
        text_config=text,
        vision_config=vision,
        image_token_id=identify("<|image_pad|>"),
        video_token_id=identify("<|video_pad|>"),
        vision_start_token_id=identify("<|vision_start|>"),
        vision_end_token_id=identify("<|vision_end|>"),
        tie_word_embeddings=True,
    )


def _vision(config: TinyModelConfig) -> dict[str, Any]:
    vision: dict[str, Any] = {
        "depth": config.vision_layers,
        "hidden_size": config.vision_hidden,
        "intermediate_size": config.vision_intermediate or 2 * config.vision_hidden,
        "num_heads": config.vision_heads,
        "out_hidden_size": config.hidden,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "patch_size": config.patch_side,
    }
    if config.architecture == "qwen2_5_vl":
        return vision | {"window_size": 8 * config.patch_side, "fullatt_block_indexes": _whole_image_layers(config)}
    return vision | {"num_position_embeddings": 256, "deepstack_visual_indexes": [0, config.vision_layers - 1]}


def _whole_image_layers(config: TinyModelConfig) -> list[int]:
    last = config.vision_layers - 1
    return list(range(last + 1)) if config.full_attention else [last]


def _processor(config: TinyModelConfig, tokenizer: Any) -> Any:
    transformers = load("transformers", extra="train")
    pixels_per_token = 4 * config.patch_side**2
    settings: dict[str, Any] = {
        "patch_size": config.patch_side,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "size": {"shortest_edge": 4 * pixels_per_token, "longest_edge": config.max_image_tokens * pixels_per_token},
        # Wrong input normalization: with ImageNet means, blank paper gives large activations in every patch. Training
        # from scratch then told pages apart by their size alone.
        "image_mean": [PAPER] * 3,
        "image_std": [0.3] * 3,
    }
    video = "Qwen3VLVideoProcessor" if config.architecture == "qwen3_vl" else "Qwen2VLVideoProcessor"
    return getattr(transformers, _CLASSES[config.architecture] + "Processor")(
        image_processor=transformers.Qwen2VLImageProcessor(**settings),
        tokenizer=tokenizer,
        video_processor=getattr(transformers, video)(),
        chat_template=tokenizer.chat_template,
    )
