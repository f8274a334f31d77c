"""Make a page from the unordered lines of an engine: fields, reading order, tables and paragraphs."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sin
from pathlib import Path

from ocr.core.document import FIELDS, Box, EngineOutput, Field, Line, Page, Role, Table, box_around, confidence_of
from ocr.core.errors import UsageError
from ocr.core.files import hash_file
from ocr.layout.learned.doubt.page_doubt import learned_structure
from ocr.layout.learned.pieces import Piece, cut_lines, part_of
from ocr.layout.learned.structure_network import WEIGHTS, read_weights, shipped_weights
from ocr.layout.page_structure import LevelPage, PageStructure, possible_box, possible_line
from ocr.layout.paragraphs import Paragraph, find_paragraphs
from ocr.layout.quality_flags import flags_of
from ocr.layout.reading_order import Row, is_vertical, line_height, read_order
from ocr.layout.reading_order import rows as group_rows
from ocr.layout.regions import assign
from ocr.layout.roles import role_of_paragraph, role_outside
from ocr.layout.ruled.blanks import blank_at, find_blanks
from ocr.layout.ruled.ruled_grids import RuledTable, find_ruled_tables
from ocr.layout.tables import find_tables
from ocr.text.header_rows import count_header_rows
from ocr.text.post_correction import correct_lines

ARRANGEMENT = "layout-9"
"""Raise it when a change can give another page for the same lines: folders then make their pages again."""


RULES, LEARNED = "rules", "learned"
"""What decides the structure of a page: the rules of this package, or the network of `ocr.layout.learned` with the
weights that come with lusocr. The folder of a run of `ocr finetune --part layout` is the network with its weights."""
DEFAULT_LAYOUT = LEARNED
MOST_SKEW = 30.0
"""Degrees. A page that leans more, or by no number, is taken as level."""


def arrange(generation: EngineOutput, number: int, layout: str = DEFAULT_LAYOUT) -> Page:
    """Make page `number` from the lines of a classical engine. Pure; raises for no lines."""
    pieces, level = level_pieces(possible_lines(generation), generation, at_gaps=layout != RULES)
    if layout == RULES or not pieces:
        structure = rule_structure([piece.line for piece in pieces], level)
    else:
        structure = learned_structure(pieces, level, read_weights(weights_file(layout)))
    rows, originals = structure.rows, level.originals
    lines = tuple(
        _placed(originals[id(line)], field, *structure.roles[id(line)])
        for field in FIELDS
        for row in rows[field]
        for line in row
    )
    unread = [line for line in generation.lines or () if not line.text.strip()]
    return Page(
        number=number,
        status="ok" if lines else "blank",
        flags=(*flags_of(lines, unread), *structure.flags),
        confidence=confidence_of(lines),
        header=_as_printed(rows["header"]),
        text=_as_printed(rows["text"]),
        margin=_as_printed(rows["margin"]),
        footer=_as_printed(rows["footer"]),
        paragraphs=structure.paragraphs,
        lines=lines,
        tables=tuple(
            replace(table, header_rows=count_header_rows(table.rows, table.spans)) for table in structure.tables
        ),
        width=generation.width,
        height=generation.height,
        rotation=generation.rotation,
    )


def _placed(line: Line, field: Field, role: Role, block: int) -> Line:
    return Line(line.text, line.box, line.confidence, line.words, field, role, block)


def level_pieces(read: Sequence[Line], output: EngineOutput, *, at_gaps: bool = True) -> tuple[list[Piece], LevelPage]:
    """Return the pieces of the lines of an output on the level page, and what else is known of the page.

    `at_gaps` cuts lines as the network wants them, not at ruling lines alone.
    """
    size, skew = (output.width, output.height), output.skew if abs(output.skew) <= MOST_SKEW else 0.0
    same = not skew and len(set(map(id, read))) == len(read)  # Lines are known by their ids.
    level = list(read) if same else [_leveled(line, skew, size) for line in read]
    rulings = tuple(_level(possible_box(box), skew, size) for box in output.rulings)
    height = line_height(level)
    for place in find_blanks(level, rulings, height) if height else ():
        level.append(blank_at(rulings[place], height))
        read = [*read, blank_at(possible_box(output.rulings[place]), height)]
    pieces = cut_lines(level, rulings, at_gaps=at_gaps)
    originals = {id(piece.line): part_of(read[piece.source], piece.start, piece.end) for piece in pieces}
    lines = [piece.line for piece in pieces]
    return pieces, LevelPage(size, rulings, originals, tuple(find_ruled_tables(lines, rulings, height or 1.0)))


def possible_lines(output: EngineOutput) -> list[Line]:
    """Return the lines of an output that hold text, corrected, with boxes that a page can have."""
    return correct_lines([possible_line(line) for line in output.lines or () if line.text.strip()])


def arrangement_of(layout: str) -> str:
    """Return what pages of a layout are recorded under: the version of the rules, and the weights of a network."""
    if layout == RULES:
        return ARRANGEMENT
    return f"{ARRANGEMENT} learned={hash_file(weights_file(layout))[:8]}"


def weights_file(layout: str) -> Path:
    """Return the file of the weights of a layout that is not `RULES`. Raises `UsageError` where there is none."""
    file = shipped_weights() if layout == LEARNED else Path(layout) / WEIGHTS
    if not file.is_file():
        raise UsageError(
            f"layout {layout}: {file} does not exist", hint="--set layout=rules, learned, or the folder of a run"
        )
    return file


def rule_structure(level: Sequence[Line], page: LevelPage) -> PageStructure:
    """Return the structure of level lines by rules. Lines in ruled tables are placed with their table."""
    ruled = {place: table for table in page.ruled for row in table.rows for place in row}
    free = [line for place, line in enumerate(level) if place not in ruled]
    stand_ins = [Line("", table.box) for table in page.ruled]
    tables = {id(line): table for line, table in zip(stand_ins, page.ruled, strict=True)}
    field_of = {id(line): field for line, field in zip(free, assign(free, page.size), strict=True)}
    field_of |= {id(line): "text" for line in stand_ins}
    level_body = [line for line in (*free, *stand_ins) if field_of[id(line)] != "margin"]
    margin = sorted((line for line in free if field_of[id(line)] == "margin"), key=_margin_order)
    columns: list[list[Row]] = [*read_order(level_body), [(line,) for line in margin]]
    parts = {field: _only(field, columns, field_of) for field in FIELDS}
    rows = {field: [row for column in part for row in column] for field, part in parts.items()}
    # A running head is one printed line, even where the gutter below it continues between its parts.
    rows["header"] = group_rows([line for row in rows["header"] for line in row])
    inside = {key: [tuple(level[place] for place in row) for row in table.rows] for key, table in tables.items()}
    body = _find_body(parts["text"], _Ruled(tables, inside, page.originals))
    rows["text"] = [whole for row in rows["text"] for whole in _expanded(row, inside)]
    paragraphs = tuple(paragraph.text for paragraph in body.paragraphs)
    return PageStructure(rows, paragraphs, body.tables, _roles(rows, body, page.size[1]))


@dataclass(frozen=True, slots=True)
class _Ruled:
    """Ruled tables by the id of the line that stands for each while columns are found."""

    tables: Mapping[int, RuledTable]
    rows: Mapping[int, Sequence[Row]]
    originals: Mapping[int, Line]
    """Lines as they stand on the page, by the id of the level ones."""


def _expanded(row: Row, inside: Mapping[int, Sequence[Row]]) -> Iterator[Row]:
    """Yield a row without the lines that stand for tables, then the rows of those tables."""
    rest = tuple(line for line in row if id(line) not in inside)
    if rest:
        yield rest
    for line in row:
        yield from inside.get(id(line), ())


@dataclass(frozen=True, slots=True)
class _Body:
    """The paragraphs and tables of the body."""

    paragraphs: tuple[Paragraph, ...]
    tables: tuple[Table, ...]
    cells: tuple[tuple[Line, ...], ...]
    """The lines of each table."""

    def blocks(self) -> Iterator[Paragraph | tuple[Line, ...]]:
        """Yield the paragraphs, and the lines of each table, in reading order."""
        for place in range(len(self.paragraphs) + 1):
            yield from (cells for cells, table in zip(self.cells, self.tables, strict=True) if table.after == place)
            yield from self.paragraphs[place : place + 1]


def _roles(rows: Mapping[Field, Sequence[Row]], body: _Body, height: int) -> dict[int, tuple[Role, int]]:
    """Return role and block number by the id of each level line."""
    usual = line_height([line for row in rows["text"] for line in row])
    found: dict[int, tuple[Role, int]] = {}
    for line in (line for row in rows["header"] for line in row):
        found[id(line)] = role_outside(line, "header"), 0
    number = int(bool(found))
    start = number
    for block in body.blocks():
        if isinstance(block, Paragraph):
            role: Role = role_of_paragraph(block, usual, height, first=number == start)
            inside = tuple(line for row in block.rows for line in row)
        else:
            role, inside = "table-cell", block
        found |= {id(line): (role, number) for line in inside}
        number += 1
    for field in ("margin", "footer"):
        outside = [line for row in rows[field] for line in row]
        found |= {id(line): (role_outside(line, field), number) for line in outside}
        number += bool(outside)
    return found


def _margin_order(line: Line) -> tuple[bool, float]:
    """Return a sort key: level lines from top to bottom, then vertical ones from left to right."""
    return (True, line.box[0]) if is_vertical(line) else (False, line.box[1])


def _only(field: Field, columns: Sequence[Sequence[Row]], field_of: Mapping[int, Field]) -> list[list[Row]]:
    """Return the rows of each column that belong to a field."""
    kept = [[tuple(line for line in row if field_of[id(line)] == field) for row in column] for column in columns]
    return [rows for column in kept if (rows := [row for row in column if row])]


def _find_body(columns: Sequence[Sequence[Row]], ruled: _Ruled) -> _Body:
    """Return the running text of each column, cut at its tables, and the tables."""
    running: list[Sequence[Row]] = []
    after_tables: set[int] = set()
    tables: list[tuple[Table, int]] = []
    cells: list[tuple[Line, ...]] = []
    for part in (part for column in columns for part in _parts_of(column, ruled)):
        if isinstance(part, tuple):
            table, inside = part
            box = box_around(ruled.originals[id(line)].box for line in inside)
            tables.append((replace(table, box=box), len(running)))
            cells.append(inside)
            after_tables.add(len(running))
        else:
            running.append(part)
    paragraphs = tuple(find_paragraphs(running, after_tables))
    starts = [paragraph.column for paragraph in paragraphs]
    placed = tuple(replace(table, after=bisect_left(starts, columns_before)) for table, columns_before in tables)
    return _Body(paragraphs, placed, tuple(cells))


def _parts_of(column: Sequence[Row], ruled: _Ruled) -> Iterator[list[Row] | tuple[Table, tuple[Line, ...]]]:
    """Yield the running rows of a column, and its tables with their lines, from top to bottom."""
    rows: list[Row] = []
    for row in column:
        found = [line for line in row if id(line) in ruled.tables]
        rest = tuple(line for line in row if id(line) not in ruled.tables)
        rows += [rest] if rest else []
        if found:
            yield from _unruled_parts(rows)
            rows = []
        for line in found:
            yield ruled.tables[id(line)].table, tuple(cell for inside in ruled.rows[id(line)] for cell in inside)
    yield from _unruled_parts(rows)


def _unruled_parts(column: Sequence[Row]) -> Iterator[list[Row] | tuple[Table, tuple[Line, ...]]]:
    """Yield running rows and tables without ruling lines."""
    start = 0
    for first, end, table in find_tables(column) if column else ():
        if start < first:
            yield list(column[start:first])
        yield table, tuple(line for row in column[first:end] for line in row)
        start = end
    if start < len(column):
        yield list(column[start:])


def _as_printed(rows: Sequence[Row]) -> str:
    """Return one text line a row, with a space between lines side by side."""
    return "\n".join(" ".join(line.text for line in row) for row in rows)


def _leveled(line: Line, skew: float, size: tuple[int, int]) -> Line:
    """Return a line with its boxes as they are after the page is deskewed."""
    if not skew:
        return replace(line)
    words = tuple(replace(word, box=_level(word.box, skew, size)) for word in line.words)
    return replace(line, box=_level(line.box, skew, size), words=words)


def _level(box: Box, skew: float, size: tuple[int, int]) -> Box:
    """Return the box of a line after the page is deskewed by `skew` degrees (clockwise lean).

    The box of a leaning line is the smallest upright box around it: w cos + h sin wide, h cos + w sin high.
    """
    if not skew:
        return box
    c, s = cos(radians(skew)), abs(sin(radians(skew)))
    wide, high = box[2] - box[0], box[3] - box[1]
    width = max(1.0, (wide * c - high * s) / (c * c - s * s))
    height = max(1.0, (high * c - wide * s) / (c * c - s * s))
    x, y = (box[0] + box[2] - size[0]) / 2, (box[1] + box[3] - size[1]) / 2
    turn = sin(radians(skew))
    middle_x, middle_y = x * c + y * turn + size[0] / 2, y * c - x * turn + size[1] / 2
    return (middle_x - width / 2, middle_y - height / 2, middle_x + width / 2, middle_y + height / 2)
