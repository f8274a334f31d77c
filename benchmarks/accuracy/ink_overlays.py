"""Stamps, signatures, handwriting and highlighter over print: `python -m benchmarks.accuracy.ink_overlays [PAGES]`.

PAGES (100) composed pages of 26 known lines carry one mark each; every second one is colored. A line is touched if ink
of the mark meets its box. A line is read if nine tenths of it and more stand in what was read in its place. Exits with
1 when fewer than 99.5% of the lines that are not touched are read, or fewer than 98% of the touched ones are read or on
a flagged page.
"""

import random
import sys
from collections import Counter
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rapidfuzz.fuzz import partial_ratio

from benchmarks.arguments import parse_positional
from data.synthesis.fonts import SHIPPED
from ocr.core.document import Page
from ocr.engines.local.detectors.detector_selection import choose_detector
from ocr.engines.local.ink.ink_layers import ink_layers
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.engines.local.rapidocr import DEFAULT_DETECTOR, DEFAULT_RECOGNIZER, choose_backend
from ocr.engines.local.rapidocr_worker import load_detector
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.selection import choose_recognizer
from ocr.layout.page import arrange

Pixels = NDArray[np.uint8]
WIDTH, HEIGHT, LEFT, TOP, PITCH, LINES = 1240, 1500, 130, 120, 48, 26
READ, FOUND_BAR, TOUCHED_BAR = 90.0, 0.995, 0.98
FACES = ("tinos-400-normal", "arimo-400-normal", "gelasio-400-normal", "carlito-400-normal", "cousine-400-normal")
HANDS = ("homemade-apple-400-normal", "kalam-400-normal", "la-belle-aurore-400-normal", "reenie-beanie-400-normal")
MARKS = ("stamp", "round stamp", "signature", "handwriting", "highlighter")
COLORS = ((40, 60, 170), (190, 30, 50), (110, 40, 140), (20, 120, 60))
GRAY = (70, 70, 70)
TEXT = (
    "O Conselho Municipal de Meio Ambiente reunido em sessão ordinária no dia quatorze de março apreciou o parecer da "
    "comissão técnica sobre a recuperação das margens do ribeirão e deliberou pela aprovação do cronograma apresentado "
    "com as ressalvas registradas nesta ata A proposta prevê o plantio de espécies nativas em doze hectares a "
    "instalação de cercas nas áreas de pastagem e o acompanhamento trimestral da qualidade da água cujos resultados"
)
WORDS = tuple(TEXT.split())


@dataclass(frozen=True, slots=True)
class Composed:
    """One page: its pixels (H, W, 3), its lines, the mark, and which lines the mark's ink meets."""

    pixels: Pixels
    lines: tuple[str, ...]
    mark: str
    touched: tuple[bool, ...]


def compose(number: int) -> Composed:
    """Return page `number`; the same number gives the same page."""
    draw = random.Random(number)
    font = ImageFont.truetype(str(SHIPPED / f"{draw.choice(FACES)}.ttf"), 28)
    image = Image.new("L", (WIDTH, HEIGHT), 250)
    pen, lines = ImageDraw.Draw(image), []
    for row in range(LINES):
        line = draw.choice(WORDS)
        while pen.textlength(f"{line} {(word := draw.choice(WORDS))}", font=font) < WIDTH - 2 * LEFT:
            line = f"{line} {word}"
        pen.text((LEFT, TOP + PITCH * row), line, fill=30, font=font)
        lines.append(line)
    mark = MARKS[number % len(MARKS)]
    color = draw.choice(COLORS) if number % 2 else GRAY
    layer = _mark(mark, color if mark != "highlighter" or number % 2 else (200, 200, 200), draw)
    page = np.asarray(image.convert("RGB"), np.float32) * np.asarray(layer, np.float32) / 255
    noise = np.random.default_rng(number).normal(0, 3, page.shape)
    pixels = np.clip(cv2.GaussianBlur(page, (0, 0), 0.6) + noise, 0, 255).astype(np.uint8)
    ink = np.asarray(layer.convert("L")) < 245
    met = tuple(
        bool(ink[TOP + PITCH * row - 2 : TOP + PITCH * row + 38, LEFT : WIDTH - LEFT].any()) for row in range(LINES)
    )
    return Composed(pixels, tuple(lines), mark, met)


