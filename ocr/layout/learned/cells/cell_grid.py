"""Build the rows and columns of tables from what the network says of neighboring cells."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise, starmap
from statistics import median
from typing import Any

import numpy as np

from ocr.core.document import Box, Table, box_around
from ocr.layout.learned.cells.cell_spans import find_spans, raise_tall_cells
from ocr.layout.learned.cells.table_parts import SAME, SAME_TABLE, Cells, Relations, is_beside, is_stacked, mutual
from ocr.layout.learned.line_chains import CELL, PRINTED, Groups, Pairs, PrintedLine

APART = 0.8
"""Line heights between the sides of two cells of one column, at most: a short head may stand beside its numbers."""
LEAST_CELLS = 4
"""Fewer lines are no table."""
LEVEL = 0.35
"""Line heights between the middles of a line and of an amount at its side, and between edges of a column, at most."""
SURE = 0.9
"""Probability from which the lines of a cell are surely one cell."""
MOST_LINES = 3.5
"""Mean lines of a filled cell: more are columns of text."""
_INNER = re.compile(r"\w|[\d.,%-]+")
"""Text that belongs to the table around it, whatever its role: an amount, a single letter."""
_AMOUNT = re.compile(r"(?:R\$\s*)?-?\d{1,3}(?:\.\d{3})*(?:,\d+)?\s?%?")


def find_cells(
    lines: Sequence[PrintedLine], is_open: Sequence[bool], relations: Relations, text_of: Callable[[int], str]
) -> list[Cells]:
    """Return the tables among the open lines with the role of a cell."""
    is_cell = [one and line.role == CELL for one, line in zip(is_open, lines, strict=True)]
    groups = Groups.of(len(lines))
    for (one, other), value in relations.table.items():
        if value < SAME_TABLE or not (is_cell[one] and is_cell[other]) or groups.root(one) == groups.root(other):
            continue
        if mutual(relations.table, one, other) >= SAME_TABLE:
            groups.join(one, other)
    joined = [members for members in groups.sets() if len(members) >= LEAST_CELLS and is_cell[members[0]]]
    inner = [
        is_open[place] and (line.role == CELL or _INNER.fullmatch(text_of(place).strip()) is not None)
        for place, line in enumerate(lines)
    ]
    between = np.array(is_open) & ~np.array(inner) & np.isin([line.role for line in lines], PRINTED)
    kept = [part for table in _whole(joined, lines, inner) for part in _parted(table, lines, between)]
    found = []
    for members, inside in zip(kept, _divided(relations, kept), strict=True):
        made = _grid(members, lines, inside, text_of)
        found += [made] if made else []
    return found


def _divided(relations: Relations, tables: Sequence[Sequence[int]]) -> list[Relations]:
    """Return for each table the relations within it that hold, each once: as the line says it that is surer of it."""
    table_of = {place: number for number, members in enumerate(tables) for place in members}

    def divided(pairs: Pairs) -> list[Pairs]:
        found: list[Pairs] = [{} for _ in tables]
        for pair, value in pairs.items() if tables else ():
            if value < SAME or table_of.get(pair[0], -1) != table_of.get(pair[1], -2):
                continue
            turned = pair[::-1]
            if (value, turned) >= (pairs.get(turned, 0.0), pair):
                found[table_of[pair[0]]][pair] = value
        return found

    kinds = (divided(pairs) for pairs in (relations.row, relations.column, relations.block))
    return [Relations({}, row, column, block) for row, column, block in zip(*kinds, strict=True)]


def _whole(tables: Sequence[list[int]], lines: Sequence[PrintedLine], inner: Sequence[bool]) -> Iterator[list[int]]:
    """Yield the lines of each table, largest first, with the open cells and amounts that stand inside it."""
    taken: set[int] = set()
    boxes = np.array([line.box for line in lines], np.float32).reshape(-1, 4)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    free = np.array(inner)
    for members in sorted(tables, key=len, reverse=True):
        own = [place for place in members if place not in taken]
        if len(own) < LEAST_CELLS:
            continue
        left, top, right, bottom = box_around(lines[place].box for place in own)
        x, y = middles.T
        inside = free & (x > left) & (x < right) & (y > top) & (y < bottom)
        own = sorted({*own, *np.flatnonzero(inside).tolist()} - taken)
        taken.update(own)
        yield own


def _parted(table: list[int], lines: Sequence[PrintedLine], between: Any) -> Iterator[list[int]]:
    """Yield the lines of a table, cut where another line of the body stands alone between its rows.

    That is a caption, or a line between two tables that the network takes for one. `between` says which lines are
    print of the body and in no table; a cut leaves tables of `LEAST_CELLS` lines or more.
    """
    boxes = np.array([lines[place].box for place in table], np.float32)
    left, top, right, bottom = boxes.min(axis=0)[0], boxes[:, 1], boxes.max(axis=0)[2], boxes[:, 3]
    heights = [
        _middle(box)
        for box in (lines[place].box for place in np.flatnonzero(between).tolist())
        if box[0] < right and box[2] > left and not ((top < _middle(box)) & (bottom > _middle(box))).any()
    ]
    middles = (top + bottom) / 2
    cuts, above = [], 0
    for height in sorted(heights):
        higher = int((middles < height).sum())
        if higher - above >= LEAST_CELLS and len(table) - higher >= LEAST_CELLS:
            cuts.append(height)
            above = higher
    parts = np.searchsorted(cuts, middles)
    yield from ([table[place] for place in np.flatnonzero(parts == part).tolist()] for part in range(len(cuts) + 1))


def _grid(
    members: Sequence[int], lines: Sequence[PrintedLine], relations: Relations, text_of: Callable[[int], str]
) -> Cells | None:
    """Return the table of some lines; None where it has one row or one column."""
    inside = set(members)
    stacked = _at_amounts(_clusters(inside, lines, relations.block, _over), lines, text_of, relations.block)
    cell_of = {place: number for number, group in enumerate(stacked) for place in group}

    def apart(one: int, other: int) -> bool:
        return cell_of[one] != cell_of[other] and is_stacked(lines[one].box, lines[other].box)

    def beside(one: int, other: int) -> bool:
        return is_beside(lines[one].box, lines[other].box)

    rows = _clusters(inside, lines, _with_stacked(relations.row, cell_of), _level, (apart, 0))
    columns = _clusters(inside, lines, relations.column, _in_column, (beside, 1))
    row_order = _merged_rows(_ordered(rows, lines, axis=1), lines)
    column_order = _merged(_ordered(columns, lines, axis=0), lines)
    if len(row_order) < 2 or len(column_order) < 2:
        return None
    row_of = {place: number for number, group in enumerate(row_order) for place in group}
    column_of = {place: number for number, group in enumerate(column_order) for place in group}
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place in members:
        cells[row_of[place], column_of[place]].append(place)
    if len(members) > MOST_LINES * len(cells):
        return None
    tall = raise_tall_cells(cells, (len(row_order), len(column_order)), lines)
    ordered = sorted(cells.items())
    texts = [[""] * len(column_order) for _ in row_order]
    for (row, column), places in ordered:
        places.sort(key=lambda place: (_middle(lines[place].box), lines[place].box[0]))
        texts[row][column] = " ".join(text_of(place) for place in places)
    spans = find_spans(ordered, column_order, lines, tall)
    by_row = tuple(
        tuple(place for _, places in row for place in places) for _, row in groupby(ordered, key=lambda one: one[0][0])
    )
    box = box_around(lines[place].box for place in members)
    grid = tuple(tuple(row) for row in texts)
    return Cells(tuple(place for row in by_row for place in row), by_row, Table(box, grid, spans=spans))


def _at_amounts(
    cells: Sequence[Sequence[int]], lines: Sequence[PrintedLine], text_of: Callable[[int], str], block: Pairs
) -> list[list[int]]:
    """Return the cells of several lines, divided where two or more lines are level with amounts of one column.

    Each amount stands in a row of its own, with what is printed beside it. A cell that is surely one covers the rows of
    the texts between it and the amounts.
    """
    texts = [lines[group[0]].box for group in cells if not _AMOUNT.fullmatch(text_of(group[0]).strip())]
    starts_of = np.array([(box[0], _middle(box)) for box in texts], np.float32).reshape(-1, 2)
    amounts = [lines[place].box for group in cells for place in group if _AMOUNT.fullmatch(text_of(place).strip())]
    heights, edges = np.array([_middle(box) for box in amounts]), np.array([box[2] for box in amounts])
    found = []
    for group in cells:
        if len(group) == 1:
            found.append([*group])
            continue
        part: list[int] = []
        ordered = sorted(group, key=lambda place: _middle(lines[place].box))
        sure = all(max(block.get(pair, 0.0), block.get(pair[::-1], 0.0)) >= SURE for pair in pairwise(ordered))
        if sure and _has_rows(box_around(lines[place].box for place in group), starts_of):
            found.append(ordered)
            continue
        beside = [edges[np.abs(heights - _middle(lines[place].box)) < LEVEL] for place in ordered]
        starts = [
            any((np.abs(one[:, None] - other) < LEVEL).any() for k, other in enumerate(beside) if k != n)
            for n, one in enumerate(beside)
        ]
        for place, is_start in zip(ordered, starts, strict=True):
            if is_start and part:
                found.append(part)
                part = []
            part.append(place)
        found.append(part)
    return found


def _has_rows(box: Box, starts: Any) -> bool:
    """Return whether several texts that start one below the other, (left, middle), stand at the right of a cell."""
    _, top, right, bottom = box
    beside = starts[(starts[:, 0] > right) & (starts[:, 1] > top - LEVEL) & (starts[:, 1] < bottom + LEVEL)]
    nearest = beside[beside[:, 0] < beside[:, 0].min(initial=np.inf) + APART]
    return len(nearest) > 1


Span = tuple[float, float]
Fits = Callable[[Box, Box], bool]
Excludes = tuple[Callable[[int, int], bool], int]
"""Whether two lines never share a group, and the axis on which such lines overlap: 0 across, 1 down."""


def _clusters(
    inside: set[int],
    lines: Sequence[PrintedLine],
    pairs: Pairs,
    fits: Fits,
    excludes: Excludes | None = None,
) -> list[list[int]]:
    """Return the lines joined by the pairs of them whose boxes agree, where no two lines exclude each other."""
    names = sorted(inside)
    numbers = {place: number for number, place in enumerate(names)}
    groups = Groups.of(len(names))
    members = {number: [place] for place, number in numbers.items()}
    axis = excludes[1] if excludes else 0
    spans = {number: (lines[place].box[axis], lines[place].box[axis + 2]) for place, number in numbers.items()}
    for _, (one, other) in sorted((-value, pair) for pair, value in pairs.items()):
        a, b = groups.root(numbers[one]), groups.root(numbers[other])
        if a == b or not fits(lines[one].box, lines[other].box):
            continue
        if excludes and _excluded(excludes, lines, (members[a], members[b]), (spans[a], spans[b])):
            continue
        groups.join(a, b)
        members[groups.root(a)] = members.pop(a) + members.pop(b)
        spans[groups.root(a)] = (min(spans[a][0], spans[b][0]), max(spans[a][1], spans[b][1]))
    return [[names[number] for number in group] for group in groups.sets()]


def _excluded(
    excludes: Excludes,
    lines: Sequence[PrintedLine],
    groups: tuple[Sequence[int], Sequence[int]],
    spans: tuple[Span, Span],
) -> bool:
    """Return whether a line of one group excludes one of the other. Only where the groups overlap can they."""
    test, axis = excludes
    low, high = max(spans[0][0], spans[1][0]), min(spans[0][1], spans[1][1])
    if low >= high:
        return False
    ones, others = (
        [place for place in group if lines[place].box[axis] < high and lines[place].box[axis + 2] > low]
        for group in groups
    )
    return any(test(one, other) for one in ones for other in others)


def _is_over(box: Box, other: Box) -> bool:
    """Return whether two lines stand one over the other, in any order."""
    return is_stacked(box, other) or is_stacked(other, box)


def _with_stacked(pairs: Pairs, cell_of: Mapping[int, int]) -> Pairs:
    """Return the pairs of a row, and the lines of each cell as pairs: they share their row for certain."""
    cells: dict[int, list[int]] = defaultdict(list)
    for place, cell in cell_of.items():
        cells[cell].append(place)
    return pairs | {pair: 1.0 for group in cells.values() for pair in pairwise(sorted(group))}


def _over(box: Box, other: Box) -> bool:
    return min(box[2], other[2]) - max(box[0], other[0]) > -APART


def _in_column(box: Box, other: Box) -> bool:
    """Return whether two lines may stand in one column: one over the other, not beside it."""
    level = min(box[3], other[3]) - max(box[1], other[1]) > 0.5 * min(box[3] - box[1], other[3] - other[1])
    return _over(box, other) and not level


def _level(box: Box, other: Box) -> bool:
    """Return whether two lines may stand in one row: cells of several lines are up to three lines higher."""
    return min(box[3], other[3]) - max(box[1], other[1]) > -2.5


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def _ordered(groups: Sequence[Sequence[int]], lines: Sequence[PrintedLine], axis: int) -> list[list[int]]:
    """Return groups of lines from top to bottom, or from left to right."""

    def place_of(group: Sequence[int]) -> float:
        return median((lines[place].box[axis] + lines[place].box[axis + 2]) / 2 for place in group)

    return [list(group) for group in sorted(groups, key=place_of)]


def _merged_rows(rows: Sequence[Sequence[int]], lines: Sequence[PrintedLine]) -> list[list[int]]:
    """Return the rows, those at one height as one: a cell may see no other cell of its row."""
    found: list[list[int]] = []
    for row in rows:
        before = found[-1] if found else []
        pairs = [(lines[one].box, lines[other].box) for one in before for other in row]
        if any(starmap(is_beside, pairs)) and not any(starmap(_is_over, pairs)):
            before += row
        else:
            found.append(list(row))
    return found


def _merged(columns: Sequence[Sequence[int]], lines: Sequence[PrintedLine]) -> list[list[int]]:
    """Return the columns, those that stand over each other as one: a head may see no cell of its column.

    A column reaches from the median of its left edges to that of its right edges: one cell may span several columns.
    """
    found: list[list[int]] = []
    for column in columns:
        if found:
            (left, right), (start, end) = _extent(column, lines), _extent(found[-1], lines)
            if min(right, end) - max(left, start) > 0.6 * min(right - left, end - start):
                found[-1] += column
                continue
        found.append(list(column))
    return found


def _extent(column: Sequence[int], lines: Sequence[PrintedLine]) -> tuple[float, float]:
    return median(lines[place].box[0] for place in column), median(lines[place].box[2] for place in column)
