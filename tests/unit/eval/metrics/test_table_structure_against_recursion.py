"""TEDS against a second implementation: the textbook recursion over forests, on small random tables."""

import random
from functools import cache

import pytest
from rapidfuzz.distance import Levenshtein

from eval.metrics.table_structure import Rows, SpanningCell, teds

Node = tuple[object, tuple["Node", ...]]


def tree_of(rows: Rows) -> Node:
    plain = [[cell if isinstance(cell, SpanningCell) else SpanningCell(cell) for cell in row] for row in rows]
    return ("table", tuple(("row", tuple((cell, ()) for cell in row)) for row in plain))


def size(forest: tuple[Node, ...]) -> int:
    return sum(1 + size(children) for _, children in forest)


def rename(one: object, other: object, structure_only: bool) -> float:
    if not (isinstance(one, SpanningCell) and isinstance(other, SpanningCell)):
        return float(isinstance(one, SpanningCell) or isinstance(other, SpanningCell) or one != other)
    if (one.row_span, one.column_span) != (other.row_span, other.column_span):
        return 1.0
    return 0.0 if structure_only else Levenshtein.normalized_distance(one.text, other.text)


@cache
def distance(first: tuple[Node, ...], second: tuple[Node, ...], structure_only: bool) -> float:
    """Delete the last root, insert it, or rename it and match what is below and before it."""
    if not first or not second:
        return float(size(first) + size(second))
    (one, below), (other, under) = first[-1], second[-1]
    return min(
        distance((*first[:-1], *below), second, structure_only) + 1,
        distance(first, (*second[:-1], *under), structure_only) + 1,
        distance(first[:-1], second[:-1], structure_only)
        + distance(below, under, structure_only)
        + rename(one, other, structure_only),
    )


def random_table(chance: random.Random) -> Rows:
    def cell() -> str | SpanningCell:
        text = "".join(chance.choices("ab", k=chance.randint(0, 3)))
        return SpanningCell(text, chance.randint(1, 2), chance.randint(1, 2)) if chance.random() < 0.2 else text

    return [[cell() for _ in range(chance.randint(0, 3))] for _ in range(chance.randint(0, 3))]


@pytest.mark.parametrize("structure_only", [False, True])
def test_the_score_is_that_of_the_recursion(structure_only: bool) -> None:
    chance = random.Random(16)
    for _ in range(150):
        first, second = random_table(chance), random_table(chance)
        trees = (tree_of(first),), (tree_of(second),)
        wanted = 1 - distance(*trees, structure_only) / max(map(size, trees))
        assert teds(first, second, structure_only=structure_only) == pytest.approx(wanted), (first, second)


def test_a_row_torn_in_two_costs_three_edits() -> None:
    # Delete the row, and put a new row over each half of its cells; moving the cells would cost five.
    assert teds([["a", "b", "c", "d"]], [["a", "b"], ["c", "d"]]) == pytest.approx(1 - 3 / 7)


def test_spans_are_compared() -> None:
    spanned = [[SpanningCell("Total", column_span=2)], ["a", "b"]]
    assert teds(spanned, spanned) == 1
    assert teds(spanned, [["Total"], ["a", "b"]]) == pytest.approx(1 - 1 / 6)
    assert teds(spanned, [["Total", ""], ["a", "b"]], structure_only=True) == pytest.approx(1 - 2 / 7)
