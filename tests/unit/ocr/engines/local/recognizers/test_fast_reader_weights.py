"""The shipped weights of the fast recognizer."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from paths import ROOT
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.distance import Levenshtein

from ocr.engines.local.recognizers.fast_reader import FastReader
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.selection import choose_recognizer, needed_file

TEXTS = (
    "Não há razão para que o réu seja ouvido antes da citação.",
    "Art. 5º",
    "publicado no Diário Oficial de 12 de março de 2019",
    "coração e ânimo",
    "A sessão foi aberta às 14 horas, presentes os membros da comissão designada pela portaria.",
)
MOST_ERRORS = 2
"""Of 219 characters."""
FONT = ROOT / "data/synthesis/fonts/tinos-400-normal.ttf"


def line(text: str) -> NDArray[np.uint8]:
    """Black text on white, 40 pixels high."""
    font = ImageFont.truetype(str(FONT), 30)
    image = Image.new("L", (round(font.getlength(text)) + 16, 40), 255)
    ImageDraw.Draw(image).text((8, 2), text, 0, font=font)
    return np.asarray(image, np.uint8)


def errors(found: list[str]) -> int:
    return sum(Levenshtein.distance(text, one) for text, one in zip(TEXTS, found, strict=True))


@pytest.fixture(scope="module", params=["onnxruntime", "openvino"])
def reader(request: pytest.FixtureRequest) -> FastReader:
    return FastReader(Path(needed_file("fast")), request.param)


def test_clean_lines_read_the_same_in_one_batch_and_alone(reader: FastReader) -> None:
    lines = [line(text) for text in TEXTS]
    together = [reading.text for reading in reader.read(lines)]
    assert errors(together) <= MOST_ERRORS
    assert [reader.read([one])[0].text for one in lines] == together
    assert all(0 <= sure <= 1 for reading in reader.read(lines) for sure in reading.confidences)


def test_noise_is_doubtful_and_clean_print_is_not(reader: FastReader) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 900)).astype(np.uint8)
    clean, bad = reader.read_with_doubt([line(TEXTS[0]), noise])
    assert clean.doubt < 2 < bad.doubt


def test_the_cascade_reads_noise_again_and_clean_print_not() -> None:
    cascade = load_recognizer(choose_recognizer("cascade", 0.05), "onnxruntime")
    noise = np.random.default_rng(0).integers(0, 256, (40, 900)).astype(np.uint8)
    assert errors([found.text for found in cascade.read([line(text) for text in TEXTS])]) <= MOST_ERRORS
    assert cascade.take_reread() == 0
    cascade.read([noise])
    assert cascade.take_reread() == 1
