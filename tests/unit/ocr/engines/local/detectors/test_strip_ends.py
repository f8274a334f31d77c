"""Strips reach the dashes and stops beside them, and nothing else."""

import numpy as np
import pytest

from ocr.engines.local.detectors.map_strips import Strip
from ocr.engines.local.detectors.strip_ends import reach_small_ink


def page() -> np.ndarray:
    """A line of letters from x = 200 to 500, its x-height from y = 106 to 118; the strip is 32 high."""
    gray = np.full((200, 800), 250, np.uint8)
    for left in range(200, 500, 12):
        gray[102:118, left : left + 6] = 20
    return gray


def line(left: float = 200.0, right: float = 496.0, top: float = 94.0, height: float = 32.0) -> Strip:
    return Strip((left, top), (1.0, 0.0), right - left, height)


def ends(gray: np.ndarray, *strips: Strip) -> list[tuple[float, float]]:
    return [(strip.area()[0], strip.area()[2]) for strip in reach_small_ink(strips, gray)]


def test_a_line_with_paper_beside_it_stays() -> None:
    ((left, right),) = ends(page(), line(194, 502))
    assert (left, right) == (194, 502)


def test_a_dash_before_and_a_stop_after_the_line_are_reached() -> None:
    gray = page()
    gray[110:113, 164:188] = 20
    gray[115:118, 503:506] = 20
    ((left, right),) = ends(gray, line())
    assert 155 < left < 164 and 506 < right < 515


def test_the_strip_of_a_dash_goes_into_that_of_its_line() -> None:
    gray = page()
    gray[110:113, 164:188] = 20
    ((left, _),) = ends(gray, line(), line(162, 190, 106, 10))
    assert left < 164


@pytest.mark.parametrize("what", ["rule", "upright rule", "speck", "far", "underline"])
def test_other_ink_is_left_alone(what: str) -> None:
    gray = page()
    areas = {
        "rule": (slice(110, 112), slice(505, 700)),
        "upright rule": (slice(60, 160), slice(510, 513)),
        "speck": (slice(110, 111), slice(508, 510)),
        "far": (slice(102, 118), slice(530, 536)),
        "underline": (slice(121, 123), slice(200, 700)),
    }
    gray[areas[what]] = 20
    ((_, right),) = ends(gray, line(194, 502))
    assert right == pytest.approx(502, abs=2)


def test_a_line_does_not_reach_into_the_next_cell() -> None:
    gray = page()
    gray[102:118, 510:516] = 20
    first, second = ends(gray, line(), line(508, 700))
    assert first[1] <= 508 and second[0] == pytest.approx(508, abs=2)


def test_marks_over_a_line_are_no_lines() -> None:
    assert len(ends(page(), line(), line(300, 312, 104, 12))) == 1
    assert len(ends(page(), line(), line(300, 312, 150, 12))) == 2


def test_a_line_that_runs_up_the_page_takes_nothing_from_beside_it() -> None:
    gray = np.full((800, 800), 250, np.uint8)
    for top in range(100, 700, 40):
        for left in range(100, 600, 12):
            gray[top : top + 16, left : left + 6] = 20
    gray[50:750:2, 660:676] = 20
    level = [line(94, 606, top - 8.0, 32.0) for top in range(100, 700, 40)]
    upright = Strip((652.0, 40.0), (1.0, 0.0), 32.0, 720.0)
    moved = reach_small_ink([*level, upright], gray)
    assert moved[-1] == upright


@pytest.mark.parametrize(("rows", "reached"), [(slice(109, 112), True), (slice(102, 118), False)])
def test_a_dash_is_reached_across_a_wide_space_and_a_letter_is_not(rows: slice, reached: bool) -> None:
    gray = page()
    gray[rows, 150:168] = 20
    ((left, _),) = ends(gray, line(194, 502))
    assert (left < 150) == reached


def test_first_letters_that_stand_over_each_other_go_to_their_lines() -> None:
    gray = np.full((300, 800), 250, np.uint8)
    stacked = Strip((180.0, 94.0), (1.0, 0.0), 24.0, 66.0)
    lines = [line(215, 600, 94), line(210, 560, 128), line(180, 600, 162)]
    found = reach_small_ink([stacked, *lines], gray)
    assert [strip.area()[0] for strip in found] == [180, 180, 180]


def test_a_line_that_runs_up_beside_lines_stays() -> None:
    gray = np.full((500, 800), 250, np.uint8)
    upright = Strip((180.0, 94.0), (1.0, 0.0), 28.0, 300.0)
    lines = [line(215, 600, 94.0 + 34 * row) for row in range(9)]
    found = reach_small_ink([upright, *lines], gray)
    assert len(found) == 10
    assert [strip.area()[0] for strip in found[1:]] == [215] * 9
