"""Set tables as strips, a row each: ruled or not, with spans, wrapped cells and heads of one row or more."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from data.layouts.page_truth import CellPlace
from data.layouts.setting.line_breaking import Align, Ink, Measure, break_lines, line_width, tokens_of
from data.layouts.setting.strips import Desk, Grid, Strip, Stroke, TextPart

Ruling = Literal["grid", "rows", "frame", "head", "columns", "none"]
LINE_MARK = " // "
"""Stands between the printed lines of a cell that never run on."""
_PAD = 3.0
"""Points between the text of a cell and its edges."""


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    row_span: int = 1
    column_span: int = 1
    align: Align = "left"
    upright: bool = False
    """Text runs up the page, as in the head of a narrow column."""
    inset: float = 0.0
    """Points at the left of the text, as of a name of a lower level."""


@dataclass(frozen=True, slots=True)
class TableContent:
    """The cells of each row, without those that a span covers, and the look of the table."""

    rows: tuple[tuple[Cell, ...], ...]
    header_rows: int = 1
    ruling: Ruling = "grid"
    size: float = 0.86
    """Of the body's type."""
    stretch: bool = True
    """Fills the width of its column."""
    continued: bool = False
    gap: float = 0.0
    """Additional points between columns."""
    foot_rows: int = 0
    """Last rows below a level rule, such as totals."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A cell with its place."""

    cell: Cell
    row: int
    column: int


def set_table(content: TableContent, width: float, desk: Desk) -> list[Strip]:
    """Return a strip for each row; rows that a cell spans are one strip."""
    placed = _place_cells(content.rows)
    columns = 1 + max(p.column + p.cell.column_span - 1 for p in placed)
    widths = _column_widths(placed, columns, content, width, desk)
    number = next(desk.tables)
    ruled = content.ruling in ("grid", "columns")
    desk.grids[number] = Grid(len(content.rows), columns, content.header_rows, ruled, content.continued)
    heights = _row_heights(placed, widths, content, desk)
    texts = [_set_cell(p, widths, heights, (content, desk), number) for p in placed]
    return _rows_to_strips(placed, texts, (widths, heights), content, desk)


def _place_cells(rows: Sequence[Sequence[Cell]]) -> list[_Placed]:
    """Return every cell with the first free row and column of its grid, as HTML places them."""
    taken: set[tuple[int, int]] = set()
    placed = []
    for r, row in enumerate(rows):
        c = 0
        for cell in row:
            while (r, c) in taken:
                c += 1
            placed.append(_Placed(cell, r, c))
            taken |= {(r + dr, c + dc) for dr in range(cell.row_span) for dc in range(cell.column_span)}
            c += cell.column_span
    return placed


def _ink(placed: _Placed, content: TableContent, desk: Desk) -> Ink:
    return desk.ink(content.size, bold=placed.row < content.header_rows)


def _pitch(content: TableContent, desk: Desk) -> float:
    return content.size * desk.type.size * 1.18


def _column_widths(
    placed: Sequence[_Placed], columns: int, content: TableContent, width: float, desk: Desk
) -> list[float]:
    """Return the width of each column: as wide as its longest cell, or narrower where the table would be too wide."""
    natural, least = [_PAD * 4] * columns, [_PAD * 4] * columns
    for p in placed:
        if p.cell.column_span > 1:
            continue
        parts = [tokens_of(part, _ink(p, content, desk)) for part in p.cell.text.split(LINE_MARK)]
        wide = word = _pitch(content, desk)
        if not p.cell.upright:
            wide = p.cell.inset + max(map(line_width, parts))
            word = p.cell.inset + max((line_width([token]) for part in parts for token in part), default=0.0)
        natural[p.column] = max(natural[p.column], wide + 2 * _PAD + content.gap)
        least[p.column] = max(least[p.column], word + 2 * _PAD)
    spare = width - sum(natural)
    if spare >= 0:
        return [n + spare * n / sum(natural) for n in natural] if content.stretch else natural
    room = width - sum(least)
    if room <= 0:
        return [width * n / sum(least) for n in least]
    wish = sum(n - m for n, m in zip(natural, least, strict=True))
    return [m + room * (n - m) / wish for n, m in zip(natural, least, strict=True)]


def _lines_of(p: _Placed, widths: Sequence[float], content: TableContent, desk: Desk) -> list[TextPart]:
    """Return the lines of a cell from the left upper corner of its text; none where it is empty."""
    ink = _ink(p, content, desk)
    wide = sum(widths[p.column : p.column + p.cell.column_span]) - 2 * _PAD - p.cell.inset
    if p.cell.upright:
        tokens = tokens_of(p.cell.text, ink)
        return [TextPart(tuple(break_lines(tokens, Measure(9e9))[0]), 0, 0, "table_cell", 0)] if tokens else []
    shape, pitch = Measure(max(wide, ink.size), align=p.cell.align), _pitch(content, desk)
    rows = [row for part in p.cell.text.split(LINE_MARK) for row in break_lines(tokens_of(part, ink), shape)]
    return [TextPart(tuple(row), 0, (n + 0.8) * pitch, "table_cell", 0) for n, row in enumerate(rows)]


