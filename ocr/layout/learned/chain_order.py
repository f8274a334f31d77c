"""Order chains of lines on a page: what stands above comes first, then what stands to the left.

The rules are those of Breuel, "High Performance Document Layout Analysis" (2003): A comes before B if they share a part
of their width and A stands above B; or if A stands to the left of B and nothing between their heights spans both. The
order is a topological sort by these rules.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Box

Heights = NDArray[np.float32]

MOST = 300
"""Chains up to which all pairs are compared; more are ordered by top and left alone."""
LONE_HEIGHT, LEAST_LEVEL = 5.0, 1.5
"""Line heights of a heading across columns at most, and of what columns share in height at least."""
BAND, SPREAD, BOOK_HEIGHT = 5.0, 1.2, 20.0
"""Line heights of a white band across the page that parts what is above from what is below, at least; how much wider
than high the print of an open book is, and line heights of it, at least."""
SHORT_BAND, LOW_BAND, SHORT_HEIGHT, SHORT_SHARE = 2.2, 0.8, 6.0, 0.86
"""The same for rows of short blocks side by side, such as signatures, and for what stands under them; their height at
most, and the share of the width of the page that they cover at most."""
FLUSH, COLUMN_LINES = 0.3, 3
"""Line heights between edges of lines of one column, and lines that show one, at least."""
MOST_LINES = 2000
"""Lines up to which headings between columns are searched."""
CLOSE, ALIKE = 0.4, 0.2
"""Line heights between two lines of one heading at most, and the share of their height by which they differ at most."""
LARGE, CENTERED = 1.25, 1.0
"""Least height in line heights of a narrow heading across all columns, and line heights by which it is away from the
middle of the page at most."""
TOUCHING, MEETING, BOTH_SIDES = 0.2, 0.05, 12.0
"""Line heights that boxes of neighboring lines may overlap, the same for a heading alone between columns, and in which
columns stand above and below a heading."""
HEADED_BY, HEADS = 0.5, 2.0
"""Line heights of white above a heading at least, and between it and what it heads at most."""
SHARED, PARTLY = 0.3, 0.15
"""Line heights that two chains must share to stand one above the other, and share of the narrower one's width: a line
may reach over a gutter a little."""


def order_chains(boxes: Sequence[Box], bands: Heights | None = None) -> list[int]:
    """Return the places of the chains in reading order. `boxes` are in line heights.

    `bands` are the heights of white bands between the lines of the chains; by default those between the chains.
    """
    if len(boxes) < 2 or len(boxes) > MOST:
        return sorted(range(len(boxes)), key=lambda place: (boxes[place][1], boxes[place][0]))
    array = np.array(boxes, np.float32)
    sections = np.searchsorted(white_bands(boxes) if bands is None else bands, array[:, 1])
    found: list[int] = []
    for section in np.unique(sections).tolist():
        places = np.flatnonzero(sections == section)
        inside = _widened(array[places])
        found += places[_sorted(_precedes(inside), inside)].tolist()
    return found


def white_bands(lines: Sequence[Box]) -> Heights:
    """Return the heights of white bands across the page, as above and below a picture: what is above is read first.

    An open book has none: its pages are read one after the other.
    """
    boxes = np.array(lines, np.float32).reshape(-1, 4)
    left, top, right, bottom = boxes.T
    if not len(boxes):
        return np.zeros(0, np.float32)
    width, height = float(right.max() - left.min()), float(bottom.max() - top.min())
    if width > SPREAD * height > SPREAD * BOOK_HEIGHT:
        return np.zeros(0, np.float32)
    order = np.argsort(top, kind="stable")
    lowest, following = np.maximum.accumulate(bottom[order])[:-1], top[order][1:]
    white, middles = following - lowest, (lowest + following) / 2
    bands: Heights = middles[white > SHORT_BAND]
    sections = np.searchsorted(bands, top)
    short = np.array([_is_short_row(boxes[sections == n], width) for n in range(len(bands) + 1)])
    kept = set(bands[(white[white > SHORT_BAND] > BAND) | short[:-1] | short[1:]].tolist())
    # Below the space to sign, what stands close under a row of signatures is no part of it either.
    fine = middles[white > LOW_BAND]
    for band in bands.tolist():
        end = next(iter(fine[fine > band].tolist()), np.inf)
        row = boxes[(top > band) & (top < end)]
        if _is_short_row(row, width) and not _go_on(boxes[bottom < band], row):
            kept |= {band, end} - {np.inf}
    return np.array(sorted(kept), np.float32)


def _go_on(above: NDArray[np.float32], row: NDArray[np.float32]) -> bool:
    """Return whether a line of a row has the edges of several lines above it: a column goes on there."""
    edges = np.abs(above[:, None, 0::2] - row[None, :, 0::2]) < FLUSH
    return bool((edges.all(axis=2).sum(axis=0) >= COLUMN_LINES).any())


def _is_short_row(boxes: NDArray[np.float32], width: float) -> bool:
    """Return whether the boxes between two bands of a page of some width are a row of short blocks side by side."""
    left, top, right, bottom = boxes.T
    if len(boxes) < 2 or bottom.max() - top.min() > SHORT_HEIGHT:
        return False
    order = np.argsort(left, kind="stable")
    before, start = np.maximum.accumulate(right[order])[:-1], left[order][1:]
    gaps = np.maximum(0, start - before)
    covered = right.max() - left.min() - gaps.sum()
    return bool(gaps.any()) and bool(covered <= SHORT_SHARE * width)


def _widened(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the boxes, those with nothing at their height as wide as what they head.

    That is the page where columns stand above and below, or below the first line of the page; a short heading across
    the columns may be narrower than the column that it stands over. Else it is what stands close below.
    """
    left, top, right, bottom = boxes.T
    found = boxes.copy()
    for place in sorted(np.flatnonzero(bottom - top < LONE_HEIGHT).tolist(), key=lambda place: -float(top[place])):
        if (np.minimum(bottom, bottom[place]) - np.maximum(top, top[place]) > MEETING).sum() > 1:
            continue
        above, below = bottom <= top[place] + MEETING, top >= bottom[place] - MEETING
        under = (left < right[place] - SHARED) & (right > left[place] + SHARED)
        over = _has_columns(boxes[above]) if above.any() else _has_columns(boxes[below & under])
        if over and _has_columns(boxes[below]):
            found[place, 0], found[place, 2] = left.min(), right.max()
            continue
        free = bool((top[place] - bottom[above & under] > HEADED_BY).all())
        middle = (left[place] + right[place]) / 2
        headed = below & (top - bottom[place] < HEADS) & (found[:, 0] < middle) & (found[:, 2] > middle)
        if free and headed.any():
            first = int(np.flatnonzero(headed)[top[headed].argmin()])
            found[place, 0], found[place, 2] = min(left[place], found[first, 0]), max(right[place], found[first, 2])
    return found


