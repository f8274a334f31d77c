"""Which pale lines lose their text."""

import numpy as np

from ocr.engines.local.ink.show_through import contrast_of, pale_lines, percentiles

PRINT = [180.0, 175.0, 190.0, 182.0]


def test_pale_lines_that_read_badly_are_show_through() -> None:
    assert pale_lines([*PRINT, 60.0], [0.99, 0.98, 0.99, 0.97, 0.7], [True] * 5) == [False] * 4 + [True]


def test_gray_print_that_reads_well_keeps_its_text() -> None:
    assert pale_lines([*PRINT, 60.0], [0.99] * 5, [True] * 5) == [False] * 5


def test_a_pale_leaning_line_is_a_watermark_however_well_it_reads() -> None:
    assert pale_lines([*PRINT, 60.0], [0.99] * 5, [True] * 4 + [False])[-1]


def test_dark_lines_that_lean_or_read_badly_keep_their_text() -> None:
    assert not any(pale_lines([*PRINT, 170.0, 160.0], [0.99] * 4 + [0.4, 0.99], [True] * 5 + [False]))


def test_a_pale_page_is_measured_by_itself() -> None:
    assert not any(pale_lines([60.0, 62.0, 58.0, 61.0], [0.95, 0.94, 0.96, 0.6], [True] * 4))


def test_few_lines_say_nothing_of_the_usual_contrast() -> None:
    assert pale_lines([180.0, 60.0], [0.99, 0.5], [True, True]) == [False, False]
    assert pale_lines([], [], []) == []


def test_contrast_is_the_distance_of_strokes_and_paper() -> None:
    crop = np.full((40, 200), 240, np.uint8)
    crop[15:25, ::4] = 40
    assert contrast_of(crop) == 200.0
    assert contrast_of(crop[:0]) == 0.0


def test_percentiles_from_the_histogram_are_those_of_numpy() -> None:
    draw = np.random.Generator(np.random.SFC64(0))
    page = draw.integers(0, 256, (90, 900)).astype(np.uint8)
    for crop in (page, page[3:4, 7:8], page[10:40, 100:103], page[::3, ::3], np.full((5, 9), 200, np.uint8)):
        assert np.allclose(percentiles(crop, (0, 3, 50, 90, 100)), np.percentile(crop, (0, 3, 50, 90, 100)), atol=1e-9)
