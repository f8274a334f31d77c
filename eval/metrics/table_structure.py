"""TEDS and TEDS-S: the similarity of two tables as trees.

Source: Zhong et al., "Image-based table recognition: data, model, and evaluation" (2020): 1 minus the tree edit
distance over the number of nodes of the larger tree. A tree has a root, a node for each row and a node for each cell.
Inserting and deleting cost 1; renaming a cell costs the normalized edit distance of the texts. The structural form
(TEDS-S) leaves out the texts. Spans are not compared: a cell that covers several counts as its text and empty cells.
"""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

Rows = Sequence[Sequence[str]]


Tree = list[list[str]]


def teds(reference: Rows, output: Rows, *, structure_only: bool = False) -> float:
    """Return the similarity of two tables of texts, 0 to 1; 1 for two empty ones."""
    first, second = _tree(reference), _tree(output)
    largest = max(_nodes(first), _nodes(second))
    distance = _rows_distance(first, second, structure_only=structure_only)
    return 1 - distance / largest


def _tree(rows: Rows) -> Tree:
    return [[" ".join(text.split()) for text in row] for row in rows]


def _nodes(tree: Tree) -> int:
    """Return the number of nodes: the root, the rows, the cells."""
    return 1 + sum(1 + len(row) for row in tree)


def _rows_distance(first: Tree, second: Tree, *, structure_only: bool) -> float:
    """Return the edit distance of two trees of two levels, from the alignment of their rows.

    Rows and cells stand on fixed levels and are ordered, so the tree edit distance is an edit distance of rows whose
    costs are edit distances of cells. (Only a deleted row whose cells move to another row could cost less.)
    """
    costs = [[0.0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, row in enumerate(first, start=1):
        costs[i][0] = costs[i - 1][0] + 1 + len(row)
    for j, row in enumerate(second, start=1):
        costs[0][j] = costs[0][j - 1] + 1 + len(row)
    for i, row in enumerate(first, start=1):
        for j, other in enumerate(second, start=1):
            same = costs[i - 1][j - 1] + _cells_distance(row, other, structure_only=structure_only)
            costs[i][j] = min(same, costs[i - 1][j] + 1 + len(row), costs[i][j - 1] + 1 + len(other))
    return costs[-1][-1]


def _cells_distance(first: Sequence[str], second: Sequence[str], *, structure_only: bool) -> float:
    before = [float(j) for j in range(len(second) + 1)]
    for i, cell in enumerate(first, start=1):
        now = [float(i)]
        for j, other in enumerate(second, start=1):
            renamed = 0.0 if structure_only else float(Levenshtein.normalized_distance(cell, other))
            now.append(min(before[j - 1] + renamed, before[j] + 1, now[-1] + 1))
        before = now
    return before[-1]
