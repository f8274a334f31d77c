import pytest

from eval.metrics.table_structure import teds

TABLE = [["Cargo", "Valor"], ["Diretor", "10"], ["Chefe", "8"]]


def test_a_table_equals_itself_and_nothing_equals_nothing() -> None:
    assert teds(TABLE, TABLE) == teds([], []) == 1


def test_the_distance_by_hand() -> None:
    # 10 nodes: the root, three rows, six cells.
    assert teds(TABLE, TABLE[:2]) == pytest.approx(1 - 3 / 10)
    assert teds(TABLE, [row[:1] for row in TABLE]) == pytest.approx(1 - 3 / 10)
    changed = [*TABLE[:2], ["Chefe", "9"]]
    assert teds(TABLE, changed) == pytest.approx(1 - 1 / 10)
    assert teds(TABLE, changed, structure_only=True) == 1
    assert teds([["abcd"]], [["abcx"]]) == pytest.approx(1 - 0.25 / 3)


def test_an_empty_output_loses_all_but_the_root() -> None:
    assert teds(TABLE, []) == pytest.approx(1 / 10)
