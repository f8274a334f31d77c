"""Dots of lists are found by their ink; periods, dirt and lone dots are none."""

import numpy as np
import pytest

from ocr.engines.local.ink.list_dots import find_list_dots

LETTER = 13.0
LINES = [(140.0, 60.0 + 60 * row, 700.0, 100.0 + 60 * row) for row in range(3)]


def page(side: int, *places: tuple[int, int]) -> np.ndarray:
    pixels = np.full((400, 800), 250, np.uint8)
    for left, middle in places:
        pixels[middle - side // 2 : middle - side // 2 + side, left : left + side] = 20
    return pixels


@pytest.mark.parametrize(("side", "sign"), [(3, "·"), (8, "•")])
def test_dots_below_each_other_stand_before_their_lines(side: int, sign: str) -> None:
    dots = find_list_dots(page(side, *((80, 80 + 60 * row) for row in range(3))), LINES, LETTER)
    assert [(dot.area[0], dot.line, dot.sign) for dot in dots] == [(80, 0, sign), (80, 1, sign), (80, 2, sign)]


@pytest.mark.parametrize(
    "places",
    [
        pytest.param([(80, 80)], id="one dot"),
        pytest.param([(80, 80), (110, 140)], id="not below each other"),
        pytest.param([(80, 92), (80, 152)], id="periods on the line"),
        pytest.param([(80, 80), (80, 110)], id="between lines"),
        pytest.param([(300, 80), (300, 140)], id="inside lines"),
        pytest.param([(2, 80), (2, 140)], id="far from the line"),
        pytest.param([(80, 80), (80, 140), (60, 68), (100, 92), (60, 128), (110, 155), (40, 190)], id="a dirty page"),
    ],
)
def test_other_specks_are_no_dots_of_lists(places: list[tuple[int, int]]) -> None:
    assert find_list_dots(page(5, *places), LINES, LETTER) == []


def test_a_dot_behind_other_text_is_none() -> None:
    lines = [*LINES, *((20.0, top, 75.0, bottom) for _, top, _, bottom in LINES)]
    assert find_list_dots(page(5, (80, 80), (80, 140)), lines, LETTER) == []
