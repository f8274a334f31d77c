"""Find gutters between columns: no text goes on over them, whatever the network says.

A gutter is a vertical ruling line, or a white strip with wide lines at both sides of it. Labels and cells of tables
stand side by side for other reasons. A line that a detector joined over a gutter is known by what stands above and
below: lines start where its word starts, others end before it, and hardly one crosses that place without a gap.

Between columns of justified text, full lines end and start at the edges of the strip. Such a strip is the gutter of
all lines along it, whatever they are taken for: entries of an index look like labels with their values.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Line
from ocr.layout.reading_order import is_vertical

Floats = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
Places = NDArray[np.signedinteger[Any]]

WIDE = 6.0
"""Line heights of a line that may stand in a column of running text."""
REACH = 3.0
"""Line heights above and below in which the white strip must go on, with wide lines at both sides."""
NARROWEST = 0.4
"""Line heights of the narrowest gutter."""
NEAR, EDGE = 9.0, 0.45
"""Line heights in which lines above and below tell of a gutter, and between edges that stand at one place."""
LEAST_STARTS, LEAST_ENDS = 3, 2
"""Lines that start and that end at a gutter, at least."""
MOST_CROSSING = 0.34
"""Lines that cross the place of a gutter, as a share of those that start at it, at most."""
LEVEL = 0.5
"""Line heights between the middles of lines at one height, at most."""
FEW = 3
LEAST_GAP, UNUSUAL = 0.38, 1.08
"""Line heights of a gap between words that may be a gutter, and how many times the usual gap of its line it is."""
FULL_LINES, FLUSH, OVERLAP, WIDEST, TALLEST = 4, 0.35, -0.5, 8.0, 2.5
"""Full lines at each side of a gutter between columns of justified text, at least; line heights between their edges;
the least and the greatest width of the gutter, and the greatest height of a line of text. Boxes are larger than their
print, so those at both sides of a narrow gutter overlap."""
NARROW_LINES = 6
"""The same for a gutter as narrow as a space: in monospaced type gaps between words stand over each other by chance."""
FLUSH_GAP, FLUSH_LINES, CLOSE = 0.3, 8, 5.0
"""Line heights of a gutter no wider than the gaps between words, at least, lines of the page that end and that start at
it, at least, and line heights in which lines above or below tell of it."""
LEAST_INSIDE = 2
"""Full lines at each side of a gutter that show that what it divides is no table, at least."""
TOGETHER, STEPS, BELOW = 1.2, 8, 1.5
"""Line heights between pieces of one line of text, at most; pieces that it is followed over; and line heights between
the middles of lines that go on below each other, at most."""


@dataclass(frozen=True, slots=True)
class ColumnGutter:
    """A white strip between two columns of justified text."""

    left: float
    right: float
    top: float
    bottom: float
    columns: tuple[float, float]
    """Left edge of the column at its left, and right edge of that at its right."""
    full: tuple[tuple[float, ...], tuple[float, ...]]
    """Middles of the full lines that end at its left edge, and of those that start at its right edge."""


class Gutters:
    """The gutters of a page, known by what stands around them; all lengths in line heights."""

    def __init__(
        self,
        boxes: Sequence[Sequence[float]],
        rulings: Sequence[Sequence[float]],
        columns: Sequence[ColumnGutter] = (),
    ) -> None:
        array = np.array(boxes, np.float32).reshape(-1, 4)
        middle = (array[:, 1] + array[:, 3]) / 2
        order = np.argsort(middle, kind="stable")
        self._boxes, self._middles = array[order], middle[order]
        self._columns = columns
        self._down = [((x0 + x1) / 2, y0, y1) for x0, y0, x1, y1 in rulings if y1 - y0 > 2 * (x1 - x0)]

    def part(self, one: Sequence[float], other: Sequence[float], *, anywhere: bool = False) -> bool:
        """Return whether a gutter lies between two boxes at one height: midway, or `anywhere` between them."""
        before, after = (one, other) if one[0] <= other[0] else (other, one)
        start, end = before[2], after[0]
        top, bottom = max(one[1], other[1]), min(one[3], other[3])
        if top >= bottom:
            return False
        if any(start - 0.5 < x < end + 0.5 and y0 < top and y1 > bottom for x, y0, y1 in self._down):
            return True
        if self._are_columns(start, end, (top + bottom) / 2):
            return True
        if end - start < NARROWEST:
            return False
        middle = (start + end) / 2
        strip = (start, end) if anywhere else (middle, middle)
        return self._is_white(strip, (before, after), (top + bottom) / 2)

    def _are_columns(self, start: float, end: float, y: float) -> bool:
        """Return whether a gutter between columns of justified text lies between two places at a height."""
        return any(
            start <= one.left + EDGE and end >= one.right - EDGE and one.top < y < one.bottom for one in self._columns
        )

    def is_beside_column(self, box: Sequence[float]) -> bool:
        """Return whether a line stands in a column of justified text beside another one."""
        y = (box[1] + box[3]) / 2
        return any(
            one.columns[0] - EDGE <= box[0] and box[2] <= one.columns[1] + EDGE and one.top < y < one.bottom
            for one in self._columns
        )

    def divide(self, box: Sequence[float]) -> bool:
        """Return whether what looks like a table is two columns with full lines of text at both sides of a gutter."""
        left, top, right, bottom = box
        return any(
            left < one.left - EDGE
            and right > one.right + EDGE
            and all(sum(top < middle < bottom for middle in side) >= LEAST_INSIDE for side in one.full)
            for one in self._columns
        )

    def _is_white(self, strip: tuple[float, float], sides: tuple[Sequence[float], Sequence[float]], y: float) -> bool:
        """Return whether a white strip between two places goes on above and below, with wide lines at both sides.

        They stand over or under the boxes at the `sides`: beside numbers before paragraphs is no column of text.
        """
        (start, end), (before, after) = strip, sides
        near = self._boxes[slice(*np.searchsorted(self._middles, (y - REACH, y + REACH)).tolist())]
        near = near[np.abs((near[:, 1] + near[:, 3]) / 2 - y) > 0.5]
        near = near[np.argsort(near[:, 0], kind="stable")]
        left, right = near[:, 0], near[:, 2]
        wide = right - left > WIDE
        mine, theirs = (wide & (left < box[2]) & (right > box[0]) for box in (before, after))
        reached = np.maximum.accumulate(np.append(np.float32(start), right))
        ends = np.minimum(np.append(left, np.float32(end)), end)
        least = NARROWEST if end > start else 0.0
        for place in np.flatnonzero(ends - reached >= least).tolist():
            if bool((mine & (right <= ends[place])).any()) and bool((theirs & (left >= reached[place])).any()):
                return True
        return False


def column_gutters(boxes: Floats, beside: tuple[Places, Places], is_running: Flags) -> list[ColumnGutter]:
    """Return the gutters between columns of justified text.

    `boxes` are those of pieces, `beside` the places of the nearest piece at the left and at the right of each, and
    `is_running` tells which may be running text. A strip is searched once between the lines that cross it, so the time
    grows little faster than the number of pieces.
    """
    left, right = beside
    running = is_running & (boxes[:, 3] - boxes[:, 1] < TALLEST)
    starts, ends = _reach(boxes, left, side=0), _reach(boxes, right, side=2)
    full_left, full_right = running & (boxes[:, 2] - starts > WIDE), running & (ends - boxes[:, 0] > WIDE)
    gaps = boxes[right, 0] - boxes[:, 2]
    fits = full_left & full_right[right] & (gaps >= OVERLAP) & (gaps <= WIDEST)
    fits &= _count_near(boxes[full_left, 2], boxes[:, 2]) >= FULL_LINES
    fits &= _count_near(boxes[full_right, 0], boxes[right, 0]) >= FULL_LINES
    found: list[ColumnGutter] = []
    seen: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    for place in np.flatnonzero(fits).tolist():
        x0, x1, y = float(boxes[place, 2]), float(boxes[right[place], 0]), float(middles[place])
        stretches = seen[round(x0 / EDGE), round(x1 / EDGE)]
        if any(low < y < high for low, high in stretches):
            continue
        reach = min((x1 - x0) / 4, x1 - x0 - LEVEL)
        crossing = (boxes[:, 0] < (x0 + x1) / 2 + reach) & (boxes[:, 2] > (x0 + x1) / 2 - reach)
        top = float(np.max(middles[crossing & (middles < y)], initial=-np.inf))
        bottom = float(np.min(middles[crossing & (middles > y)], initial=np.inf))
        stretches.append((top, bottom))
        along = (middles > top) & (middles < bottom)
        before = along & full_left & (np.abs(boxes[:, 2] - x0) < FLUSH)
        after = along & full_right & (np.abs(boxes[:, 0] - x1) < FLUSH)
        least = FULL_LINES if x1 - x0 >= NARROWEST else NARROW_LINES
        if before.sum() >= least and _most_near(ends[after]) >= least:
            columns = (float(starts[before].min()), float(ends[after].max()))
            inside = along & (boxes[:, 2] > columns[0]) & (boxes[:, 0] < columns[1])
            high, low = _extended(middles[inside], middles[before | after])
            full = (tuple(middles[before].tolist()), tuple(middles[after].tolist()))
            found.append(ColumnGutter(x0, x1, high - LEVEL, low + LEVEL, columns, full))
    return found


def _extended(middles: Floats, full: Floats) -> tuple[float, float]:
    """Return the middles of the first and the last line that go on above and below full lines."""
    ordered = np.sort(middles)
    ends = np.flatnonzero(np.diff(ordered) > BELOW)
    starts = np.append(0, ends + 1)
    first = int(np.searchsorted(ordered[starts], full.min(), side="right")) - 1
    last = int(np.searchsorted(ordered[np.append(ends, len(ordered) - 1)], full.max()))
    return float(ordered[starts[first]]), float(ordered[np.append(ends, len(ordered) - 1)[last]])


def _reach(boxes: Floats, neighbors: Places, side: int) -> Floats:
    """Return how far the line of text of each piece reaches to one side: 0 to the left, 2 to the right."""
    gaps = boxes[neighbors, 0] - boxes[:, 2] if side else boxes[:, 0] - boxes[neighbors, 2]
    following = np.where(gaps < TOGETHER, neighbors, np.arange(len(boxes)))
    reached = np.arange(len(boxes))
    for _ in range(STEPS):
        reached = following[reached]
    edges: Floats = boxes[reached, side]
    return edges


def _most_near(edges: Floats) -> int:
    """Return how many edges at most stand at one place."""
    return int(_count_near(edges, edges, FLUSH).max(initial=0))


def _count_near(edges: Floats, places: Floats, reach: float = EDGE) -> Places:
    """Return how many edges stand near each place."""
    ordered = np.sort(edges)
    return np.searchsorted(ordered, places + reach) - np.searchsorted(ordered, places - reach)


def find_joined(lines: Sequence[Line], height: float) -> Mapping[int, list[int]]:
    """Return by the place of a line its words that stand after a gutter over which a detector joined two lines.

    `height` is the usual line height in pixels. The time grows with the number of wide word gaps.
    """
    level = [place for place, line in enumerate(lines) if not is_vertical(line)]
    gaps = [gap for place in level for gap in _gaps_of(lines[place], place, height)]
    if not gaps or len(level) < LEAST_STARTS + LEAST_ENDS:
        return {}
    boxes = np.array([lines[place].box for place in level], np.float32) / height
    boxes = boxes[np.argsort(boxes[:, 1] + boxes[:, 3], kind="stable")]
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    gaps.sort(key=lambda gap: gap[2])
    array = np.array([gap[:3] for gap in gaps], np.float32)
    is_unusual = np.array([gap[5] for gap in gaps])
    shown = is_unusual & (_count_near(boxes[:, 0], array[:, 1]) >= LEAST_STARTS)
    flush = (_count_near(boxes[:, 0], array[:, 1], FLUSH) >= FLUSH_LINES) & (
        _count_near(boxes[:, 2], array[:, 0], FLUSH) >= FLUSH_LINES
    )
    found = defaultdict(list)
    for number in np.flatnonzero(shown | flush).tolist():
        end, start, middle, place, word, _ = gaps[number]
        near, inside = (
            slice(*np.searchsorted(heights, (middle - NEAR, middle + NEAR)).tolist())
            for heights in (middles, array[:, 2])
        )
        around, others = boxes[near], array[inside]
        if (shown[number] and _is_gutter(around, others[is_unusual[inside]], (end, start), middle)) or (
            flush[number] and _is_flush_gutter(around, others, (end, start), middle, lines[place].box[0] / height)
        ):
            found[place].append(word)
    return found


def _gaps_of(line: Line, place: int, height: float) -> Iterator[tuple[float, float, float, int, int, bool]]:
    """Yield the gaps between words that may be gutters: end and start, middle of the line, line, word, and whether the
    gap is wider than those of its line.
    """
    gaps = [after.box[0] - before.box[2] for before, after in pairwise(line.words)]
    if not gaps or max(gaps) < FLUSH_GAP * height:
        return
    usual = median(gaps) if len(gaps) > FEW else 0.0
    middle = (line.box[1] + line.box[3]) / 2 / height
    for number, gap in enumerate(gaps, start=1):
        if gap >= FLUSH_GAP * height:
            end, start = line.words[number - 1].box[2] / height, line.words[number].box[0] / height
            yield end, start, middle, place, number, gap >= max(LEAST_GAP * height, UNUSUAL * usual)


def _is_gutter(boxes: Floats, gaps: Floats, gap: tuple[float, float], middle: float) -> bool:
    """Return whether lines near a gap between words tell of a gutter.

    `boxes` are those of lines near it, `gaps` the ends and starts of gaps between words that may be gutters, `middle`
    is that of the line. A line with nothing at its height that reaches into the gutter is a heading over both columns.
    """
    end, start = gap
    left, right = boxes[:, 0], boxes[:, 2]
    starts = int((np.abs(left - start) < EDGE).sum())
    ends = right[(right < start) & (right > start - 12)]
    if starts < LEAST_STARTS or len(ends) < LEAST_ENDS:
        return False
    if end > ends.max() + EDGE and (np.abs((boxes[:, 1] + boxes[:, 3]) / 2 - middle) < LEVEL).sum() == 1:
        return False
    over = int(((left < end - 0.5) & (right > start + 0.5)).sum())
    parted = int(((gaps[:, 0] < start) & (gaps[:, 1] > end) & (np.abs(gaps[:, 1] - start) < EDGE)).sum())
    return over - parted <= MOST_CROSSING * starts


def _is_flush_gutter(boxes: Floats, gaps: Floats, gap: tuple[float, float], middle: float, left: float) -> bool:
    """Return whether lines tell of a gutter as wide as a space, at whose edges many lines of the page end and start.

    Arguments are those of `_is_gutter`, and the left edge of the line, which others share. Nearly all lines close above
    it, or close below it, have a gap there as well, or end before it.
    """
    end, start = gap
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    if int((np.abs(boxes[:, 0] - left) < FLUSH).sum()) < LEAST_STARTS:
        return False
    starts = np.abs(boxes[:, 0] - start) < FLUSH
    over = (boxes[:, 0] < end - LEVEL) & (boxes[:, 2] > start + LEVEL)
    parted = (np.abs(gaps[:, :2] - (end, start)) < FLUSH).all(axis=1)
    for low, high in ((middle - CLOSE, middle + LEVEL), (middle - LEVEL, middle + CLOSE)):
        near, inside = (middles > low) & (middles < high), (gaps[:, 2] > low) & (gaps[:, 2] < high)
        shown = int((starts & near).sum()), int((parted & inside).sum())
        if shown[0] and sum(shown) >= FULL_LINES and (over & near).sum() - shown[1] <= MOST_CROSSING * sum(shown):
            return True
    return False
