"""What to read, with which engine, and whether the folder agrees to that engine."""

import json
import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ocr.core.document import Reader
from ocr.core.errors import UsageError
from ocr.core.settings import Settings
from ocr.engines.base import Engine, create
from ocr.engines.vlm.canary import is_vision_engine
from ocr.pipeline.engine_selection import Choice, choose, warnings_about
from ocr.pipeline.page_reader import Witness
from ocr.pipeline.page_selection import Selection
from ocr.rendering.renderer import RenderSettings
from ocr.storage.ledger import Ledger


def _parted(formats: object) -> object:
    return [part.strip() for part in formats.split(",")] if isinstance(formats, str) else formats


class ExtractSettings(Settings):
    """What `ocr extract` can be told by `--set` and a TOML file."""

    engine: str = ""
    """A name, or package.module:function; empty: what the folder was read with before, else the default."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What the engine itself can be told."""
    out: Annotated[tuple[Literal["json", "jsonl", "md", "txt"], ...], BeforeValidator(_parted)] = ("json",)
    """A list, or one string with commas."""
    seconds: float = Field(default=600.0, gt=0)
    """Time that the engine has for one attempt at a page."""
    canary: bool = True
    """A vision-language model reads a known page first, and nothing else if it misreads that."""
    witness: Witness = "share"
    """Of which pages that a model read the embedded engine is heard too: of all, of a share, of none."""
    render: RenderSettings = RenderSettings()


@dataclass(frozen=True, slots=True)
class Job:
    """One call of `ocr extract`."""

    inputs: tuple[str, ...]
    settings: ExtractSettings = field(default_factory=ExtractSettings)
    selection: Selection = field(default_factory=Selection)
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """An engine that has not been started yet, and what to type for it."""

    engine: Engine
    reader: Reader
    """Its identity in this folder."""
    again: int
    """Pages that will be read again because of it."""
    typed: str
    options: dict[str, Any]

    def settle(self, ledger: Ledger) -> None:
        """Make it the engine of the folder. Not before it has loaded: one that cannot must not be asked for again."""
        ledger.adopt()
        ledger.remember("engine typed", self.typed)
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
    reader = Reader(engine.name, f"{engine.fingerprint} at {settings.render.dpi} dpi by {settings.render.pdf}")
    again = ledger.read_by_others(reader) if before not in (None, reader) else 0
    if again and not settings.engine:
        assert before is not None
        raise UsageError(
            f"this folder was read with {before.fingerprint!r}; now it would be {reader.fingerprint!r}, "
            f"and {again:,} pages would be read again",
            hint=f"to read them again type --engine {name}; to keep them choose another folder with --to DIR",
        )
    return Chosen(engine, reader, again, name, options)


def drawn_as(reader: Reader) -> RenderSettings:
    """How the pages were drawn that this reader of a folder has read; `choose_engine` puts it into the fingerprint."""
    drawn = re.search(r" at (\d+) dpi by (\w+)$", reader.fingerprint)
    return RenderSettings.model_validate({"dpi": int(drawn[1]), "pdf": drawn[2]} if drawn else {})


def spread(settings: ExtractSettings, address: str) -> ExtractSettings:
    """The same job on the Ray cluster at `address`: each of its workers holds the engine that would read here."""
    chosen = Choice(settings.engine) if settings.engine else choose()
    inner = {**chosen.options, **settings.options}
    ours: dict[str, object] = {name: inner.pop(name) for name in ("actors", "draw") if name in inner}
    outer = {**ours, "address": address, "engine": chosen.engine, "options": inner}
    return settings.model_copy(update={"engine": "ray", "options": outer})


def remarks(engine: Engine, settings: ExtractSettings) -> list[str]:
    """What a person should know of the engine that reads, a line each."""
    if is_vision_engine(engine):
        return warnings_about(engine.model)
    hint = choose().hint if not settings.engine else ""
    return [f"hint: {hint}"] if hint else []
