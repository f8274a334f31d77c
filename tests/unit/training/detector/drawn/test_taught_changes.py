"""Pages to learn from: what is erased is gone from the truth, and what is added stands where the truth says."""

import random

import numpy as np
import pytest

from data.layouts.page_composer import PageRequest, compose_page
from data.layouts.page_drawing import draw_page
from data.layouts.page_truth import LayoutPage
from training.detector.drawn import taught_changes
from training.detector.drawn.taught_changes import changed_to_teach


@pytest.fixture(scope="module")
def drawn() -> tuple[LayoutPage, np.ndarray]:
    composed = compose_page(PageRequest("book", "taught", ()))
    return composed.truth, draw_page(composed)


def only(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for share in ("ALONE", "THINNED", "UPRIGHT"):
        monkeypatch.setattr(taught_changes, share, 1.0 if share == name else 0.0)


def ink(pixels: np.ndarray, box: tuple[float, float, float, float]) -> int:
    left, top, right, bottom = (round(edge) for edge in box)
    return int(np.count_nonzero(pixels[top - 1 : bottom + 1, left - 1 : right + 1] < 200))


def outside(page: LayoutPage, pixels: np.ndarray) -> int:
    """Count dark pixels that no word of the page explains."""
    rest = pixels.copy()
    for line in page.lines:
        for word in line.words:
            left, top, right, bottom = word.box
            rest[max(0, round(top) - 2) : round(bottom) + 3, max(0, round(left) - 2) : round(right) + 3] = 255
    return int(np.count_nonzero(rest < 128))


def test_a_page_of_few_words_shows_these_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, drawn: tuple[LayoutPage, np.ndarray]
) -> None:
    only(monkeypatch, "ALONE")
    for seed in range(5):
        page, pixels = changed_to_teach(*drawn, random.Random(seed))
        assert 1 <= len(page.lines) <= 3 and all(1 <= len(line.words) <= 2 for line in page.lines)
        assert all(ink(pixels, word.box) for line in page.lines for word in line.words)
        assert outside(page, pixels) == 0


def test_a_thinned_page_loses_words_in_print_and_truth(
    monkeypatch: pytest.MonkeyPatch, drawn: tuple[LayoutPage, np.ndarray]
) -> None:
    only(monkeypatch, "THINNED")
    page, pixels = changed_to_teach(*drawn, random.Random(1))
    count = sum(len(line.words) for line in page.lines)
    assert len(page.lines) == len(drawn[0].lines) and count < sum(len(line.words) for line in drawn[0].lines)
    assert all(ink(pixels, word.box) for line in page.lines for word in line.words)
    # A word that is put back brings the rims of letters beside it.
    assert outside(page, pixels) < outside(*drawn) + 20


def test_lines_run_up_a_margin_where_nothing_stands(
    monkeypatch: pytest.MonkeyPatch, drawn: tuple[LayoutPage, np.ndarray]
) -> None:
    only(monkeypatch, "UPRIGHT")
    added = 0
    for seed in range(8):
        page, pixels = changed_to_teach(*drawn, random.Random(seed))
        new = page.lines[len(drawn[0].lines) :]
        added += len(new)
        for line in new:
            left, top, right, bottom = line.box
            assert line.direction in (90.0, 270.0) and bottom - top > 4 * (right - left)
            assert all(ink(pixels, word.box) for word in line.words)
        assert outside(page, pixels) <= outside(*drawn)
        assert [line.order for line in page.lines] == list(range(len(page.lines)))
    assert added > 4


def test_equal_chance_gives_equal_pages(drawn: tuple[LayoutPage, np.ndarray]) -> None:
    first, second = (changed_to_teach(*drawn, random.Random(3)) for _ in range(2))
    assert first[0] == second[0] and np.array_equal(first[1], second[1])
