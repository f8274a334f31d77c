"""Which engine reads where none was asked for, and whether its weights are here.

A vision-language model reads by itself only where a GPU, the extra and the weights are at hand; on a CPU it would take
minutes a page, so there it has to be asked for. A download is announced with its size and asked for once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ocr.core import environment
from ocr.core.document import EngineIdentity
from ocr.core.errors import UsageError
from ocr.engines.base import Engine, capabilities_of, create, identity_of
from ocr.models import catalog, weights
from ocr.models.weights import warnings_about
from ocr.pipeline.options import ExtractSettings
from ocr.rendering.renderer import RenderSettings
from ocr.storage.ledger import Ledger

EMBEDDED = "rapid"
STAGES = ("general", "domain", "dpo")
"""Stages of training, each made from the one before: of promoted runs, the last stage reads."""


@dataclass(frozen=True, slots=True)
class Choice:
    engine: str
    options: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    """What a better reader would need, in one line."""


def choose(runs: Path = Path("runs"), *, gpu: bool | None = None) -> Choice:
    """The reader for a folder that has none yet: a promoted run, the table's default, or the embedded engine."""
    run = promoted_run(runs)
    if not (environment.sees_gpu() if gpu is None else gpu):
        return Choice(
            EMBEDDED, hint=f"{run} is promoted, but there is no GPU: --model {run} reads with it" if run else ""
        )
    if find_spec("vllm") is None:
        return Choice(EMBEDDED, hint="this machine has a GPU: pip install 'lusocr[gpu]' lets a specialist read")
    if run is not None:
        # The output folder remembers it, and may be gone on with from elsewhere.
        return Choice("vllm", {"model": str(run.resolve())})
    name = catalog.default_name()
    if weights.find_weights(catalog.resolve(name)) is None:
        return Choice(EMBEDDED, hint=f"this machine has a GPU: --model {name} fetches a specialist and reads with it")
    return Choice("vllm", {"model": name})


def promoted_run(runs: Path) -> Path | None:
    """The run in the folder `runs` that passed its gate: of the last stage, and of these the newest."""
    found = []
    for file in runs.glob("*/run.json"):
        try:
            run = json.loads(file.read_text(encoding="utf-8"))
            if run["state"] == "promoted" and (file.parent / "config.json").is_file():
                found.append((STAGES.index(run["stage"]), str(run["started"]), file.parent))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a run that is being written, or not ours
    return max(found)[2] if found else None


@dataclass(frozen=True, slots=True)
class Chosen:
    """An engine that has not been started yet, and what to type for it."""

    engine: Engine
    reader: EngineIdentity
    """Its identity in this folder."""
    again: int
    """Pages that will be read again because of it."""
    typed: str
    options: dict[str, Any]
    render: RenderSettings

    def settle(self, ledger: Ledger) -> None:
        """Make it the engine of the folder. Not before it has loaded: one that cannot must not be asked for again."""
        ledger.adopt()
        ledger.remember("engine typed", self.typed)
        ledger.remember("rendered as", self.render.model_dump_json(include={"dpi", "pdf"}))
        ledger.remember("options typed", json.dumps(self.options, sort_keys=True))


def choose_engine(settings: ExtractSettings, ledger: Ledger) -> Chosen:
    """The engine that was typed, or that the folder remembers, or that fits this machine.

    A folder remembers its engine. Another one (also a newer version, or another resolution) is a `UsageError` unless
    it was typed, because it reads everything again.
    """
    before = ledger.reader()
    remembered = ledger.recall("engine typed")
    chosen = choose() if not settings.engine and not remembered else Choice(settings.engine or remembered)
    name = chosen.engine
    typed = settings.engine or settings.options
    options = settings.options if typed else json.loads(ledger.recall("options typed") or "{}") or dict(chosen.options)
    engine = create(name, options)
    reader = identity_of(engine, settings.render)
    again = ledger.read_by_others(reader) if before not in (None, reader) else 0
    if again and not settings.engine:
        assert before is not None
        raise UsageError(
            f"this folder was read with {before.fingerprint!r}; now it would be {reader.fingerprint!r}, "
            f"and {again:,} pages would be read again",
            hint=f"to read them again type --engine {name}; to keep them choose another folder with --to DIR",
        )
    return Chosen(engine, reader, again, name, options, settings.render)


def rendered_as(ledger: Ledger) -> RenderSettings:
    """Return the resolution and the program with which the pages of a folder were rendered for its engine."""
    kept = ledger.recall("rendered as")
    if kept:
        return RenderSettings.model_validate_json(kept)
    identity = ledger.reader()
    return _rendered_in_old_folder(identity.fingerprint) if identity else RenderSettings()


def _rendered_in_old_folder(fingerprint: str) -> RenderSettings:
    """Return what `identity_of` put at the end of a fingerprint: folders of older versions keep it nowhere else."""
    dpi, by, pdf = fingerprint.rpartition(" at ")[2].partition(" dpi by ")
    return RenderSettings.model_validate({"dpi": dpi, "pdf": pdf} if by else {})


def spread(settings: ExtractSettings, address: str) -> ExtractSettings:
    """The same job on the Ray cluster at `address`: each of its workers holds the engine that would read here."""
    chosen = Choice(settings.engine) if settings.engine else choose()
    inner = {**chosen.options, **settings.options}
    ours: dict[str, object] = {name: inner.pop(name) for name in ("actors", "draw") if name in inner}
    outer = {**ours, "address": address, "engine": chosen.engine, "options": inner}
    return settings.model_copy(update={"engine": "ray", "options": outer})


def remarks(engine: Engine, settings: ExtractSettings) -> list[str]:
    """What a person should know of the engine that reads, a line each."""
    model = capabilities_of(engine).model
    if model is not None:
        return warnings_about(model)
    hint = choose().hint if not settings.engine else ""
    return [f"hint: {hint}"] if hint else []
