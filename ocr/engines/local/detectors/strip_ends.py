"""Move the ends of strips to small ink beside them: the fast detector stops short of dashes and full stops.

It also takes the first letters of two or three lines for an upright line, where a wide space follows them (I -, II -).

Worker side only: this module imports numpy at the top.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ocr.engines.local.detectors.map_strips import MOST_SHARED, Strip
from ocr.engines.local.ink.show_through import percentiles
from ocr.engines.local.skew import Gray

# All but FLAT, UPRIGHT and the last three in heights of the strip, which is 1.3 times the type size.
ROWS = (0.15, 0.88)
"""The rows between which ink is sought: from the ascenders to the baseline, above an underline."""
BACK, REACH = 0.5, 2.4
"""How far inside and outside of its end a strip is looked at: an em dash and the wide space after it fit."""
GAP, DASH_GAP = 0.65, 1.3
"""White up to which ink belongs to the line, and a dash: in justified lines wide spaces stand beside it."""
DASH, FLAT = 0.35, 0.25
"""Length of a dash at least, and the share of the rows that it fills at most."""
LONGEST = 1.0
"""A longer run of ink is a rule."""
MARGIN = 0.15
"""Paper after the ink."""
SPECK = 0.07
"""Side of a square of ink that is no speck."""
UPRIGHT = 0.9
"""Share of the rows that a column of an upright rule fills."""
LEAST_CONTRAST = 30
"""Gray levels."""
HIGHEST = 2.5
"""A strip that is higher than long, and so many times higher than most, is a line that runs up or down the page."""
SMALL, INSIDE = 0.6, 0.6
"""A strip of less than this share of a line's height is a mark of the line where more than this share of it lies in."""

STACKED, NARROW = (1.4, 4.5), 1.3
"""Height of letters that stand one over the other, and their width at most, in usual strips."""
COVERED = 0.7
"""Share of their height that the lines beside them have."""


def reach_small_ink(strips: Sequence[Strip], gray: Gray) -> list[Strip]:
    """Return the strips of a region, (H, W), with level ones longer where dashes, stops or commas stand beside them.

    A strip of such a mark alone goes into that of its line.
    """
    strips = _unstacked(strips)
    level = [place for place, strip in enumerate(strips) if strip.along == (1.0, 0.0)]
    areas = np.array([strips[place].area() for place in level], np.float64).reshape(-1, 4)
    ends = areas.copy()
    height, length = areas[:, 3] - areas[:, 1], areas[:, 2] - areas[:, 0]
    upright = (height > length) & (height > HIGHEST * np.median(np.minimum(height, length))) if level else []
    for number, area in enumerate(areas):
        if upright[number]:
            continue
        ends[number, [0, 2]] = _ends(area, gray, *_free(area, areas, gray.shape[1]))
    inner = {place for place, number in zip(level, range(len(level)), strict=True) if _is_mark(areas[number], ends)}
    moved = {
        place: replace(strips[place], origin=(float(end[0]), strips[place].origin[1]), length=float(end[2] - end[0]))
        for place, end in zip(level, ends, strict=True)
    }
    return [moved.get(place, strip) for place, strip in enumerate(strips) if place not in inner]


def _unstacked(strips: Sequence[Strip]) -> list[Strip]:
    """Return the strips with letters that stand one over the other as the beginnings of the lines beside them."""
    areas = np.array([strip.area() if strip.along == (1.0, 0.0) else (0, 0, 0, 0) for strip in strips], np.float64)
    if not len(areas):
        return []
    length, height = areas[:, 2] - areas[:, 0], areas[:, 3] - areas[:, 1]
    usual = float(np.median(np.minimum(height, length)))
    stacks = (
        (height > STACKED[0] * usual) & (height < STACKED[1] * usual) & (length < NARROW * usual) & (height > length)
    )
    middle = (areas[:, 1] + areas[:, 3]) / 2
    gone, left = set(), areas[:, 0].copy()
    for number in np.flatnonzero(stacks).tolist():
        x0, top, x1, bottom = areas[number].tolist()
        beside = ~stacks & (length > 2 * usual) & (height < STACKED[0] * usual) & (middle > top) & (middle < bottom)
        beside &= (areas[:, 0] > x0) & (areas[:, 0] < x1 + usual)
        rows = areas[beside]
        if len(rows) >= 2 and min(bottom, rows[:, 3].max()) - max(top, rows[:, 1].min()) > COVERED * (bottom - top):
            left[beside] = np.minimum(left[beside], x0)
            gone.add(number)
    return [
        strip if left[number] == areas[number, 0] else _from(strip, float(left[number]))
        for number, strip in enumerate(strips)
        if number not in gone
    ]


