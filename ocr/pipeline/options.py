"""What one call of `ocr extract` is asked to do: inputs, settings, and a selection of pages."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ocr.core.document import Page, Source
from ocr.core.errors import UsageError
from ocr.core.settings import Settings
from ocr.engines.vlm.decoding.modes import DecodingSettings
from ocr.formats.scan_job import TextLayer
from ocr.formats.writers import FORMATS
from ocr.layout.page import DEFAULT_LAYOUT, arrangement_of
from ocr.pipeline.page_builder import SplitSpreads
from ocr.pipeline.page_reader import CrossCheckMode
from ocr.rendering.passwords import Passwords
from ocr.rendering.renderer import RenderSettings


def _split(formats: object) -> object:
    return [part.strip() for part in formats.split(",")] if isinstance(formats, str) else formats


def _known(name: str) -> str:
    """Return the name of an output format, or raise an error that lists all of them."""
    if name not in FORMATS:
        *names, last = (f"'{known}'" for known in FORMATS)
        raise PydanticCustomError(
            "literal_error", "Input should be {expected}", {"expected": f"{', '.join(names)} or {last}"}
        )
    return name


def _layout(name: str) -> str:
    """Return the name of a layout whose weights are there, or raise an error that says what to type."""
    try:
        arrangement_of(name)
    except UsageError as cause:
        raise PydanticCustomError("layout", "{reason}", {"reason": f"{cause.message} ({cause.hint})"}) from cause
    return name


OutputName = Annotated[str, AfterValidator(_known)]
"""The name of a format in `ocr.formats.writers.FORMATS`."""


class ExtractSettings(Settings):
    """Settings of `ocr extract`, for `--set` and TOML files."""

    engine: str = ""
    """Name of the engine, or package.module:function. Empty: the engine that the folder was read with, else the
    default."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the engine."""
    decoding: DecodingSettings = DecodingSettings()
    """How the engine `transformers` writes the tokens of a page."""
    out: Annotated[tuple[OutputName, ...], BeforeValidator(_split)] = ("json",)
    """Output formats: a list, or one string with commas."""
    text_layer: TextLayer | None = None
    """What a PDF output does with pages that have text: skip them, redo an invisible layer, or force a picture of them
    with a new layer. None: as the folder's PDFs were written last, else skip."""
    split_spreads: SplitSpreads = "auto"
    """What becomes of an image of two book pages: auto orders it page by page, off does not and flags it. The output
    has one page for it either way. It needs the lines of a classical engine."""
    layout: Annotated[str, AfterValidator(_layout)] = DEFAULT_LAYOUT
    """What decides reading order, fields and tables of engines that give lines: rules, learned (a network), or the
    folder of a run of ocr finetune --part layout. Another layout makes the pages of a folder again, without reading."""
    pdfa: bool | None = None
    """A PDF output is written as PDF/A-2b. None: as the folder's PDFs were written last, else no."""
    seconds: float = Field(default=600.0, gt=0)
    """Most seconds for one attempt at a page."""
    canary: bool = True
    """A vision-language model reads a built-in test page first. If it misreads that page, the run stops."""
    witness: CrossCheckMode = "share"
    """Which pages of a vision-language model are cross-checked with the built-in engine: all, a share (5%), or off."""
    fill_gaps: str = ""
    """A text model that proposes what stands in places that could not be read. Proposals are never in the text."""
    fill_gaps_code: str = ""
    """Revision of that model whose Python code may run, where it has code of its own."""
    render: RenderSettings = RenderSettings()

    @property
    def engine_options(self) -> dict[str, Any]:
        """Return the options of the engine, with the decoding where one was asked for."""
        asked = self.decoding != DecodingSettings()
        decoding = self.decoding.model_dump(exclude_unset=True) if asked else {}
        return {**self.options, "decoding": decoding} if decoding else dict(self.options)


_PART = re.compile(r"(\d+)?(-)?(\d+)?")


@dataclass(frozen=True, slots=True)
class Selection:
    """Ranges of 1-based page numbers, both ends included; None is an open end. No range at all selects every page."""

    ranges: tuple[tuple[int, int | None], ...] = ()

    def __contains__(self, number: int) -> bool:
        return not self.ranges or any(
            first <= number and (last is None or number <= last) for first, last in self.ranges
        )

    def beyond(self, pages: int) -> list[str]:
        """Return the ranges that begin after the last page of a file."""
        return [
            f"{first}" if last == first else f"{first}-{last or ''}" for first, last in self.ranges if first > pages
        ]


def parse_selection(text: str) -> Selection:
    """Return the selection that `1,3-5,9-` or `-4` stands for; "" selects every page.

    Raises `UsageError` that names the part that is no page range.
    """
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
    """The file."""
    page: Page
    """The page, with its text."""

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
    passwords: Passwords = field(default_factory=Passwords)
    null: bool = False
    """NUL characters separate the paths of a list on standard input."""
    verbose: bool = False
    """Name every file that is ignored."""
    on_page: Callable[[PageResult], object] | None = None
    """Called on the event loop for each page that the run reads, once it is saved."""
    stopper: Stopper = field(default_factory=Stopper)
