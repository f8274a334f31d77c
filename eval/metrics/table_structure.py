"""TEDS and TEDS-S: the similarity of two tables as trees.

Source: Zhong et al., "Image-based table recognition: data, model, and evaluation" (2020): 1 minus the tree edit
distance over the number of nodes of the larger tree. A tree has a root, a node for each row and a node for each cell;
head and body of a table are not told apart. Inserting and deleting a node cost 1. Renaming a cell costs 1 where its
spans differ, otherwise the normalized edit distance of the texts. The structural form (TEDS-S) leaves out the texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True, slots=True)
class SpanningCell:
    """A cell that covers several rows or columns. What it covers has no cell of its own."""

    text: str
    row_span: int = 1
    column_span: int = 1


Rows = Sequence[Sequence[str | SpanningCell]]
"""The cells of each row that begin there; a text is a cell without spans."""


def teds(reference: Rows, output: Rows, *, structure_only: bool = False) -> float:
    """Return the similarity of two tables, 0 to 1; 1 for two empty ones."""
    first, second = _flat(reference), _flat(output)
    if structure_only:
        first, second = _without_texts(first), _without_texts(second)
    largest = max(_count_nodes(first), _count_nodes(second))
    return 1 - _distance(first, second) / largest if first != second else 1.0


_Table = list[list[SpanningCell]]
Costs = list[list[float]]
"""What it costs to make one cell another, by their numbers."""


def _flat(rows: Rows) -> _Table:
    cells = [[SpanningCell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    return [[SpanningCell(" ".join(c.text.split()), c.row_span, c.column_span) for c in row] for row in cells]


def _without_texts(rows: _Table) -> _Table:
    return [[SpanningCell("", cell.row_span, cell.column_span) for cell in row] for row in rows]


def _count_nodes(rows: _Table) -> int:
    return 1 + sum(1 + len(row) for row in rows)


@dataclass(frozen=True, slots=True)
class _Node:
    """A row, or a cell where `below` is None. Cells are known by the numbers of their contents."""

    cell: int
    below: tuple[int, ...] | None
    first: int
    """Place of the first node below it in postorder; a node with none is its own."""


def _nodes(rows: _Table, numbers: dict[SpanningCell, int]) -> list[_Node]:
    """Return the nodes below the root in postorder, a row's cells and then the row; number new contents."""
    nodes: list[_Node] = []
    for row in rows:
        start = len(nodes)
        cells = tuple(numbers.setdefault(cell, len(numbers)) for cell in row)
        nodes += [_Node(cell, None, start + n) for n, cell in enumerate(cells)]
        nodes.append(_Node(-1, cells, start))
    return nodes


def _distance(first: _Table, second: _Table) -> float:
    """Return the edit distance of the rows and cells below the two roots, which are never renamed.

    The recursion over forests is that of Zhang and Shasha (1989). Trees of two levels need it once: the distance of two
    rows is the edit distance of their cells, and that of a row and a cell has a closed form.
    """
    left: dict[SpanningCell, int] = {}
    right: dict[SpanningCell, int] = {}
    ones, others = _nodes(first, left), _nodes(second, right)
    renamed = [[_rename(cell, other) for other in right] for cell in left]
    table = [[float(j) for j in range(len(others) + 1)]]
    for i, one in enumerate(ones, start=1):
        above, before = table[-1], table[one.first]
        row = [float(i)]
        for j, other in enumerate(others, start=1):
            matched = before[other.first] + _match(one, other, renamed)
            row.append(min(above[j] + 1, row[-1] + 1, matched))
        table.append(row)
    return table[-1][-1]


def _match(one: _Node, other: _Node, renamed: Costs) -> float:
    """Return the edit distance of two trees: rows with their cells, or cells.

    A cell and a row: the cell becomes the most similar one of the row, or the row itself.
    """
    if one.below is None:
        if other.below is None:
            return renamed[one.cell][other.cell]
        return len(other.below) + min((renamed[one.cell][cell] for cell in other.below), default=1.0)
    if other.below is None:
        return len(one.below) + min((renamed[cell][other.cell] for cell in one.below), default=1.0)
    return _align(one.below, other.below, renamed)


def _align(first: Sequence[int], second: Sequence[int], renamed: Costs) -> float:
    """Return the edit distance of two sequences of cells."""
    before = [float(j) for j in range(len(second) + 1)]
    for i, cell in enumerate(first, start=1):
        costs, now = renamed[cell], [float(i)]
        for j, other in enumerate(second, start=1):
            now.append(min(before[j - 1] + costs[other], before[j] + 1, now[-1] + 1))
        before = now
    return before[-1]


def _rename(cell: SpanningCell, other: SpanningCell) -> float:
    """Return what it costs to make one cell another, 0 to 1."""
    if (cell.row_span, cell.column_span) != (other.row_span, other.column_span):
        return 1.0
    return float(Levenshtein.normalized_distance(cell.text, other.text))
