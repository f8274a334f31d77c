"""Print under ink in its own color: what reads badly there, or is missing, is told; print alone never is."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.core.document import Line, Word
from ocr.engines.local.ink.ink_over_print import Placed, hard_print
from ocr.engines.local.orientation import placed, read_page
from ocr.engines.local.skew import Affine
from ocr.layout.columns import page_ink

Gray = NDArray[np.uint8]
ROWS = tuple(range(100, 1100, 40))
LEFT, RIGHT, WORD = 100, 900, 80
"""Edges of the print, and from one word to the next."""


def page(*, stamped: bool = True, degrees: float = 12.0) -> Gray:
    """Return 25 rows of print, with the frame of a stamp over rows 10 to 15."""
    gray = np.full((1200, 1000), 250, np.uint8)
    for top in ROWS:
        for left in range(LEFT, RIGHT, 16):
            if (left - LEFT) % WORD < 64:
                gray[top : top + 16, left : left + 9] = 30
    if stamped:
        frame = cv2.boxPoints(((500.0, 600.0), (420.0, 160.0), degrees)).round().astype(np.int32)
        cv2.polylines(gray, [frame], True, 70, 6)
    return gray


def words(*, bad: tuple[int, int] | None = None, missing: tuple[int, int, int] | None = None) -> list[Placed]:
    """Return the words of the rows: one of (row, word) reads badly, those of (row, first, last) are missing."""
    found: list[Placed] = []
    for row, top in enumerate(ROWS):
        for place, left in enumerate(range(LEFT, RIGHT, WORD)):
            if missing and row == missing[0] and missing[1] <= place < missing[2]:
                continue
            box = (left - 3.0, top - 5.0, left + 60.0, top + 21.0)
            found.append((box, 0.5 if bad == (row, place) else 0.99))
    return found


def test_a_word_that_reads_badly_under_a_stamp_is_told() -> None:
    ink = page_ink(page())
    assert hard_print(ink, words(bad=(12, 5))) == (497.0, 575.0, 560.0, 601.0)
    assert hard_print(ink, words(bad=(2, 5))) is None
    assert hard_print(ink, words()) is None


@pytest.mark.parametrize("missing", [(12, 0, 10), (12, 2, 5), (14, 5, 8)])
def test_a_row_that_was_not_read_under_a_stamp_is_told(missing: tuple[int, int, int]) -> None:
    box = hard_print(page_ink(page()), words(missing=missing))
    assert box is not None
    top = ROWS[missing[0]]
    assert top - 40 < box[1] <= top + 8 <= box[3] < top + 60


def test_what_is_read_in_a_signature_alone_is_not_told() -> None:
    alone: Placed = ((470.0, 1120.0, 540.0, 1150.0), 0.5)
    gray = page(stamped=False)
    curve = np.array([(460 + 12 * step, 1130 + 30 * (-1) ** step) for step in range(12)], np.int32)
    cv2.polylines(gray, [curve], False, 30, 4)
    assert hard_print(page_ink(gray), [*words(), alone]) is None


def test_rows_that_were_not_read_elsewhere_are_no_matter_of_ink() -> None:
    assert hard_print(page_ink(page()), words(missing=(1, 0, 10))) is None


def test_print_alone_is_never_told() -> None:
    ink = page_ink(page(stamped=False))
    for read in (words(), words(bad=(12, 5)), words(missing=(12, 0, 10)), []):
        assert hard_print(ink, read) is None


def test_a_title_is_no_mark() -> None:
    gray = page(stamped=False)
    for left in range(200, 700, 90):
        gray[20:84, left : left + 60] = 30
    title = ((190.0, 10.0, 710.0, 94.0), 0.99)
    assert hard_print(page_ink(gray), [title, *words(bad=(0, 3))]) is None


def test_an_empty_page_has_nothing_under_ink() -> None:
    assert hard_print(page_ink(np.full((300, 300), 250, np.uint8)), []) is None


class Reader:
    """Reads the rows of a page, one of them badly."""

    def lines(self, _gray: Gray, placement: Affine, _ink: object = None) -> tuple[Line, ...]:
        read = [Word("palavra", placed(box, placement), confidence) for box, confidence in words(bad=(12, 5))]
        return tuple(Line(word.text, word.box, word.confidence, (word,)) for word in read)

    def confidence(self, gray: Gray) -> float:
        return 0.99 if gray.size else 0.0


def test_the_place_is_told_in_pixels_of_the_page() -> None:
    (doubt,) = read_page(Reader(), page()).doubts
    assert doubt == "ink lies over print that is hard to read at (497, 575, 560, 601)"
    (doubt,) = read_page(Reader(), page(), enlarged=2.0).doubts
    assert doubt.endswith("(994, 1150, 1120, 1202)")
    assert read_page(Reader(), page(stamped=False)).doubts == ()