def _mark(mark: str, color: tuple[int, int, int], draw: random.Random) -> Image.Image:
    """Return a white layer with one mark."""
    layer = Image.new("RGB", (WIDTH, HEIGHT), "white")
    middle = (draw.randint(350, WIDTH - 350), draw.randint(300, HEIGHT - 300))
    if mark == "highlighter":
        tint = (255, 240, 90) if color != (200, 200, 200) else color
        pen = ImageDraw.Draw(layer)
        for row in draw.sample(range(LINES), 3):
            top = TOP + PITCH * row
            pen.rectangle((LEFT, top, LEFT + draw.randint(300, 900), top + 36), fill=tint)
        return layer
    piece = Image.new("RGB", (700, 400), "white")
    _draw_piece(mark, color, ImageDraw.Draw(piece), draw)
    turned = piece.rotate(draw.uniform(-25, 25), expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    layer.paste(turned, (middle[0] - turned.width // 2, middle[1] - turned.height // 2))
    return layer


def _draw_piece(mark: str, color: tuple[int, int, int], pen: ImageDraw.ImageDraw, draw: random.Random) -> None:
    bold = ImageFont.truetype(str(SHIPPED / "arimo-700-normal.ttf"), 40)
    if mark == "stamp":
        pen.rectangle((120, 120, 580, 280), outline=color, width=6)
        pen.text((350, 165), "PROTOCOLO GERAL", fill=color, font=bold, anchor="mm")
        pen.text((350, 235), f"{draw.randint(10, 28)} MAR 1987", fill=color, font=bold, anchor="mm")
    elif mark == "round stamp":
        pen.ellipse((210, 60, 490, 340), outline=color, width=6)
        pen.ellipse((250, 100, 450, 300), outline=color, width=3)
        pen.text((350, 200), "Fls. 12", fill=color, font=bold, anchor="mm")
    elif mark == "signature":
        points = [(80 + 26 * step + draw.uniform(-30, 30), 200 + draw.uniform(-90, 90)) for step in range(21)]
        curve = cv2.GaussianBlur(np.repeat(np.array(points, np.float32), 12, axis=0), (1, 31), 6)
        pen.line([(float(x), float(y)) for x, y in curve], fill=color, width=draw.randint(3, 5))
    else:
        hand = ImageFont.truetype(str(SHIPPED / f"{draw.choice(HANDS)}.ttf"), 52)
        pen.text((350, 170), "Ciente, de acordo.", fill=color, font=hand, anchor="mm")
        pen.text((350, 250), "Arquive-se 12/3", fill=color, font=hand, anchor="mm")


def is_read(page: Page, row: int, text: str) -> bool:
    """Return whether a line stands in what was read in its place."""
    top, bottom = TOP + PITCH * row - 14, TOP + PITCH * row + 50
    here = [line for line in page.lines if top < (line.box[1] + line.box[3]) / 2 < bottom]
    read = " ".join(line.text for line in sorted(here, key=lambda line: line.box[0]))
    return float(partial_ratio(text, read)) >= READ if len(read) >= 0.8 * len(text) else False


def main(pages: int) -> int:
    cv2.setNumThreads(1)
    backend = choose_backend("auto")
    recognizer = load_recognizer(choose_recognizer(DEFAULT_RECOGNIZER), backend)
    detector = load_detector(choose_detector(DEFAULT_DETECTOR).to_text(), backend)
    reader = PpocrPageReader(backend, recognizer, detector)
    counts: Counter[tuple[str, str]] = Counter()
    for number in range(pages):
        composed = compose(number)
        page = arrange(output := read_page(reader, *ink_layers(composed.pixels)), 1)
        flagged = bool(page.flags or output.doubts)
        name = f"{composed.mark}, {'color' if number % 2 else 'gray'}"
        for row, (text, touched) in enumerate(zip(composed.lines, composed.touched, strict=True)):
            read = is_read(page, row, text)
            kind = "touched" if touched else "free"
            counts[name, kind] += 1
            counts[name, f"{kind} read"] += read
            counts[name, f"{kind} known"] += read or flagged
    print("| mark | lines not touched | read | lines touched | read | read or flagged |\n|---|---|---|---|---|---|")
    names = sorted({name for name, _ in counts})
    for name in names:
        print(f"| {name} | {_row(counts, [name])} |")
    print(f"| all | {_row(counts, names)} |")
    found = _share(counts, names, "free read", "free")
    known = _share(counts, names, "touched known", "touched")
    return int(found < FOUND_BAR or known < TOUCHED_BAR)


def _share(counts: Counter[tuple[str, str]], names: list[str], part: str, whole: str) -> float:
    return sum(counts[name, part] for name in names) / max(1, sum(counts[name, whole] for name in names))


def _row(counts: Counter[tuple[str, str]], names: list[str]) -> str:
    free, touched = (sum(counts[name, kind] for name in names) for kind in ("free", "touched"))
    shares = [
        f"{_share(counts, names, part, part.split()[0]):.1%}" for part in ("free read", "touched read", "touched known")
    ]
    return f"{free} | {shares[0]} | {touched} | {shares[1]} | {shares[2]}"


if __name__ == "__main__":
    sys.exit(main(parse_positional(__doc__, pages=100).pages))