def _has_columns(boxes: NDArray[np.float32]) -> bool:
    """Return whether two boxes stand side by side."""
    left, top, right, bottom = boxes.T
    level = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    apart = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    return bool(((level > LEAST_LEVEL) & (apart > 0)).any())


def part_chains(chains: Sequence[Sequence[int]], boxes: Sequence[Box], white: Heights | None = None) -> list[list[int]]:
    """Return the chains, cut where the box around a chain meets lines of others and those around its parts do not.

    `boxes` are those of all lines, lines in tables included: a link that leads past them is a jump. `white` are the
    heights of white bands, by default those between all lines.
    """
    array = np.array(boxes, np.float32).reshape(-1, 4)
    found: list[list[int]] = []
    lone = _lone(array)
    lone -= {
        place
        for chain in chains
        for before, place in pairwise(chain)
        if before not in lone and _goes_on(array[[before, place]])
    }
    white = white_bands(boxes) if white is None else white
    bands = np.sort(np.append(white, _heading_heights(array, lone)))
    waiting = [
        part for chain in chains for level in _at_bands(chain, array, bands) for part in _at_headings(level, lone)
    ][::-1]
    while waiting:
        chain = waiting.pop()
        cut = _cut_of(chain, array)
        if cut:
            waiting += [chain[cut:], chain[:cut]]
        else:
            found.append(chain)
    return found


