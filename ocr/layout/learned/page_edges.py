"""Decide which lines stand in the header and in the footer, where the rules and the network differ."""

import math
from collections.abc import Sequence, Set
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Field
from ocr.layout.learned.line_chains import TEXT, PrintedLine

FIELD_NAMES = ("header", "text", "margin", "footer", "noise")
"""As the network numbers them."""
EDGES = (FIELD_NAMES.index("header"), FIELD_NAMES.index("footer"))
EDGE_SURE = 0.95
"""Least probability of header or footer for lines that the rules leave in the body."""
BODY_SURE = 0.99
"""Probability of the body from which neither a line nor what stands below it is in the header by rules, nor most lines
in the footer."""
TALL, COVERED = 4.0, 4
"""Line heights of what lies over print, at least, and lines of the body whose middles it covers, at least."""
WIDE, LEVEL, MOSTLY, COLUMNS = 6.0, 0.4, 0.6, 2
"""Line heights of lines in columns, at least; shares of the height and of the width of a line that lies over them; and
columns that it lies over, at least."""
Floats = NDArray[np.float32]
MARGIN, NOISE = FIELD_NAMES.index("margin"), FIELD_NAMES.index("noise")


def with_edges(lines: Sequence[PrintedLine], ruled: Sequence[Field]) -> list[PrintedLine]:
    """Return the lines, with those in header and footer that the rules are sure of.

    `ruled` are the fields of the pieces by the rules.
    """
    start = _body_start(lines, ruled)
    lines = _without_marks([_without_noise(line) for line in lines])
    edges = _without_notes(lines, [frozenset(ruled[piece] for piece in line.pieces) for line in lines])
    found = [_at_edge(line, edge, start) for line, edge in zip(lines, edges, strict=True)]
    if any(line.field == TEXT for line in found):
        return found
    # A page without a body is rare, so the rules must agree; and no page is all header and footer.
    found = [
        replace(line, field=TEXT) if {ruled[piece] for piece in line.pieces} == {"text"} else line for line in found
    ]
    if any(line.field in (TEXT, MARGIN) for line in found):
        return found
    return [replace(line, field=TEXT) for line in found]


def _without_marks(lines: Sequence[PrintedLine]) -> list[PrintedLine]:
    """Return the lines, those that lie over the body in the margin: stamps, watermarks, print that shows through.

    They lie over several lines one below the other, or over lines of two columns at one height. Lines in ruled tables,
    whose fields are not known, stay.
    """
    body = [place for place, line in enumerate(lines) if line.field == TEXT]
    boxes = np.array([lines[place].box for place in body], np.float32).reshape(-1, 4)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    likely = (height > TALL) | (width > 2 * WIDE)
    likely[likely] &= (height[likely] > TALL) | (_count_level(boxes[likely], boxes[width > WIDE]) > COLUMNS)
    known = np.array([bool(lines[place].fields) for place in body], bool)
    found = list(lines)
    for number in np.flatnonzero(likely & known).tolist():
        box, others = boxes[number], np.delete(boxes, number, axis=0)
        if (_covers if height[number] > TALL else _lies_over)(box, others):
            found[body[number]] = replace(lines[body[number]], field=MARGIN)
    return found


def _count_level(boxes: Floats, others: Floats) -> NDArray[np.int64]:
    """Return with how many others each box shares width and much of its height."""
    left, top, right, bottom = others.T
    level = np.minimum(boxes[:, 3:4], bottom) - np.maximum(boxes[:, 1:2], top)
    level = level > LEVEL * np.minimum(boxes[:, 3:4] - boxes[:, 1:2], bottom - top)
    counts: NDArray[np.int64] = (level & (boxes[:, 2:3] > left) & (boxes[:, :1] < right)).sum(axis=1)
    return counts


def _covers(box: Floats, others: Floats) -> bool:
    """Return whether the middles of several lines lie in a box."""
    x, y = (others[:, 0] + others[:, 2]) / 2, (others[:, 1] + others[:, 3]) / 2
    return int(((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])).sum()) >= COVERED


def _lies_over(box: Floats, others: Floats) -> bool:
    """Return whether a line lies over wide lines side by side, most of its width over one or the other."""
    least = np.minimum(others[:, 3] - others[:, 1], box[3] - box[1])
    level = np.minimum(others[:, 3], box[3]) - np.maximum(others[:, 1], box[1]) > LEVEL * least
    others = others[level & (others[:, 2] - others[:, 0] > WIDE)]
    left, right = np.maximum(others[:, 0], box[0]), np.minimum(others[:, 2], box[2])
    left, right = left[right > left], right[right > left]
    if len(left) < 2 or left.max() < right.min():
        return False
    order = np.argsort(left)
    reached = np.maximum.accumulate(np.append(box[0], right[order]))
    covered = np.maximum(0, reached[1:] - np.maximum(reached[:-1], left[order])).sum()
    return bool(covered > MOSTLY * (box[2] - box[0]))


def _without_noise(line: PrintedLine) -> PrintedLine:
    """Return the line in a field that is printed: what was read is never left out, whatever the network says."""
    if line.field != NOISE:
        return line
    others = line.fields[:NOISE]
    return replace(line, field=others.index(max(others)) if any(others) else TEXT)


def _without_notes(lines: Sequence[PrintedLine], edges: Sequence[Set[Field]]) -> Sequence[Set[Field]]:
    """Return the fields of lines by rules, without a footer most of whose lines certainly are in the body.

    A table in small type above a footer looks like notes. One line that the network is wrong about is no reason.
    """
    feet = [line.fields[TEXT] for line, edge in zip(lines, edges, strict=True) if edge == {"footer"} and line.fields]
    if 2 * sum(value >= BODY_SURE for value in feet) <= len(feet):
        return edges
    return [{"text"} if edge == {"footer"} else edge for edge in edges]


def _body_start(lines: Sequence[PrintedLine], ruled: Sequence[Field]) -> float:
    """Return the upper edge of the highest line that certainly is in the body, of those in the header by rules."""
    return min(
        (
            line.box[1]
            for line in lines
            if line.fields and line.fields[TEXT] >= BODY_SURE and {ruled[piece] for piece in line.pieces} == {"header"}
        ),
        default=math.inf,
    )


def _at_edge(line: PrintedLine, ruled: Set[Field], start: float) -> PrintedLine:
    """Return the line in the header or footer where the rules put it, in the body where nobody is sure of an edge.

    What lies below `start` is in the header only if the network says so.
    """
    if line.fields and (ruled == {"footer"} or (ruled == {"header"} and line.box[1] < start)):
        return replace(line, field=FIELD_NAMES.index(min(ruled)))
    if line.field in EDGES and ruled == {"text"} and max(line.fields, default=1.0) < EDGE_SURE:
        return replace(line, field=TEXT)
    return line
