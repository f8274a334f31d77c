"""Print that is much larger than the rest is found as it stands, and nothing is taken for it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from data.synthesis.fonts import SHIPPED
from ocr.engines.local.detectors.detector_selection import choose_detector
from ocr.engines.local.detectors.large_print import with_large_print
from ocr.engines.local.detectors.line_finder import LineFinder
from ocr.engines.local.detectors.map_strips import Strip
from ocr.engines.local.rapidocr_worker import load_detector
from ocr.layout.columns import letter_height

BODY = "em sessão ordinária apreciou o parecer da comissão técnica e deliberou"


@pytest.fixture(scope="module")
def finder() -> LineFinder:
    pytest.importorskip("openvino")
    return LineFinder(load_detector(choose_detector("fast").to_text(), "openvino"))


def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(SHIPPED / "tinos-400-normal.ttf"), size)


def page(*, head: str = "", initial: str = "", size: int = 110) -> np.ndarray:
    """Ten lines of body text of 30 pixels, under a head or beside an initial."""
    image = Image.new("L", (1200, 800), 250)
    pen = ImageDraw.Draw(image)
    pen.text((600, 100), head, fill=20, font=font(size), anchor="mm")
    pen.text((80, 315), initial, fill=20, font=font(size), anchor="ls")
    for row in range(10):
        indent = 110 if initial and row < 3 else 0
        pen.text((80 + indent, 220 + 44 * row), BODY, fill=20, font=font(30))
    return np.asarray(image)


def areas(finder: LineFinder, gray: np.ndarray) -> list[tuple[float, ...]]:
    return [strip.area() for strip in finder.strips(gray, finder.page_map(gray, letter_height(gray)))]


@pytest.mark.parametrize("head", ["GAZETA DA BAHIA", "Diario do Povo"])
def test_the_head_of_a_newspaper_is_one_line(finder: LineFinder, head: str) -> None:
    found = areas(finder, page(head=head))
    (large,) = [area for area in found if area[1] < 150]
    ink = font(110).getbbox(head, anchor="mm")
    assert large[0] <= 600 + ink[0] and large[2] >= 600 + ink[2]
    assert large[1] <= 100 + ink[1] and large[3] >= 100 + ink[3]
    assert len(found) == 11


@pytest.mark.parametrize("initial", ["Q", "E", "A"])
def test_a_large_initial_is_one_strip(finder: LineFinder, initial: str) -> None:
    found = areas(finder, page(initial=initial, size=150))
    (large,) = [area for area in found if area[3] - area[1] > 80]
    assert large[0] <= 90 and large[2] <= 230
    assert len(found) == 11


def test_a_page_of_usual_letters_is_seen_once(finder: LineFinder) -> None:
    gray = page()
    seen = finder.page_map(gray, letter_height(gray))
    assert seen is not None and seen.coarse is None
    assert len(areas(finder, gray)) == 10


def test_lines_that_a_small_page_joins_are_no_large_line() -> None:
    gray = page()
    lines = [Strip((70.0, 215.0 + 44 * row), (1.0, 0.0), 1000.0, 40.0) for row in range(10)]
    joined = Strip((60.0, 210.0), (1.0, 0.0), 1020.0, 130.0)
    assert with_large_print(lines, [joined], gray, 16.0) == lines


def test_a_rule_beside_lines_is_no_initial() -> None:
    gray = page().copy()
    gray[215:350, 60:66] = 20
    lines = [Strip((70.0, 215.0 + 44 * row), (1.0, 0.0), 1000.0, 40.0) for row in range(10)]
    assert with_large_print(lines, [], gray, 16.0) == lines
