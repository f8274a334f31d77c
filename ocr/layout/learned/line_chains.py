"""Join pieces to printed lines, and lines to chains in reading order, from what the network says of neighbors.

Both are greedy: the surest relation first, each line with at most one line before it and one after it, and no circle.
The time grows with the number of links, which is linear in the number of pieces.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from ocr.core.document import Box, box_around
from ocr.layout.learned.features import Graph
from ocr.layout.learned.gutters import Gutters
from ocr.layout.learned.structure_network import RELATIONS, Structure

SAME_LINE, SAME_CLOSE, FOLLOWS = 0.5, 0.12, 0.3
"""Least probability for pieces to be one printed line, the same for pieces that nearly touch, and least probability for
one line to follow another."""
UNLIKELY = 0.02
"""Lower probabilities are not looked at."""
CLOSE = 0.75
"""Line heights between pieces that nearly touch."""
CROSSING, NEAR_ROWS, WHITE_ROWS, FAR = 1.5, 2.6, 6.0, 1e6
"""Line heights by which print over a gap must reach over it, how near it must be, and how far the white of the gap may
reach in all."""
RULING_DOWN = 1
"""Place of "a vertical ruling line between" in a link."""
LINE, NEXT, PREVIOUS, BLOCK, TABLE, ROW, COLUMN = (
    RELATIONS.index(name) for name in ("line", "next", "previous", "block", "table", "row", "column")
)

SURE_BLOCK = 0.7
"""Least probability of a block for its lines to share a field."""
FORM_SURE = 0.6
"""Least probability of a link that keeps a form from being read by rows."""
FORM = (7, 8)
"""Places of the roles of labels and values of forms."""
PRINTED = (0, 1, 2, 3, 4)
"""Places of the roles of titles, headings, paragraphs, items and captions."""
TEXT, CELL = 1, 6
"""Places of the field of the body, and of the role of a cell, in what the network says."""

Pairs = dict[tuple[int, int], float]


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """Pieces of one printed line, from left to right."""

    pieces: tuple[int, ...]
    box: Box
    """In line heights."""
    field: int
    role: int
    fields: tuple[float, ...] = ()
    """Probability of each field."""


@dataclass(slots=True)
class Groups:
    """Disjoint sets of numbers."""

    parent: list[int]

    @classmethod
    def of(cls, count: int) -> "Groups":
        return cls(list(range(count)))

    def root(self, item: int) -> int:
        while self.parent[item] != item:
            self.parent[item] = self.parent[self.parent[item]]
            item = self.parent[item]
        return item

    def join(self, one: int, other: int) -> None:
        self.parent[self.root(other)] = self.root(one)

    def sets(self) -> list[list[int]]:
        """Return the sets, each in ascending order, by their least numbers."""
        found: dict[int, list[int]] = defaultdict(list)
        for item in range(len(self.parent)):
            found[self.root(item)].append(item)
        return sorted(found.values())


def symmetric(graph: Graph, structure: Structure, relation: int, least: float) -> list[tuple[float, int, int]]:
    """Return the pairs of pieces (probability, one, other) that are related with at least `least`, surest first.

    Where both see each other, their probabilities are averaged.
    """
    values = structure.relations[..., relation]
    here, place = np.nonzero((values >= least / 2) & (graph.neighbors != np.arange(len(values))[:, None]))
    found: dict[tuple[int, int], list[float]] = defaultdict(list)
    there = graph.neighbors[here, place]
    for one, other, value in zip(here.tolist(), there.tolist(), values[here, place].tolist(), strict=True):
        pair = (min(one, other), max(one, other))
        found[pair].append(value)
    joined = [(sum(seen) / len(seen), one, other) for (one, other), seen in found.items()]
    return sorted((one for one in joined if one[0] >= least), key=lambda one: (-one[0], one[1], one[2]))


def printed_lines(
    graph: Graph,
    structure: Structure,
    gutters: Gutters,
    cells: Mapping[int, tuple[int, int]] = MappingProxyType({}),
) -> list[PrintedLine]:
    """Return the printed lines of a page, in no order.

    `cells` holds the pieces of ruled tables, with their table and row: each is a line of its own.
    """
    boxes = graph.boxes.tolist()
    groups = Groups.of(len(boxes))
    members: dict[int, list[int]] = {place: [place] for place in range(len(boxes))}
    likely = symmetric(graph, structure, LINE, SAME_CLOSE)
    for value, one, other in [*_torn(graph), *likely]:
        if value < SAME_LINE and not _is_close(graph, one, other):
            continue
        a, b = groups.root(one), groups.root(other)
        if a == b or one in cells or other in cells or not _fit(boxes, members[a], members[b]):
            continue
        if gutters.part(*(box_around(boxes[place] for place in members[root]) for root in (a, b))):
            continue
        groups.join(a, b)
        members[groups.root(a)] = members.pop(a) + members.pop(b)
    alone = _alone(boxes, structure)
    lines = [
        alone[found[0]]
        if len(found) == 1
        else _printed(boxes, sorted(found, key=lambda place: boxes[place][0]), structure)
        for found in groups.sets()
    ]
    return [replace(line, field=TEXT, role=CELL, fields=()) if line.pieces[0] in cells else line for line in lines]


def _alone(boxes: Sequence[Sequence[float]], structure: Structure) -> list[PrintedLine]:
    """Return each piece as a line of its own."""
    found = zip(
        boxes,
        structure.fields.argmax(axis=1).tolist(),
        structure.roles.argmax(axis=1).tolist(),
        structure.fields.tolist(),
        strict=True,
    )
    return [
        PrintedLine((place,), (box[0], box[1], box[2], box[3]), field, role, tuple(fields))
        for place, (box, field, role, fields) in enumerate(found)
    ]


def _is_close(graph: Graph, one: int, other: int) -> bool:
    """Return whether two pieces nearly touch at one height and no ruling line stands between them.

    Detectors tear loosely justified lines, and cutting does too.
    """
    a, b = graph.boxes[one].tolist(), graph.boxes[other].tolist()
    least = min(a[3] - a[1], b[3] - b[1])
    level = abs(a[1] + a[3] - b[1] - b[3]) < 0.6 * least and max(a[3] - a[1], b[3] - b[1]) < 1.4 * least
    if not level or max(a[0], b[0]) - min(a[2], b[2]) > CLOSE:
        return False
    places = np.flatnonzero(graph.neighbors[one] == other)
    return not any(graph.links[one, place, RULING_DOWN] for place in places)


def _torn(graph: Graph) -> list[tuple[float, int, int]]:
    """Return pairs of pieces that nearly touch, with print over or under the gap and no white strip through it.

    There is no gutter between them, so they are one torn line.
    """
    boxes = graph.boxes
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    rights = graph.neighbors[:, 0]
    near = (rights != np.arange(len(boxes))) & (boxes[rights, 0] - np.minimum(boxes[:, 2], boxes[rights, 2]) <= CLOSE)
    found = []
    for one in np.flatnonzero(near).tolist():
        other = int(rights[one])
        if not _is_close(graph, one, other):
            continue
        x = (boxes[one, 2] + boxes[other, 0]) / 2
        reach = np.abs(middle - middle[one])
        over = (boxes[:, 0] < x - CROSSING) & (boxes[:, 2] > x + CROSSING) & (reach > 0.5)
        up, down = (
            float(np.min(reach[over & side], initial=FAR)) for side in (middle < middle[one], middle > middle[one])
        )
        if min(up, down) <= NEAR_ROWS and up + down <= WHITE_ROWS:
            found.append((1.0, one, other))
    return found


def _fit(boxes: Sequence[Box], ones: Iterable[int], others: Iterable[int]) -> bool:
    """Return whether no piece of one line stands over or under a piece of the other."""
    others = list(others)
    for one in ones:
        for other in others:
            a, b = boxes[one], boxes[other]
            shared = min(a[2], b[2]) - max(a[0], b[0])
            if shared > 0.5 * min(a[2] - a[0], b[2] - b[0]) + 0.3:
                return False
    return True


def _printed(boxes: Sequence[Box], pieces: Sequence[int], structure: Structure) -> PrintedLine:
    picked = list(pieces)
    fields, roles = structure.fields[picked].mean(axis=0), structure.roles[picked].mean(axis=0)
    box = box_around(boxes[place] for place in pieces)
    return PrintedLine(tuple(pieces), box, int(fields.argmax()), int(roles.argmax()), tuple(fields.tolist()))


def fields_by_block(lines: Sequence[PrintedLine], blocks: Pairs) -> list[PrintedLine]:
    """Return the lines, all lines of a block in one field: the field that its lines, by their width, make likeliest."""
    groups = Groups.of(len(lines))
    for (one, other), value in blocks.items():
        if value >= SURE_BLOCK and blocks.get((other, one), value) >= SURE_BLOCK:
            groups.join(one, other)
    found = list(lines)
    for members in groups.sets():
        if len(members) < 2 or not all(lines[place].fields for place in members):
            continue
        widths = [lines[place].box[2] - lines[place].box[0] for place in members]
        sums = np.array([lines[place].fields for place in members]).T @ np.array(widths)
        field = int(sums.argmax())
        for place in members:
            if lines[place].field != field:
                found[place] = replace(lines[place], field=field)
    return found


class LineLinks:
    """The links between pieces of different lines, sorted by the lines that they join."""

    def __init__(self, graph: Graph, lines: Sequence[PrintedLine]) -> None:
        owner = np.zeros(len(graph.boxes), np.int64)
        owner[[piece for line in lines for piece in line.pieces]] = [
            number for number, line in enumerate(lines) for _ in line.pieces
        ]
        here, there = owner.repeat(graph.neighbors.shape[1]), owner[graph.neighbors.reshape(-1)]
        links = np.flatnonzero(here != there)
        here, there = here[links], there[links]
        self._count = len(lines)
        self._forward = _sorted_links(here * self._count + there, links)
        self._backward = _sorted_links(there * self._count + here, links)

    def pairs(self, structure: Structure, relation: int) -> Pairs:
        """Return how probable it is that a relation holds between two lines, for lines that see each other.

        For `NEXT`, (a, b) means that b follows a, and what b says of its predecessor counts as well.
        """
        numbers, links = self._forward
        values = structure.relations[..., relation].reshape(-1)[links]
        if relation == NEXT:
            others, turned = self._backward
            numbers = np.concatenate((numbers, others))
            values = np.concatenate((values, structure.relations[..., PREVIOUS].reshape(-1)[turned]))
            order = np.argsort(numbers, kind="stable")
            numbers, values = numbers[order], values[order]
        if relation != BLOCK:
            kept = values >= UNLIKELY
            numbers, values = numbers[kept], values[kept]
        return _strong(numbers, values.astype(np.float64), self._count)


def _sorted_links(numbers: Any, links: Any) -> tuple[Any, Any]:
    """Return numbers of pairs of lines in ascending order, and the links that belong to them."""
    order = np.argsort(numbers, kind="stable")
    return numbers[order], links[order]


def _strong(pairs: Any, values: Any, count: int) -> Pairs:
    """Return one probability a pair: the mean of the greater half of three values or more, else the greatest.

    The pieces in the middle of a line see less than those at its ends. A pair is one number, a times `count` plus b;
    equal ones stand together.
    """
    if not len(pairs):
        return {}
    starts = np.flatnonzero(np.concatenate(([True], pairs[1:] != pairs[:-1])))
    sizes = np.diff(np.append(starts, len(pairs)))
    found = np.maximum.reduceat(values, starts)
    if sizes.max() > 2:
        rank = np.arange(len(pairs)) - np.repeat(starts, sizes)
        falling = values[np.lexsort((-values, pairs))]
        used = np.where(sizes < 3, 1, (sizes + 1) // 2)
        found = np.add.reduceat(np.where(rank < np.repeat(used, sizes), falling, 0.0), starts) / used
    ones, others = np.divmod(pairs[starts], count)
    return dict(zip(zip(ones.tolist(), others.tolist(), strict=True), found.tolist(), strict=True))


def form_rows(lines: Sequence[PrintedLine], graph: Graph, following: Pairs, choices: Collection[int]) -> Pairs:
    """Return labels and values of forms that stand beside each other as certain pairs: a form is read by rows.

    Lines that the network links with `FORM_SURE` or more keep their links: values may stand below their labels. Only
    `choices`, lines that start with a check box, are always read by rows.
    """
    sure = [pair for pair, value in following.items() if value >= FORM_SURE]
    ahead, behind = {one for one, _ in sure}, {other for _, other in sure}
    owner = {piece: number for number, line in enumerate(lines) for piece in line.pieces}
    found: Pairs = {}
    for number, line in enumerate(lines):
        last = line.pieces[-1]
        right = int(graph.neighbors[last, 0])
        other = owner[right]
        both_choices = number in choices and other in choices
        in_form = line.role in FORM and lines[other].role in FORM and not (number in ahead or other in behind)
        if right == last or other == number or not (both_choices or in_form):
            continue
        places = [place for place in range(graph.neighbors.shape[1]) if graph.neighbors[last, place] == right]
        if is_level(line.box, lines[other].box) and not any(graph.links[last, p, RULING_DOWN] for p in places):
            found[number, other] = 1.0
    return found


def chains(lines: Sequence[PrintedLine], following: Pairs) -> list[list[int]]:
    """Return the lines as chains, each in reading order. A chain never leaves its field."""
    after: dict[int, int] = {}
    before: dict[int, int] = {}
    groups = Groups.of(len(lines))
    for _, (one, other) in sorted((-value, pair) for pair, value in following.items() if value >= FOLLOWS):
        free = one not in after and other not in before and groups.root(one) != groups.root(other)
        if free and lines[one].field == lines[other].field:
            after[one], before[other] = other, one
            groups.join(one, other)
    for one in _crossing(lines, after):
        del before[after.pop(one)]
    found = []
    for start in (place for place in range(len(lines)) if place not in before):
        chain = [start]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        found.append(chain)
    return found


def _crossing(lines: Sequence[PrintedLine], after: Mapping[int, int]) -> list[int]:
    """Return the lines whose link to the next one leads over a third line, whose middle lies in the box around both.

    Such links are jumps from column to column, or between what spans columns and one of them. The order of the parts is
    found from where they stand, which is surer.
    """
    if not after:
        return []
    boxes = np.array([line.box for line in lines], np.float32)
    order = np.argsort(boxes[:, 1] + boxes[:, 3], kind="stable")
    x, y = (((boxes[order, side] + boxes[order, side + 2]) / 2).tolist() for side in (0, 1))
    places = order.tolist()
    runs = _level_runs(lines, after)
    cut = []
    for one, other in after.items():
        around = {one, other} if is_level(lines[one].box, lines[other].box) else {*runs[one], *runs[other]}
        left, top, right, bottom = box_around(lines[place].box for place in around)
        field = lines[one].field
        for near in range(bisect_left(y, top), bisect_right(y, bottom)):
            if left < x[near] < right and places[near] not in around and lines[places[near]].field == field:
                cut.append(one)
                break
    return cut


def _level_runs(lines: Sequence[PrintedLine], after: Mapping[int, int]) -> dict[int, list[int]]:
    """Return for each line the lines linked with it that stand on the same height, itself included."""
    runs = {place: [place] for pair in after.items() for place in pair}
    for one, other in after.items():
        if is_level(lines[one].box, lines[other].box) and runs[one] is not runs[other]:
            runs[one] += runs[other]
            for place in runs[other]:
                runs[place] = runs[one]
    return runs


def is_level(box: Box, other: Box) -> bool:
    """Return whether the second box stands on the height of the first, at its right."""
    least = min(box[3] - box[1], other[3] - other[1])
    return min(box[3], other[3]) - max(box[1], other[1]) > 0.5 * least and other[0] > box[0]
