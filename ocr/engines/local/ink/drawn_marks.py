"""Find what is drawn around or beside letters: check boxes, rows of boxes for one letter each, and large initials.

The text detector misses these, because they are no text to it, or tears the words in them.

Worker side only: this module imports numpy and OpenCV at the top.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Area = tuple[int, int, int, int]
"""Left, top, right, bottom."""

CONTRAST = 40
"""Gray levels by which ink is darker than the paper."""
BOX_SIDE = (1.2, 3.2)
"""Least and greatest side of a check box in heights of the page's usual letter: capitals have 1.5."""
HALVED_FROM = 12.0
"""Pixels of the usual letter from which marks are sought at half size."""
AROUND = 0.2
"""Sides of a box by which the paper around it is free of ink."""
SQUARE = 1.3
"""Greatest ratio of the sides of a check box."""
EDGE = 0.85
"""Share of each side of a check box that is inked; O, D and 0 have less, at their corners."""
INSIDE = 0.25
"""Share of a box that counts as its frame on each side when its inside is looked at."""
CROSSED = 0.06
"""Share of the inside that is inked from which on a box is crossed or ticked; specks have less."""
FILLED = 0.92
"""A box with more ink inside is a bullet or a stain."""
COMB_HEIGHT, CELL = (1.5, 6.0), (0.5, 1.7)
"""Least and greatest height of a row of boxes in heights of the usual letter, and width of a box in its heights."""
LEAST_CELLS, REGULAR = 3, 1.35
"""Boxes of a row, and the greatest ratio of their widths."""
INITIAL, TALLEST = 2.6, 12.0
"""Least and greatest height of a large initial in heights of the page's usual letter: two lines of print are 4 to 5."""


@dataclass(frozen=True, slots=True)
class CheckBox:
    """A drawn square."""

    area: Area
    crossed: bool


@dataclass(frozen=True, slots=True)
class Comb:
    """A row of boxes in which one letter each is written."""

    area: Area
    bars: tuple[float, ...]
    """Columns of the bars between the boxes, with the first and the last."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is drawn in a region."""

    boxes: tuple[CheckBox, ...] = ()
    combs: tuple[Comb, ...] = ()
    initials: tuple[Area, ...] = ()
    """Areas that may be large initials."""


def find_marks(gray: Gray, letter: float) -> Marks:
    """Return what is drawn in an image (H, W).

    `letter` is the height of the page's usual letter in pixels.
    """
    if letter < 4:
        return Marks()
    scale = 2 if letter >= HALVED_FROM else 1
    small = gray
    if scale > 1:
        size = (max(1, gray.shape[1] // scale), max(1, gray.shape[0] // scale))
        small = np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
    dark = (small < int(np.percentile(small[::4, ::4], 90)) - CONTRAST).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    stats[0, cv2.CC_STAT_HEIGHT] = 0
    _, _, wide, tall, _ = stats.T
    unit = letter / scale
    square = np.maximum(wide, tall) <= SQUARE * np.minimum(wide, tall)
    square &= (tall >= BOX_SIDE[0] * unit) & (tall <= BOX_SIDE[1] * unit)
    found = [_check_box(dark, labels, number, _area(stats[number])) for number in np.flatnonzero(square).tolist()]
    large = (tall >= INITIAL * unit) & (tall <= TALLEST * unit) & (wide >= 0.2 * tall) & (wide <= 1.6 * tall)
    boxes = _without_combs([box for box in found if box])
    initials = [_scaled(_area(stats[number]), scale) for number in np.flatnonzero(large).tolist()]
    rows = (tall >= COMB_HEIGHT[0] * unit) & (tall <= COMB_HEIGHT[1] * unit) & (wide > LEAST_CELLS * CELL[0] * tall)
    combs = [_comb(labels, number, _area(stats[number])) for number in np.flatnonzero(rows).tolist()]
    return Marks(
        tuple(CheckBox(_scaled(box.area, scale), box.crossed) for box in boxes),
        tuple(Comb(_scaled(comb.area, scale), tuple(scale * bar for bar in comb.bars)) for comb in combs if comb),
        tuple(initials),
    )


def _comb(labels: NDArray[np.int32], number: int, area: Area) -> Comb | None:
    """Return the row of equal boxes that component `number` is, or None."""
    left, top, right, bottom = area
    frame = labels[top:bottom, left:right] == number
    thick = max(2, round(0.1 * len(frame)))
    if min(frame[:thick].any(axis=0).mean(), frame[-thick:].any(axis=0).mean()) < 0.95:
        return None
    full = np.flatnonzero(frame.mean(axis=0) > EDGE)
    bars = [float(part.mean()) for part in np.split(full, np.flatnonzero(np.diff(full) > 2) + 1) if len(part)]
    cells = np.diff(bars)
    if len(cells) < LEAST_CELLS or cells.max() > REGULAR * cells.min():
        return None
    if not CELL[0] * len(frame) <= float(np.median(cells)) <= CELL[1] * len(frame):
        return None
    return Comb(area, tuple(left + bar for bar in bars))


def _area(stats: NDArray[np.int32]) -> Area:
    left, top, width, height = (int(value) for value in stats[:4])
    return left, top, left + width, top + height


def _scaled(area: Area, scale: int) -> Area:
    left, top, right, bottom = area
    return left * scale, top * scale, right * scale, bottom * scale


def _check_box(dark: NDArray[np.uint8], labels: NDArray[np.int32], number: int, area: Area) -> CheckBox | None:
    """Return the box whose frame is component `number`, or None if that is no frame."""
    left, top, right, bottom = area
    frame = labels[top:bottom, left:right] == number
    thick = max(2, round(0.18 * len(frame)))
    sides = (
        frame[:thick].any(axis=0),
        frame[-thick:].any(axis=0),
        frame[:, :thick].any(axis=1),
        frame[:, -thick:].any(axis=1),
    )
    corners = (frame[:thick, :thick], frame[:thick, -thick:], frame[-thick:, :thick], frame[-thick:, -thick:])
    if min(float(side.mean()) for side in sides) < EDGE or not all(_is_sharp(corner) for corner in corners):
        return None
    reach = max(1, round(AROUND * len(frame)))
    beside = (dark[top:bottom, max(0, left - reach) : left], dark[top:bottom, right : right + reach])
    if any(part.any() for part in beside):
        return None
    rows, columns = (round(INSIDE * size) for size in frame.shape)
    inside = float(dark[top + rows : bottom - rows, left + columns : right - columns].mean())
    return CheckBox(area, inside > CROSSED) if inside < FILLED else None


def _is_sharp(corner: NDArray[np.bool_]) -> bool:
    """Return whether the ink of a corner reaches both of its edges: that of a round letter is cut off."""
    return float(corner.mean()) > 0.4


def _without_combs(boxes: Sequence[CheckBox]) -> list[CheckBox]:
    """Leave out boxes that stand next to another one: one letter is written in each of them."""

    def close(one: CheckBox, other: CheckBox) -> bool:
        gap = max(one.area[0], other.area[0]) - min(one.area[2], other.area[2])
        side = one.area[3] - one.area[1]
        return one is not other and gap < 0.6 * side and abs(one.area[1] - other.area[1]) < 0.3 * side

    return [box for box in boxes if not any(close(box, other) for other in boxes)]
