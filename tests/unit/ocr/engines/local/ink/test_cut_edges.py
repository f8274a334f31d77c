"""Print that an edge of the image cuts through is told; margins, frames of scans and single marks are none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.core.document import Box
from ocr.engines.local.ink.cut_edges import cut_edges

LINES: list[Box] = [(50.0, 40.0 + 50 * row, 560.0, 70.0 + 50 * row) for row in range(6)]


def page() -> NDArray[np.uint8]:
    """Six lines of strokes, 4 pixels wide with 6 pixels of paper between them."""
    gray = np.full((400, 600), 250, np.uint8)
    for left, top, right, bottom in LINES:
        for column in range(int(left), int(right) - 4, 10):
            gray[int(top) + 8 : int(bottom) - 8, column : column + 4] = 20
    return gray


def cropped(left: int, top: int, right: int, bottom: int) -> tuple[NDArray[np.uint8], list[Box]]:
    boxes = [
        (max(0.0, a - left), max(0.0, b - top), min(right - left, c - left), min(bottom - top, d - top))
        for a, b, c, d in LINES
        if d > top and b < bottom
    ]
    return page()[top:bottom, left:right], boxes


def test_a_whole_page_is_not_cut() -> None:
    assert list(cut_edges(page(), LINES)) == []
    assert list(cut_edges(page(), [])) == []


@pytest.mark.parametrize(
    ("crop", "edge"),
    [
        ((0, 0, 303, 400), "print runs off the right edge of the image: parts of 6 lines may be missing"),
        ((302, 0, 600, 400), "print runs off the left edge of the image: parts of 6 lines may be missing"),
        ((0, 55, 600, 400), "the top edge of the image cuts through a line of print"),
        ((0, 0, 600, 305), "the bottom edge of the image cuts through a line of print"),
    ],
)
def test_an_edge_through_print_is_told(crop: tuple[int, int, int, int], edge: str) -> None:
    assert list(cut_edges(*cropped(*crop))) == [edge]


def test_paper_between_letters_at_an_edge_is_no_cut() -> None:
    assert list(cut_edges(*cropped(0, 0, 308, 400))) == []


def test_the_frame_of_a_scan_is_no_cut() -> None:
    gray, boxes = cropped(0, 0, 303, 400)
    gray = gray.copy()
    gray[:, -3:] = 10
    gray[-3:] = 10
    assert list(cut_edges(gray, boxes)) == []


def test_one_line_at_a_side_is_no_cut() -> None:
    gray, boxes = cropped(0, 0, 303, 400)
    gray = gray.copy()
    gray[90:, -3:] = 250
    assert list(cut_edges(gray, boxes)) == []
