"""Find ruled tables: ruling lines that cross divide a part of the page into cells, and text belongs where it stands.

Rows between the same vertical lines form one table, so stacked boxes of different widths become tables of their own.
Columns of running text between rules are no cells: they hold too many lines.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ocr.core.document import Box, CellSpan, Line, Table, box_around

NEAR = 0.45
"""Line heights by which the ends of crossing lines may miss each other, and lines of one edge may differ."""
BROKEN = 1.0
"""Line heights of a gap in a line that is drawn through."""
COVERED = 0.7
"""Share of the side of a cell that a line must cover to close it."""
LEAST_ROW = 0.6
"""Line heights of the lowest row: double rules are lower."""
MOST_LINES = 4.0
"""Mean lines of a filled cell: more are columns of text between rules."""
MOST_RULINGS = 800
"""A page with more ruling lines is not searched: graph paper and pictures."""

_AMOUNT = re.compile(r"[R$%\s]*[\d.,/%\-–º°]+")


class _Level(NamedTuple):
    y: float
    left: float
    right: float


class _Upright(NamedTuple):
    x: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class RuledTable:
    """A ruled table and the lines in it."""

    box: Box
    """Of its ruling lines."""
    rows: tuple[tuple[int, ...], ...]
    """Places of the lines, row by row, from left to right."""
    table: Table
    columns: tuple[tuple[int, ...], ...] = ()
    """The column of each line, as `rows`."""


@dataclass(frozen=True, slots=True)
class _Band:
    """One row of cells between two level lines."""

    top: float
    bottom: float
    edges: tuple[float, ...]
    """Places of the vertical lines beside and between its cells."""


def find_ruled_tables(lines: Sequence[Line], rulings: Sequence[Box], height: float) -> list[RuledTable]:
    """Return the ruled tables of a level page, from top to bottom. `height` is the usual height of a line."""
    if len(rulings) > MOST_RULINGS:
        return []
    near = NEAR * height
    levels = _joined_levels([box for box in rulings if box[2] - box[0] >= box[3] - box[1]], near, BROKEN * height)
    uprights = [
        _Upright(y, left, right)
        for y, left, right in _joined_levels(
            [(top, left, bottom, right) for left, top, right, bottom in rulings if bottom - top > right - left],
            near,
            BROKEN * height,
        )
    ]
    found = []
    for across, down in _components(levels, uprights, near):
        bands = list(_bands(across, down, height))
        for group in _groups(bands, near):
            made = _table(group, across, lines, near)
            found += [made] if made else []
    return sorted(found, key=lambda table: (table.box[1], table.box[0]))


def _joined_levels(boxes: Sequence[Box], near: float, gap: float) -> list[_Level]:
    """Return level lines, with the parts of broken ones joined."""
    joined: list[_Level] = []  # From top to bottom.
    for left, top, right, bottom in sorted(boxes, key=lambda box: ((box[1] + box[3]) / 2, box[0])):
        y = (top + bottom) / 2
        close = range(len(joined) - 1, bisect_right(joined, y - near, key=lambda level: level.y) - 1, -1)
        same = next(
            (place for place in close if left < joined[place].right + gap and right > joined[place].left - gap), None
        )
        if same is None:
            joined.append(_Level(y, left, right))
        else:
            old = joined[same]
            joined[same] = _Level(old.y, min(old.left, left), max(old.right, right))
    return joined


def _components(
    levels: Sequence[_Level], uprights: Sequence[_Upright], near: float
) -> Iterator[tuple[list[_Level], list[_Upright]]]:
    """Yield lines that cross or touch each other: at least two of each direction."""
    waiting = set(range(len(uprights)))
    free = set(range(len(levels)))
    while free:
        across, down, new = {min(free)}, set[int](), [min(free)]
        while new:
            level = levels[new.pop()]
            touched = {place for place in waiting if _touch(level, uprights[place], near)}
            waiting -= touched
            down |= touched
            more = {
                place
                for place in (free - across if touched else ())
                if any(_touch(levels[place], uprights[upright], near) for upright in touched)
            }
            across |= more
            new += sorted(more)
        free -= across
        if len(across) > 1 and len(down) > 1:
            yield [levels[place] for place in sorted(across)], [uprights[place] for place in sorted(down)]


def _touch(level: _Level, upright: _Upright, near: float) -> bool:
    return (
        level.left - near <= upright.x <= level.right + near and upright.top - near <= level.y <= upright.bottom + near
    )


def _clustered(values: Sequence[float], near: float) -> list[float]:
    """Return places that differ by more than `near`, the mean of each cluster."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= near:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _bands(across: Sequence[_Level], down: Sequence[_Upright], height: float) -> Iterator[_Band]:
    """Yield the rows of cells from top to bottom."""
    near = NEAR * height
    for top, bottom in pairwise(_clustered([level.y for level in across], near)):
        tall = bottom - top
        if tall < LEAST_ROW * height:
            continue
        beside = [
            upright.x for upright in down if min(bottom, upright.bottom) - max(top, upright.top) >= COVERED * tall
        ]
        edges = _clustered(beside, near)
        if len(edges) > 1:
            yield _Band(top, bottom, tuple(edges))


