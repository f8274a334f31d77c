"""Change pages that the detector learns from: lone words, words on a white sheet, lines that run up a margin.

Pages that judge a detector are not changed so.
"""

import random
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from data.layouts.page_truth import LayoutPage, PageLine, PageWord
from data.synthesis.effects import Pixels
from ocr.core.document import Box

ALONE, THINNED, UPRIGHT = 0.05, 0.12, 0.22
"""Shares of pages that keep a few words, that keep a few words of many lines, and that get lines in a margin."""
CUT = 0.5
"""Share of the lines of a thinned page that lose words."""
MOST_ALONE, MOST_KEPT, SHORT = 3, 2, 4
"""Lines of a page of few words, words that a line keeps, and letters of a short word."""
LINES = (1, 1, 2, 3)
"""How many lines run up a margin."""
GAP, PITCH, SMALLER = (0.2, 1.6), (1.12, 1.5), (0.55, 1.0)
"""Ems between the text and the first of them and from one to the next, and their size as a share of the text's."""
LEAST_LENGTH = 6.0
"""Ems of a line that is worth turning."""


def changed_to_teach(page: LayoutPage, pixels: Pixels, chance: random.Random) -> tuple[LayoutPage, Pixels]:
    """Return a page and its drawing, (height, width) gray or (height, width, 3) RGB, changed by `chance`."""
    drawn = chance.random()
    if drawn < ALONE + THINNED:
        kept = page.lines
        if drawn < ALONE:
            kept = tuple(chance.sample(kept, min(len(kept), chance.randint(1, MOST_ALONE))))
        places = {line.order for line in kept if drawn < ALONE or chance.random() < CUT}
        shown = [_thinned(line, chance) if line.order in places else line for line in kept]
        page, pixels = _with_words(page, pixels, shown, alone=drawn < ALONE)
    if chance.random() < UPRIGHT:
        page, pixels = _with_upright_lines(page, pixels.copy(), chance)
    return page, pixels


def _thinned(line: PageLine, chance: random.Random) -> PageLine:
    """Return a line with one or two words that stand beside each other; half of the time with a short one."""
    starts = [n for n, word in enumerate(line.words) if not word.glued]
    ends = [*starts[1:], len(line.words)]
    spans = list(zip(starts, ends, strict=True))
    if line.direction or line.field == "noise" or not spans:
        return line
    short = [n for n, (a, b) in enumerate(spans) if sum(len(word.text) for word in line.words[a:b]) < SHORT]
    first = chance.choice(short) if short and chance.random() < 0.5 else chance.randrange(len(spans))
    last = min(len(spans), first + chance.randint(1, MOST_KEPT)) - 1
    return replace(line, words=line.words[spans[first][0] : spans[last][1]])


def _with_words(
    page: LayoutPage, pixels: Pixels, lines: Sequence[PageLine], *, alone: bool
) -> tuple[LayoutPage, Pixels]:
    """Return the page with the words of `lines` and no others; where they are `alone`, with nothing else at all."""
    sheet = np.full_like(pixels, 255) if alone else pixels.copy()
    if not alone:
        for word in (word for line in page.lines for word in line.words):
            sheet[_inside(word.box, pixels, 1.0)] = 255
    for word in (word for line in lines for word in line.words):
        sheet[_inside(word.box, pixels, 1.0)] = pixels[_inside(word.box, pixels, 1.0)]
    return replace(page, lines=tuple(sorted(lines, key=lambda line: line.order))), sheet


def _with_upright_lines(page: LayoutPage, pixels: Pixels, chance: random.Random) -> tuple[LayoutPage, Pixels]:
    """Turn copies of lines by a quarter and print them beside the text; where there is no room nothing happens."""
    level = [line for line in page.lines if not line.direction and line.field != "noise"]
    long = [line for line in level if line.box[2] - line.box[0] > LEAST_LENGTH * line.size]
    if not long:
        return page, pixels
    right, clockwise = chance.random() < 0.8, chance.random() < 0.35
    size = sorted(line.size for line in level)[len(level) // 2]
    beside = [line.box for line in level]
    edge = max(box[2] for box in beside) if right else min(box[0] for box in beside)
    edge += (1 if right else -1) * chance.uniform(*GAP) * size
    share = chance.uniform(*SMALLER)
    pitch = chance.uniform(*PITCH)
    middle = chance.uniform(0.3, 0.7) * page.height
    added: list[PageLine] = []
    for number in range(chance.choice(LINES)):
        source = chance.choice(long)
        factor = share * size / source.size
        print_, words = _turned(source, pixels, factor, clockwise=clockwise)
        tall, wide = print_.shape[:2]
        left = round(edge if right else edge - wide)
        top = round(min(max(2.0, middle - tall / 2), page.height - tall - 2))
        area = (left, top, left + wide, top + tall)
        if left < 1 or area[2] > page.width - 1 or top < 1 or any(_meets(line.box, area) for line in page.lines):
            break
        inside = pixels[top : top + tall, left : left + wide]
        np.minimum(inside, print_, out=inside)
        moved = tuple(replace(word, box=_moved(word.box, left, top)) for word in words)
        turned = PageLine(
            moved, "margin", "stamp", -1 - number, len(page.lines) + number, source.size * factor,
            90.0 if clockwise else 270.0,
        )  # fmt: skip
        added.append(turned)
        edge += (1 if right else -1) * pitch * share * size
    return replace(page, lines=(*page.lines, *added)), pixels


def _turned(line: PageLine, pixels: Pixels, factor: float, *, clockwise: bool) -> tuple[Pixels, list[PageWord]]:
    """Return a line's print at `factor` of its size, turned by a quarter, and its words at the pixels of that."""
    rows, columns = _inside(line.box, pixels, 1.0)
    print_ = pixels[rows, columns]
    tall, wide = (max(2, round(side * factor)) for side in print_.shape[:2])
    small = np.asarray(cv2.resize(print_, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8)
    words = []
    for word in line.words:
        left, top, right, bottom = word.box
        left, right = ((x - columns.start) * factor for x in (left, right))
        top, bottom = ((y - rows.start) * factor for y in (top, bottom))
        box = (tall - bottom, left, tall - top, right) if clockwise else (top, wide - right, bottom, wide - left)
        words.append(replace(word, box=box))
    return np.rot90(small, -1 if clockwise else 1), words


def _moved(box: Box, right: float, down: float) -> Box:
    return (box[0] + right, box[1] + down, box[2] + right, box[3] + down)


def _inside(box: Box, pixels: Pixels, pad: float) -> tuple[slice, slice]:
    """Return the rows and columns of a box and `pad` pixels around it."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = box
    rows = slice(max(0, round(top - pad)), min(height, round(bottom + pad) + 1))
    return rows, slice(max(0, round(left - pad)), min(width, round(right + pad) + 1))


def _meets(box: Box, area: Box) -> bool:
    return box[0] < area[2] and box[2] > area[0] and box[1] < area[3] and box[3] > area[1]
