"""Turn the truth of a composed page into what the fast detector learns: the kernels of its lines.

A kernel is the rectangle around a line, shrunk on all sides, so that lines that touch stay apart (Liao et al. 2020).
`ocr.engines.local.detectors.map_strips` grows what the detector finds back by the same rule. Kernels end at the edges
of columns and cells: what is taught never joins two of them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from data.layouts.page_truth import LayoutPage, PageLine, PageWord
from data.synthesis.degradation import Placement
from ocr.core.document import Box, box_around
from ocr.engines.local.detectors.fast_detector import REDUCTION

Labels = NDArray[np.uint8]
Points = NDArray[np.float64]

PAPER, KERNEL, UNKNOWN, NEAR, END = 0, 1, 2, 3, 4
"""Labels of a pixel: no text; in a kernel, but for its ends; not taught; no kernel, and close to one; in an end."""
END_LENGTH = 0.7
"""Heights of a piece that the end of its kernel is long: a stop or a dash and the space before it."""
UNCLIP = 1.2
"""A kernel grows by its area over its perimeter, times this. The reader grows by a little less: maps are wide."""
MARGIN = 0.19
"""Ems of paper above, below and beside the ink of a line that the stock detector's strips hold."""
LEAST_HEIGHT = 0.7
"""Ems: a dash or a row of dots gets a strip of this height."""
JOINED, SPLIT = 1.2, 2.0
"""Ems between two words up to which they are one piece, and from which they are two; nothing is taught between."""
INITIAL = 1.6
"""A first word so many times higher than the others is a drop cap, a piece of its own."""
RING = 3.0
"""Ems: a level line that is higher runs along a circle, as in a seal. It is no rectangle, and is not taught."""
STEP = 48.0
"""Pixels between two points of an edge, so that it follows a warped page."""


@dataclass(frozen=True, slots=True)
class PiecePlace:
    """A part of a line without a wide space: a rectangle in a frame that is turned around its middle."""

    middle: tuple[float, float]
    length: float
    height: float
    """Along and across the line, paper included, in pixels."""
    degrees: float = 0.0
    """Direction of writing, clockwise."""
    taught: bool = True
    blank: bool = False
    """To fill in: ruling lines look the same, so the detector is not taught it."""
    line: int = -1
    """Order of its line on the page."""

    def shrunk(self) -> tuple[float, float]:
        """Return length and height of its kernel: what grows by its area over its perimeter to the whole piece."""
        unclip, sides = UNCLIP, self.length + self.height
        # unclip * (length - 2 g) * (height - 2 g) = 2 g * (length + height - 4 g), solved for g
        square, linear = 4 * unclip + 8, (2 * unclip + 2) * sides
        growth = (linear - math.sqrt(linear**2 - 4 * square * unclip * self.length * self.height)) / (2 * square)
        return self.length - 2 * growth, self.height - 2 * growth

    def outline(self, length: float, height: float) -> Points:
        """Return the corners and edge points, (n, 2), of a rectangle of this size around its middle."""
        count = max(2, round(length / STEP) + 1)
        along = np.linspace(-length / 2, length / 2, count)
        across = np.full(count, height / 2)
        ring = np.concatenate((np.c_[along, -across], np.c_[along, across][::-1]))
        turn = np.deg2rad(self.degrees)
        rotation = np.array(((np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))))
        placed: Points = ring @ rotation + np.array(self.middle)
        return placed


def pieces_of(page: LayoutPage) -> list[PiecePlace]:
    """Return the pieces of the lines of a page that is not degraded yet; what shows through the paper is no line."""
    seen_through = "show_through" in page.features
    lines = [line for line in page.lines if not (seen_through and line.field == "noise" and not line.direction)]
    return [replace(piece, line=line.order) for line in lines for piece in _pieces(line)]