def _groups(bands: Sequence[_Band], near: float) -> Iterator[list[_Band]]:
    """Yield rows that stand below each other between the same vertical lines; single lines may miss in a row."""
    group: list[_Band] = []
    edges: tuple[float, ...] = ()
    for band in bands:
        joined = _joined_edges(edges, band.edges, near) if group and band.top - group[-1].bottom <= 2 * near else None
        if joined is None and group:
            yield group
            group = []
        edges = band.edges if joined is None else joined
        group.append(band)
    if group:
        yield group


def _joined_edges(edges: tuple[float, ...], others: tuple[float, ...], near: float) -> tuple[float, ...] | None:
    """Return the edges of both rows, if one row has those of the other or all but less than half of them."""
    more, fewer = (edges, others) if len(edges) >= len(others) else (others, edges)
    same_ends = abs(more[0] - fewer[0]) <= 2 * near and abs(more[-1] - fewer[-1]) <= 2 * near
    known = all(min(abs(one - other) for other in more) <= 2 * near for one in fewer)
    return more if same_ends and known and 2 * len(fewer) > len(more) and len(fewer) > 2 - (len(more) == 2) else None


def _table(bands: Sequence[_Band], across: Sequence[_Level], lines: Sequence[Line], near: float) -> RuledTable | None:
    """Return the table of some rows; None where it has fewer than two filled cells, or columns of running text."""
    edges = max((band.edges for band in bands), key=len)
    if len(edges) < 3 and len(bands) < 3:
        return None
    box = (edges[0], bands[0].top, edges[-1], bands[-1].bottom)
    bands = list(_undivided(bands, lines, edges))
    inside = {n: line for n, line in enumerate(lines) if _is_within(line.box, box, 4 * near)}
    cells = _cells(bands, inside, edges)
    filled = [places for places in cells.values() if places]
    if len(filled) < 2 or sum(map(len, filled)) > MOST_LINES * len(filled) or not _fits(filled, lines, box, near):
        return None
    spans = [*_row_spans(bands, across, edges, near), *_column_spans(bands, edges, near)]
    for span in spans:
        for row in range(span.row + 1, span.row + span.rows):
            cells[span.row, span.column] += cells.pop((row, span.column), [])
    texts = [[""] * (len(edges) - 1) for _ in bands]
    by_row: list[list[int]] = [[] for _ in bands]
    columns: list[list[int]] = [[] for _ in bands]
    for (row, column), places in sorted(cells.items()):
        places.sort(
            key=lambda place: (round((lines[place].box[1] + lines[place].box[3]) / 2 / near), lines[place].box[0])
        )
        texts[row][column] = " ".join(lines[place].text.strip() for place in places)
        by_row[row] += places
        columns[row] += [column] * len(places)
    extent = box_around(lines[place].box for places in filled for place in places)
    table = Table(extent, tuple(map(tuple, texts)), spans=tuple(sorted(spans, key=lambda one: (one.row, one.column))))
    rows, in_columns = (tuple(tuple(row) for row in part if row) for part in (by_row, columns))
    return RuledTable(box, rows, table, in_columns)


def _is_within(box: Box, table: Box, reach: float) -> bool:
    """Return whether a line stands out neither above nor below a table, as stamps and watermarks over it do."""
    return box[1] > table[1] - reach and box[3] < table[3] + reach


