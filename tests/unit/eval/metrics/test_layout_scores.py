import pytest

from eval.metrics.layout_scores import boundary_f1, label_f1, order_error


def test_the_order_error_counts_edits_over_the_longer_order() -> None:
    assert order_error([0, 1, 2, 3], [0, 1, 2, 3]) == 0
    assert order_error([0, 1, 2, 3], [2, 3, 0, 1]) == 1  # two deleted and two inserted of four
    assert order_error([0, 1, 2], [0, 1]) == pytest.approx(1 / 3)
    assert order_error([], []) == 0


def test_the_f1_of_labels_by_hand() -> None:
    # a: precision 1/2, recall 1; b: precision 1, recall 1/2
    assert label_f1(["a", "b", "b"], ["a", "a", "b"]) == pytest.approx(2 / 3)
    assert label_f1([], []) == 1
    with pytest.raises(ValueError, match="zip"):
        label_f1(["a"], [])


def test_the_f1_of_boundaries_by_hand() -> None:
    assert boundary_f1([0, 0, 1, 1], [5, 5, 7, 7]) == 1
    assert boundary_f1([0, 0, 1, 1], [0, 1, 2, 2]) == pytest.approx(2 / 3)
    assert boundary_f1([0, 0], [0, 1]) == 0
    assert boundary_f1([0, 0], [1, 1]) == 1
