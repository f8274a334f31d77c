"""What the tables of a page are made of, and which ruled grids the network overrules."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ocr.core.document import Box, Table
from ocr.layout.learned.line_chains import CELL, Pairs, PrintedLine

SAME_TABLE, SAME = 0.5, 0.5
"""Least probability for two lines to share a table, and a row or a column."""
LEAST_OUTSIDE = 8
"""A ruled table of so many cells is part of a larger table if one more cell stands outside it."""
MERGED, LEAST_MERGED = 0.75, 3
"""Least probability that two lines are in different rows or columns, and how many such pairs show that rules miss."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A table: its lines by row, and the grid of its texts."""

    lines: tuple[int, ...]
    """Places of its lines, row by row."""
    rows: tuple[tuple[int, ...], ...]
    """The same, in the rows that are printed side by side."""
    table: Table
    columns: tuple[tuple[int, ...], ...] = ()
    """The column of each line of a ruled table, as `rows`."""


@dataclass(frozen=True, slots=True)
class Relations:
    """Probabilities of pairs of lines, in both directions."""

    table: Pairs
    row: Pairs
    column: Pairs
    block: Pairs


def without_parts(tables: Sequence[Cells], lines: Sequence[PrintedLine], relations: Relations) -> list[Cells]:
    """Return the ruled tables without those that are part of a larger one: it is open at its sides, or rules miss.

    Cells outside share rows with cells inside, one in `LEAST_OUTSIDE` of those inside or more; or lines between
    the same rules are mostly in different rows or columns.
    """
    table_of = {place: number for number, table in enumerate(tables) for place in table.lines}
    outside: dict[int, set[int]] = defaultdict(set)
    for (one, other), value in relations.row.items() if tables else ():
        is_outside = one in table_of and other not in table_of and lines[other].role == CELL
        if is_outside and value >= SAME and mutual(relations.table, one, other) >= SAME_TABLE:
            outside[table_of[one]].add(other)
    whole = [table for n, table in enumerate(tables) if len(outside[n]) * LEAST_OUTSIDE < len(table.lines)]
    return [table for table in whole if not _misses_rules(table, lines, relations)]


def _misses_rules(table: Cells, lines: Sequence[PrintedLine], relations: Relations) -> bool:
    """Return whether rules of a table are missing: of its lines, too many share a row or a column between rules."""
    row_of = {place: number for number, row in enumerate(table.rows) for place in row}
    column_of = {
        place: column
        for row, columns in zip(table.rows, table.columns or table.rows, strict=True)
        for place, column in zip(row, columns, strict=True)
    }
    same, apart = [0, 0], [0, 0]
    for (one, other), value in relations.table.items():
        if value < SAME_TABLE or row_of.get(one, -1) != row_of.get(other, -2):
            continue
        if mutual(relations.block, one, other) >= SAME:
            continue
        if is_stacked(lines[one].box, lines[other].box):
            way, pairs = 0, relations.row
        elif column_of[one] == column_of[other] and is_beside(lines[one].box, lines[other].box):
            way, pairs = 1, relations.column
        else:
            continue
        sure = mutual(pairs, one, other)
        same[way] += sure >= SAME
        apart[way] += sure < 1 - MERGED
    return any(apart[way] >= LEAST_MERGED and apart[way] > same[way] for way in (0, 1))


def holds(table: Cells, other: Cells, lines: Sequence[PrintedLine]) -> bool:
    """Return whether most lines of another table stand among those of a table: they are one table."""
    left, top, right, bottom = table.table.box
    boxes = (lines[place].box for place in other.lines)
    inside = sum(left < (box[0] + box[2]) / 2 < right and top < (box[1] + box[3]) / 2 < bottom for box in boxes)
    return 2 * inside > len(other.lines)


def mutual(pairs: Pairs, one: int, other: int) -> float:
    """Return the mean of what both lines say of each other."""
    values = [pairs[pair] for pair in ((one, other), (other, one)) if pair in pairs]
    return sum(values) / len(values) if values else 0.0


def is_beside(box: Box, other: Box) -> bool:
    """Return whether two lines stand beside each other, as in two columns of one row."""
    level = min(box[3], other[3]) - max(box[1], other[1]) > 0.5 * min(box[3] - box[1], other[3] - other[1])
    return level and max(box[0], other[0]) > min(box[2], other[2])


def is_stacked(box: Box, other: Box) -> bool:
    """Return whether one line stands over the other, as in two rows of one column."""
    over = min(box[2], other[2]) - max(box[0], other[0]) > 0.5 * min(box[2] - box[0], other[2] - other[0])
    return over and max(box[1], other[1]) > min(box[3], other[3]) - 0.3
