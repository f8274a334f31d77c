"""Find the dots of lists: the detector misses a dot that stands alone before a wide space.

Worker side only: this module imports numpy and OpenCV at the top.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Area = tuple[int, int, int, int]
Lines = NDArray[np.float64]
"""Boxes (left, top, right, bottom) of lines of text, (N, 4)."""

CONTRAST = 60
"""Gray levels by which a dot is darker than the paper; most dirt is paler."""
LEAST, MOST = 0.1, 0.9
"""Least and greatest diameter in heights of the page's usual letter: a middle dot has 0.2, a bullet 0.5."""
LEAST_PIXELS = 2
ROUND, FULL = 1.5, 0.6
"""Greatest ratio of width and height, and the least share of its box that a dot fills: a disc fills 0.79."""
BULLET, MIDDLE_DOT = "•", "·"
LARGE = 0.36
"""Usual diameter of a list's dots, in letters, from which they are bullets."""
GAP = 9.5
"""Greatest distance of a dot from the start of its line, in letters: four widths of a capital."""
FREE = 1.0
"""Least space between a dot and what stands on its left, in letters."""
MIDDLE = 0.16
"""Share of a line's height by which a dot may stand off its middle; a period stands 0.25 lower."""
ALIGNED, ALIKE = 0.5, 1.6
"""Letters by which the dots of one list differ in place, and the greatest ratio of their sizes."""
LEAST_ITEMS = 2
MOST_DIRT = 2.0
"""Other specks of the size of a dot before lines, for each dot, from which on the page is dirty and has none."""


@dataclass(frozen=True, slots=True)
class ListDot:
    """A dot before an item of a list, and the place of its line among the lines that were given."""

    area: Area
    line: int
    sign: str = BULLET
    """The character that it stands for, the same in the whole list."""


def find_list_dots(gray: Gray, lines: Sequence[Sequence[float]], letter: float) -> list[ListDot]:
    """Return the dots of lists on a page (H, W), at least two below each other.

    `lines` are the boxes of its level lines; `letter` is the height of its usual letter in pixels.
    """
    if letter < 4 or len(lines) < LEAST_ITEMS:
        return []
    boxes = np.asarray(lines, np.float64)
    dark_below = int(np.percentile(gray[::4, ::4], 90)) - CONTRAST
    specks = [
        ListDot(area, line)
        for line, window in enumerate(_windows(boxes, letter, gray.shape[1]))
        for area in _specks(gray, window, dark_below, letter)
    ]
    found = [dot for dot in specks if _in_middle(dot, boxes[dot.line])]
    lists = [[other for other in found if _same_list(dot, other, letter)] for dot in found]
    listed = [
        replace(
            dot, sign=BULLET if float(np.median([_height(one) for one in others])) >= LARGE * letter else MIDDLE_DOT
        )
        for dot, others in zip(found, lists, strict=True)
        if len(others) >= LEAST_ITEMS
    ]
    return listed if len(specks) <= (1 + MOST_DIRT) * len(listed) else []


def _windows(boxes: Lines, letter: float, width: int) -> list[Area]:
    """Return for each line the paper before it, as far as a dot may stand: up to the text on its left."""
    left, top, right, bottom = boxes.T
    windows = []
    for place in range(len(boxes)):
        middle = (top[place] + bottom[place]) / 2
        before = (top < middle) & (middle < bottom) & (left < left[place])
        ends = float(right[before].max(initial=-FREE * letter)) + FREE * letter
        start = max(0.0, ends, left[place] - GAP * letter)
        end = min(float(width), left[place] + MOST * letter / 2)
        windows.append((int(start), max(0, int(top[place])), int(end), int(bottom[place])))
    return windows


def _specks(gray: Gray, window: Area, dark_below: int, letter: float) -> list[Area]:
    """Return the areas of the small full round components that lie in a window, and end in it."""
    x, y, end, bottom = window
    dark = gray[y:bottom, x:end] < dark_below
    if not dark.any():
        return []
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark.astype(np.uint8), connectivity=8)
    left, top, wide, tall, area = stats[1:].T
    small, large = np.minimum(wide, tall), np.maximum(wide, tall)
    keep = (small >= max(LEAST_PIXELS, LEAST * letter)) & (large <= MOST * letter)
    keep &= (large <= ROUND * small) & (area >= FULL * wide * tall)
    keep &= (top > 0) & (top + tall < dark.shape[0]) & (left + wide < dark.shape[1])
    return [(x + a, y + b, x + a + c, y + b + d) for a, b, c, d in stats[1:, :4][keep].tolist()]


def _in_middle(dot: ListDot, box: NDArray[np.float64]) -> bool:
    """Return whether a dot stands in the middle of its line: a period or a comma stands lower."""
    top, bottom = float(box[1]), float(box[3])
    return abs((dot.area[1] + dot.area[3]) / 2 - (top + bottom) / 2) <= MIDDLE * (bottom - top)


def _height(dot: ListDot) -> int:
    return dot.area[3] - dot.area[1]


def _same_list(dot: ListDot, other: ListDot, letter: float) -> bool:
    """Return whether two dots stand below each other and are of one size; a dot is in its own list."""
    sizes = sorted((_height(dot), _height(other)))
    apart = dot.line != other.line or dot is other
    return apart and abs(dot.area[0] - other.area[0]) <= ALIGNED * letter and sizes[1] <= ALIKE * sizes[0]
