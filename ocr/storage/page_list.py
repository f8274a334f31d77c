"""`ocr show`: a line for each page of an output folder, and the worst pages of a run in a few words."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from ocr.core.document import Page
from ocr.formats.page_blocks import one_line
from ocr.rendering.discovery import shown
from ocr.storage.ledger import Ledger
from ocr.storage.output_dir import OutputDirectory

NAMED = 10
"""Pages that the end of a run names; `ocr show --flagged` lists all."""
_WORDS = 60


@dataclass(frozen=True, slots=True)
class PageLine:
    """One page in the list."""

    path: str
    """Name of the scan."""
    number: int
    status: str
    confidence: float | None
    flags: tuple[str, ...]
    reason: str
    words: str
    """The first words of the page."""
    corrected: tuple[str, ...] = ()
    """Output files of the scan that a person corrected."""

    def to_json(self) -> dict[str, object]:
        """Return the values for one JSON object."""
        return asdict(self)

    def describe(self, width: int) -> str:
        """Return one line of the table; `width` is that of the column of names."""
        confidence = "" if self.confidence is None else f"{self.confidence:.2f}"
        where = f"{shown(self.path)}:{self.number}"
        notes = "; ".join(filter(None, (self.reason, *self.flags, "corrected" if self.corrected else "")))
        words = f"{self.words}  [{notes}]" if notes and self.words else self.words or notes
        return f"{where:<{width}}  {self.status:<10}  {confidence:>4}  {words}".rstrip()


def list_pages(folder: OutputDirectory, *, flagged: bool = False) -> Iterator[PageLine]:
    """Yield every known page in order of files and numbers; with `flagged` the lost and flagged ones, worst first."""
    corrected: dict[str, list[str]] = {}
    for correction in folder.corrections:
        corrected.setdefault(correction.source, []).append(correction.path)
    pages = folder.ledger.worst_pages(-1) if flagged else _all_pages(folder.ledger)
    for path, page in pages:
        yield _line(path, page, tuple(corrected.get(path, ())))


def _all_pages(ledger: Ledger) -> Iterator[tuple[str, Page]]:
    for source in ledger.files():
        if source.reason:
            yield source.path, Page(0, "unreadable", source.reason)
        for page in ledger.pages(source.sha256) if source.sha256 and source.pages else ():
            yield source.path, page


def _line(path: str, page: Page, corrected: tuple[str, ...]) -> PageLine:
    text = one_line(" ".join(filter(None, (page.header, page.text))))
    words = text if len(text) <= _WORDS else text[:_WORDS].rpartition(" ")[0] + " ..."
    return PageLine(path, page.number, page.status, page.confidence, page.flags, page.reason, words, corrected)


def describe_worst(ledger: Ledger, folder: str, *, this_run: bool = False, lost: bool = True) -> list[str]:
    """Return a line for each of the worst pages, and how to list the others; nothing where all pages are fine.

    `folder` is the output folder as it is typed; "" where nothing is kept.
    """
    pages = ledger.worst_pages(NAMED + 1, this_run=this_run, lost=lost)
    lines = [_describe(path, page) for path, page in pages[:NAMED]]
    if len(pages) > NAMED:
        lines.append("... and more" + (f": ocr show {folder} --flagged" if folder else ""))
    return lines


def _describe(path: str, page: Page) -> str:
    status = "" if page.status in ("ok", "blank") else f"{page.status}: "
    notes = "; ".join(filter(None, (page.reason, *page.flags)))
    return f"{shown(path)}: page {page.number}: {status}{notes}"
