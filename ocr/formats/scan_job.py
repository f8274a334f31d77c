"""What a format that shows the scan itself is given: the document, the scan's file, and how to treat text in it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ocr.core.document import EngineIdentity, Page, Source
from ocr.core.errors import OutputError, ScanError
from ocr.rendering.discovery import discover, sha256_of, shown
from ocr.rendering.passwords import Passwords

TextLayer = Literal["skip", "redo", "force"]
"""What a PDF's pages with text get: no layer, a new one in place of an invisible one, or a picture with a new one."""


class FormatError(OutputError):
    """One scan cannot be written in one format. Other scans and other formats still can."""


@dataclass(frozen=True, slots=True)
class ScanJob:
    """One file to write in a format that shows the scan."""

    source: Source
    engine: EngineIdentity
    pages: Iterable[Page]
    scan: Path
    """The scan's file, with the content that was read."""
    folder: Path
    """Where drafts may be written."""
    passwords: Passwords = field(default_factory=Passwords, repr=False)
    text_layer: TextLayer = "skip"
    pdfa: bool = False
    """A PDF is written as PDF/A-2b."""


ScanWriter = Callable[[ScanJob], Iterator[str] | Iterator[bytes]]
"""Yields the file piece by piece."""


class ScanFinder:
    """Finds the file of a scan: where it was read, or below other folders by its content."""

    def __init__(self, inputs: Sequence[str] = ()) -> None:
        """`inputs` are folders, files and patterns to look in, as `ocr extract` takes them."""
        self._inputs = inputs
        self._moved: dict[str, Path] | None = None

    def find(self, source: Source, place: str) -> Path:
        """Return the file with the content of `source`; `place` is where it was read. Raises `FormatError`."""
        for path in _spellings(place):
            if _digest(path) == source.sha256:
                return path
        if self._moved is None:
            scans = discover(self._inputs) if self._inputs else iter(())
            self._moved = {digest: scan.path for scan in scans if (digest := _digest(scan.path))}
        if source.sha256 not in self._moved:
            raise FormatError(
                f"{shown(source.path)}: its scan is no longer at {shown(place) or 'its place'}, or was changed",
                hint="name the folder that has it: ocr export FOLDER --scans SCANS --out FORMAT",
            )
        return self._moved[source.sha256]


def _spellings(place: str) -> Iterator[Path]:
    """Yield the paths that a recorded place stands for: bytes that are no UTF-8 are recorded as `\\xNN`."""
    if not place:
        return
    yield Path(place)
    if "\\x" in place:
        raw = place.encode("utf-8").decode("latin-1").encode("latin-1").decode("unicode_escape").encode("latin-1")
        yield Path(raw.decode("utf-8", "surrogateescape"))


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file; "" where it cannot be read."""
    try:
        return sha256_of(path) if path.is_file() else ""
    except (ScanError, OSError, ValueError):
        return ""
