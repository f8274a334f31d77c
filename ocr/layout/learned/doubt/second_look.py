"""Look at a page again with its pieces moved a little and some links lost: what is read otherwise then is doubtful."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ocr.layout.learned.features import Graph

REACH, LOST = 0.2, 0.12
"""Line heights by which edges of pieces move at most, and the share of links that are lost."""


def shaken(graph: Graph) -> Graph:
    """Return the graph as another reading of the same page might give it.

    Equal pages give equal results, in whatever order their pieces come: chance goes by the place on the page.
    """
    random = np.random.default_rng(0)
    count = len(graph.boxes)
    rank = np.argsort(np.lexsort(graph.boxes.T))
    left, top, right = random.uniform(-REACH, REACH, (3, count)).astype(np.float32)[:, rank]
    boxes = graph.boxes + np.stack((left, top, right, top), axis=1)
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 0.1)
    lost = random.random(graph.neighbors.shape)[rank] < LOST
    return replace(graph, boxes=boxes, neighbors=np.where(lost, np.arange(count)[:, None], graph.neighbors))


def moved(order: Sequence[int], other: Sequence[int]) -> set[int]:
    """Return the fewest pieces that must be taken out of both orders so that the rest stands in one order.

    They are what a longest increasing run of places leaves.
    """
    place_of = {piece: place for place, piece in enumerate(other)}
    known = [piece for piece in order if piece in place_of]
    ends: list[int] = []
    heads: list[int] = []
    before: list[int] = []
    for number, piece in enumerate(known):
        place = place_of[piece]
        at = bisect_left(ends, place)
        before.append(heads[at - 1] if at else -1)
        if at == len(ends):
            ends.append(place)
            heads.append(number)
        else:
            ends[at], heads[at] = place, number
    kept = set()
    number = heads[-1] if heads else -1
    while number >= 0:
        kept.add(known[number])
        number = before[number]
    return {*order, *other} - kept
