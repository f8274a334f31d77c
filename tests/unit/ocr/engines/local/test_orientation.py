"""Turning, levelling and the guesses from ink, on pages drawn here."""

import numpy as np
import pytest

from ocr.engines.local import orientation


def page(height: int = 1400, width: int = 1000, lines: int = 40) -> np.ndarray:
    """Rows of dark blocks as wide as words on light paper."""
    rng = np.random.default_rng(7)
    gray = np.full((height, width), 235, np.uint8)
    for row in range(lines):
        top = 100 + row * (height - 200) // lines
        left = 90
        while left < width - 150:
            word = int(rng.integers(25, 90))
            gray[top : top + 14, left : left + word] = 30
            left += word + 12
    return gray


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turning_is_exact_and_clockwise(rotation: int) -> None:
    gray = np.arange(6, dtype=np.uint8).reshape(2, 3)
    turned = orientation.turn(gray, rotation)
    assert np.array_equal(orientation.turn(turned, -rotation % 360), gray)
    if rotation == 90:
        assert turned.tolist() == [[3, 0], [4, 1], [5, 2]]


@pytest.mark.parametrize("lean", [-4.5, -2.0, -0.5, 0.5, 2.0, 4.5])
def test_a_lean_is_found_and_undone(lean: float) -> None:
    leaning, _ = orientation.level(page(), -lean)
    found = orientation.find_skew(leaning)
    assert found == pytest.approx(lean, abs=0.15)
    level, _ = orientation.level(leaning, found)
    assert abs(orientation.find_skew(level)) <= 0.2


def test_a_level_page_is_not_touched() -> None:
    gray = page()
    assert orientation.find_skew(gray) == 0.0
    same, back = orientation.level(gray, 0.0)
    assert same is gray
    assert orientation.placed((1, 2, 3, 4), back) == (1, 2, 3, 4)


def test_points_of_the_level_page_go_back_to_where_they_were() -> None:
    gray = np.full((800, 600), 255, np.uint8)
    gray[600:610, 100:110] = 0
    level, back = orientation.level(gray, 3.0)
    rows, columns = np.nonzero(level < 128)
    left, top, right, bottom = orientation.placed((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1), back)
    assert (left, top) == pytest.approx((100, 600), abs=2)
    assert (right, bottom) == pytest.approx((110, 610), abs=2)


def test_levelling_loses_no_corner() -> None:
    gray = np.full((800, 600), 255, np.uint8)
    gray[:12, :12] = gray[-12:, -12:] = gray[:12, -12:] = gray[-12:, :12] = 0
    level, _ = orientation.level(gray, 5.0)
    assert (level < 128).sum() == pytest.approx((gray < 128).sum(), rel=0.05)


def test_lines_tell_a_page_on_its_side() -> None:
    assert not orientation.is_sideways(page())
    assert orientation.is_sideways(orientation.turn(page(), 90))
    assert orientation.is_sideways(orientation.turn(page(), 270))
    assert not orientation.is_sideways(orientation.turn(page(), 180))


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (40, 3000)])
def test_odd_sizes_and_empty_paper_are_left_alone(shape: tuple[int, int]) -> None:
    gray = np.full(shape, 255, np.uint8)
    assert not orientation.has_ink(gray)
    assert not orientation.is_sideways(gray)
    assert orientation.find_skew(gray) == 0.0
    assert orientation.busiest(gray).size


def test_no_pixels_hold_no_ink() -> None:
    assert not orientation.has_ink(np.zeros((0, 5), np.uint8))


def test_the_busiest_square_holds_the_print() -> None:
    gray = np.full((3000, 2000), 240, np.uint8)
    gray[2200:2700, 1100:1800] = page(700, 900, 20)[100:600, 100:800]
    sample = orientation.busiest(gray, 800)
    assert max(sample.shape) <= 800
    assert (sample < 100).sum() > 0.95 * (gray < 100).sum()
