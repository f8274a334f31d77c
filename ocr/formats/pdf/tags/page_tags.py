"""What the text of a page is, as elements of a tagged PDF, and where each element's text starts in the layer.

Blocks become paragraphs, headings, items of lists, captions and notes; tables become rows of cells. Running heads,
footers, page numbers and line numbers are artifacts: a screen reader leaves them out. Source: ISO 32000-1, 14.7, 14.8.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ocr.core.document import Line, Page, Role, Table
from ocr.formats.line_blocks import Block, blocks_of, lines_of
from ocr.formats.pdf.tags.table_cells import cells_of_words
from ocr.formats.table_grid import GridCell, grid_of
from ocr.text.text_places import words_of

_KINDS: dict[Role, str] = {
    "title": "H1", "heading": "H2", "list-item": "LBody", "caption": "Caption", "footnote": "Note",
}  # fmt: skip
_UNREAD_ROLES = frozenset(("page-number", "line-number"))
_ARTIFACTS = {"header": "/Header", "footer": "/Footer"}
"""Fields that are artifacts, and the kind of each."""
_NO_CONTENT = "/Artifact<</Type/Pagination%s>>BDC"


@dataclass(slots=True)
class Tag:
    """One element of the structure tree."""

    kind: str
    """Its standard structure type, such as `P`."""
    kids: list["Tag | int"] = field(default_factory=list)
    """Elements below it, and numbers of the page's marked content."""
    attributes: str = ""
    """Entries of its attributes of a table cell, in the syntax of PDF."""


@dataclass(frozen=True, slots=True)
class PageTags:
    """The elements of one page."""

    elements: tuple[Tag, ...]
    starts: dict[tuple[int, int], str]
    """Operators that start marked content, by line and word of the layer. Text after one belongs to it."""
    parents: tuple[Tag, ...]
    """The element of each number of marked content."""


def layer_lines(page: Page) -> list[Line]:
    """Return the lines that the layer of a page has, in its order."""
    return [line for line in lines_of(page) if line.text.strip()]


def layer_words(line: Line) -> list[str]:
    """Return the words of a line that the layer has."""
    return [word.text for word in words_of(line) if word.text.strip()]


def tags_of(page: Page) -> PageTags:
    """Return the elements of a page, and where their text starts."""
    lines, blocks = layer_lines(page), blocks_of(page)
    owners = _owners(page, lines, blocks)
    tables = iter(page.tables)
    marks, elements = _Marks(), dict[int, Tag]()
    tabled = {number: next(tables, None) for number, block in enumerate(blocks) if block.kind == "table"}
    for owner, group in groupby(enumerate(lines), key=lambda pair: owners[pair[0]]):
        block = blocks[owner]
        numbered = [(place, words) for place, line in group if (words := layer_words(line))]
        table = tabled.pop(owner, None) if numbered else None
        if not numbered:
            continue
        if block.field in _ARTIFACTS or block.role in _UNREAD_ROLES:
            marks.leave_out((numbered[0][0], 0), _ARTIFACTS.get(block.field, ""))
        elif table is not None and any(table.rows):
            elements[owner] = _table(table, numbered, marks)
        else:
            kind = _KINDS.get(block.role or "paragraph", "P")
            key = owner if owner not in elements or elements[owner].kind == kind else -1 - owner
            marks.enter((numbered[0][0], 0), elements.setdefault(key, Tag(kind)))
    return PageTags(tuple(_with_lists(elements.values())), marks.starts, tuple(marks.parents))


class _Marks:
    """Numbers the marked content of a page: text that follows in the same element continues its mark."""

    def __init__(self) -> None:
        self.starts: dict[tuple[int, int], str] = {}
        self.parents: list[Tag] = []
        self._last: Tag | None = None

    def enter(self, place: tuple[int, int], tag: Tag) -> None:
        """Start the text of `tag` at a line and word of the layer."""
        if self._last is not tag:
            tag.kids.append(len(self.parents))
            self.starts[place] = f"/{tag.kind}<</MCID {len(self.parents)}>>BDC"
            self.parents.append(tag)
            self._last = tag

    def leave_out(self, place: tuple[int, int], subtype: str) -> None:
        """Start text that is no part of the structure."""
        self.starts[place] = _NO_CONTENT % (f"/Subtype{subtype}" if subtype else "")
        self._last = None


def _owners(page: Page, lines: Sequence[Line], blocks: Sequence[Block]) -> list[int]:
    """Return the place among `blocks` of each line of the layer."""
    pairs = [(line, number) for number, block in enumerate(blocks) for line in block.lines if line.text.strip()]
    if not page.lines:
        return [number for _, number in pairs]  # the same lines in the same order, made anew
    numbers = {id(line): number for line, number in pairs}
    return [numbers[id(line)] for line in lines]


def _table(table: Table, lines: Sequence[tuple[int, Sequence[str]]], marks: _Marks) -> Tag:
    """Return the element of a table, and start the text of its cells."""
    grid = grid_of(table)
    cells = [cell for row in grid for cell in row]
    tags = [Tag("TH" if cell.is_head else "TD", attributes=_attributes(cell)) for cell in cells]
    for place, cell in cells_of_words(cells, lines):
        marks.enter(place, tags[cell])
    rest = iter(tags)
    return Tag("Table", [Tag("TR", [next(rest) for _ in row]) for row in grid])


def _attributes(cell: GridCell) -> str:
    parts = ["/Scope/Column"] if cell.is_head else []
    parts += [f"/{key} {size}" for key, size in (("RowSpan", cell.rows), ("ColSpan", cell.columns)) if size > 1]
    return "".join(parts)


def _with_lists(elements: Iterable[Tag]) -> Iterator[Tag]:
    """Yield the elements, items of a list that follow each other in one list."""
    for is_item, group in groupby(elements, key=lambda tag: tag.kind == "LBody"):
        if is_item:
            yield Tag("L", [Tag("LI", [tag]) for tag in group])
        else:
            yield from group
