"""Pages become gray in which print is dark on light: by the clearest channel, and brightened where they are dark."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.engines.local.ink.page_contrast import gray_of, may_be_inverted

Color = tuple[int, int, int]


def page(paper: Color, ink: Color) -> NDArray[np.uint8]:
    pixels = np.full((200, 300, 3), paper, np.uint8)
    pixels[40:160:8, 40:260] = ink
    pixels[41:161:8, 40:260] = ink
    return pixels


def contrast(gray: NDArray[np.uint8]) -> int:
    return int(gray[100, 5]) - int(gray[40, 100])


@pytest.mark.parametrize(
    ("paper", "ink"),
    [((252, 252, 252), (250, 235, 60)), ((190, 60, 60), (60, 120, 60)), ((25, 25, 25), (8, 8, 8))],
    ids=["yellow on white", "green on red", "a page that is nearly black"],
)
def test_print_that_gray_hides_is_seen(paper: Color, ink: Color) -> None:
    assert contrast(gray_of(page(paper, ink))) > 120


@pytest.mark.parametrize(("paper", "ink"), [((250, 250, 245), (20, 20, 25)), ((205, 232, 205), (200, 40, 40))])
def test_ordinary_pages_are_plain_gray(paper: Color, ink: Color) -> None:
    pixels = page(paper, ink)
    assert np.array_equal(gray_of(pixels), cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))


def test_black_pixels_stay_black() -> None:
    black = np.zeros((50, 50, 3), np.uint8)
    assert not gray_of(black).any()


def test_a_dark_page_may_be_inverted() -> None:
    assert may_be_inverted(np.full((80, 80), 10, np.uint8))
    assert not may_be_inverted(np.full((80, 80), 180, np.uint8))


def text(darkness: float, blur: float = 0.6, grain: float = 2.0) -> NDArray[np.uint8]:
    gray = np.full((300, 400), 250, np.float32)
    for top in range(30, 270, 24):
        for left in range(30, 370, 12):
            gray[top : top + 14, left : left + 3] -= darkness
    noise = np.random.default_rng(3).normal(0, grain, gray.shape)
    gray = np.clip(cv2.GaussianBlur(gray, (0, 0), blur) + noise, 0, 255)
    return np.repeat(gray.astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("darkness", [15, 22, 32, 45])
def test_faded_print_becomes_dark(darkness: float) -> None:
    gray = gray_of(text(darkness))
    assert int(np.median(gray[35:40, 31])) - int(np.median(gray[35:40, 37])) < -70


@pytest.mark.parametrize(
    ("darkness", "blur", "grain"),
    [(40, 3.0, 4.0), (0, 0.6, 9.0), (0, 0.6, 2.0)],
    ids=["show-through", "grain", "plain"],
)
def test_show_through_and_grain_stay_pale(darkness: float, blur: float, grain: float) -> None:
    pixels = text(darkness, blur, grain)
    assert np.array_equal(gray_of(pixels), cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))


@pytest.mark.parametrize("size", [(1, 1), (40, 3), (3, 40), (40, 4)])
def test_a_page_of_a_few_pixels_stays_as_it_is(size: tuple[int, int]) -> None:
    assert (gray_of(np.full((*size, 3), 200, np.uint8)) == 200).all()
