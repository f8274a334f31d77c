"""Find print that is too large for the fast detector: the head of a newspaper, a large initial.

The network sees letters of up to about three times the usual height. Larger ones fall into pieces. Where a page has
them it is seen once more, at a fourth of the size, and lines of large letters come from that map.

Worker side only: this module imports numpy and OpenCV at the top.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.engines.local.detectors.map_strips import Strip
from ocr.engines.local.ink.drawn_marks import Area, find_marks
from ocr.engines.local.ink.show_through import percentiles
from ocr.engines.local.skew import Gray

COARSER = 4
"""How many times smaller a page with large print is seen the second time."""
LARGE, LARGE_STRIP = 2.5, 4.2
"""Heights of the usual letter from which a letter is large, and a strip of large letters: strips have 1.7 to 2.5."""
HIGHEST, WIDEST, TALLEST = 0.3, 3.0, 8.0
"""Share of the page's height that a letter has at most, and how many times wider than tall, and taller than wide, it
is at most."""
DARK = 0.35
"""Share of black from which a pixel is ink."""
NEAR = 2.0
"""Usual letters between a large initial and the lines beside it at most."""
BESIDE, MARGIN = 0.7, 0.12
"""How much of the height of a large initial the lines beside it have, and the paper around it."""
PAPER = 0.06
"""Paper added above and below a line of large letters, in its heights."""
FILLED = 0.4
"""Share of the height of a line that its letters have at least."""
INSIDE = 0.5
"""A strip of which more than this share of its area lies in a large line is a piece of it."""
LEAST_CONTRAST = 30
"""Gray levels."""


def has_large_print(ink: NDArray[np.float32], letter: float) -> bool:
    """Return whether a page, (H, W) from 0 for white to 1 for black, may have letters much taller than `letter`."""
    height, width = ink.shape
    left, top, wide, tall = _boxes((ink > DARK).astype(np.uint8))
    inside = (left > 0) & (top > 0) & (left + wide < width) & (top + tall < height)  # Edges are the scanner's.
    large = inside & (tall >= LARGE * letter) & (tall < HIGHEST * max(height, width))
    return bool(np.any(large & (wide <= WIDEST * tall) & (tall <= TALLEST * wide)))


def with_large_print(strips: Sequence[Strip], coarse: Sequence[Strip], gray: Gray, letter: float) -> list[Strip]:
    """Return the strips of a part of a page, (H, W), with lines of large letters and large initials, not their pieces.

    `coarse` are the strips that the smaller page shows; of these only level lines of large letters count. The usual
    letter of the page is `letter` pixels high.
    """
    initials = [(_around(area), area) for area in find_marks(gray, letter).initials if _beside(area, strips, letter)]
    lines = [_higher(line) for line in coarse if line.along == (1.0, 0.0) and _is_large(line, gray, letter)]
    found: list[Strip] = []
    for strip in sorted((*(strip for strip, _ in initials), *lines), key=lambda strip: -strip.length * strip.height):
        if not any(_is_piece(strip, larger) for larger in found):
            found.append(strip)
    kept = list(strips)
    for strip, area in initials:
        if strip in found:
            beside = _beside(area, kept, letter)
            kept = [_after(line, area) if place in beside else line for place, line in enumerate(kept)]
    kept = [strip for strip in kept if not any(_is_piece(strip, line) for line in found)]
    return sorted([*kept, *found], key=lambda strip: (strip.origin[1], strip.origin[0]))


def _around(initial: Area) -> Strip:
    """Return the strip of a large initial, with paper on all sides but that of the text."""
    margin = MARGIN * (initial[3] - initial[1])
    left, top = max(0.0, initial[0] - margin), max(0.0, initial[1] - margin)
    return Strip((left, top), (1.0, 0.0), initial[2] - left, initial[3] + margin - top)


def _beside(initial: Area, strips: Sequence[Strip], letter: float) -> frozenset[int]:
    """Return which strips are the lines beside a large initial: two or more, and none begins before it."""
    left, top, right, bottom = initial
    level = np.array([strip.along == (1.0, 0.0) for strip in strips], bool)
    areas = np.array([strip.area() for strip in strips], np.float64).reshape(-1, 4)
    middles = (areas[:, 1] + areas[:, 3]) / 2
    rows = level & (middles > top) & (middles < bottom)
    lines = rows & (areas[:, 0] > left) & (areas[:, 0] < right + NEAR * letter) & (areas[:, 2] > right + NEAR * letter)
    across = rows & (areas[:, 0] < left - NEAR * letter) & (areas[:, 2] > left)
    held = areas[lines]
    if len(held) < 2 or across.any() or held[:, 3].max() - held[:, 1].min() < BESIDE * (bottom - top):
        return frozenset()
    return frozenset(np.flatnonzero(lines).tolist())


def _after(line: Strip, initial: Area) -> Strip:
    """Return a level strip without the part that lies in the initial."""
    start = max(line.origin[0], initial[2] + 1.0)
    return replace(line, origin=(start, line.origin[1]), length=line.origin[0] + line.length - start)


def _is_large(strip: Strip, gray: Gray, letter: float) -> bool:
    """Return whether a strip holds letters that fill it: lines of usual letters, taken for one, do not."""
    if strip.height < LARGE_STRIP * letter:
        return False
    crop = strip.crop(gray)
    dark, light = percentiles(crop, (3, 90))
    if light - dark < LEAST_CONTRAST:
        return False
    _, _, wide, tall = _boxes((crop < (dark + light) / 2).astype(np.uint8))
    letters = (tall >= FILLED * strip.height) & (wide <= WIDEST * tall)
    return bool(wide[letters].sum() > FILLED * strip.length)


def _higher(line: Strip) -> Strip:
    """Return a level strip with more paper above and below: the small page shows its sides less exactly."""
    more = PAPER * line.height
    top = max(0.0, line.origin[1] - more)
    return replace(line, origin=(line.origin[0], top), height=line.origin[1] + line.height + more - top)


def _is_piece(strip: Strip, line: Strip) -> bool:
    corners = strip.corners()
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    x0, y0, x1, y1 = line.area()
    shared = max(0.0, min(right, x1) - max(left, x0)) * max(0.0, min(bottom, y1) - max(top, y0))
    return bool(shared > INSIDE * (right - left) * (bottom - top))


def _boxes(ink: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return left, top, width and height, (4, n), of the connected pieces of ink."""
    stats: NDArray[np.int32] = cv2.connectedComponentsWithStats(ink, connectivity=8)[2][1:, :4]
    return stats.T
