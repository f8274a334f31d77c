"""Decide which lines stand in the header and in the footer, where the rules and the network differ."""

import math
from collections.abc import Sequence, Set
from dataclasses import replace

import numpy as np

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
MARGIN, NOISE = FIELD_NAMES.index("margin"), FIELD_NAMES.index("noise")


def with_edges(lines: Sequence[PrintedLine], ruled: Sequence[Field]) -> list[PrintedLine]:
    """Return the lines, with those in header and footer that the rules are sure of.

    `ruled` are the fields of the pieces by the rules.
    """
    start = _body_start(lines, ruled)
    lines = _without_marks(lines)
    edges = _without_notes(lines, [frozenset(ruled[piece] for piece in line.pieces) for line in lines])
    found = [_at_edge(_without_noise(line), edge, start) for line, edge in zip(lines, edges, strict=True)]
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
    """Return the lines, those that lie over several lines of the body in the margin: stamps and watermarks.

    Lines in ruled tables, whose fields are not known, stay.
    """
    found = list(lines)
    tall = [
        place
        for place, line in enumerate(lines)
        if line.field == TEXT and line.fields and line.box[3] - line.box[1] > TALL
    ]
    if not tall:
        return found
    boxes = np.array([line.box for line in lines if line.field == TEXT], np.float32)
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    for place in tall:
        left, top, right, bottom = lines[place].box
        if ((x > left) & (x < right) & (y > top) & (y < bottom)).sum() > COVERED:
            found[place] = replace(lines[place], field=MARGIN)
    return found


def _without_noise(line: PrintedLine) -> PrintedLine:
    """Return the line in a field that is printed: what was read is never left out, whatever the network says."""
    if line.field != NOISE:
        return line
    others = line.fields[:NOISE]
    return replace(line, field=others.index(max(others)))


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