def _lone(boxes: NDArray[np.float32]) -> set[int]:
    """Return the lines with nothing at their height, and print at both sides above and below: they part columns."""
    if not 2 < len(boxes) <= MOST_LINES:
        return set()
    left, top, right, bottom = boxes.T
    order = np.argsort(top, kind="stable")
    lowest = np.maximum.accumulate(bottom[order])
    lone = set()
    for at in range(1, len(order) - 1):
        place = order[at]
        if lowest[at - 1] > top[place] + TOUCHING or top[order[at + 1]] < bottom[place] - TOUCHING:
            continue
        near = np.abs((top + bottom - top[place] - bottom[place]) / 2) < BOTH_SIDES
        above, below = near & (bottom <= top[place] + TOUCHING), near & (top >= bottom[place] - TOUCHING)
        sides = [(side & part).any() for part in (above, below) for side in (right < left[place], left > right[place])]
        if all(sides):
            lone.add(int(place))
    return lone


def _goes_on(boxes: NDArray[np.float32]) -> bool:
    """Return whether the second of two lines stands close below the first, and in type of its size."""
    first, second = boxes[:, 3] - boxes[:, 1]
    return bool(abs(boxes[1, 1] - boxes[0, 3]) < CLOSE and abs(first - second) < ALIKE * max(first, second))


def _heading_heights(boxes: NDArray[np.float32], lone: Collection[int]) -> NDArray[np.float32]:
    """Return the heights of lone lines that are headings across all columns: large, and in the middle of the page.

    No column goes on past them.
    """
    if not lone:
        return np.zeros(0, np.float32)
    middle = (boxes[:, 0].min() + boxes[:, 2].max()) / 2
    headings = boxes[list(lone)]
    high, aside = headings[:, 3] - headings[:, 1], np.abs((headings[:, 0] + headings[:, 2]) / 2 - middle)
    heights: NDArray[np.float32] = headings[(high > LARGE) & (aside < CENTERED), 1]
    return heights


def _at_bands(chain: Sequence[int], boxes: NDArray[np.float32], bands: NDArray[np.float32]) -> Iterator[Sequence[int]]:
    """Yield the parts of a chain that stand between white bands."""
    if not len(bands):
        yield chain
        return
    for _, part in groupby(chain, key=lambda place: int(np.searchsorted(bands, boxes[place, 1]))):
        yield [*part]


def _at_headings(chain: Sequence[int], lone: Collection[int]) -> Iterator[list[int]]:
    """Yield the parts of a chain before, at and after lines that part columns."""
    part: list[int] = []
    for place in chain:
        if place in lone:
            yield from ([part] if part else [])
            yield [place]
            part = []
        else:
            part.append(place)
    if part:
        yield part