def label_map(pieces: Sequence[PiecePlace], placement: Placement, size: tuple[int, int], factor: float) -> Labels:
    """Return the labels, (H, W), of a map of `size` (width, height).

    A page of the pieces' pixels was degraded by `placement`, then resized by `factor`, and the map reduces that again.
    """
    labels = np.zeros(size[::-1], np.uint8)
    scale = factor / REDUCTION

    def fill(outline: Points, label: int) -> None:
        # Half a pixel: the middle of the map's first pixel is at (0.5, 0.5) of the page.
        points = np.round((placement.places(outline) * scale - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(labels, [points], label, shift=4)

    taught = [piece for piece in pieces if piece.taught and not piece.blank]
    for piece in pieces:
        if not piece.taught or piece.blank:
            fill(piece.outline(piece.length, piece.height), UNKNOWN)
    for piece in taught:
        fill(piece.outline(piece.length, piece.height), NEAR)
    # What is filled holds the pixels that its edge only touches: half a pixel of the map on each side.
    edge = 1.0 / scale
    for piece in taught:
        length, height = (max(edge, side - edge) for side in piece.shrunk())
        fill(piece.outline(length, height), END)
        if length > 2 * END_LENGTH * piece.height:
            fill(piece.outline(length - 2 * END_LENGTH * piece.height, height), KERNEL)
    return labels


def is_kernel(labels: Labels) -> NDArray[np.bool_]:
    """Return which pixels are in the kernel of a line, its ends included."""
    kernel: NDArray[np.bool_] = (labels == KERNEL) | (labels == END)
    return kernel


def _pieces(line: PageLine) -> Iterator[PiecePlace]:
    if line.field == "noise" or _is_ring(line):
        yield _of_box(box_around(word.box for word in line.words), line.size, line.direction, taught=False)
        return
    if line.direction % 90:
        yield _leaning(line)
        return
    words = sorted(line.words, key=lambda word: _span(word.box, line.direction))
    initial = _initial(words)
    if initial:
        box = words.pop(0).box
        yield _of_box(box, (box[3] - box[1]) / 0.7, 0.0)
    em = line.size if not initial else max(word.box[3] - word.box[1] for word in words) / 0.9
    for group, gap in _groups(words, em, line.direction):
        piece = _of_box(box_around(word.box for word in group), em, line.direction)
        yield replace(piece, blank=_is_blank(group[0]))
        if gap:
            yield _of_box(gap, em, line.direction, taught=False)


def _groups(words: Sequence[PageWord], em: float, direction: float) -> Iterator[tuple[list[PageWord], Box | None]]:
    """Yield words without a wide space between them, and the gap to the next ones where it is not taught."""
    group = [words[0]]
    for before, word in pairwise(words):
        start, end = _span(before.box, direction)[1], _span(word.box, direction)[0]
        if end - start <= JOINED * em and not (_is_blank(before) or _is_blank(word)):
            group.append(word)
            continue
        yield group, _between(before.box, word.box, direction) if 0 < end - start < SPLIT * em else None
        group = [word]
    yield group, None


def _is_ring(line: PageLine) -> bool:
    return not line.direction and line.box[3] - line.box[1] > RING * line.size


def _is_blank(word: PageWord) -> bool:
    """Return whether a word is a blank to fill in, which is a piece of its own."""
    return len(word.text) > 3 and not word.text.strip("_")


def _initial(words: Sequence[PageWord]) -> bool:
    if len(words) < 2 or not words[1].glued:
        return False
    usual = median(word.box[3] - word.box[1] for word in words[1:])
    return words[0].box[3] - words[0].box[1] > INITIAL * usual


def _span(box: Box, direction: float) -> tuple[float, float]:
    """Return where a word starts and ends along an upright or level line, from left to right or top to bottom."""
    return (box[1], box[3]) if direction % 180 else (box[0], box[2])


def _between(before: Box, after: Box, direction: float) -> Box:
    whole = box_around((before, after))
    if direction % 180:
        return (whole[0], before[3], whole[2], after[1])
    return (before[2], whole[1], after[0], whole[3])


def _of_box(box: Box, em: float, direction: float, *, taught: bool = True) -> PiecePlace:
    wide, tall = box[2] - box[0], box[3] - box[1]
    length, height = (tall, wide) if direction % 180 else (wide, tall)
    height = max(LEAST_HEIGHT * em, height + 2 * MARGIN * em)
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    return PiecePlace(middle, length + 2 * MARGIN * em, height, 90.0 if direction % 180 else 0.0, taught)


def _leaning(line: PageLine) -> PiecePlace:
    """Return the place of a line that is neither level nor upright, from the middles of its words."""
    turn = np.deg2rad(line.direction)
    along = np.array((np.cos(turn), np.sin(turn)))
    height = 0.75 * line.size
    middles = np.array([((w.box[0] + w.box[2]) / 2, (w.box[1] + w.box[3]) / 2) for w in line.words])
    sides = np.array([(w.box[2] - w.box[0], w.box[3] - w.box[1]) for w in line.words])
    # A box of length a and height h that is turned is a |cos| + h |sin| wide and a |sin| + h |cos| tall.
    share = np.abs(along)
    lengths = np.maximum((sides - height * share[::-1]) @ share, 0.3 * line.size)
    places = middles @ along
    start, end = (places - lengths / 2).min(), (places + lengths / 2).max()
    middle = middles.mean(axis=0) + along * ((start + end) / 2 - places.mean())
    margin = 2 * MARGIN * line.size
    center = (float(middle[0]), float(middle[1]))
    return PiecePlace(center, float(end - start) + margin, height + margin, line.direction)
