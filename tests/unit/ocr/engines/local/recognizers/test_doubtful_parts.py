"""Which words of a line are read again, and how they get back into it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.engines.local.ppocr import Reading
from ocr.engines.local.recognizers.doubtful_parts import doubtful_parts, with_parts

STEP = 20
"""Pixels of a character."""


def line(text: str) -> tuple[Reading, NDArray[np.uint8]]:
    """A line with a black bar for each letter, 8 pixels wide, and white between them."""
    pixels = np.full((48, STEP * len(text)), 250, np.uint8)
    for place, letter in enumerate(text):
        if letter != " ":
            pixels[8:40, STEP * place + 6 : STEP * place + 14] = 10
    centers = tuple((place + 0.5) / len(text) for place in range(len(text)))
    return Reading(text, (0.9,) * len(text), centers), pixels


def doubts(text: str, *places: int) -> list[float]:
    return [1.0 if place in places else 0.001 for place in range(len(text))]


TEXT = "aaaa bbbb cccc dddd eeee ffff gggg hhhh"


@pytest.mark.parametrize(
    ("unsure", "words"),
    [
        ((1,), ["aaaa bbbb"]),
        ((16,), ["cccc dddd eeee"]),
        ((38,), ["gggg hhhh"]),
        ((2, 36), ["aaaa bbbb", "gggg hhhh"]),
        ((14,), ["cccc dddd eeee"]),
    ],
)
def test_a_part_holds_the_unsure_words_and_one_on_each_side(unsure: tuple[int, ...], words: list[str]) -> None:
    reading, pixels = line(TEXT)
    parts = doubtful_parts(reading, doubts(TEXT, *unsure), pixels, lambda doubt: doubt < 0.1)
    assert parts is not None
    assert [TEXT[part.start : part.end].strip() for part in parts] == words
    for part in parts:
        edges = [edge for edge in (part.left, part.right) if 0 < edge < pixels.shape[1]]
        assert all(pixels[:, edge - 4 : edge + 4].min() == 250 for edge in edges)


@pytest.mark.parametrize("unsure", [(1, 16, 38), (1, 16, 24)])
def test_a_line_is_read_whole_where_parts_save_little(unsure: tuple[int, ...]) -> None:
    reading, pixels = line(TEXT)
    assert doubtful_parts(reading, doubts(TEXT, *unsure), pixels, lambda doubt: doubt < 0.1) is None


def test_one_word_has_no_parts() -> None:
    reading, pixels = line("abcdefghijklm")
    assert doubtful_parts(reading, doubts("abcdefghijklm", 2), pixels, lambda doubt: doubt < 0.1) is None


def test_what_was_read_again_stands_where_it_was() -> None:
    reading, pixels = line(TEXT)
    parts = doubtful_parts(reading, doubts(TEXT, 2, 36), pixels, lambda doubt: doubt < 0.1)
    assert parts is not None
    again = [
        Reading(f" {word} ", (0.5,) * (len(word) + 2), tuple(np.linspace(0, 1, len(word) + 2).tolist()))
        for word in ("AA BBB", "GGGGG H")
    ]
    whole = with_parts(reading, pixels.shape[1], list(zip(parts, again, strict=True)))
    assert whole.text == "AA BBB cccc dddd eeee ffff GGGGG H"
    assert len(whole.confidences) == len(whole.centers) == len(whole.text)
    assert whole.confidences[0] == whole.confidences[-1] == 0.5 and whole.confidences[9] == 0.9
    assert list(whole.centers) == sorted(whole.centers) and whole.centers[-1] <= 1.0
    assert whole.centers[7] == reading.centers[10]
