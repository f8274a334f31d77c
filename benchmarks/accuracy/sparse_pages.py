"""Pages with one word, and pages on which nothing is printed.

    python -m benchmarks.accuracy.sparse_pages [--recognizer pt] [--detector full]

Sixty composed A4 pages with one of twenty words in three sizes, clean, scanned or leaning; 100 blank ones, clean,
noisy, with show-through, punched or shaded. Exits with 1 when fewer than 59 words are read right, a page with a word
comes out blank, or more than two blank pages have lines or would be flagged.
"""

import argparse
import random
import sys

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from data.synthesis.fonts import SHIPPED
from ocr.engines.local.detectors.detector_selection import choose_detector
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.engines.local.rapidocr import DEFAULT_DETECTOR, DEFAULT_RECOGNIZER, choose_backend
from ocr.engines.local.rapidocr_worker import load_detector
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.selection import choose_recognizer
from ocr.layout.page import arrange

Gray = NDArray[np.uint8]
WIDTH, HEIGHT = 1654, 2339
WORDS = (
    *(
        "ANEXO",
        "EM BRANCO",
        "Fls. 12",
        "ÍNDICE",
        "237",
        "Apêndice A",
        "VOLUME II",
        "CONFIDENCIAL",
        "Página 3",
        "SUMÁRIO",
    ),
    *("Capítulo 4", "Rascunho", "1900", "Verso em branco", "Fl. 45-v", "TERMO DE ABERTURA", "ANEXO I", "Certidão"),
    *("II", "Não consta"),
)
FACES = ("tinos-400-normal", "arimo-400-normal", "old-standard-tt-400-normal", "cousine-400-normal", "arimo-700-normal")
SIZES, STYLES = (28, 44, 90), ("clean", "scan", "lean")
BLANKS = ("clean", "noisy", "show-through", "punched", "shaded")


def word_page(number: int, draw: random.Random) -> tuple[Gray, str, str]:
    """Return one page, its word, and its style and size in words."""
    size, style, word = SIZES[number % 3], STYLES[number // 3 % 3], WORDS[number % len(WORDS)]
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    pen, font = ImageDraw.Draw(image), ImageFont.truetype(str(SHIPPED / f"{draw.choice(FACES)}.ttf"), size)
    across = pen.textlength(word, font=font)
    places = {
        "middle": ((WIDTH - across) / 2, draw.uniform(0.3, 0.6) * HEIGHT),
        "corner": (WIDTH - across - 150, 120.0),
        "foot": ((WIDTH - across) / 2, HEIGHT - 200.0),
    }
    pen.text(places[draw.choice(sorted(places))], word, fill=20, font=font)
    page = np.asarray(image, np.float32)
    if style == "lean":
        matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), draw.uniform(-2, 2), 1)
        page = np.asarray(cv2.warpAffine(page, matrix, (WIDTH, HEIGHT), borderValue=255.0), np.float32)
    if style != "clean":
        noise = np.random.default_rng(number).normal(0, 5, page.shape)
        page = cv2.GaussianBlur(page, (0, 0), 0.8) * 0.9 + 18 + noise
    return np.clip(page, 0, 255).astype(np.uint8), word, f"{style}, {size} pixels"


def blank_page(number: int) -> tuple[Gray, str]:
    """Return one page on which nothing is printed, and its kind."""
    draw, kind = np.random.default_rng(number), BLANKS[number % len(BLANKS)]
    page = np.full((HEIGHT, WIDTH), 250, np.float32)
    if kind != "clean":
        page += draw.normal(0, draw.uniform(2, 9), page.shape) - draw.uniform(0, 15)
        for _ in range(draw.integers(0, 60)):
            place = (int(draw.integers(0, WIDTH)), int(draw.integers(0, HEIGHT)))
            cv2.circle(page, place, int(draw.integers(1, 4)), float(draw.uniform(30, 180)), -1)
    if kind == "show-through":
        page = np.minimum(page, _back(draw.uniform(0.08, 0.3)) + draw.normal(0, 4, page.shape))
    elif kind == "punched":
        for row in (0.3, 0.7):
            cv2.circle(page, (60, int(row * HEIGHT)), 28, 20.0, -1)
        page[:, : int(draw.integers(0, 14))] = 10
    elif kind == "shaded":
        page *= 1 - draw.uniform(0.1, 0.5) * np.linspace(0, 1, WIDTH)[None, :] ** draw.uniform(1, 5)
    return np.clip(page, 0, 255).astype(np.uint8), kind


def _back(strength: float) -> NDArray[np.float32]:
    """Return the print of the other side of the paper, mirrored, blurred and pale."""
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    font = ImageFont.truetype(str(SHIPPED / "tinos-400-normal.ttf"), 30)
    for row in range(45):
        ImageDraw.Draw(image).text((150, 200 + 44 * row), "O prefeito do município, no uso das atribuições", font=font)
    mirrored = cv2.GaussianBlur(np.asarray(image)[:, ::-1].astype(np.float32), (0, 0), 3.0)
    return np.asarray(255 - (255 - mirrored) * strength, np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recognizer", default=DEFAULT_RECOGNIZER, help="as options.recognizer has it")
    parser.add_argument("--detector", default=DEFAULT_DETECTOR, help="as options.detector has it")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    backend = choose_backend("auto")
    lines = load_recognizer(choose_recognizer(arguments.recognizer), backend)
    reader = PpocrPageReader(backend, lines, load_detector(choose_detector(arguments.detector).to_text(), backend))
    draw, right, empty = random.Random(1), 0, 0
    for number in range(60):
        page, word, looks = word_page(number, draw)
        read = arrange(read_page(reader, page), number)
        text = " ".join(filter(None, (read.header, read.text, read.margin, read.footer)))
        right, empty = right + (text == word), empty + (not text)
        if text != word:
            print(f"{word!r} ({looks}) reads {text!r}")
    print(f"pages with one word: {right} of 60 right, {empty} blank (bars: 59, 0)")
    clean = 0
    for number in range(100):
        page, kind = blank_page(number)
        found = read_page(reader, page).lines or ()
        clean += not found
        if found:
            print(f"blank page {number} ({kind}) has {len(found)} lines or places")
    print(f"blank pages: {clean} of 100 without lines and flags (bar: 98)")
    sys.exit(right < 59 or empty > 0 or clean < 98)


if __name__ == "__main__":
    main()
