"""Select the engine of a run: the one that was typed, the one that the folder remembers, or a default for this machine.

A vision-language model is the default only where a GPU, the extra `gpu` and the weights are present. On a CPU it takes
minutes a page, so there the user must ask for it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

from ocr.core import environment
from ocr.core.document import EngineIdentity
from ocr.core.errors import UsageError
from ocr.engines.backend_speed import installed_backends
from ocr.engines.base import Engine, capabilities_of, create, identity_of
from ocr.engines.fallback import BUILT_IN_ENGINE
from ocr.models import catalog, weights
from ocr.models.weights import warnings_about
from ocr.pipeline.options import ExtractSettings
from ocr.rendering.renderer import RenderSettings
from ocr.storage.ledger import Ledger

STAGES = ("general", "domain", "dpo")
"""Training stages in order, each built on the one before. Of promoted runs, one of the last stage is selected."""

OLD_DEFAULTS = (
    {"recognizer": "pt", "detector": "full"},
    {"recognizer": "stock", "detector": "full"},
)
"""What the built-in engine read with by default in older versions, the newest first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine by name, with its options."""

    engine: str
    options: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    """What a better engine would need, in one line."""


def choose(runs: Path = Path("runs"), *, gpu: bool | None = None) -> Choice:
    """Return the default engine: a promoted run, the default model, or the built-in engine."""
    run = promoted_run(runs)
    if not (environment.sees_gpu() if gpu is None else gpu):
        hint = f"{run} is promoted, but there is no GPU: type --model {run} to use it" if run else ""
        return Choice(BUILT_IN_ENGINE, hint=hint)
    if find_spec("vllm") is None:
        return Choice(
            BUILT_IN_ENGINE, hint="this machine has a GPU: pip install 'lusocr[gpu]' to use a vision-language model"
        )
    if run is not None:
        # The output folder remembers the path, and a later run may start in another folder.
        return Choice("vllm", {"model": str(run.resolve())})
    name = catalog.default_name()
    if weights.find_weights(catalog.resolve(name)) is None:
        return Choice(BUILT_IN_ENGINE, hint=f"this machine has a GPU: type --model {name} to download and use it")
    return Choice("vllm", {"model": name})


def promoted_run(runs: Path) -> Path | None:
    """Return the promoted run in the folder `runs`: of the last stage, and of these the newest; None without any."""
    found = []
    for file in runs.glob("*/run.json"):
        try:
            run = json.loads(file.read_text(encoding="utf-8"))
            if run["state"] == "promoted" and (file.parent / "config.json").is_file():
                found.append((STAGES.index(run["stage"]), str(run["started"]), file.parent))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # A run that is being written, or another folder.
    return max(found)[2] if found else None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The selected engine, which has not been started yet, and its settings."""

    engine: Engine
    identity: EngineIdentity
    """Its identity in this folder."""
    again: int
    """Pages that will be read again, because another engine has read them."""
    name: str
    """The name of the engine as typed."""
    options: dict[str, Any]
    render: RenderSettings

    def adopt(self, ledger: Ledger) -> None:
        """Make it the engine of the folder, once it has loaded: a folder must not remember an engine that cannot."""
        ledger.adopt()
        ledger.remember("engine typed", self.name)
        ledger.remember("rendered as", self.render.model_dump_json(include={"dpi", "pdf"}))
        ledger.remember("options typed", json.dumps(self.options, sort_keys=True))


