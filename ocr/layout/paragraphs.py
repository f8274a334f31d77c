"""Lines of body text -> paragraphs, joined and with the typesetter's hyphens taken out.

A line opens a paragraph when the one before it ended early, or when it is set like an opening: after a gap, indented,
hanging out, in another size, or as the next item of a list. A paragraph goes on over the foot of a column when its last
line there was full and does not end a sentence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ocr.layout.reading_order import Row, line_height, row_box
from ocr.text.hyphenation import join

GAP = 1.35
"""A distance between lines of this many usual ones parts paragraphs; book pages leave 2, gazettes 1."""
NEARBY = 4
"""Distances to either side that say what is usual."""
INDENT = 0.5
"""An indent, in line heights: half a letter's width is noise, the smallest real ones are about a letter."""
SIZES = 1.3
"""Lines whose heights differ by this factor are of different type."""
_ENDS = re.compile(r"[.:;!?…][\"”’»)\]]*$")
_ITEM = re.compile(
    r"(?:Art\.|§|[—–•·]|Par[áa]grafo [úu]nico|[IVXLC]+\s*[-–—.)]|[a-z]\)|\d+(?:\.\d+)*\s*[-–—.)]|\d+(?:\.\d+)+\s)\s?",
    re.ASCII,
)
"""How articles, clauses, items and turns of dialogue open."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """How a column is set."""

    left: float
    """Of most lines: the lines that open paragraphs stand further right, or hang out to the left."""
    right: float
    width: float
    height: float


def join_paragraphs(columns: Sequence[Sequence[Row]]) -> list[str]:
    """The paragraphs of columns of text in reading order."""
    known = {word.lower() for column in columns for row in column for word in re.findall(r"\w[\w-]*\w", _text(row))}
    paragraphs: list[str] = []
    last: tuple[Row, _Measure] | None = None
    for column in columns:
        measure, apart = _measure(column), _stand_apart(column)
        for place, row in enumerate(column):
            if place == 0:
                goes_on = last is not None and _goes_over(*last, row, measure)
            else:
                goes_on = not _opens(column[place - 1], row, measure, apart[place])
            if goes_on:
                paragraphs[-1] = join(paragraphs[-1], _text(row), known)
            else:
                paragraphs.append(_text(row))
            last = row, measure
    return paragraphs


def _text(row: Row) -> str:
    return " ".join(line.text.strip() for line in row)


def _measure(column: Sequence[Row]) -> _Measure:
    boxes = [row_box(row) for row in column]
    right = max(box[2] for box in boxes)
    return _Measure(
        left=median(box[0] for box in boxes),
        right=right,
        width=right - min(box[0] for box in boxes),
        height=line_height([line for row in column for line in row]) or 1.0,
    )


def _stand_apart(column: Sequence[Row]) -> list[bool]:
    """For each row, is the gap above it larger than is usual around it? One column may have several leadings."""
    middles = [(box[1] + box[3]) / 2 for box in map(row_box, column)]
    distances = [below - above for above, below in pairwise(middles)]
    apart = [True]
    for place, distance in enumerate(distances):
        above, below = distances[max(0, place - NEARBY) : place], distances[place + 1 : place + 1 + NEARBY]
        apart.append(distance > GAP * max(_usual(above), _usual(below)) and bool(above or below))
    return apart


def _usual(distances: Sequence[float]) -> float:
    """The lower third, because the paragraphs around may be of one or two lines, with a gap after each."""
    return sorted(distances)[(len(distances) - 1) // 3] if distances else 0.0


def _opens(above: Row, row: Row, measure: _Measure, apart: bool) -> bool:
    """Does `row` open a paragraph under `above`, in the same column?"""
    if _breaks_word(above) or (not apart and _goes_on_small(above, row)):
        return False
    upper, lower = row_box(above), row_box(row)
    sizes = sorted((upper[3] - upper[1], lower[3] - lower[1]))
    if apart or sizes[1] > SIZES * sizes[0] or _is_short(above, row, measure):
        return True
    if not _ENDS.search(_text(above)):
        return False
    indent = INDENT * measure.height
    set_off = abs(lower[0] - measure.left) > indent and abs(lower[0] - upper[0]) > indent
    return set_off or bool(_ITEM.match(_text(row)))


def _goes_on_small(above: Row, row: Row) -> bool:
    """A sentence that has not ended goes on in a small letter, whatever the boxes say: a line without capitals or
    ascenders has a lower box, and looks like smaller type."""
    text = _text(row)
    return text[:1].islower() and not _ITEM.match(text) and not _ENDS.search(_text(above))


def _breaks_word(row: Row) -> bool:
    return bool(re.search(r"\w-$", _text(row)))


def _is_short(row: Row, following: Row, measure: _Measure) -> bool:
    """Would the first word of the next line still have fitted at the end of this one?"""
    left, _, right, _ = row_box(row)
    room = measure.right - right
    if left > measure.left + 2 * measure.height:
        room = min(room, measure.width - (right - left))  # Centred.
    text, box = _text(following), row_box(following)
    word = (box[2] - box[0]) * (len(text.split(" ", 1)[0]) + 1) / max(1, len(text))
    return room > word + measure.height


def _goes_over(above: Row, before: _Measure, row: Row, measure: _Measure) -> bool:
    """Does the paragraph at the foot of the column before go on at the head of this one?"""
    if _breaks_word(above):
        return True
    upper, lower = row_box(above), row_box(row)
    sizes = sorted((upper[3] - upper[1], lower[3] - lower[1]))
    return not (
        _is_short(above, row, before)
        or _ENDS.search(_text(above))
        or _ITEM.match(_text(row))
        or lower[0] > measure.left + INDENT * measure.height
        or sizes[1] > SIZES * sizes[0]
    )
