"""Lines that an edge between tiles or regions crosses come out whole; columns of figures stay lines of their own."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.engines.local.detectors import line_finder
from ocr.engines.local.detectors.line_finder import LineFinder, tiles
from ocr.engines.local.detectors.map_strips import Strip
from ocr.engines.local.ppocr import Detector

pytest.importorskip("fontTools")

from data.layouts.page_composer import PageRequest, compose_page
from data.layouts.page_drawing import draw_page

Gray = NDArray[np.uint8]
WIDTH, HEIGHT = 1000, 2400
PAGE = (0, 0, WIDTH, HEIGHT)
LETTER, PITCH = (7, 20), 14
"""Width and height of a letter of a level line, and from one letter to the next."""


def see(tile: Gray) -> NDArray[np.float32]:
    """Detect as a network would that joins ink nearer than 12 pixels."""
    ink = (tile < 128).astype(np.float32)
    return np.asarray(cv2.erode(cv2.dilate(ink, np.ones((12, 12))), np.ones((5, 5))), np.float32)


def printed() -> Gray:
    """Return a page of level lines with a margin on the right."""
    gray = np.full((HEIGHT, WIDTH), 250, np.uint8)
    for top in range(60, HEIGHT - 60, 40):
        for left in range(60, 800, PITCH):
            gray[top : top + LETTER[1], left : left + LETTER[0]] = 20
    return gray


def write(gray: Gray, start: tuple[int, int], count: int, degrees: float) -> None:
    """Print `count` letters from a point on, in a direction clockwise from left to right."""
    radians = np.deg2rad(degrees)
    along = np.array((np.cos(radians), np.sin(radians)))
    down = np.array((-along[1], along[0]))
    for place in range(count):
        corner = np.array(start) + along * PITCH * place
        corners = [corner, corner + along * LETTER[0], corner + along * LETTER[0] + down * LETTER[1]]
        cv2.fillPoly(gray, [np.array([*corners, corner + down * LETTER[1]]).round().astype(np.int32)], 20)


def boxes_beyond(strips: list[Strip], left: float) -> list[tuple[int, int, int, int]]:
    """Return the boxes of the strips that reach beyond a column."""
    corners = [strip.corners() for strip in strips]
    return [
        (*map(round, points.min(axis=0).tolist()), *map(round, points.max(axis=0).tolist()))
        for points in corners
        if points[:, 0].max() > left
    ]


def seen_at_once(gray: Gray, monkeypatch: pytest.MonkeyPatch) -> list[Strip]:
    """Return the strips of a page that is not cut into tiles."""
    with monkeypatch.context() as patch:
        patch.setattr(line_finder, "MOST_AT_ONCE", WIDTH * HEIGHT)
        return LineFinder(see).strips(gray, None)


def test_an_upright_line_that_crosses_edges_is_one_strip(monkeypatch: pytest.MonkeyPatch) -> None:
    gray = printed()
    plain = LineFinder(see).strips(gray, None)
    write(gray, (920, 2100), 130, -90)
    assert sum(300 < top < 2080 for top, _ in tiles(gray)) >= 2
    strips = LineFinder(see).strips(gray, None)
    (expected,) = boxes_beyond(seen_at_once(gray, monkeypatch), 850)
    (found,) = boxes_beyond(strips, 850)
    assert found == pytest.approx(expected, abs=2) and found[3] - found[1] > 129 * PITCH
    assert len(strips) == len(plain) + 1


@pytest.mark.parametrize("degrees", [-20.0, 35.0])
def test_a_leaning_line_is_one_strip(degrees: float, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, pixels in (("TILE", 200_000), ("MOST_AT_ONCE", 220_000), ("LARGEST_TILE", 260_000)):
        monkeypatch.setattr(line_finder, name, pixels)
    gray = np.full((HEIGHT, WIDTH), 250, np.uint8)
    write(gray, (150, 1200), 58, degrees)
    rise = 58 * PITCH * np.sin(np.deg2rad(degrees))
    assert any(min(0, rise) < top - 1200 < max(0, rise) for top, _ in tiles(gray))
    (expected,) = boxes_beyond(seen_at_once(gray, monkeypatch), 400)
    (found,) = boxes_beyond(LineFinder(see).strips(gray, None), 400)
    assert found == pytest.approx(expected, abs=6)


def test_a_column_of_figures_stays_what_it_is() -> None:
    gray = printed()
    for top in range(60, HEIGHT - 60, 40):
        gray[top : top + LETTER[1], 900:910] = 20
    strips = LineFinder(see).strips(gray, None)
    assert len(boxes_beyond(strips, 850)) == len(range(60, HEIGHT - 60, 40))


def test_a_line_across_regions_is_one_strip_of_the_page() -> None:
    gray = printed()
    write(gray, (920, 1900), 110, -90)
    regions = [(0, 0, WIDTH, 650), (0, 650, 480, 1730), (480, 650, WIDTH, 1730), (0, 1730, WIDTH, HEIGHT)]
    found = LineFinder(see).find(gray, regions, None)
    ((area, strip),) = [(area, strip) for area, strip in found if strip.moved(*area[:2]).corners()[:, 0].max() > 850]
    assert area == PAGE and strip.height > 109 * PITCH
    assert {area for area, _ in found} == {PAGE, *regions}


def test_the_stamp_in_the_margin_of_a_composed_page_is_whole() -> None:
    page = compose_page(PageRequest("ruling", "margin", ("side_stamp",), dpi=200))
    stamps = [line.box for line in page.truth.lines if line.direction in (90.0, 270.0)]
    gray = np.asarray(draw_page(page), np.uint8)
    gray = gray if gray.ndim == 2 else np.asarray(cv2.cvtColor(gray, cv2.COLOR_RGB2GRAY), np.uint8)
    strips = LineFinder(Detector("openvino")).strips(gray, None)
    assert stamps and len(tiles(gray)) > 2
    for left, top, right, bottom in stamps:
        here = [strip.area() for strip in strips if left < strip.area()[0] + strip.length / 2 < right]
        here = [area for area in here if area[3] > top and area[1] < bottom]
        assert len(here) == 1, here
        assert abs(here[0][1] - top) < 12 and abs(here[0][3] - bottom) < 12
