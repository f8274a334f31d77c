"""The values that flow from a scan to an output file. All are frozen.

Text of an engine is always valid UTF-8 here (see `well_formed`), whatever the engine returned.

Boxes are `(left, top, right, bottom)` in pixels of the page as it is read: upright, after /Rotate, EXIF and any
rotation that was found (`EngineOutput.rotation`), before deskewing. Page numbers are 1-based, as in the source.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Box = tuple[float, float, float, float]

Field = Literal["header", "text", "margin", "footer"]
FIELDS: tuple[Field, ...] = ("header", "text", "margin", "footer")

Role = Literal[
    "title",
    "heading",
    "paragraph",
    "list-item",
    "verse",
    "caption",
    "footnote",
    "table-cell",
    "form-label",
    "form-value",
    "header",
    "footer",
    "page-number",
    "side-note",
    "line-number",
    "stamp",
]
"""What a line is for on its page."""
ROLES: tuple[Role, ...] = get_args(Role)

# How one attempt of an engine ended.
Finish = Literal["stop", "length", "repetition", "refused", "error", "timeout"]

# The pipeline's classification of a page.
Status = Literal["ok", "blank", "degenerate", "truncated", "refused", "failed", "unreadable", "skipped"]

ACCEPTED: frozenset[Status] = frozenset({"ok", "blank"})
"""Statuses that need no further attempt."""
FINAL: frozenset[Status] = frozenset({"ok", "blank", "degenerate", "truncated", "refused"})
"""Statuses that a later run keeps. Pages with another status are read again."""
DOUBTFUL: frozenset[Status] = frozenset({"degenerate", "truncated"})
"""Statuses of pages whose text is not complete."""
LOST: frozenset[Status] = frozenset({"failed", "unreadable", "refused"})
"""Statuses of pages without text."""


UNKNOWN_LETTER = "\ufffd"
"""What stands for a printed letter that the engine cannot spell: U+FFFD, the replacement character."""
VERY_SMALL_TYPE = "very small type: scan it at a higher resolution"
"""Flag of a page whose letters are too small for their accents."""


def box_around(boxes: Iterable[Box]) -> Box:
    """Return the smallest box around one box or more."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def well_formed(text: str) -> str:
    """Return the text with each surrogate pair as the character that it encodes, and a lone surrogate as U+FFFD.

    Models write JSON escapes, also incomplete ones. Without this a page with one could be neither saved nor written.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


@dataclass(frozen=True, slots=True)
class PageImage:
    """One rendered page: `pixels` is a (height, width, 3) RGB uint8 array."""

    number: int
    pixels: "NDArray[np.uint8]"
    dpi: float
    """Dots per inch of the pixels; 200 is assumed if an image file does not say."""

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line, as printed."""

    text: str
    box: Box
    """Left, top, right and bottom in pixels of the upright page."""
    confidence: float | None = None
    """0 to 1, or None if the engine gives none."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", well_formed(self.text))


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line of one column; `field`, `role` and `block` are given by `layout.arrange`.

    In a `EngineOutput`, a line without text is a place that looks like print and could not be read.
    """

    text: str
    box: Box
    """Left, top, right and bottom in pixels of the upright page."""
    confidence: float | None = None
    """0 to 1, or None if the engine gives none."""
    words: tuple[Word, ...] = ()
    """Words in order; empty where the engine gives none."""
    field: Field = "text"
    """The part of the page that the line belongs to."""
    role: Role | None = None
    """What the line is for: a heading, a paragraph, a cell of a table, a stamp, ...; None where nobody has said it."""
    block: int | None = None
    """Number of its block on the page, from 0 in reading order: lines of one paragraph or one table share it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", well_formed(self.text))


@dataclass(frozen=True, slots=True)
class CellSpan:
    """A cell that covers more than one row or column; the cells that it covers are empty strings in the rows."""

    row: int
    """Row of the cell's text, from 0."""
    column: int
    """Column of the cell's text, from 0."""
    rows: int = 1
    """How many rows it covers."""
    columns: int = 1
    """How many columns it covers."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a page, as rows of cells."""

    box: Box
    """Left, top, right and bottom in pixels of the upright page."""
    rows: tuple[tuple[str, ...], ...]
    """Cells of each row, from left to right."""
    after: int = 0
    """How many of the page's paragraphs come before it."""
    header_rows: int = 0
    """How many rows at its top are column heads; 0 where that is not known."""
    spans: tuple[CellSpan, ...] = ()
    """Cells that cover more than one row or column, by row and column."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What may be printed in a place that could not be read, as a language model has it."""

    text: str
    probability: float
    """0 to 1, among the proposals for the same place; it says nothing of words that were not proposed."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A place of a page's text that could not be read, and what may stand there. The text itself stays as it is."""

    field: Field
    """The part of the page."""
    start: int
    """Characters of that part before the place."""
    mark: str
    """What stands in the text: `[ilegível]`, or U+FFFD for each letter."""
    proposals: tuple[Proposal, ...] = ()
    """The likeliest first."""


