"""Shapes of a map that hold several lines are divided, and lines are left as they are."""

import cv2
import numpy as np
import pytest

from ocr.engines.local.detectors.joined_lines import divided, is_line
from ocr.engines.local.detectors.map_strips import FAST_RULE, strips

Map = np.ndarray


def lines(*, tops: tuple[int, ...] = (40, 60, 80, 100), right: int = 250) -> Map:
    field = np.zeros((300, 300), np.float32)
    for top in tops:
        field[top : top + 8, 20:right] = 0.99
    return field


def boxes(field: Map) -> list[tuple[int, int, int, int]]:
    """Return left, top, width and height of the parts of the only shape of a map."""
    mask = (field > 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    (contour,) = contours
    return sorted(cv2.boundingRect(part) for part in divided(np.asarray(contour), mask, np.zeros_like(mask), field))


def test_a_margin_line_that_touches_lines_is_one_and_they_are_others() -> None:
    field = lines(right=262)
    field[10:290, 260:267] = 0.99
    found = boxes(field)
    assert found[:4] == [(20, top, 240, 8) for top in (40, 60, 80, 100)]
    assert found[4] == (260, 10, 7, 280)


def test_a_weak_bridge_divides_by_its_probability() -> None:
    field = lines(tops=(40, 60))
    field[48:60, 20:120] = 0.6
    found = boxes(field)
    assert len(found) == 2
    for (left, top, width, height), at in zip(found, (40, 60), strict=True):
        assert (left, width) == (20, 230) and abs(top - at) <= 3 and abs(height - 8) <= 3


def test_pen_strokes_between_lines_are_no_lines() -> None:
    field = lines(tops=(40, 60))
    field[46:62, 100:104] = 0.99
    field[46:62, 140:144] = 0.99
    assert boxes(field) == [(20, 40, 230, 8), (20, 60, 230, 8)]


@pytest.mark.parametrize("degrees", [0.0, 2.0, 30.0, 90.0])
def test_a_line_in_any_direction_is_one(degrees: float) -> None:
    field = np.zeros((400, 400), np.float32)
    turn = np.deg2rad(degrees)
    along = np.array((np.cos(turn), np.sin(turn))) * 150
    start, end = (tuple(int(value) for value in 200 + way * along) for way in (-1, 1))
    cv2.line(field, start, end, 0.9, 8)
    (contour,) = cv2.findContours((field > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    assert is_line(np.asarray(contour))


def test_a_curved_line_and_a_single_letter_are_lines() -> None:
    field = np.zeros((300, 500), np.float32)
    for column in range(40, 460):
        top = 100 + round(4 * np.sin(np.pi * (column - 40) / 420))
        field[top : top + 9, column] = 0.9
    field[200:208, 40:46] = 0.9
    contours, _ = cv2.findContours((field > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    assert all(is_line(np.asarray(contour)) for contour in contours)


def test_strips_of_the_fast_rule_hold_one_line_each() -> None:
    field = lines(right=262)
    field[10:290, 260:267] = 0.99
    found = strips(field, (300, 300), FAST_RULE)
    assert sorted(strip.height > strip.length for strip in found) == [False, False, False, False, True]
