"""Describe the pieces of a page to the network: what each looks like, and which others stand near it.

Lengths are in usual line heights of the page, so that neither the resolution nor the type size must be known. The work
grows with the number of pieces, not with its square: neighbors are searched in a window of pieces by height.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Box
from ocr.layout.learned.pieces import Piece
from ocr.layout.learned.wording import COLON, FULL_LENGTH, HYPHEN, LONG, LOWER, MARKED, SENTENCE_END, describe_wording
from ocr.layout.reading_order import line_height

Floats = NDArray[np.float32]
Ints = NDArray[np.signedinteger[Any]]

SIDES = (("right", 3), ("left", 3), ("below", 5), ("above", 5), ("near", 4))
"""Where neighbors are searched, and how many."""
NEIGHBORS = sum(count for _, count in SIDES)
WINDOW = 256
"""Pieces above and below, by the height of their middle, among which neighbors are searched."""
CHUNK = 512
"""Pieces that are compared with others at once."""
FAR = 1e6
LINKS = 7
"""Numbers of a link: one piece cut from one line, ruling line between (down, across), four of wording."""
REACH = 20.0
"""Line heights from which a distance counts as far."""


@dataclass(frozen=True, slots=True)
class Graph:
    """The pieces of a page as arrays."""

    nodes: Floats
    """(n, NODE) numbers of each piece."""
    boxes: Floats
    """(n, 4) boxes in line heights."""
    neighbors: Ints
    """(n, NEIGHBORS) places of neighbors; the piece itself where there is none."""
    links: Floats
    """(n, NEIGHBORS, LINKS)."""

    @property
    def beside(self) -> tuple[Ints, Ints]:
        """The places of the nearest piece at the left and at the right of each piece; itself where there is none."""
        return self.neighbors[:, SIDES[0][1]], self.neighbors[:, 0]


def describe(pieces: Sequence[Piece], size: tuple[int, int], rulings: Sequence[Box] = ()) -> Graph:
    """Return the graph of the pieces, one or more, of a page of `size` (width, height) pixels."""
    lines = [piece.line for piece in pieces]
    height = max(1.0, line_height(lines))
    boxes = np.array([line.box for line in lines], np.float32) / height
    ruled = np.array(rulings, np.float32).reshape(-1, 4) / height
    page = (max(1.0, size[0] / height), max(1.0, size[1] / height))
    neighbors = _neighbors(boxes)
    around = _distances(boxes, neighbors)
    texts = describe_wording(lines)
    cuts = _cuts(pieces)
    nodes = np.concatenate(
        (
            _places(boxes, page),
            texts,
            cuts,
            around,
            _rulings_around(boxes, ruled),
            _aligned(boxes, neighbors),
        ),
        axis=1,
    )
    links = _links(pieces, texts, neighbors, _ruling_between(boxes, neighbors, ruled))
    return Graph(nodes.astype(np.float32), boxes, neighbors, links)


def _places(boxes: Floats, page: tuple[float, float]) -> Floats:
    """Return where each piece stands on the page, and its size."""
    left, top, right, bottom = boxes.T
    wide, tall = np.maximum(right - left, 0.01), np.maximum(bottom - top, 0.01)
    count = np.full_like(left, np.log1p(len(boxes)) / 5)
    first, last, start, end = top.min(), bottom.max(), left.min(), right.max()
    return np.stack(
        (
            *(left / page[0], right / page[0], top / page[1], bottom / page[1], (left + right) / 2 / page[0] - 0.5),
            *((left - start) / max(1.0, end - start), (end - right) / max(1.0, end - start)),
            *((top - first) / max(1.0, last - first), np.exp(-(top - first) / 3), np.exp(-(last - bottom) / 3)),
            *(np.log(wide) / 3, np.log(tall), wide / page[0], tall > 2 * wide),
            *(count, np.full_like(left, np.log(page[0]) / 4), np.full_like(left, np.log(page[1]) / 4)),
        ),
        axis=1,
    )


def _cuts(pieces: Sequence[Piece]) -> Floats:
    """Return whether a piece was cut from a longer line, and whether it is its first part."""
    sources = np.array([piece.source for piece in pieces])
    before = np.concatenate(([-1], sources[:-1])) == sources
    after = np.concatenate((sources[1:], [-1])) == sources
    return np.stack((before, after), axis=1).astype(np.float32)


def _windows(boxes: Floats) -> Iterator[tuple[Ints, Ints]]:
    """Yield pieces, and the places of those in the window of each: (1, m) where all share one window."""
    order = np.argsort(boxes[:, 1] + boxes[:, 3], kind="stable")
    count = len(boxes)
    if count <= 2 * WINDOW:
        yield order, order[None]
        return
    starts = np.clip(np.arange(count) - WINDOW, 0, count - 2 * WINDOW)
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        yield order[part], order[starts[part, None] + np.arange(2 * WINDOW)]


def _neighbors(boxes: Floats) -> Ints:
    """Return the neighbors of each piece, (n, NEIGHBORS), nearest first on each side."""
    found = np.empty((len(boxes), NEIGHBORS), np.int32)
    for here, others in _windows(boxes):
        found[here] = _nearest(boxes, here, others)
    return found


def _nearest(boxes: Floats, here: Ints, others: Ints) -> Ints:
    mine, theirs = (edges[here][:, None] for edges in boxes.T), (edges[others] for edges in boxes.T)
    (x0, y0, x1, y1), (left_of, top_of, right_of, bottom_of) = mine, theirs
    right, left = left_of - x1, x0 - right_of
    below, above = top_of - y1, y0 - bottom_of
    across, down = np.maximum(right, left), np.maximum(below, above)
    itself = others == here[:, None]
    middle_x, middle_y = left_of + right_of - x0 - x1, top_of + bottom_of - y0 - y1
    level, stacked = down < -0.2, across < -0.2
    aside, shift = 0.1 * np.abs(middle_y), 0.02 * np.abs(left_of - x0)
    keys = {
        "right": np.where(level & (middle_x > 0), right + aside, FAR),
        "left": np.where(level & (middle_x <= 0), left + aside, FAR),
        "below": np.where(stacked & (middle_y > 0), below + shift, FAR),
        "above": np.where(stacked & (middle_y <= 0), above + shift, FAR),
        "near": np.maximum(across, 0) + np.maximum(down, 0) + 0.01 * (np.abs(middle_x) + np.abs(middle_y)),
    }
    found = []
    for name, count in SIDES:
        key = keys[name]
        key[itself] = 2 * FAR
        most = min(count, key.shape[1])
        best, values = _least(key, most)
        places = others[0][best] if len(others) == 1 else np.take_along_axis(others, best, axis=1)
        chosen = np.where(values < FAR, places, here[:, None])
        found.append(np.concatenate((chosen, np.repeat(here[:, None], count - most, axis=1)), axis=1))
    return np.concatenate(found, axis=1)


def _least(key: Floats, count: int) -> tuple[Ints, Floats]:
    """Return the places of the `count` least numbers of each row, ascending, and these numbers; `key` is used up.

    For so few, a search for each is several times as fast as a partition.
    """
    rows = np.arange(len(key))
    best = np.empty((len(key), count), np.int64)
    values = np.empty((len(key), count), key.dtype)
    for number in range(count):
        place = key.argmin(axis=1)
        best[:, number], values[:, number] = place, key[rows, place]
        key[rows, place] = np.inf
    return best, values


def _distances(boxes: Floats, neighbors: Ints) -> Floats:
    """Return the distance to the nearest piece on each of four sides, and how far the white beside it reaches."""
    itself = np.arange(len(boxes))
    sides, start = [], 0
    for name, count in SIDES[:4]:
        other = neighbors[:, start]
        start += count
        near, mine = boxes[other], boxes
        gap = {
            "right": near[:, 0] - mine[:, 2],
            "left": mine[:, 0] - near[:, 2],
            "below": near[:, 1] - mine[:, 3],
            "above": mine[:, 1] - near[:, 3],
        }[name]
        none = other == itself
        sides += [np.where(none, 3.0, np.log1p(np.clip(gap, 0, REACH))), none]
    right, left = neighbors[:, 0], neighbors[:, SIDES[0][1]]
    whites = (
        *_white(boxes, (boxes[:, 2] + boxes[right, 0]) / 2, right != itself),
        *_white(boxes, (boxes[:, 0] + boxes[left, 2]) / 2, left != itself),
    )
    return np.stack((*sides, *whites), axis=1)


def _white(boxes: Floats, x: Floats, known: Any) -> tuple[Floats, Floats]:
    """Return how far up and down from each piece the page stays white at `x`, as logarithms."""
    up, down = np.zeros(len(boxes), np.float32), np.zeros(len(boxes), np.float32)
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    left, right = boxes[:, 0], boxes[:, 2]
    for here, others in _windows(boxes):
        at = x[here][:, None]
        crossed = (left[others] < at) & (right[others] > at)
        higher = middle[here][:, None] - middle[others]
        above = higher > 0
        up[here] = np.where(crossed & above, higher, 60.0).min(axis=1)
        down[here] = np.where(crossed & ~above, -higher, 60.0).min(axis=1)
    return np.where(known, np.log1p(up) / 2, 0), np.where(known, np.log1p(down) / 2, 0)


def _rulings_around(boxes: Floats, ruled: Floats) -> Floats:
    """Return how near the next ruling line is on each side of each piece: 1 at its edge, 0 far away; with lengths."""
    found = np.zeros((len(boxes), 6), np.float32)
    if not len(ruled):
        return found
    wide, tall = ruled[:, 2] - ruled[:, 0], ruled[:, 3] - ruled[:, 1]
    down, across = ruled[tall > wide], ruled[wide >= tall]
    for start in range(0, len(boxes), CHUNK):
        part = np.s_[start : start + CHUNK]
        mine = boxes[part][:, None]
        middle_x, middle_y = (mine[..., 0] + mine[..., 2]) / 2, (mine[..., 1] + mine[..., 3]) / 2
        beside = (down[:, 1] < middle_y) & (down[:, 3] > middle_y)
        over = (across[:, 0] < middle_x) & (across[:, 2] > middle_x)
        x, y = (down[:, 0] + down[:, 2]) / 2, (across[:, 1] + across[:, 3]) / 2
        sides = (
            np.where(beside & (x < middle_x), mine[..., 0] - x, FAR),
            np.where(beside & (x >= middle_x), x - mine[..., 2], FAR),
            np.where(over & (y < middle_y), mine[..., 1] - y, FAR),
            np.where(over & (y >= middle_y), y - mine[..., 3], FAR),
        )
        for side, distance in enumerate(sides):
            if distance.shape[1]:
                found[part, side] = np.exp(-np.maximum(distance.min(axis=1), 0) / 4)
        if across.shape[0]:
            nearest = np.stack(sides[2:]).min(axis=0).argmin(axis=1)
            near = np.stack(sides[2:]).min(axis=0).min(axis=1) < 3
            found[part, 4] = np.where(near, np.log1p(across[nearest, 2] - across[nearest, 0]) / 4, 0)
        if down.shape[0]:
            nearest = np.stack(sides[:2]).min(axis=0).argmin(axis=1)
            near = np.stack(sides[:2]).min(axis=0).min(axis=1) < 6
            found[part, 5] = np.where(near, np.log1p(down[nearest, 3] - down[nearest, 1]) / 4, 0)
    return found


def _aligned(boxes: Floats, neighbors: Ints) -> Floats:
    """Return the shares of neighbors above and below with the same left edge, right edge, middle and height."""
    start = SIDES[0][1] + SIDES[1][1]
    stacked = neighbors[:, start : start + SIDES[2][1] + SIDES[3][1]]
    others, mine = boxes[stacked], boxes[:, None]
    real = (stacked != np.arange(len(boxes))[:, None]).astype(np.float32)
    count = np.maximum(1.0, real.sum(axis=1))
    same = (
        np.abs(others[..., 0] - mine[..., 0]) < 0.3,
        np.abs(others[..., 2] - mine[..., 2]) < 0.3,
        np.abs(others[..., 0] + others[..., 2] - mine[..., 0] - mine[..., 2]) < 0.6,
        np.abs((others[..., 3] - others[..., 1]) - (mine[..., 3] - mine[..., 1])) < 0.15,
    )
    return np.stack([(one * real).sum(axis=1) / count for one in same], axis=1)


def _links(pieces: Sequence[Piece], texts: Floats, neighbors: Ints, ruled: tuple[Any, Any]) -> Floats:
    """Return what connects or separates each piece and each neighbor; `texts` is the wording of the pieces."""
    sources = np.array([piece.source for piece in pieces])
    breaks = (texts[:, HYPHEN] > 0) & (texts[:, LONG] * FULL_LENGTH > 1.5)
    ends = (texts[:, SENTENCE_END] > 0) | (texts[:, COLON] > 0)
    lower, marked = texts[:, LOWER] > 0, texts[:, MARKED] > 0
    links = np.zeros((*neighbors.shape, LINKS), np.float32)
    links[..., 0] = sources[neighbors] == sources[:, None]
    links[..., 1], links[..., 2] = ruled
    links[..., 3] = breaks[:, None] & lower[neighbors]
    links[..., 4] = ~ends[:, None] & lower[neighbors]
    links[..., 5] = ends[:, None] & ~lower[neighbors]
    links[..., 6] = marked[:, None] & marked[neighbors]
    return links


def _ruling_between(boxes: Floats, neighbors: Ints, ruled: Floats) -> tuple[Any, Any]:
    """Return whether a vertical, and a level, ruling line stands between each piece and each neighbor."""
    shape = neighbors.shape
    if not len(ruled):
        return np.zeros(shape, bool), np.zeros(shape, bool)
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    wide, tall = ruled[:, 2] - ruled[:, 0], ruled[:, 3] - ruled[:, 1]
    down, across = ruled[tall > wide], ruled[wide >= tall]
    crossed = [np.zeros(shape, bool), np.zeros(shape, bool)]
    by_height = np.argsort(y, kind="stable")
    for start in range(0, len(boxes), 256):
        part = by_height[start : start + 256]
        other = neighbors[part]
        x0, x1 = np.sort(np.stack((np.broadcast_to(x[part][:, None], other.shape), x[other])), axis=0)
        y0, y1 = np.sort(np.stack((np.broadcast_to(y[part][:, None], other.shape), y[other])), axis=0)
        mid_x, mid_y = (x0 + x1) / 2, (y0 + y1) / 2
        near = down[(down[:, 1] < mid_y.max()) & (down[:, 3] > mid_y.min())]
        place = (near[:, 0] + near[:, 2]) / 2
        hit = (place > x0[..., None]) & (place < x1[..., None])
        crossed[0][part] = (hit & (near[:, 1] < mid_y[..., None]) & (near[:, 3] > mid_y[..., None])).any(axis=2)
        height = (across[:, 1] + across[:, 3]) / 2
        near, height = (kept[(height > y0.min()) & (height < y1.max())] for kept in (across, height))
        hit = (height > y0[..., None]) & (height < y1[..., None])
        crossed[1][part] = (hit & (near[:, 0] < mid_x[..., None]) & (near[:, 2] > mid_x[..., None])).any(axis=2)
    return crossed[0], crossed[1]
