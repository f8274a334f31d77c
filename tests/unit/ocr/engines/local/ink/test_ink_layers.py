"""Colored ink over black print: both layers, and pages that are left as they are."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from data.synthesis.fonts import SHIPPED
from ocr.core.document import Attempt, Line
from ocr.engines.local.ink.ink_layers import ink_layers
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.layout.page import arrange
from ocr.pipeline.page_builder import build_page

Pixels = NDArray[np.uint8]
TEXT = [
    "A proposta prevê o plantio de espécies nativas",
    "em doze hectares, a instalação de cercas nas",
    "áreas de pastagem e o acompanhamento trimestral",
    "da qualidade da água, cujos resultados serão",
    "publicados na página da Secretaria.",
]
BLUE, RED = (40, 60, 190), (200, 40, 40)


def typed(color: tuple[int, int, int] = (20, 20, 20)) -> Pixels:
    image = Image.new("RGB", (1200, 520), (248, 248, 246))
    font = ImageFont.truetype(str(SHIPPED / "arimo-400-normal.ttf"), 40)
    for row, line in enumerate(TEXT):
        ImageDraw.Draw(image).text((60, 50 + 80 * row), line, fill=color, font=font)
    return np.asarray(image, np.uint8)


def stamped(page: Pixels, color: tuple[int, int, int]) -> Pixels:
    """Multiply a ring of ink over the page, as ink on paper does."""
    ring = np.full_like(page, 255)
    cv2.circle(ring, (860, 250), 150, color, 7)
    cv2.circle(ring, (860, 250), 110, color, 4)
    return (page.astype(np.uint16) * ring // 255).astype(np.uint8)


@pytest.fixture(scope="module")
def reader() -> PpocrPageReader:
    return PpocrPageReader("onnxruntime")


@pytest.mark.parametrize("color", [BLUE, RED])
def test_a_stamp_costs_no_line_of_print(color: tuple[int, int, int], reader: PpocrPageReader) -> None:
    layers = ink_layers(stamped(typed(), color))
    assert layers[1] is not None
    page = arrange(read_page(reader, *layers), 1)
    found = page.text.splitlines()
    for line in TEXT[:1] + TEXT[4:]:
        assert line in found
    assert sum(1 for line in found if len(line) > 30) == len(TEXT)


def test_the_print_layer_is_free_of_the_stamp() -> None:
    clean, _ = ink_layers(typed())
    layer, ink = ink_layers(stamped(typed(), BLUE))
    assert ink is not None
    assert np.mean(np.abs(layer.astype(int) - clean) > 60) < 0.004
    assert np.mean(ink < 200) > 0.005


@pytest.mark.parametrize("color", [(20, 20, 20), BLUE, RED])
def test_a_page_in_one_ink_is_read_as_it_is(color: tuple[int, int, int]) -> None:
    pixels = typed(color)
    gray, overlay = ink_layers(pixels)
    assert overlay is None
    assert (gray == cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)).all()


def test_print_under_ink_that_reads_badly_flags_the_page() -> None:
    class Unsure:
        def lines(
            self, gray: NDArray[np.uint8], _placement: NDArray[np.float64], _ink: object = None
        ) -> tuple[Line, ...]:
            return (Line("áreas de pastagem", (60.0, 210.0, 1100.0, 260.0), 0.8),) if gray.min() < 60 else ()

        def confidence(self, _gray: NDArray[np.uint8]) -> float:
            return 0.9

    output = read_page(Unsure(), *ink_layers(stamped(typed(), BLUE)))
    page = build_page(Attempt(output, "ok"), 1)
    assert [flag for flag in page.flags if flag.startswith("ink lies over print")] == [page.flags[-1]]


def test_thin_strokes_in_yellow_are_print_and_highlighter_is_none() -> None:
    pixels = np.full((300, 400, 3), 252, np.uint8)
    pixels[40:60, 30:370] = (255, 240, 90)
    for left in range(30, 370, 12):
        pixels[44:56, left : left + 3] = 20
        pixels[100:112, left : left + 3] = 20
        pixels[200:212, left : left + 3] = (250, 230, 70)
    gray, over = ink_layers(pixels)
    assert gray[205, 31] < 100 or (over is not None and over[205, 31] < 100)
    assert gray[50, 37] > 200
    assert gray[50, 31] < 60
