"""Make a page from the unordered lines of an engine: fields, reading order, tables and paragraphs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sin

from ocr.core.document import FIELDS, Box, EngineOutput, Field, Line, Page, Role, Table, box_around, confidence_of
from ocr.layout.paragraphs import Paragraph, find_paragraphs
from ocr.layout.quality_flags import flags_of
from ocr.layout.reading_order import Row, is_vertical, line_height, read_order
from ocr.layout.reading_order import rows as group_rows
from ocr.layout.regions import assign
from ocr.layout.roles import role_of_paragraph, role_outside
from ocr.layout.tables import find_tables
from ocr.text.post_correction import correct_lines

ARRANGEMENT = "layout-4"
"""Raise it when a change can give another page for the same lines: folders then make their pages again."""


def arrange(generation: EngineOutput, number: int) -> Page:
    """Make page `number` from the lines of a classical engine. Pure; raises for no lines."""
    size = (generation.width, generation.height)
    read = correct_lines([line for line in generation.lines or () if line.text.strip()])
    level = [replace(line, box=_level(line.box, generation.skew, size)) for line in read]
    fields = assign(level, size)
    finished = {id(line): replace(was, field=field) for line, was, field in zip(level, read, fields, strict=True)}
    level_body = [line for line in level if finished[id(line)].field != "margin"]
    margin = sorted((line for line in level if finished[id(line)].field == "margin"), key=_margin_order)
    columns: list[list[Row]] = [*read_order(level_body), [(line,) for line in margin]]

    parts = {field: _only(field, columns, finished) for field in FIELDS}
    rows = {field: [row for column in part for row in column] for field, part in parts.items()}
    # A running head is one printed line, even where the gutter below it continues between its parts.
    rows["header"] = group_rows([line for row in rows["header"] for line in row])
    body = _find_body(parts["text"], finished)
    roles = _roles(rows, body, generation.height)
    lines = tuple(
        replace(finished[id(line)], role=roles[id(line)][0], block=roles[id(line)][1])
        for field in FIELDS
        for row in rows[field]
        for line in row
    )
    unread = [line for line in generation.lines or () if not line.text.strip()]
    return Page(
        number=number,
        status="ok" if lines else "blank",
        flags=flags_of(lines, unread),
        confidence=confidence_of(lines),
        header=_as_printed(rows["header"]),
        text=_as_printed(rows["text"]),
        margin=_as_printed(rows["margin"]),
        footer=_as_printed(rows["footer"]),
        paragraphs=tuple(paragraph.text for paragraph in body.paragraphs),
        lines=lines,
        tables=body.tables,
        width=generation.width,
        height=generation.height,
        rotation=generation.rotation,
    )


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


def _only(field: Field, columns: Sequence[Sequence[Row]], finished: Mapping[int, Line]) -> list[list[Row]]:
    """Return the rows of each column that belong to a field."""
    kept = [[tuple(line for line in row if finished[id(line)].field == field) for row in column] for column in columns]
    return [rows for column in kept if (rows := [row for row in column if row])]


def _find_body(columns: Sequence[Sequence[Row]], finished: Mapping[int, Line]) -> _Body:
    """Return the running text of each column, cut at its tables, and the tables."""
    running: list[Sequence[Row]] = []
    after_tables: set[int] = set()
    tables: list[Table] = []
    cells: list[tuple[Line, ...]] = []
    for column in columns:
        start = 0
        for first, end, table in find_tables(column):
            inside = tuple(line for row in column[first:end] for line in row)
            running += [column[start:first]] if start < first else []
            box = box_around(finished[id(line)].box for line in inside)
            tables.append(replace(table, box=box, after=len(find_paragraphs(running, after_tables))))
            cells.append(inside)
            after_tables.add(len(running))
            start = end
        running += [column[start:]] if start < len(column) else []
    return _Body(tuple(find_paragraphs(running, after_tables)), tuple(tables), tuple(cells))


def _as_printed(rows: Sequence[Row]) -> str:
    """Return one text line a row, with a space between lines side by side."""
    return "\n".join(" ".join(line.text for line in row) for row in rows)


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
