from functools import cache
from typing import Any

import numpy as np
import pytest

from ocr.core.document import Line
from ocr.layout.learned.doubt import page_doubt
from ocr.layout.learned.doubt.page_doubt import FIRST, SECOND, learned_structure, score_of, signs_of_doubt
from ocr.layout.learned.features import Graph
from ocr.layout.learned.pieces import cut_lines
from ocr.layout.learned.structure_network import read_weights, shipped_weights
from ocr.layout.page_structure import LevelPage

LINES = [Line(f"uma linha de texto {n}", (100, 100 + 40 * n, 500, 130 + 40 * n), 0.9) for n in range(8)]
PIECES = cut_lines(LINES)
PAGE = LevelPage((600, 800), (), {id(piece.line): piece.line for piece in PIECES})
WEIGHTS = read_weights(shipped_weights())


@cache
def signs() -> list[float]:
    return signs_of_doubt(PIECES, PAGE, WEIGHTS)


def weights(first: float, second: float) -> dict[str, Any]:
    """Return weights of doubt with which each page has the score 0, and these bounds."""
    once, twice = np.zeros(len(signs()) + 1), np.zeros(len(signs()) + 2)
    once[-1], twice[-1] = first, second
    return {**WEIGHTS, FIRST: once, SECOND: twice}


def test_the_weights_that_ship_know_doubt_and_fit_its_signs() -> None:
    assert (len(WEIGHTS[FIRST]), len(WEIGHTS[SECOND])) == (len(signs()) + 1, len(signs()) + 2)
    assert not learned_structure(PIECES, PAGE).flags


def test_a_plain_page_has_no_sign_but_its_number_of_pieces() -> None:
    count, up, *_, broken, jumps, change = signs()
    assert np.isclose(count, np.log(9)) and up == broken == jumps == change == 0


def test_a_page_is_flagged_with_its_place_from_the_bounds_on() -> None:
    (flag,) = learned_structure(PIECES, PAGE, weights(0, 0)).flags
    assert flag.startswith("reading order is doubtful at (100, ")
    assert not learned_structure(PIECES, PAGE, weights(0, 0.1)).flags


def test_pages_that_the_first_signs_clear_and_huge_ones_are_not_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[Graph] = []

    def counted(graph: Graph) -> Graph:
        looks.append(graph)
        return graph

    monkeypatch.setattr(page_doubt, "shaken", counted)
    assert not learned_structure(PIECES, PAGE, weights(0.1, -1)).flags and not looks
    assert learned_structure(PIECES, PAGE, weights(0, -1)).flags and len(looks) == 1
    monkeypatch.setattr(page_doubt, "MOST_PIECES", len(PIECES) - 1)
    assert learned_structure(PIECES, PAGE, weights(0, -1)).flags and len(looks) == 1


def test_weights_without_doubt_or_of_another_version_flag_nothing() -> None:
    plain = {name: array for name, array in WEIGHTS.items() if not name.startswith("doubt.")}
    assert not learned_structure(PIECES, PAGE, plain).flags
    assert not learned_structure(PIECES, PAGE, {**WEIGHTS, FIRST: np.array((1, 1, -9))}).flags


def test_lines_that_are_read_out_of_their_order_are_a_sign() -> None:
    """Columns side by side are read one after the other: the second begins above the end of the first."""
    right = [Line(f"outra linha {n}", (600, 100 + 40 * n, 1000, 130 + 40 * n), 0.9) for n in range(8)]
    pieces = cut_lines([*LINES, *right])
    page = LevelPage((1100, 800), (), {id(piece.line): piece.line for piece in pieces})
    assert np.isclose(signs_of_doubt(pieces, page, WEIGHTS)[1], np.log(2))


def test_a_score_is_a_weighted_sum() -> None:
    assert score_of([1.0, 2.0], [0.5, 0.25, 1.0]) == 2.0