def _cut_of(chain: Sequence[int], boxes: NDArray[np.float32]) -> int:
    """Return the place of the line before which a chain is cut; 0 where it is not."""
    if len(chain) < 2:
        return 0
    mine = boxes[list(chain)]
    others = np.delete(boxes, list(chain), axis=0)
    around = np.concatenate((mine[:, :2].min(axis=0), mine[:, 2:].max(axis=0)))
    others = others[_meets(around[None], others)[0]]
    if not len(others):
        return 0
    before = np.concatenate((np.minimum.accumulate(mine[:, :2]), np.maximum.accumulate(mine[:, 2:])), axis=1)
    turned = mine[::-1]
    after = np.concatenate((np.minimum.accumulate(turned[:, :2]), np.maximum.accumulate(turned[:, 2:])), axis=1)[::-1]
    first, rest = _meets(before, others).sum(axis=1), _meets(after, others).sum(axis=1)
    met = first[:-1] + rest[1:]
    best = int(met.argmin())
    if met[best] < len(others):
        return best + 1
    # A column between wide lines above and below it: two cuts, if they leave parts that meet no other line.
    start, end = int((first > 0).argmax()), len(chain) - int((rest[::-1] > 0).argmax())
    if not 0 < start < end < len(chain):
        return 0
    part = mine[start:end]
    middle = np.concatenate((part[:, :2].min(axis=0), part[:, 2:].max(axis=0)))
    return 0 if _meets(middle[None], others).any() else start


def _meets(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (boxes, others): whether they overlap."""
    left, top, right, bottom = others.T
    across = np.minimum(boxes[:, 2:3], right) - np.maximum(boxes[:, :1], left)
    across -= PARTLY * np.minimum(boxes[:, 2:3] - boxes[:, :1], right - left)
    down = np.minimum(boxes[:, 3:4], bottom) - np.maximum(boxes[:, 1:2], top)
    met: NDArray[np.bool_] = (across > SHARED) & (down > SHARED)
    return met


def _precedes(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (n, n): whether the first comes before the second."""
    left, top, right, bottom = boxes.T
    shared = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    narrower = np.minimum((right - left)[:, None], right - left)
    middle = (top + bottom) / 2
    upright = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    over = shared > np.maximum(np.minimum(SHARED, 0.5 * narrower), np.where(upright > 0, PARTLY, 0.0) * narrower)
    apart = upright < 0.5 * np.minimum((bottom - top)[:, None], bottom - top)
    above = over & np.where(apart, (middle[:, None] < middle), (top[:, None] + 0.3 < top))
    beside = ~over & ((left + right)[:, None] < (left + right))
    columns = upright > 0
    evidence = columns.copy()
    highest, lowest = np.minimum(top[:, None], top), np.maximum(bottom[:, None], bottom)
    for place in range(len(boxes)):
        spans = over[place]
        between = (middle[place] > highest) & (middle[place] < lowest)
        inner = (bottom[:, None] <= middle[place]) & (top >= middle[place])
        inner |= inner.T
        beside &= ~(spans[:, None] & spans[None, :] & between & inner)
        level = columns[place] & ~spans
        evidence |= (spans[:, None] & level[None, :]) | (level[:, None] & spans[None, :])
    # Without anything beside it, a line at the left does not make a column: what stands higher comes first.
    lone = ~over & ~evidence
    first: NDArray[np.bool_] = above | (beside & evidence) | (lone & (middle[:, None] < middle))
    np.fill_diagonal(first, val=False)
    return first


def _sorted(first: NDArray[np.bool_], boxes: NDArray[np.float32]) -> list[int]:
    """Return a topological order; where the rules form a circle, the chain with the fewest before it goes on."""
    waiting = first.sum(axis=0).astype(int)
    left = np.ones(len(boxes), bool)
    order: list[int] = []
    for _ in range(len(boxes)):
        open_now = np.flatnonzero(left)
        fewest = open_now[waiting[open_now] == waiting[open_now].min()]
        chosen = int(min(fewest.tolist(), key=lambda place: _key(boxes[place], order, boxes)))
        order.append(chosen)
        left[chosen] = False
        waiting -= first[chosen]
    return order


def _key(box: NDArray[np.float32], order: Sequence[int], boxes: NDArray[np.float32]) -> tuple[float, float, float]:
    """Prefer what continues below the last chain, then what stands higher."""
    if not order:
        return (0.0, float(box[1]), float(box[0]))
    last = boxes[order[-1]]
    shared = min(box[2], last[2]) - max(box[0], last[0])
    return (0.0 if shared > 0 and box[1] > last[1] else 1.0, float(box[1]), float(box[0]))
