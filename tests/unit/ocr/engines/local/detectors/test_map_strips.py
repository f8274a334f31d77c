"""Shapes of the fast detector's map become strips of one line, whatever touches them."""

import numpy as np
import pytest

from ocr.engines.local.detectors.map_strips import FAST_RULE, Strip, strips

Map = np.ndarray


def line_map() -> Map:
    """A line of 300 pixels whose kernel is 8 high, from y = 50."""
    field = np.zeros((120, 400), np.float32)
    field[50:58, 40:340] = 0.95
    return field


def found(field: Map) -> list[Strip]:
    return strips(field, field.shape[::-1], FAST_RULE)


def test_a_bulge_does_not_make_a_line_higher() -> None:
    plain = found(line_map())[0]
    field = line_map()
    field[38:50, 120:150] = 0.95
    field[58:70, 200:215] = 0.95
    (bulged,) = found(field)
    assert bulged.origin[1] == pytest.approx(plain.origin[1], abs=0.6)
    assert bulged.height == pytest.approx(plain.height, abs=1.2)


def test_sides_lie_between_pixels() -> None:
    heights = []
    for weak in (0.0, 0.1, 0.2, 0.4):
        field = line_map()
        field[49, 40:340] = 0.55 * (weak > 0)
        field[49, 40 : 40 + round(300 * weak)] = 0.95
        heights.append(found(field)[0].height)
    assert heights == sorted(heights)
    assert heights[-1] - heights[0] > 0.5


@pytest.mark.parametrize(("probability", "parts"), [(0.3, 1), (0.02, 2)])
def test_a_wide_space_is_closed_where_the_map_is_unsure(probability: float, parts: int) -> None:
    field = line_map()
    field[50:58, 180:200] = probability
    field[46:50, 180:200] = field[58:62, 180:200] = 0.01
    assert len(found(field)) == parts


def test_a_valley_between_two_lines_is_not_closed() -> None:
    field = line_map()
    field[68:76, 40:340] = 0.95
    field[58:68, 40:340] = 0.3
    field[58:68, 40:44] = field[58:68, 300:340] = 0.6
    lines = found(field)
    assert len(lines) == 2
    assert all(line.height < 20 for line in lines)


def test_the_space_before_a_gutter_stays() -> None:
    field = line_map()
    field[50:58, 180:260] = 0.3
    assert len(found(field)) == 2


def test_a_line_with_uneven_sides_is_not_divided() -> None:
    field = np.zeros((60, 300), np.float32)
    for number, left in enumerate(range(20, 260, 12)):
        field[20 + 3 * (number % 2) : 30 + 2 * (number % 3), left : left + 8] = 0.95
    field[24:28, 20:260] = 0.95
    assert len(found(field)) == 1


def test_a_hole_in_a_shape_is_no_line() -> None:
    field = line_map()
    field[53:55, 100:160] = 0.1
    assert len(found(field)) == 1
