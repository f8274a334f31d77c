"""One text at many resolutions: the same words, with boxes in the pixels of the image that was given."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from data.synthesis.fonts import SHIPPED
from ocr.engines.local.line_reader import PpocrPageReader, shrunk, working_scale
from ocr.engines.local.orientation import read_page
from ocr.layout.columns import letter_height

TEXT = [
    "O prefeito do município, no uso das",
    "atribuições que lhe confere a lei,",
    "decreta o seguinte: fica aberto crédito",
    "suplementar de R$ 4.365,09 por lote.",
]


@pytest.fixture(scope="module")
def reader() -> PpocrPageReader:
    return PpocrPageReader("onnxruntime")


def page(scale: float) -> NDArray[np.uint8]:
    image = Image.new("L", (900, 420), 250)
    font = ImageFont.truetype(str(SHIPPED / "tinos-400-normal.ttf"), 44)
    for row, line in enumerate(TEXT):
        ImageDraw.Draw(image).text((60, 60 + 80 * row), line, fill=20, font=font)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.asarray(image), None, fx=scale, fy=scale, interpolation=way), np.uint8)


@pytest.mark.parametrize("scale", [0.3, 0.5, 1.0, 2.0, 4.0])
def test_the_resolution_does_not_change_the_text(scale: float, reader: PpocrPageReader) -> None:
    lines = read_page(reader, page(scale)).lines or ()
    assert [line.text for line in lines] == TEXT
    for row, line in enumerate(lines):
        left, top, _, bottom = line.box
        assert abs(left - 60 * scale) < 20 * scale
        assert top < (60 + 80 * row + 25) * scale < bottom


def test_large_letters_shrink_small_ones_grow_and_usual_ones_stay() -> None:
    assert working_scale(letter_height(page(4.0))) < 0.5
    assert working_scale(letter_height(page(1.0))) == 1.0
    assert working_scale(letter_height(page(0.15))) == 2.0
    assert working_scale(0.0) == 1.0


def test_large_pages_shrink_for_smaller_letters() -> None:
    assert working_scale(28.0, 8_700_000) == pytest.approx(22 / 28)
    assert working_scale(28.0, 2_200_000) == 1.0
    assert working_scale(20.0, 20_000_000) == 1.0


def test_a_large_page_is_shrunk_by_its_letters_before_anything_else() -> None:
    large = np.repeat(page(4.0)[..., None], 3, axis=2)
    factor = shrunk(large).shape[1] / large.shape[1]
    assert 0.2 < factor < 0.35
    small = large[::4, ::4]
    assert shrunk(small) is small
    blank = np.full((3000, 2500, 3), 250, np.uint8)
    assert shrunk(blank) is blank


def test_places_of_a_shrunk_page_are_those_of_the_given_one(reader: PpocrPageReader) -> None:
    output = read_page(reader, page(1.0), enlarged=2.5)
    plain = read_page(reader, page(1.0))
    assert (output.width, output.height) == (round(2.5 * plain.width), round(2.5 * plain.height))
    for large, small in zip(output.lines or (), plain.lines or (), strict=True):
        assert large.text == small.text
        assert large.box == pytest.approx([2.5 * edge for edge in small.box], abs=0.1)
        assert large.words[0].box == pytest.approx([2.5 * edge for edge in small.words[0].box], abs=0.1)
