"""The decoding modes, their settings, and which of them a model has.

`ar` writes a token a pass. `self-speculation` drafts a block of masked tokens and verifies it causally: the same text
as `ar` in fewer passes. `diffusion` commits the tokens of a block by confidence: the text may differ. `verify:rapid`
takes the built-in reader's text as the draft: the same text as `ar`, with any model.
"""

import difflib
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field as Setting

from ocr.core.errors import EngineError, UsageError
from ocr.core.settings import Settings
from ocr.models.catalog import Model

Mode = Literal["", "ar", "diffusion", "self-speculation", "verify:rapid"]
MODES: tuple[Mode, ...] = get_args(Mode)[1:]
NEED_MASKS: tuple[Mode, ...] = ("diffusion", "self-speculation")
"""Modes of models that were trained to fill in masked tokens."""
LOSSLESS: tuple[Mode, ...] = ("", "ar", "self-speculation", "verify:rapid")
"""Modes that write the same tokens, so that a folder read with one goes on with another."""


class DecodingSettings(Settings):
    """How the engine `transformers` writes the tokens of a page."""

    mode: Mode = ""
    """ar, diffusion, self-speculation or verify:rapid; empty: the generation of transformers."""
    block: int = Setting(default=0, ge=0)
    """Tokens that are drafted at once; 0: as in the model's training, else 32."""
    threshold: float = Setting(default=0.9, ge=0, le=1)
    """Diffusion: a token is committed where its probability is above this."""
    steps: int = Setting(default=8, ge=1)
    """Diffusion: most passes over one block before it is complete."""
    revise: bool = False
    """Diffusion: the last pass masks what was committed below the threshold and predicts it again."""
    drafter: str = ""
    """Self-speculation: folder of a LoRA adapter that is used while drafting only. The text stays that of ar."""

    def block_of(self, model: Model) -> int:
        """Return the tokens of a block for this model."""
        return self.block or model.diffusion.block


def parse_mode(text: str) -> Mode:
    """Return the mode of this name. Raises `UsageError` for an unknown one."""
    for mode in MODES:
        if mode == text.strip():
            return mode
    near = difflib.get_close_matches(text, MODES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"modes: {', '.join(MODES)}"
    raise UsageError(f"--decoding {text}: no such mode", hint=hint)


def modes_of(model: Model) -> tuple[Mode, ...]:
    """Return the modes that a model has; one with code of its own has those of that code."""
    if model.remote_code:
        return ("ar", *NEED_MASKS)
    return tuple(mode for mode in MODES if mode not in NEED_MASKS or model.diffusion.mask >= 0)


def check_decoding(settings: DecodingSettings, model: Model) -> None:
    """Raise `EngineError` for a mode that the model was not trained to, `UsageError` for numbers that do not fit."""
    changed = settings.model_fields_set - {"mode"}
    if not settings.mode and changed:
        raise UsageError(
            f"decoding.{min(changed)} without a decoding mode", hint=f"--decoding MODE, one of {', '.join(MODES)}"
        )
    if settings.mode and settings.mode not in modes_of(model):
        raise EngineError(
            f"{model.name or model.id} was not trained to fill in masked tokens: no --decoding {settings.mode}",
            hint=f"its modes: {', '.join(modes_of(model))}; ocr finetune --set objective=joint trains the others",
        )
    if settings.drafter:
        _check_drafter(settings, model)
    if settings.block > model.max_tokens:
        raise UsageError(
            f"decoding.block: {settings.block} tokens are more than the budget of {model.max_tokens}",
            hint=f"--set decoding.block={min(32, model.max_tokens)}, or --set options.max_tokens=N",
        )


def _check_drafter(settings: DecodingSettings, model: Model) -> None:
    """Raise `UsageError` for a drafter adapter that is not there or that the mode has no use for."""
    if settings.mode != "self-speculation":
        raise UsageError(
            f"decoding.drafter drafts for self-speculation, not for {settings.mode}",
            hint="--decoding self-speculation, or leave out decoding.drafter",
        )
    if not (Path(settings.drafter) / "adapter_config.json").is_file():
        raise UsageError(
            f"decoding.drafter={settings.drafter}: the folder holds no adapter_config.json",
            hint="name the folder of a LoRA adapter",
        )
    if model.adapter or model.remote_code:
        raise UsageError(
            f"decoding.drafter: {model.name} has an adapter or code of its own",
            hint="name merged weights with --model, or leave out decoding.drafter",
        )


def refuse_decoding(settings: DecodingSettings, engine: str, reason: str) -> None:
    """Raise `EngineError` where an engine that has no such modes is asked for one."""
    if settings.mode:
        raise EngineError(
            f"--decoding {settings.mode}: the engine {engine} {reason}",
            hint="--engine transformers has every mode; or leave out --decoding",
        )


def describe_decoding(settings: DecodingSettings, model: Model) -> dict[str, Any]:
    """Return the part of the fingerprint: nothing for the modes that write the same tokens."""
    if settings.mode in LOSSLESS:
        return {}
    return {"decoding": {**settings.model_dump(exclude={"drafter"}), "block": settings.block_of(model)}}