@dataclass(frozen=True, slots=True)
class EngineOutput:
    """The raw output of an engine for one page. The ledger keeps it, so that a new layout reads no page again.

    A vision-language model fills `text`; a classical engine fills `lines`, in any order.
    """

    finish: Finish
    text: str | None = None
    lines: tuple[Line, ...] | None = None
    reason: str = ""
    """Why `finish` is not "stop", in words."""
    width: int = 0
    height: int = 0
    """Size in pixels of the upright page that the boxes refer to."""
    rotation: int = 0
    """Degrees clockwise (0, 90, 180, 270) by which the rendered page was rotated to be upright."""
    skew: float = 0.0
    """Skew of the upright page in degrees clockwise. Lines were read after deskewing; boxes are on the skewed page."""
    rulings: tuple[Box, ...] = ()
    """Ruling lines found on the pixels, as thin boxes: column rules, borders of tables and boxes, blanks of forms."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    obtained: str = ""
    """The attempt and what it changed, where the first attempt was not accepted."""
    witnessed: bool = False
    """The output was cross-checked with the built-in engine."""
    lines_reread: int | None = None
    """Lines that the cascade's large recognizer read again; None where no cascade read the page."""
    doubts: tuple[str, ...] = ()
    """Discrepancies that the cross-check found, each with its place."""
    places: tuple[Line, ...] = ()
    """Lines of the built-in engine on the same page, which give the words of `text` their boxes."""
    passes: int = 0
    """Passes of the language model that wrote the text, where the engine counts them."""
    gaps: tuple[Gap, ...] = ()
    """Proposals for places that could not be read, where they were asked for."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", well_formed(self.reason))
        if self.text is not None:
            object.__setattr__(self, "text", well_formed(self.text))


@dataclass(frozen=True, slots=True)
class Page:
    """One page of output. Field texts are as printed: line breaks and end-of-line hyphens kept."""

    number: int
    """1-based, as in the file."""
    status: Status
    """What became of the page; see docs/concepts/statuses.md."""
    reason: str = ""
    """Why, where the status is neither "ok" nor "blank"."""
    flags: tuple[str, ...] = ()
    """What to check on the page, a sentence each; empty where nothing is suspicious."""
    confidence: float | None = None
    """Mean confidence of the characters, 0 to 1; None where the engine gives none."""
    header: str = ""
    """Running head and what else stands above the body."""
    text: str = ""
    """The body, line by line as printed."""
    margin: str = ""
    """Notes and stamps in the margins."""
    footer: str = ""
    """Page number and what else stands below the body."""
    paragraphs: tuple[str, ...] = ()
    """Body text joined and de-hyphenated, one string a paragraph."""
    lines: tuple[Line, ...] = ()
    """In reading order within each field."""
    tables: tuple[Table, ...] = ()
    """Tables in reading order."""
    width: int = 0
    """Width of the upright page in pixels; boxes refer to it."""
    height: int = 0
    """Height of the upright page in pixels."""
    rotation: int = 0
    """Degrees clockwise (0, 90, 180, 270) by which the rendered page was turned to be upright."""
    unplaced_words: int = 0
    """Words of a model's text that the built-in engine found no line for: their boxes are those of neighbors."""
    gaps: tuple[Gap, ...] = ()
    """Proposals of a text model for places that could not be read; they are never part of the text."""


@dataclass(frozen=True, slots=True)
class Source:
    """A scan file: `path` is relative to the folder that the user named."""

    path: str
    """Name of the file below the folder that was named, with forward slashes."""
    sha256: str
    """SHA-256 of the file in hexadecimal digits; empty where it could not be read."""
    pages: int
    """Number of pages in the file."""
    reason: str = ""
    """Why the file could not be opened; its pages are not known then, and `pages` is 0."""


@dataclass(frozen=True, slots=True)
class EngineIdentity:
    """Which engine read a document: `fingerprint` holds all that decided what was read."""

    name: str
    """As typed for `--engine`, or the name that an engine of your own gives itself."""
    fingerprint: str
    """Model, versions, prompt, resolution: everything that decides the output."""

    @property
    def digest(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the fingerprint: a short name for folders and keys."""
        return hashlib.sha256(self.fingerprint.encode("utf-8")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Document:
    """One scan as it was read: what an output file holds. `ocr schema` prints this shape as JSON Schema."""

    source: Source
    """The file that was read."""
    engine: EngineIdentity
    """What read it."""
    pages: tuple[Page, ...]
    """All pages in order, also those that were skipped or could not be read."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One output of the engine, and how it is classified."""

    generation: EngineOutput
    status: Status
    reason: str = ""


def text_of(generation: EngineOutput) -> str:
    """Return all text of an output, unordered if the engine gave lines."""
    if generation.text is not None:
        return generation.text
    return "\n".join(line.text for line in generation.lines or () if line.text)


def confidence_of(lines: Sequence[Line]) -> float | None:
    """Return the mean confidence of the page's characters, 0 to 1; None if no line has a confidence.

    A line counts by its length: c = sum(confidence x characters) / sum(characters).
    """
    known = [(line.confidence, len(line.text)) for line in lines if line.confidence is not None]
    total = sum(length for _, length in known)
    return round(sum(confidence * length for confidence, length in known) / total, 4) if total else None
