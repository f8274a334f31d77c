"""Order chains of lines on a page: what stands above comes first, then what stands to the left.

The rules are those of Breuel, "High Performance Document Layout Analysis" (2003): A comes before B if they share a part
of their width and A stands above B; or if A stands to the left of B and nothing between their heights spans both. The
order is a topological sort by these rules.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Box

MOST = 300
"""Chains up to which all pairs are compared; more are ordered by top and left alone."""
SHARED = 0.3
"""Line heights that two chains must share to stand one above the other."""


def order_chains(boxes: Sequence[Box]) -> list[int]:
    """Return the places of the chains in reading order. `boxes` are in line heights."""
    if len(boxes) < 2 or len(boxes) > MOST:
        return sorted(range(len(boxes)), key=lambda place: (boxes[place][1], boxes[place][0]))
    array = np.array(boxes, np.float32)
    return _sorted(_precedes(array), array)


def _precedes(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return (n, n): whether the first comes before the second."""
    left, top, right, bottom = boxes.T
    shared = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    over = shared > np.minimum(SHARED, 0.5 * np.minimum((right - left)[:, None], right - left))
    middle = (top + bottom) / 2
    upright = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
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