def _row_heights(placed: Sequence[_Placed], widths: Sequence[float], content: TableContent, desk: Desk) -> list[float]:
    pitch, inset = _pitch(content, desk), 2 * _inset(content)
    heights = [pitch + inset] * len(content.rows)
    for p in sorted(placed, key=lambda p: p.cell.row_span):
        tall = len(_lines_of(p, widths, content, desk)) * pitch + inset
        if p.cell.upright:
            tall = line_width(tokens_of(p.cell.text, _ink(p, content, desk))) + 2 * inset
        last = p.row + p.cell.row_span - 1
        heights[last] += max(0.0, tall - sum(heights[p.row : last + 1]))
    return heights


def _inset(content: TableContent) -> float:
    return 2.0 if content.ruling in ("grid", "rows") else 0.8


def _set_cell(
    p: _Placed, widths: Sequence[float], heights: Sequence[float], setting: tuple[TableContent, Desk], table: int
) -> list[TextPart]:
    """Return the lines of a cell, relative to the left upper corner of the table."""
    content, desk = setting
    left, top = sum(widths[: p.column]), sum(heights[: p.row])
    place = CellPlace(table, p.row, p.column, p.cell.row_span, p.cell.column_span, header=p.row < content.header_rows)
    block = next(desk.blocks)
    lines = _lines_of(p, widths, content, desk)
    tall, wide = sum(heights[p.row : p.row + p.cell.row_span]), sum(widths[p.column : p.column + p.cell.column_span])
    if p.cell.upright:
        x = left + wide / 2 + 0.35 * content.size * desk.type.size
        return [replace(line, x=x, y=top + tall - _PAD, turn=270.0, block=block, cell=place) for line in lines]
    free = (tall - 2 * _inset(content) - len(lines) * _pitch(content, desk)) / 2 if p.cell.row_span > 1 else 0.0
    y = top + _inset(content) + max(0.0, free)
    return [replace(line, x=left + _PAD + p.cell.inset, y=line.y + y, block=block, cell=place) for line in lines]


def _rows_to_strips(
    placed: Sequence[_Placed], texts: Sequence[list[TextPart]], edges: tuple[list[float], list[float]],
    content: TableContent, desk: Desk,
) -> list[Strip]:  # fmt: skip
    """Return the strips of a table: rows that no cell connects come apart between pages."""
    widths, heights = edges
    starts = [r for r in range(len(heights)) if not any(p.row < r < p.row + p.cell.row_span for p in placed)]
    size = desk.type.size
    strips = []
    for n, first in enumerate(starts):
        last = starts[n + 1] if n + 1 < len(starts) else len(heights)
        top, inside = sum(heights[:first]), [i for i, p in enumerate(placed) if first <= p.row < last]
        parts = tuple(replace(t, y=t.y - top) for i in inside for t in texts[i])
        strokes = [s for i in inside for s in _edges(placed[i], widths, heights, content)]
        strokes = [replace(s, y0=s.y0 - top, y1=s.y1 - top) for s in strokes]
        height = sum(heights[first:last])
        strips.append(Strip(height, 0.7 * size if not first else 0.0, parts, tuple(strokes), keep=n < 2))
    strips[-1] = replace(strips[-1], keep=False)
    return [*strips, Strip(0.7 * size)]


def _edges(p: _Placed, widths: Sequence[float], heights: Sequence[float], content: TableContent) -> list[Stroke]:
    """Return the ruling lines at the edges of a cell that it does not share with one before it."""
    left, top = sum(widths[: p.column]), sum(heights[: p.row])
    right = left + sum(widths[p.column : p.column + p.cell.column_span])
    bottom = top + sum(heights[p.row : p.row + p.cell.row_span])
    end_row, end_column = p.row + p.cell.row_span, p.column + p.cell.column_span
    above = Stroke(left, top, right, top)
    below, before, after = (
        Stroke(left, bottom, right, bottom),
        Stroke(left, top, left, bottom),
        Stroke(right, top, right, bottom),
    )
    last_row, last_column = end_row == len(heights), end_column == len(widths)
    parted = {content.header_rows, len(heights) - content.foot_rows, len(heights)}
    chosen = {
        "grid": [(below, True), (after, True), (above, p.row == 0), (before, p.column == 0)],
        "rows": [(below, True), (above, p.row == 0)],
        "frame": [(above, p.row == 0), (before, p.column == 0), (below, last_row), (after, last_column)],
        "head": [(above, p.row == 0), (below, end_row == content.header_rows or last_row)],
        "columns": [(above, p.row == 0 < content.header_rows), (after, not last_column), (below, end_row in parted)],
        "none": [],
    }[content.ruling]
    return [stroke for stroke, drawn in chosen if drawn]
