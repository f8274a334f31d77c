"""Bars and check boxes are told apart by their ink."""

import cv2
import numpy as np
import pytest

from ocr.engines.local.ppocr import Reading
from ocr.engines.local.recognizers.check_boxes import with_bars

LINE = (48, 400)


def reading(text: str, *centers: float) -> Reading:
    return Reading(text, (0.9,) * len(text), centers)


def bar(width: int) -> np.ndarray:
    line = np.full(LINE, 245, np.uint8)
    line[8:42, 200 : 200 + width] = 40
    return line


def box(crossed: bool) -> np.ndarray:
    line = np.full(LINE, 245, np.uint8)
    cv2.rectangle(line, (190, 12), (214, 36), 40, 2)
    if crossed:
        cv2.line(line, (190, 12), (214, 36), 40, 2)
    return line


@pytest.mark.parametrize("width", [1, 3, 6])
def test_a_narrow_stroke_is_a_bar(width: int) -> None:
    assert with_bars(reading("☐", 0.5), bar(width)).text == "|"
    assert with_bars(reading("☐", 0.48), bar(width)).text == "|"
    assert with_bars(reading("☐", 0.5), 255 - bar(width)).text == "|"


@pytest.mark.parametrize("crossed", [False, True])
def test_a_drawn_box_stays(crossed: bool) -> None:
    for sign in "☐☒☑":
        assert with_bars(reading(sign, 0.505), box(crossed)).text == sign
        assert with_bars(reading(sign, 0.505), 255 - box(crossed)).text == sign


def test_other_characters_dots_and_white_places_stay() -> None:
    assert with_bars(reading("I", 0.5), bar(3)).text == "I"
    assert with_bars(reading("☐", 0.1), bar(3)).text == "☐"
    dot = np.full(LINE, 245, np.uint8)
    dot[36:40, 200:204] = 40
    assert with_bars(reading("☐", 0.5), dot).text == "☐"


def test_confidences_and_places_are_kept() -> None:
    before = reading("a☐b", 0.1, 0.5, 0.9)
    after = with_bars(before, bar(4))
    assert (after.text, after.confidences, after.centers) == ("a|b", before.confidences, before.centers)
