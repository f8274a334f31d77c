"""Find a model: a name in `models.toml`, a folder, or an id on the Hugging Face hub becomes one `Model` value.

A folder that this project wrote has `reading.toml` (prompt, image size, sampling) beside its weights, so that requests
match its training. Nothing here looks at the hub; see `ocr.models.weights`.
"""

import difflib
import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field as Setting

from ocr.core.errors import EngineError, UsageError
from ocr.core.files import hash_checkpoint, write_atomic
from ocr.core.settings import Settings, check
from ocr.models.prompts import PROMPTS, ImageBudget

READING_FILE = "reading.toml"
RUNS = "runs/"
"""What names of training runs begin with: no organization of the Hub."""


class ImageSize(Settings):
    longest_edge: int = 0
    """Pixels of the longer side of the page as the model sees it; 0 is no limit."""
    max_pixels: int = 1_400_000
    """Width times height of that image. 1.4 million pixels is A4 at about 120 dpi, 1,800 image tokens of a Qwen-VL."""


class Diffusion(Settings):
    """How a model that was trained to fill in masked blocks is decoded."""

    mask: int = -1
    """Id of the token that stands for a masked one; -1: the model was not trained to fill any in."""
    block: int = 32
    """Tokens of a block in its training."""


class Model(Settings):
    """How a model is prompted and served. `models.toml` and `reading.toml` override the defaults."""

    name: str = ""
    """As the user typed it."""
    id: str = ""
    """Hub id, or the path of a folder."""
    revision: str = "main"
    verified: bool = False
    """True if revision, prompt and sampling were checked against the weights."""
    licence: str = "unknown"
    prompt: str = "page-text-1"
    structured: bool = False
    """Trained to write the JSON schema of `ocr.models.answer_format`, so its output may be constrained to it."""
    leaders: int = 0
    """Characters that a leader (dots or dashes that fill a line) is written as; 0: one for each that is printed."""
    image: ImageSize = ImageSize()
    sampling: dict[str, float] = Setting(default_factory=dict)
    """temperature, top_p, repetition_penalty; greedy where empty."""
    max_tokens: int = 8192
    chat_template: dict[str, Any] = Setting(default_factory=dict)
    """Keyword arguments of the chat template."""
    serving: dict[str, Any] = Setting(default_factory=dict)
    """Arguments of the serving engine, such as max_model_len."""
    canary_errors: float = 0.15
    """Largest character error rate on the canary page. A model with the right weights, prompt and image size reads it
    nearly without error; otherwise the rate is above 0.5."""
    adapter: str = ""
    """Path of a LoRA adapter on top of `id`."""
    drafts_for: str = ""
    """Folder or id of the model that this adapter drafts for; the adapter itself reads no pages."""
    diffusion: Diffusion = Diffusion()
    remote_code: bool = False
    """The repository holds Python code that the model needs; it runs only after a yes to its revision."""
    text_only: bool = False
    """The model sees no images, so it reads no pages."""
    traps: list[str] = Setting(default_factory=list)

    @property
    def budget(self) -> ImageBudget:
        return ImageBudget(self.image.longest_edge, self.image.max_pixels)

    @property
    def is_local(self) -> bool:
        return Path(self.id).is_dir()


def table() -> dict[str, Model]:
    """Return all models of `models.toml` by name."""
    found = {}
    for name, values in _toml().items():
        if isinstance(values, dict):
            found[name] = _checked({"name": name, **values}, f"ocr/models.toml: {name}")
    return found


def default_name() -> str:
    """Return the name of the default model."""
    return str(_toml()["default"])


def resolve(name: str, option: str = "--model") -> Model:
    """Return the model called `name`: a folder, a name of the table, or a hub id, in this order.

    `option` is what the user typed before the name. Raises `UsageError` for another name, and `EngineError` for a
    folder that holds no model.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _from_folder(name, folder.resolve())
    known = table()
    if name in known:
        return known[name]
    if name.count("/") == 1 and not name.startswith((".", "/", "~", RUNS)) and not name.endswith("/"):
        return Model(name=name, id=name)
    if name.startswith(RUNS):
        raise UsageError(f"{option} {name}: there is no such run", hint=f"ls {RUNS}, or train it: ocr finetune --help")
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}; or a folder; or ORGANISATION/MODEL"
    raise UsageError(f"{option} {name}: no such model, and no such folder", hint=hint)


def _from_folder(name: str, folder: Path) -> Model:
    reading = folder / READING_FILE
    values: dict[str, Any] = {}
    if reading.is_file():
        try:
            values = tomllib.loads(reading.read_text(encoding="utf-8"))
        except ValueError as cause:
            raise EngineError(f"{reading} is not TOML: {cause}") from cause
    if base := values.get("drafts_for"):
        raise EngineError(
            f"--model {name}: the folder holds an adapter that only drafts, so it reads no pages",
            hint=f"--model {base} --decoding self-speculation --set decoding.drafter={name}",
        )
    values |= {"name": name, "id": str(folder), "revision": hash_checkpoint(folder)}
    adapter = folder / "adapter_config.json"
    if adapter.is_file() and not (folder / "config.json").is_file():
        base = _base_of(name, adapter).model_dump()
        values = {
            **base,
            **values,
            "name": name,
            "adapter": str(folder),
            "id": base["id"],
            "revision": base["revision"],
        }
    elif not (folder / "config.json").is_file():
        raise EngineError(
            f"--model {name}: the folder holds neither config.json nor adapter_config.json",
            hint="name the folder that holds the weights, such as runs/NAME",
        )
    return _checked(values, str(reading))


def _base_of(name: str, adapter: Path) -> Model:
    """Return the base model of an adapter: a folder, or a hub id, which may be in the table."""
    try:
        base = str(json.loads(adapter.read_text(encoding="utf-8"))["base_model_name_or_path"])
    except (ValueError, KeyError, OSError) as cause:
        raise EngineError(f"--model {name}: {adapter.name} does not name the adapter's base model") from cause
    try:
        return next((model for model in table().values() if model.id == base), None) or resolve(base)
    except UsageError as cause:
        raise EngineError(
            f"--model {name} is an adapter, and its base model is not here: {base}",
            hint=f"put the base there, or change base_model_name_or_path in {adapter}",
        ) from cause


def save(model: Model, folder: Path) -> None:
    """Write `reading.toml`, so that requests to the model in this folder match its training."""
    lines = ["# How requests to this model are made; lusocr reads it when it loads the folder."]
    values = model.model_dump(
        exclude={"name", "id", "revision", "adapter", *([] if model.drafts_for else ["drafts_for"])}
    )
    lines += [f"{key} = {_toml_literal(value)}" for key, value in values.items()]
    write_atomic(folder / READING_FILE, ("\n".join(lines) + "\n").encode("utf-8"))


def _toml_literal(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml_literal(part)}" for key, part in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _toml() -> dict[str, Any]:
    return tomllib.loads(files("ocr.models").joinpath("models.toml").read_text(encoding="utf-8"))


def _checked(values: dict[str, Any], where: str) -> Model:
    model = check(Model, values, where=where)
    if model.prompt not in PROMPTS:
        raise UsageError(f"{where}: unknown prompt {model.prompt!r}", hint=f"known: {', '.join(PROMPTS)}")
    return model
