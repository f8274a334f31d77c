"""Columns are cut on drawn pages: rows of letter-like strokes, so that no font and no recognizer is needed."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.layout.columns import cut

LETTER, PITCH = 12, 24
Gray = NDArray[np.uint8]


def paper(width: int = 1240, height: int = 1754) -> Gray:
    return np.full((height, width), 255, np.uint8)


def write(page: Gray, x: int, y: int, right: int, *, seed: int = 0, letter: int = LETTER) -> None:
    """One line of words, from x to at most `right`."""
    rng = np.random.default_rng((seed, x, y))
    while x < right:
        for _ in range(int(rng.integers(2, 9))):
            if x + letter > right:
                return
            page[y : y + letter, x : x + letter // 2] = 0
            page[y + letter // 2 : y + letter // 2 + 2, x : x + letter - 3] = 0
            x += letter - 2
        x += letter


def column(page: Gray, left: int, right: int, top: int, bottom: int, *, ragged: Sequence[float] = (1.0,)) -> None:
    for place, y in enumerate(range(top, bottom - LETTER, PITCH)):
        share = ragged[place % len(ragged)]
        write(page, left, y, left + round((right - left) * share), seed=place)


def test_one_column_stays_whole() -> None:
    page = paper()
    column(page, 150, 1090, 200, 1500, ragged=(1.0, 1.0, 1.0, 0.4))
    assert cut(page) == [(0.0, 0.0, 1240.0, 1754.0)]


@pytest.mark.parametrize("gutter", [26, 40, 80])
def test_two_columns_are_cut_in_the_gutter(gutter: int) -> None:
    page = paper()
    column(page, 100, 620 - gutter // 2, 200, 1500)
    column(page, 620 + gutter // 2, 1140, 212, 1500)  # Off the left column's grid.
    left, right = cut(page)
    assert left[2] == right[0] == pytest.approx(620, abs=gutter / 2)


def test_three_columns() -> None:
    page = paper()
    for left in (80, 450, 820):
        column(page, left, left + 340, 200, 1500)
    assert [region[0] for region in cut(page)] == [0.0, pytest.approx(435, abs=15), pytest.approx(805, abs=15)]


def test_a_headline_across_is_a_region_above_the_columns() -> None:
    page = paper()
    for y in (150, 190):
        write(page, 200, y, 1050, letter=24)
    column(page, 100, 600, 260, 1500)
    column(page, 640, 1140, 260, 1500)
    head, left, right = cut(page)
    assert (head[0], head[2]) == (0.0, 1240.0)
    assert 214 <= head[3] <= 260 and head[3] == left[1] == right[1]


def test_text_across_between_two_pairs_of_columns() -> None:
    page = paper()
    for top, bottom in ((100, 700), (1000, 1650)):
        column(page, 100, 600, top, bottom)
        column(page, 640, 1140, top, bottom)
    column(page, 100, 1140, 760, 950)
    widths = [region[2] - region[0] for region in cut(page)]
    assert len(widths) == 5 and widths[2] == 1240.0


def test_a_rule_in_the_gutter_is_no_text() -> None:
    page = paper()
    column(page, 100, 600, 200, 1500)
    column(page, 640, 1140, 200, 1500)
    page[180:1520, 619:622] = 0
    assert len(cut(page)) == 2


def test_a_table_of_figures_stays_whole() -> None:
    page = paper()
    for row, y in enumerate(range(200, 1400, 40)):
        write(page, 100, y, 100 + 120 + 37 * (row % 7), seed=row)
        for right in (700, 900, 1100):
            write(page, right - 50 - 11 * (row % 5), y, right, seed=row)
    assert len(cut(page)) == 1


def test_a_table_of_names_and_offices_stays_whole() -> None:
    page = paper()
    for row, y in enumerate(range(200, 1400, 40)):
        write(page, 100, y, 330 + 45 * (row % 6), seed=row)
        write(page, 620, y, 850 + 50 * (row % 5), seed=row)
    assert len(cut(page)) == 1


def test_a_numbered_list_keeps_its_numbers() -> None:
    page = paper()
    for y in range(200, 1500, PITCH):
        write(page, 100, y, 130)
        write(page, 180, y, 1100)
    assert len(cut(page)) == 1


def test_an_open_book_is_cut_between_its_pages() -> None:
    page = paper(2000, 1400)
    column(page, 120, 900, 150, 1250, ragged=(1.0, 1.0, 1.0, 0.6))
    column(page, 1150, 1900, 150, 1250, ragged=(1.0, 1.0, 1.0, 0.6))
    assert len(cut(page)) == 2


def test_signatures_side_by_side_stay_whole() -> None:
    page = paper()
    column(page, 150, 1090, 200, 900)
    for y in (1100, 1130):
        write(page, 200, y, 500)
        write(page, 700, y, 1000)
    assert len(cut(page)) == 1


def test_specks_dark_borders_and_a_little_skew_do_not_hide_a_gutter() -> None:
    import cv2

    page = paper()
    column(page, 100, 595, 200, 1500)
    column(page, 645, 1140, 200, 1500)
    leaning = cv2.warpAffine(
        page, cv2.getRotationMatrix2D((620, 877), 0.4, 1.0), (1240, 1754), borderValue=255, flags=cv2.INTER_LINEAR
    )
    rng = np.random.default_rng(0)
    for _ in range(400):
        y, x = rng.integers(0, 1750), rng.integers(0, 1236)
        leaning[y : y + 2, x : x + 2] = 0
    leaning[:, :30] = leaning[:, -25:] = leaning[:20] = 10
    assert len(cut(np.asarray(leaning, np.uint8))) == 2


def test_gray_paper_with_faint_ink() -> None:
    page = paper()
    column(page, 100, 600, 200, 1500)
    column(page, 640, 1140, 200, 1500)
    shade = np.linspace(120, 235, 1240)[None, :]
    faint = np.where(page == 0, shade - 70, shade)
    assert len(cut(faint.astype(np.uint8))) == 2


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (40, 40), (1754, 1240)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_empty_page_stays_whole(size: tuple[int, int], level: int) -> None:
    assert cut(np.full(size, level, np.uint8)) == [(0.0, 0.0, float(size[1]), float(size[0]))]


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_resolution_does_not_matter(scale: int) -> None:
    page = paper()
    column(page, 100, 600, 200, 1500)
    column(page, 640, 1140, 200, 1500)
    assert len(cut(page.repeat(scale, axis=0).repeat(scale, axis=1))) == 2
