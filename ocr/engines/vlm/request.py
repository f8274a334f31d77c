"""Build the request to a vision-language model and the output from its answer, for every engine that serves one."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field as Setting

from ocr.core import files
from ocr.core.document import EngineOutput, Finish
from ocr.core.environment import package_version
from ocr.core.errors import EngineError
from ocr.core.settings import Settings, check
from ocr.engines.base import Request
from ocr.engines.vlm.decoding.modes import DecodingSettings
from ocr.models import answer_format, catalog, weights
from ocr.models.catalog import Model
from ocr.models.prompts import PROMPTS, Prompt, conversation, show

if TYPE_CHECKING:
    from PIL.Image import Image

# Keys of `Request.decoding` for these engines.
IMAGE_SCALE = "image_scale"
"""Show the page this many times as wide and high as the model's image budget."""
STRUCTURED = "structured"
"""False reads without the JSON grammar, also if the model was trained with it."""
DETECT_REPEATS = "detect_repeats"
"""False turns off the engine's own stop on exact repetition."""


class VisionOptions(Settings):
    """Options of an engine that serves a vision-language model."""

    model: str = ""
    """A name of models.toml, a folder or a hub id; empty takes the default of models.toml."""
    concurrency: int = Setting(default=0, ge=0)
    """Pages in flight; 0 lets the engine choose."""
    max_tokens: int = Setting(default=0, ge=0)
    """Token budget of an output; 0 takes the model's."""
    serving: dict[str, Any] = Setting(default_factory=dict)
    """Arguments for the serving engine; they override those of the model."""
    revision: str = ""
    """Commit of the model's repository; empty takes that of models.toml."""
    trusted_code: str = ""
    """The revision whose Python code may run, for a model that needs code of its own."""
    decoding: DecodingSettings = DecodingSettings()
    """How the engine `transformers` writes the tokens of a page."""

    def chosen_model(self) -> Model:
        """Return the model of these options; raises `UsageError` or `EngineError` if there is none."""
        model = catalog.resolve(self.model or catalog.default_name())
        changes: dict[str, Any] = {"serving": {**model.serving, **self.serving}}
        if self.revision and not model.is_local:
            changes["revision"] = self.revision
        if self.max_tokens:
            changes["max_tokens"] = self.max_tokens
        return model.model_copy(update=changes)


def check_options(options: Mapping[str, Any]) -> VisionOptions:
    """Validate an engine's `[options]`; raises `UsageError` on a key that does not exist."""
    return check(VisionOptions, options, where="options")


@dataclass(frozen=True, slots=True)
class Question:
    image: "Image"
    messages: Sequence[Mapping[str, Any]]
    """A conversation with one placeholder for the image."""
    max_tokens: int
    temperature: float
    sampling: Mapping[str, float]
    """top_p, repetition_penalty and the like, without the temperature."""
    seed: int
    schema: Mapping[str, object] | None
    """JSON Schema that the output must follow, if the engine can constrain it."""
    detect_repeats: bool
    template: Mapping[str, Any]
    """Keyword arguments of the chat template."""


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    ids: tuple[int, ...]
    """Token ids of the output without the end token; empty if a server does not return them."""
    finish: Finish
    reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    passes: int = 0
    """Passes of the language model, where the engine counts them."""


def compose(model: Model, request: Request) -> Question:
    """Return what to send to `model` for `request`; the request's settings override the model's."""
    sampling = {**model.sampling, **request.sampling}
    scale = request.decoding.get(IMAGE_SCALE, 1.0)
    structured = model.structured and request.decoding.get(STRUCTURED, True)
    prompt = Prompt("request", request.prompt) if request.prompt else PROMPTS[model.prompt]
    return Question(
        image=show(request.image.pixels, model.budget.scaled(float(str(scale)))),
        messages=conversation(prompt),
        max_tokens=request.max_tokens or model.max_tokens,
        temperature=sampling.pop("temperature", 0.0),
        sampling=sampling,
        seed=request.seed % 2**31,
        schema=answer_format.SCHEMA if structured else None,
        detect_repeats=bool(request.decoding.get(DETECT_REPEATS, True)),
        template=model.chat_template,
    )


def conclude(answer: Answer, request: Request, started: float) -> EngineOutput:
    """Return the output for an answer; `started` is the `time.monotonic()` of the request."""
    return EngineOutput(
        finish=answer.finish,
        text=answer.text,
        reason=answer.reason,
        width=request.image.width,
        height=request.image.height,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens or len(answer.ids),
        seconds=time.monotonic() - started,
        passes=answer.passes,
    )


def failed(reason: str, request: Request, started: float) -> EngineOutput:
    """Return the output for a page that the engine could not read, for a reason that lies with the page."""
    return EngineOutput(
        finish="error",
        reason=reason,
        width=request.image.width,
        height=request.image.height,
        seconds=time.monotonic() - started,
    )


def describe(engine: str, package: str, model: Model, more: Mapping[str, object] | None = None) -> str:
    """Return the fingerprint: all that decides the output, in one line that a person can compare.

    `more` is what the engine adds to it.
    """
    version = package_version(package) or "missing"
    parts: dict[str, object] = {
        "model": model.name or model.id,
        "revision": model.revision,
        "prompt": model.prompt,
        "structured": model.structured,
        "image": [model.image.longest_edge, model.image.max_pixels],
        "sampling": model.sampling,
        "max_tokens": model.max_tokens,
        "template": model.chat_template,
        "serving": model.serving,
    }
    if model.is_local:
        parts["model"] = Path(model.id).name
    if model.adapter:
        parts["adapter"] = files.hash_checkpoint(Path(model.adapter))
    parts |= more or {}
    return f"{engine} {package} {version} {json.dumps(parts, sort_keys=True, ensure_ascii=False)}"


def find_checkpoint(model: Model) -> Path:
    """Return the folder of the model's weights, checked to hold a vision-language model with its processor.

    Raises `EngineError` that says what is missing and what to do.
    """
    if model.text_only:
        raise EngineError(f"{model.name} sees no images", hint="name a vision-language model: --model NAME")
    folder = weights.find_weights(model)
    if folder is None:
        raise EngineError(
            f"the weights of {model.name} ({model.id}) are not on this machine",
            hint="download them with --yes, or name a folder that holds them: --model PATH",
        )
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise EngineError(f"{folder}: config.json cannot be read: {cause}") from cause
    if "vision_config" not in config:
        kind = config.get("model_type", "unknown")
        raise EngineError(
            f"{folder} holds a model of type {kind}, which does not see images", hint="name a vision-language model"
        )
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("*.bin")):
        raise EngineError(f"{folder} holds no weights (*.safetensors)", hint="copy the whole checkpoint there")
    if model.remote_code:
        return folder
    if not any((folder / name).is_file() for name in ("preprocessor_config.json", "processor_config.json")):
        raise EngineError(
            f"{folder} holds no processor (preprocessor_config.json), so pages cannot be shown to the model",
            hint="copy the processor's files from the model that this one was trained from",
        )
    return folder


def context_length(model: Model, folder: Path) -> int:
    """Return the tokens that one page may take: the largest image, the prompt, and the longest output."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    limit = config.get("text_config", config).get("max_position_embeddings", 1 << 20)
    # 28 x 28 pixels make one token of a Qwen2.5-VL, 32 x 32 of a Qwen3-VL; 1.6 times as many for the enlarged image
    # of the retry policy, 1024 for prompt and template.
    pixels = model.image.max_pixels or model.image.longest_edge**2 or 4_000_000
    return min(int(limit), model.max_tokens + round(1.6 * pixels / (28 * 28)) + 1024)