def _from(strip: Strip, left: float) -> Strip:
    """Return a level strip that begins further left."""
    return replace(strip, origin=(left, strip.origin[1]), length=strip.origin[0] + strip.length - left)


def _is_mark(area: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Return whether a strip lies in a much higher one."""
    high = area[3] - area[1] < SMALL * (others[:, 3] - others[:, 1])
    wide = np.minimum(others[:, 2], area[2]) - np.maximum(others[:, 0], area[0])
    tall = np.minimum(others[:, 3], area[3]) - np.maximum(others[:, 1], area[1])
    shared = np.clip(wide, 0, None) * np.clip(tall, 0, None)
    return bool((high & (shared > INSIDE * (area[2] - area[0]) * (area[3] - area[1]))).any())


def _free(area: NDArray[np.float64], areas: NDArray[np.float64], width: int) -> tuple[float, float]:
    """Return how far left and right of a strip no other strip of its row begins; much lower ones do not count."""
    height, own = areas[:, 3] - areas[:, 1], area[3] - area[1]
    shared = np.minimum(areas[:, 3], area[3]) - np.maximum(areas[:, 1], area[1])
    row = (shared > MOST_SHARED / 2 * np.minimum(height, own)) & (height >= SMALL * own)
    before = areas[row & (areas[:, 0] < area[0]), 2]
    after = areas[row & (areas[:, 2] > area[2]), 0]
    return min(area[0], before.max(initial=0.0)), max(area[2], after.min(initial=float(width)))


def _ends(area: NDArray[np.float64], gray: Gray, first: float, last: float) -> tuple[float, float]:
    """Return the ends of a strip, moved out to ink that belongs to it but not beyond `first` and `last`."""
    left, top, right, bottom = area.tolist()
    height = bottom - top
    rows = gray[round(top + ROWS[0] * height) : round(top + ROWS[1] * height)]
    inside = rows[:, round(left) : round(right)]
    if not inside.size:
        return left, right
    dark, light = percentiles(inside, (3, 90))
    if light - dark < LEAST_CONTRAST:
        return left, right
    level = (dark + light) / 2
    back, reach = round(BACK * height), round(REACH * height)
    start, end = round(max(first, left - reach)), round(min(last, right + reach))
    before = rows[:, start : round(left) + back][:, ::-1] < level
    after = rows[:, max(0, round(right) - back) : end] < level
    out_left, out_right = (_beyond(ink, ink.shape[1], back, height) for ink in (before, after))
    return max(first, min(left, left - out_left)), min(last, max(right, right + out_right))


def _beyond(ink: NDArray[np.bool_], width: int, back: int, height: float) -> float:
    """Return by how many pixels a strip must grow that ends at column `back` of the ink; columns go outwards."""
    counts = ink.sum(axis=0)
    filled = counts > 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], filled, [False])).astype(np.int8)))
    end = -1
    for start, stop in pairwise(edges.tolist()):
        if not filled[start]:
            continue
        run = counts[start:stop]
        outside = stop > back
        is_dash = stop - start >= DASH * height and run.max() <= FLAT * len(ink)
        if outside and (
            (end >= 0 and start - end > (DASH_GAP if is_dash else GAP) * height)
            or stop - start > LONGEST * height
            or run.max() >= UPRIGHT * len(ink)
        ):
            break
        if run.sum() >= (SPECK * height) ** 2:
            end = stop
    return min(float(width - back), end - back + MARGIN * height) if end > back - MARGIN * height else 0.0
