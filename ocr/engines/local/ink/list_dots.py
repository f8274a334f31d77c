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
GAP = 8.0
"""Greatest space between a dot and its line, in letters: the tab stops of a list are 1 cm apart."""
FREE = 1.0
"""Least space between a dot and what stands on its left, in letters."""
MIDDLE = 0.16
"""Share of a line's height by which a dot may stand off its middle; a period stands 0.25 lower."""
ALIGNED, ALIKE = 0.5, 1.6
"""Letters by which the dots of one list differ in place, and the greatest ratio of their sizes."""
LEAST_ITEMS = 2
MOST_DIRT = 2.0
"""Specks of the size of a dot outside all lines, for each dot, from which on the page is dirty and dots are none."""


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
    specks = _specks(gray, letter)
    specks = specks[~_inside_any(specks, boxes)]
    found = [dot for speck in specks.tolist() if (dot := _before_line(speck, boxes, letter)) is not None]
    lists = [[other for other in found if _same_list(dot, other, letter)] for dot in found]
    listed = [
        replace(
            dot, sign=BULLET if float(np.median([_height(one) for one in others])) >= LARGE * letter else MIDDLE_DOT
        )
        for dot, others in zip(found, lists, strict=True)
        if len(others) >= LEAST_ITEMS
    ]
    return listed if len(specks) <= (1 + MOST_DIRT) * len(listed) else []


def _specks(gray: Gray, letter: float) -> NDArray[np.int32]:
    """Return the boxes (left, top, right, bottom), (N, 4), of small full round components."""
    paper = int(np.percentile(gray[::4, ::4], 90))
    _, _, stats, _ = cv2.connectedComponentsWithStats((gray < paper - CONTRAST).astype(np.uint8), connectivity=8)
    left, top, wide, tall, area = stats[1:].T
    small, large = np.minimum(wide, tall), np.maximum(wide, tall)
    keep = (small >= max(LEAST_PIXELS, LEAST * letter)) & (large <= MOST * letter)
    keep &= (large <= ROUND * small) & (area >= FULL * wide * tall)
    return np.asarray(np.stack((left, top, left + wide, top + tall), axis=1)[keep], np.int32)


def _inside_any(specks: NDArray[np.int32], boxes: Lines) -> NDArray[np.bool_]:
    """Return which specks have their middle in a line."""
    across, down = (specks[:, :1] + specks[:, 2:3]) / 2, (specks[:, 1:2] + specks[:, 3:]) / 2
    left, top, right, bottom = boxes.T
    return np.asarray(((across > left) & (across < right) & (down > top) & (down < bottom)).any(axis=1), np.bool_)


def _before_line(speck: Sequence[int], boxes: Lines, letter: float) -> ListDot | None:
    """Return the speck as the dot of the line on its right, or None if it is not before the start of one."""
    left, top, right, bottom = speck
    middle = (top + bottom) / 2
    starts, tops, ends, bottoms = boxes.T
    row = (tops < middle) & (middle < bottoms)
    if (row & (starts < left) & (ends > left - FREE * letter)).any():
        return None
    beside = np.flatnonzero(row & (starts >= (left + right) / 2) & (starts <= right + GAP * letter))
    if not len(beside):
        return None
    line = int(beside[starts[beside].argmin()])
    height = bottoms[line] - tops[line]
    if abs(middle - (tops[line] + bottoms[line]) / 2) > MIDDLE * height:
        return None
    return ListDot((left, top, right, bottom), line)


def _height(dot: ListDot) -> int:
    return dot.area[3] - dot.area[1]


def _same_list(dot: ListDot, other: ListDot, letter: float) -> bool:
    """Return whether two dots stand below each other and are of one size; a dot is in its own list."""
    sizes = sorted((_height(dot), _height(other)))
    apart = dot.line != other.line or dot is other
    return apart and abs(dot.area[0] - other.area[0]) <= ALIGNED * letter and sizes[1] <= ALIKE * sizes[0]
