"""Mostly white pages: words are found, and what is no print is left out."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from data.synthesis.fonts import SHIPPED
from ocr.engines.local.ink.ink_areas import sparse_areas
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import looks_printed, read_page

Gray = NDArray[np.uint8]
A4 = (2339, 1654)


def paper(seed: int = 0, noise: float = 4.0) -> Gray:
    drawn = np.random.default_rng(seed).normal(240, noise, A4)
    return np.clip(drawn, 0, 255).astype(np.uint8)


def write(page: Gray, text: str, place: tuple[int, int], size: int = 40, gray: int = 30) -> Gray:
    image = Image.fromarray(page)
    font = ImageFont.truetype(str(SHIPPED / "tinos-400-normal.ttf"), size)
    ImageDraw.Draw(image).text(place, text, fill=gray, font=font)
    return np.asarray(image, np.uint8)


def dust(page: Gray) -> Gray:
    dusty = page.copy()
    for place in ((200, 300), (900, 1200), (1500, 2000)):
        cv2.circle(dusty, place, 3, 40, -1)
    return dusty


def punched(page: Gray) -> Gray:
    holes = page.copy()
    for row in (700, 1600):
        cv2.circle(holes, (90, row), 28, 20, -1)
    return holes


def creased(page: Gray) -> Gray:
    lined = page.copy()
    cv2.line(lined, (800, 100), (820, 2300), 120, 2)
    return lined


def bled_through(page: Gray) -> Gray:
    back = write(np.full(A4, 255, np.uint8), "O prefeito do município decreta", (300, 800), gray=0)[:, ::-1]
    faint = 255 - (255 - cv2.GaussianBlur(back, (0, 0), 3).astype(np.float32)) * 0.2
    return np.minimum(page, faint.astype(np.uint8))


def shaded(page: Gray) -> Gray:
    light = np.linspace(1.0, 0.55, A4[1])[None, :]
    return (page * light).astype(np.uint8)


@pytest.mark.parametrize("wear", [paper, dust, punched, creased, bled_through, shaded])
def test_nothing_printed_gives_no_areas(wear: Callable[..., Gray]) -> None:
    page = paper() if wear is paper else wear(paper())
    assert sparse_areas(page) == []
    assert not looks_printed(page)


@pytest.mark.parametrize("size", [26, 44, 90])
def test_areas_hold_the_words_and_do_not_overlap(size: int) -> None:
    page = write(write(dust(paper()), "ANEXO II", (700, 900), size), "12", (1500, 2200), size)
    areas = sparse_areas(page)
    assert areas is not None
    assert len(areas) == 2
    (left, top, right, bottom), folio = areas
    assert left < 700 < right
    assert top < 900 < bottom
    assert folio[0] < 1500 < folio[2]
    assert bottom <= folio[1]


def test_a_page_full_of_text_is_read_whole() -> None:
    page = paper()
    for row in range(200, 2200, 50):
        page = write(page, "Considerando o que consta do processo e dos autos respectivos, decreta.", (150, row), 38)
    assert sparse_areas(page) is None


def test_an_image_smaller_than_a_letter_is_read_whole_or_empty() -> None:
    assert not sparse_areas(np.full((1, 1), 255, np.uint8))
    assert not sparse_areas(np.full((3, 2000), 255, np.uint8))


@pytest.fixture(scope="module")
def reader() -> PpocrPageReader:
    return PpocrPageReader("onnxruntime")


@pytest.mark.parametrize("word", ["ANEXO", "EM BRANCO", "Fls. 12", "237", "II"])
def test_a_page_with_one_word_is_read(word: str, reader: PpocrPageReader) -> None:
    output = read_page(reader, write(paper(noise=5), word, (760, 1100), 44))
    assert [line.text for line in output.lines or ()] == [word]
    assert output.rotation == 0


def test_a_blank_page_has_no_lines_and_no_doubtful_places(reader: PpocrPageReader) -> None:
    assert read_page(reader, shaded(punched(dust(paper(noise=6))))).lines == ()
