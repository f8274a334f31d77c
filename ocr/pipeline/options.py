"""What to read, with which engine, and whether the folder agrees to that engine."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ocr.core.document import Page, Source
from ocr.core.errors import UsageError
from ocr.core.settings import Settings
from ocr.pipeline.page_reader import Witness
from ocr.rendering.renderer import RenderSettings


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


_PART = re.compile(r"(\d+)?(-)?(\d+)?")


@dataclass(frozen=True, slots=True)
class Selection:
    """Ranges of 1-based page numbers, both ends included; None is an open end. No range at all selects every page."""

    ranges: tuple[tuple[int, int | None], ...] = ()

    def __contains__(self, number: int) -> bool:
        return not self.ranges or any(
            first <= number and (last is None or number <= last) for first, last in self.ranges
        )


def parse_selection(text: str) -> Selection:
    """`1,3-5,9-` or `-4`; "" selects every page. Raises `UsageError` that names the part that is no page range."""
    if not text.strip():
        return Selection()
    ranges = []
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        first, dash, last = match.groups() if match else (None, None, None)
        low = int(first or 1)
        high = int(last) if last else (None if dash else low)
        if not (first or last) or low < 1 or (high is not None and high < low):
            raise UsageError(f"--pages {text}: {part.strip()!r} is no page range", hint="write it as 1,3-5,9-")
        ranges.append((low, high))
    return Selection(tuple(ranges))


@dataclass(frozen=True, slots=True)
class PageResult:
    """A page that a run has read and saved, with the file that it belongs to."""

    source: Source
    page: Page

    def __str__(self) -> str:
        reason = f": {self.page.reason}" if self.page.reason else ""
        return f"{self.source.path}: page {self.page.number}: {self.page.status}{reason}"


class Stopper:
    """Stops a run from another thread, as Ctrl-C stops the command. It may be used before the run begins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancel: Callable[[], object] | None = None
        self._stopped = False

    def attach(self, cancel: Callable[[], object]) -> None:
        """Call `cancel` when the run is to stop; at once if it was stopped before."""
        with self._lock:
            self._cancel = cancel
            stopped = self._stopped
        if stopped:
            cancel()

    def stop(self) -> None:
        """Stop the run. Finished pages are kept."""
        with self._lock:
            self._stopped = True
            cancel = self._cancel
        if cancel is not None:
            cancel()


@dataclass(frozen=True, slots=True)
class Job:
    """One call of `ocr extract` or `ocr.extract_all`."""

    inputs: tuple[str, ...]
    settings: ExtractSettings = field(default_factory=ExtractSettings)
    selection: Selection = field(default_factory=Selection)
    password: str | None = None
    on_page: Callable[[PageResult], object] | None = None
    """Called on the event loop for each page that the run reads, once it is saved."""
    stopper: Stopper = field(default_factory=Stopper)
