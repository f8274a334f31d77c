"""Skew of up to 15 degrees, on pages drawn here."""

import cv2
import numpy as np
import pytest

from ocr.engines.local.skew import find_skew, level


def page(height: int = 1400, width: int = 1000, *, columns: int = 1) -> np.ndarray:
    """Rows of dark blocks as wide as words, in columns, on light paper."""
    rng, gray = np.random.default_rng(7), np.full((height, width), 235, np.uint8)
    share = (width - 180) // columns
    for top in range(100, height - 100, 30):
        for column in range(columns):
            left = 90 + column * share
            while left < 90 + (column + 1) * share - 110:
                word = int(rng.integers(25, 90))
                gray[top : top + 14, left : left + word] = 30
                left += word + 12
    return gray


@pytest.mark.parametrize("lean", [-15.0, -5.0, 5.25, 8.0])
@pytest.mark.parametrize("columns", [1, 3])
def test_steep_skew_is_found_and_undone(lean: float, columns: int) -> None:
    leaning, _ = level(page(columns=columns), -lean)
    found = find_skew(leaning)
    assert found == pytest.approx(lean, abs=0.15)
    leveled, _ = level(leaning, found)
    assert abs(find_skew(leveled)) <= 0.2


def test_one_word_or_a_picture_has_no_steep_skew() -> None:
    word = np.full((1400, 1000), 235, np.uint8)
    cv2.putText(word, "ANEXO", (400, 700), cv2.FONT_HERSHEY_SIMPLEX, 2, 20, 4)
    noise = np.random.default_rng(1).integers(0, 255, (1400, 1000)).astype(np.uint8)
    assert abs(find_skew(word)) <= 5
    assert find_skew(cv2.GaussianBlur(noise, (0, 0), 9)) == pytest.approx(0.0, abs=5)
