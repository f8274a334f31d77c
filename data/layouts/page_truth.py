"""Define the ground truth of a composed page: lines, words, tables, rules and shapes, all in pixels.

The contract, for everyone who trains or measures on composed pages:

- A `PageLine` is one printed line of one column, one cell, one label or one value. Its words stand in reading order.
- `text` joins the words with spaces. A word that is `glued` has no space before it: the letters of a letter-spaced
  heading, of comb boxes, a drop cap and the rest of its word, a footnote mark.
- `order` numbers the lines of a page from 0 without gaps, in reading order: header, text, margin, footer, noise. Within
  the text, columns are read one after the other, and a table row by row at the place where it stands.
- `block` numbers paragraphs, headings, list items, cells, labels and values. The lines of a block are
  consecutive in the order; a block that continues in the next column keeps its number.
- `cell` is set for the lines of a table, `label` for a `form_value`: the block of its `form_label`.
- `direction` is the angle of writing in degrees clockwise: 0 to the right, 90 down the page, 270 up the page.
- A check box is the word "☐" or "☒", and a blank to fill in is a word of underscores or dots; both have the box that is
  drawn.
- Boxes are tight around the ink and lie on the page. They are axis-parallel, also on a leaning page.
- Noise is print that does not belong to the text: watermarks, show-through, scribbles. A reader should leave it out.

`dump_page` and `parse_page` write and read a page as one JSON line.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from ocr.core.document import Box, box_around
from ocr.core.errors import DataError

LineField = Literal["header", "text", "margin", "footer", "noise"]
LINE_FIELDS: tuple[LineField, ...] = ("header", "text", "margin", "footer", "noise")
"""In the order in which a page is read."""

Role = Literal[
    "title", "heading", "paragraph", "list_item", "caption", "footnote", "table_cell", "form_label", "form_value",
    "stamp", "line_number", "side_note", "verse", "page_header", "page_footer", "noise",
]  # fmt: skip
ROLES: tuple[Role, ...] = (
    "title", "heading", "paragraph", "list_item", "caption", "footnote", "table_cell", "form_label", "form_value",
    "stamp", "line_number", "side_note", "verse", "page_header", "page_footer", "noise",
)  # fmt: skip
"""Lines of the fields header, footer and noise have the roles page_header, page_footer and noise, and no others."""

ShapeKind = Literal["frame", "check_box", "comb_box", "signature", "seal", "picture", "hole", "tear", "bar_code"]


@dataclass(frozen=True, slots=True)
class PageWord:
    text: str
    box: Box
    """Left, top, right and bottom in pixels."""
    glued: bool = False
    """No space stands before it."""


@dataclass(frozen=True, slots=True)
class CellPlace:
    """The place of a cell in its table. Rows and columns start at 0."""

    table: int
    """Id of the `PageTable`."""
    row: int
    column: int
    row_span: int = 1
    column_span: int = 1
    header: bool = False
    """A cell of the head of the table."""


@dataclass(frozen=True, slots=True)
class PageLine:
    """One printed line of one column, cell, label or value."""

    words: tuple[PageWord, ...]
    field: LineField
    role: Role
    block: int
    order: int
    size: float
    """Type size in pixels: the em of its largest word."""
    direction: float = 0.0
    """Degrees clockwise."""
    cell: CellPlace | None = None
    label: int | None = None
    """Block of the `form_label` that a `form_value` answers."""

    @property
    def text(self) -> str:
        """Return the words, joined by spaces where none is glued."""
        return join_words(self.words)

    @property
    def box(self) -> Box:
        """Return the smallest box around its words, in pixels."""
        return box_around(word.box for word in self.words)


@dataclass(frozen=True, slots=True)
class PageTable:
    """One table: its extent and its grid. Empty cells have no line."""

    id: int
    box: Box
    rows: int
    columns: int
    header_rows: int
    ruled: bool
    """Ruling lines stand between its columns."""
    continued: bool = False
    """Its first rows stand on the page before."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight ruling line from one end to the other, in pixels."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float


@dataclass(frozen=True, slots=True)
class PageShape:
    """Something drawn that is neither text nor a ruling line."""

    kind: ShapeKind
    box: Box
    checked: bool = False
    """For a check box: it holds a cross."""


@dataclass(frozen=True, slots=True)
class LayoutPage:
    """The truth of one page."""

    kind: str
    seed: str
    features: tuple[str, ...]
    """Names of the layout features that were used, sorted."""
    dpi: int
    width: int
    height: int
    lines: tuple[PageLine, ...]
    """In reading order."""
    tables: tuple[PageTable, ...] = ()
    rules: tuple[Rule, ...] = ()
    shapes: tuple[PageShape, ...] = ()
    skew: float = 0.0
    """Degrees clockwise by which the whole page leans."""

    def text_of(self, field: LineField) -> str:
        """Return the lines of one field, one below the other."""
        return "\n".join(line.text for line in self.lines if line.field == field)


def join_words(words: Iterable[PageWord]) -> str:
    """Return the text of words: a space before each that is not glued."""
    return "".join(word.text if word.glued else f" {word.text}" for word in words).strip(" ")


def forget_lost_labels(lines: Iterable[PageLine]) -> tuple[PageLine, ...]:
    """Return the lines; a value whose label is not among them, as where a corner is torn off, has none."""
    kept = tuple(lines)
    labels = {line.block for line in kept if line.role == "form_label"}
    return tuple(line if line.label is None or line.label in labels else replace(line, label=None) for line in kept)


def dump_page(page: LayoutPage) -> str:
    """Return a page as one line of JSON; the inverse of `parse_page`."""
    return _page_type().dump_json(page).decode("utf-8")


def parse_page(line: str) -> LayoutPage:
    """Return the page of a JSON line. Raises DataError that names the first wrong value."""
    try:
        return _page_type().validate_json(line)
    except ValidationError as failure:
        first = failure.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"not a layout page: {where}: {first['msg']}", hint="compose the page again") from failure


@cache
def _page_type() -> TypeAdapter[LayoutPage]:
    return TypeAdapter(LayoutPage)
