"""Decide which lines stand in the header and in the footer, where the rules and the network differ."""

import math
from collections.abc import Sequence, Set
from dataclasses import replace

from ocr.core.document import Field
from ocr.layout.learned.line_chains import TEXT, PrintedLine

FIELD_NAMES = ("header", "text", "margin", "footer", "noise")
"""As the network numbers them."""
EDGES = (FIELD_NAMES.index("header"), FIELD_NAMES.index("footer"))
EDGE_SURE = 0.95
"""Least probability of header or footer for lines that the rules leave in the body."""
BODY_SURE = 0.99
"""Probability of the body from which neither a line nor what stands below it is in the header by rules."""
MARGIN, NOISE = FIELD_NAMES.index("margin"), FIELD_NAMES.index("noise")


def with_edges(lines: Sequence[PrintedLine], ruled: Sequence[Field]) -> list[PrintedLine]:
    """Return the lines, with those in header and footer that the rules are sure of.

    `ruled` are the fields of the pieces by the rules.
    """
    start = _body_start(lines, ruled)
    found = [_at_edge(_without_noise(line), frozenset(ruled[piece] for piece in line.pieces), start) for line in lines]
    if any(line.field == TEXT for line in found):
        return found
    # A page without a body is rare, so the rules must agree; and no page is all header and footer.
    found = [
        replace(line, field=TEXT) if {ruled[piece] for piece in line.pieces} == {"text"} else line for line in found
    ]
    if any(line.field in (TEXT, MARGIN) for line in found):
        return found
    return [replace(line, field=TEXT) for line in found]


def _without_noise(line: PrintedLine) -> PrintedLine:
    """Return the line in a field that is printed: what was read is never left out, whatever the network says."""
    if line.field != NOISE:
        return line
    others = line.fields[:NOISE]
    return replace(line, field=others.index(max(others)))


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