def _cells(
    bands: Sequence[_Band], lines: Mapping[int, Line], edges: tuple[float, ...]
) -> dict[tuple[int, int], list[int]]:
    """Return the lines of each cell by row and column: a line belongs to the cell that holds its middle.

    `edges` are those of the table; a row may have fewer, and its cells then begin at the first column they cover.
    """
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    tops = [band.top for band in bands]
    for place, line in lines.items():
        x, y = (line.box[0] + line.box[2]) / 2, (line.box[1] + line.box[3]) / 2
        if edges[0] <= x <= edges[-1] and bands[0].top <= y <= bands[-1].bottom:
            row = max(0, bisect_right(tops, y) - 1)
            own = bands[row].edges
            left = own[max(0, min(bisect_right(own, x) - 1, len(own) - 2))]
            column = min(range(len(edges) - 1), key=lambda number: abs(edges[number] - left))
            cells[row, column].append(place)
    return cells


def _undivided(bands: Sequence[_Band], lines: Sequence[Line], edges: tuple[float, ...]) -> Iterator[_Band]:
    """Yield the rows, divided where ruling lines were not found: each amount of a column is a row of its own.

    Two columns of amounts must agree, or one column and the number of lines of all cells.
    """
    middles = [(line.box[1] + line.box[3]) / 2 for line in lines]
    by_height = sorted(range(len(lines)), key=middles.__getitem__)
    for band in bands:
        start, end = (
            bisect_left(by_height, band.top, key=middles.__getitem__),
            bisect_right(by_height, band.bottom, key=middles.__getitem__),
        )
        inside = {place: lines[place] for place in sorted(by_height[start:end])}
        cells = [
            sorted(places, key=lambda place: lines[place].box[1]) for places in _cells([band], inside, edges).values()
        ]
        amounts = [cell for cell in cells if all(_AMOUNT.fullmatch(lines[place].text.strip()) for place in cell[1:])]
        pure = [cell for cell in amounts if _AMOUNT.fullmatch(lines[cell[0]].text.strip())]
        counts, agreed = {len(cell) for cell in cells}, {len(cell) for cell in pure}
        if len(pure) > 1 and len(agreed) == 1 and agreed != {1}:
            anchors = pure
        elif len(cells) > 1 and len(counts) == 1 and counts != {1} and amounts:
            anchors = cells
        else:
            yield band
            continue
        rows = [
            sum(lines[place].box[1] + lines[place].box[3] for place in row) / 2 / len(row)
            for row in zip(*anchors, strict=True)
        ]
        cuts = [band.top, *((above + below) / 2 for above, below in pairwise(rows)), band.bottom]
        yield from (_Band(top, bottom, band.edges) for top, bottom in pairwise(cuts))


def _fits(cells: Sequence[Sequence[int]], lines: Sequence[Line], box: Box, near: float) -> bool:
    """Return whether no line stands far out over the edge of the table: its ruling lines belong to something else."""
    return all(
        lines[place].box[0] > box[0] - 4 * near and lines[place].box[2] < box[2] + 4 * near
        for places in cells
        for place in places
    )


def _row_spans(
    bands: Sequence[_Band], across: Sequence[_Level], edges: tuple[float, ...], near: float
) -> Iterator[CellSpan]:
    """Yield the cells that no level line divides from the cell below them."""
    heights = [level.y for level in across]
    at_top = [
        across[bisect_left(heights, band.top - 2 * near) : bisect_right(heights, band.top + 2 * near)] for band in bands
    ]
    for column, (left, right) in enumerate(pairwise(edges)):
        start = 0
        for row in range(1, len(bands) + 1):
            open_below = row < len(bands) and _is_open(at_top[row], (left, right))
            if open_below:
                continue
            if row - start > 1:
                yield CellSpan(start, column, row - start, 1)
            start = row


def _column_spans(bands: Sequence[_Band], edges: tuple[float, ...], near: float) -> Iterator[CellSpan]:
    """Yield the cells that no vertical line divides from the cell at their right."""
    for row, band in enumerate(bands):
        for left, right in pairwise(band.edges):
            inside = sum(left + 2 * near < edge < right - 2 * near for edge in edges)
            if inside:
                column = min(range(len(edges) - 1), key=lambda number: abs(edges[number] - left))
                yield CellSpan(row, column, 1, inside + 1)


def _is_open(here: Sequence[_Level], side: tuple[float, float]) -> bool:
    """Return whether the level lines of a row leave one side of a cell open. Without any, text divided the row."""
    left, right = side
    covered = sum(max(0.0, min(right, level.right) - max(left, level.left)) for level in here)
    return bool(here) and covered < COVERED * (right - left)
