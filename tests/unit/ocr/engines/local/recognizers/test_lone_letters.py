"""Signs without ink go; a lone O as small as lower case is an o, and names, numbers and capitals stay."""

import numpy as np
import pytest

from ocr.engines.local.ppocr import Reading
from ocr.engines.local.recognizers.lone_letters import ink_height, lone_article, without_phantoms


def reading(text: str, *centers: float) -> Reading:
    return Reading(text, (0.9,) * len(text), centers)


def crop(height: int) -> np.ndarray:
    line = np.full((40, 30), 245, np.uint8)
    line[30 - height : 30, 8:20] = 30
    return line


def test_a_dash_on_white_paper_goes_and_a_printed_one_stays() -> None:
    line = np.full((48, 400), 245, np.uint8)
    line[20:40, 200:390] = 30
    assert without_phantoms(reading("— ab", 0.1, 0.3, 0.6, 0.8), line).text == "ab"
    line[28:31, 20:60] = 30
    assert without_phantoms(reading("— ab", 0.1, 0.3, 0.6, 0.8), line).text == "— ab"
    assert without_phantoms(reading("x ab", 0.2, 0.3, 0.6, 0.8), np.full((48, 400), 245, np.uint8)).text == "x ab"


def test_light_ink_on_dark_paper_is_ink_too() -> None:
    line = np.full((48, 400), 250, np.uint8)
    line[34:37, 30:33] = 20
    line[10:36, 200:390:4] = 20
    dots = reading(". ab", 0.08, 0.3, 0.6, 0.8)
    assert without_phantoms(dots, 255 - line).text == ". ab"
    line[34:37, 30:33] = 250
    assert without_phantoms(dots, 255 - line).text == "ab"
    assert ink_height(255 - crop(14)) == 14


@pytest.mark.parametrize("sign", ["O", "0"])
def test_a_small_lone_letter_between_words_is_the_article(sign: str) -> None:
    assert ink_height(crop(14)) == 14
    assert lone_article(reading(sign, 0.5), crop(14), 14.0, ["plantio de pastagem e"]).text == "o"


def test_capitals_figures_and_other_letters_stay() -> None:
    for text, height, beside in (
        ("O", 21, ["que se deu"]),
        ("0", 21, ["que se deu"]),
        ("0", 14, ["12", "R$ 4,00"]),
        ("O", 14, []),
        ("C", 14, ["que se deu"]),
        ("10", 14, ["que se deu"]),
    ):
        assert lone_article(reading(text, *(0.5,) * len(text)), crop(height), 14.0, beside).text == text
    assert lone_article(reading("O", 0.5), np.full((40, 30), 245, np.uint8), 14.0, ["e"]).text == "O"