def choose_engine(settings: ExtractSettings, ledger: Ledger) -> Chosen:
    """Return the engine that was typed, or that the folder remembers, or the default of this machine.

    A folder remembers its engine. Another engine, version or resolution reads every page again, so it is a `UsageError`
    unless an engine was typed.
    """
    before = ledger.engine()
    remembered = ledger.recall("engine typed")
    chosen = choose() if not settings.engine and not remembered else Choice(settings.engine or remembered)
    name = chosen.engine
    typed, options = settings.engine or settings.engine_options, settings.engine_options
    options = options if typed else json.loads(ledger.recall("options typed") or "{}") or dict(chosen.options)
    options = _as_before(Choice(name, options), before, settings.render, any_recognizer=not settings.engine)
    engine = create(name, options)
    identity = identity_of(engine, settings.render)
    again = ledger.read_by_others(identity) if before not in (None, identity) else 0
    if again and not settings.engine:
        assert before is not None
        raise UsageError(
            f"this folder was read with {before.fingerprint!r}; now it would be {identity.fingerprint!r}, "
            f"and {again:,} pages would be read again",
            hint=f"to read them again type --engine {name}; to keep them choose another folder with --to DIR",
        )
    return Chosen(engine, identity, again, name, options, settings.render)


def _as_before(
    chosen: Choice, before: EngineIdentity | None, render: RenderSettings, *, any_recognizer: bool
) -> dict[str, Any]:
    """Return the options, completed so that the built-in engine goes on in a folder as it was read.

    Defaults change: `OLD_DEFAULTS` were some, and the faster backend may be measured while a folder is half read.
    What is not typed is taken as it was, instead of reading the folder again. `any_recognizer` allows for another
    recognizer too; an engine that is typed reads with the default one.
    """
    options = dict(chosen.options)
    on_cluster = chosen.engine == "ray" and options.get("engine") == BUILT_IN_ENGINE
    if before is None or not (on_cluster or chosen.engine == BUILT_IN_ENGINE):
        return options
    inner = options.get("options") or {} if on_cluster else options
    for completion in _completions(inner, any_recognizer=any_recognizer):
        complete = {**inner, **completion}
        candidate = {**options, "options": complete} if on_cluster else complete
        if identity_of(create(chosen.engine, candidate), render) == before:
            return candidate
    return options


def _completions(options: Mapping[str, Any], *, any_recognizer: bool) -> Iterator[dict[str, str]]:
    """Yield nothing at first, then each combination of a backend and an older default that is not typed."""
    is_open = options.get("backend", "auto") == "auto"
    backends = [{}, *({"backend": name} for name in installed_backends() if is_open)]
    readers: list[dict[str, str]] = [{}]
    if any_recognizer:
        typed = {"recognizer" if option == "model" else option for option in options}
        readers += [reader for reader in OLD_DEFAULTS if not typed & reader.keys()]
    for reader, backend in product(readers, backends):
        yield {**reader, **backend}


def rendered_as(ledger: Ledger) -> RenderSettings:
    """Return the resolution and the program with which the pages of a folder were rendered for its engine."""
    kept = ledger.recall("rendered as")
    if kept:
        return RenderSettings.model_validate_json(kept)
    identity = ledger.engine()
    return _rendered_in_old_folder(identity.fingerprint) if identity else RenderSettings()


def _rendered_in_old_folder(fingerprint: str) -> RenderSettings:
    """Return what `identity_of` put at the end of a fingerprint: folders of older versions keep it nowhere else."""
    dpi, by, pdf = fingerprint.rpartition(" at ")[2].partition(" dpi by ")
    return RenderSettings.model_validate({"dpi": dpi, "pdf": pdf} if by else {})


def on_cluster(settings: ExtractSettings, address: str) -> ExtractSettings:
    """Return the settings for the Ray cluster at `address`: each worker runs the engine that would run here."""
    chosen = Choice(settings.engine) if settings.engine else choose()
    inner = {**chosen.options, **settings.engine_options}
    own: dict[str, object] = {name: inner.pop(name) for name in ("actors", "draw") if name in inner}
    outer = {**own, "address": address, "engine": chosen.engine, "options": inner}
    return settings.model_copy(update={"engine": "ray", "options": outer})


def notes_about(engine: Engine, settings: ExtractSettings) -> list[str]:
    """Return what the user should know about the selected engine, a line each."""
    model = capabilities_of(engine).model
    if model is not None:
        return warnings_about(model)
    hint = choose().hint if not settings.engine else ""
    return [f"hint: {hint}"] if hint else []
