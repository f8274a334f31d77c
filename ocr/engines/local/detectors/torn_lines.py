"""Make lines whole that an edge between tiles or regions of a page tears: upright ones in a margin, and leaning ones.

Such edges run between level lines, so they cross what is not level. Where a strip ends at an edge and its ink goes on
behind it, the detector sees a window around the strip that has no edge there.

Worker side only: this module imports numpy at the top.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ocr.engines.local.detectors.map_strips import Strip
from ocr.engines.local.ink.show_through import percentiles
from ocr.engines.local.skew import Gray

Area = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels of the page."""
Edge = tuple[int, int, int]
"""Left, right and row of a level edge between two parts of the page."""
See = Callable[[Area], list[Strip]]
"""Returns the strips of an area, in pixels of the page."""

UPRIGHT = 1.5
"""A strip this many times taller than wide may be upright."""
TOUCH = 3.0
"""Pixels from an edge within which a strip ends at it."""
GAP = 0.5
"""Most white at an edge, in widths of the strip: word spaces of upright lines have 0.3, columns of figures 0.55 and
more."""
AROUND = 40
"""Pixels of paper that a window shows on each side: the detector was trained on text with a margin."""
REACH = (64, 300)
"""Least and most pixels by which a window goes on behind an edge; in between, twice the length of the strip."""
ROUNDS, MOST_WINDOWS, LARGEST_WINDOW = 4, 12, 800_000
"""How often a window grows while a line goes on beyond it, windows of a page, and pixels of a window."""
INSIDE = 0.5
"""A strip of which this share lies in a whole line is a piece of it."""


def whole_lines(strips: Sequence[Strip], edges: Iterable[Edge], gray: Gray, see: See) -> dict[int, Strip | None]:
    """Return what takes the place of the torn strips of a page, (H, W): the whole line for the first piece of each.

    Keys are places in `strips`, which are in pixels of the page; None stands for the other pieces. `edges` are all
    level edges inside the page at which areas end that the detector saw.
    """
    rows = list(edges)
    slanted = [(place, strip) for place, strip in enumerate(strips) if _may_run_down(strip)]
    torn = {place for place, strip in slanted if any(_is_torn(strip, edge, gray) for edge in rows)}
    found: dict[int, Strip | None] = {}
    for _ in range(MOST_WINDOWS):
        waiting = sorted(torn - found.keys(), key=lambda place: -_extent(strips[place]))
        if not waiting:
            break
        first = waiting[0]
        for line in _seen_whole(strips[first], gray, see):
            pieces = [place for place, strip in enumerate(strips) if place not in found and _inside(strip, line)]
            if torn.intersection(pieces) and any(_crosses(line, edge) for edge in rows):
                found.update(dict.fromkeys(pieces))
                found[pieces[0]] = line
        torn.discard(first)
    return found


def _is_torn(strip: Strip, edge: Edge, gray: Gray) -> bool:
    """Return whether a strip that is not level ends at an edge, and its ink goes on behind it."""
    left, top, right, bottom = _box(strip)
    first, last, row = edge
    if min(abs(top - row), abs(bottom - row)) > TOUCH or right <= first or left >= last:
        return False
    return _white_at(row, strip, gray) <= (GAP * strip.length if strip.along == (1.0, 0.0) else 1)


def _white_at(row: int, strip: Strip, gray: Gray) -> float:
    """Return how many rows without ink there are around a row, in the columns of a strip."""
    left, top, right, bottom = (round(edge) for edge in _box(strip))
    inside = gray[max(0, top) : bottom, max(0, left) : right]
    if not inside.size:
        return float("inf")
    dark, light = percentiles(inside, (3, 90))
    reach = right - left
    start = max(0, row - reach)
    inked = np.asarray((gray[start : row + reach, max(0, left) : right] < (dark + light) / 2).any(axis=1))
    above, below = np.flatnonzero(inked[: row - start]), np.flatnonzero(inked[row - start :])
    if not (len(above) and len(below)):
        return float("inf")
    return float(row - start - 1 - above[-1] + below[0])


def _seen_whole(strip: Strip, gray: Gray, see: See) -> list[Strip]:
    """Return the strips of a window around a torn one that are not level; it grows while the line goes on beyond it."""
    left, top, right, bottom = _box(strip)
    reach = min(max(REACH[0], 2 * max(strip.length, strip.height)), REACH[1])
    across = AROUND if strip.along == (1.0, 0.0) else reach
    area, lines = _within((left - across, top - reach, right + across, bottom + reach), gray), list[Strip]()
    for _ in range(ROUNDS):
        if (area[2] - area[0]) * (area[3] - area[1]) > LARGEST_WINDOW:
            break
        lines = [line for line in see(area) if _may_run_down(line)]
        boxes = [_box(line) for line in lines if _inside(strip, line)]
        grown = _within(_grown(area, boxes), gray)
        if grown == area:
            break
        area = grown
    return lines


def _may_run_down(strip: Strip) -> bool:
    return strip.along != (1.0, 0.0) or strip.height >= UPRIGHT * strip.length


def _grown(area: Area, boxes: Sequence[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    """Return the area, larger by `REACH` and more on each side that one of the boxes touches."""
    left, top, right, bottom = area
    for box in boxes:
        more = max(REACH[1], box[2] - box[0], box[3] - box[1])
        left -= round(more) if box[0] - area[0] < TOUCH else 0
        top -= round(more) if box[1] - area[1] < TOUCH else 0
        right += round(more) if area[2] - box[2] < TOUCH else 0
        bottom += round(more) if area[3] - box[3] < TOUCH else 0
    return left, top, right, bottom


def _within(box: tuple[float, float, float, float], gray: Gray) -> Area:
    left, top, right, bottom = (round(edge) for edge in box)
    return max(0, left), max(0, top), min(gray.shape[1], right), min(gray.shape[0], bottom)


def _crosses(line: Strip, edge: Edge) -> bool:
    left, top, right, bottom = _box(line)
    return top < edge[2] - TOUCH and bottom > edge[2] + TOUCH and right > edge[0] and left < edge[1]


def _box(strip: Strip) -> tuple[float, float, float, float]:
    """Return the upright box around a strip."""
    corners = strip.corners()
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, top, right, bottom


def _extent(strip: Strip) -> float:
    return max(strip.length, strip.height)


def _inside(strip: Strip, line: Strip) -> bool:
    """Return whether most of a strip lies in a line."""
    steps = np.linspace(0.1, 0.9, 5)
    corner, along_end, _, down_end = strip.corners()
    points = corner + steps[:, None, None] * (along_end - corner) + steps[None, :, None] * (down_end - corner)
    offset = points - np.array(line.origin)
    along = np.array(line.along)
    far, deep = offset @ along, offset @ np.array((-along[1], along[0]))
    within = (far >= 0) & (far <= line.length) & (deep >= 0) & (deep <= line.height)
    return bool(within.mean() >= INSIDE)
