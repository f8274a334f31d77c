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

from ocr.layout.hyphens import join
from ocr.layout.order import Row, line_height, row_box

GAP = 1.3
"""A distance between lines of this many usual ones parts paragraphs; book pages leave 2, gazettes 1."""
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
    right: float
    height: float
    pitch: float


def join_paragraphs(columns: Sequence[Sequence[Row]]) -> list[str]:
    """The paragraphs of columns of text in reading order."""
    known = {word.lower() for column in columns for row in column for word in re.findall(r"\w[\w-]*\w", _text(row))}
    paragraphs: list[str] = []
    last: tuple[Row, _Measure] | None = None
    for column in columns:
        measure = _measure(column)
        above: Row | None = None
        for row in column:
            goes_on = _goes_over(last, row, measure) if above is None else not _opens(above, row, measure)
            if goes_on and paragraphs:
                paragraphs[-1] = join(paragraphs[-1], _text(row), known)
            else:
                paragraphs.append(_text(row))
            above, last = row, (row, measure)
    return paragraphs


def _text(row: Row) -> str:
    return " ".join(line.text.strip() for line in row)


def _measure(column: Sequence[Row]) -> _Measure:
    boxes = [row_box(row) for row in column]
    pitches = [_middle(below) - _middle(row) for row, below in pairwise(column)]
    height = line_height([line for row in column for line in row]) or 1.0
    return _Measure(
        min(box[0] for box in boxes), max(box[2] for box in boxes), height, median(pitches) if pitches else 2 * height
    )


def _middle(row: Row) -> float:
    box = row_box(row)
    return (box[1] + box[3]) / 2


def _opens(above: Row, row: Row, measure: _Measure) -> bool:
    """Does `row` open a paragraph under `above`, in the same column?"""
    if _middle(row) - _middle(above) > GAP * measure.pitch:
        return True
    upper, lower = row_box(above), row_box(row)
    sizes = sorted((upper[3] - upper[1], lower[3] - lower[1]))
    if sizes[1] > SIZES * sizes[0]:
        return True
    if _breaks_word(above):
        return False
    shift = lower[0] - upper[0]
    if _is_short(above, row, measure) or (_ITEM.match(_text(row)) and _ENDS.search(_text(above))):
        return True
    # A hanging paragraph opens further left than its own lines; an indented one further right than the line above.
    return abs(shift) > INDENT * measure.height and bool(_ENDS.search(_text(above)))


def _breaks_word(row: Row) -> bool:
    return bool(re.search(r"\w-$", _text(row)))


def _is_short(row: Row, following: Row, measure: _Measure) -> bool:
    """Would the first word of the next line still have fitted at the end of this one?"""
    left, _, right, _ = row_box(row)
    room = measure.right - right
    if left > measure.left + 2 * measure.height:
        room = min(room, (measure.right - measure.left) - (right - left))
    text, box = _text(following), row_box(following)
    word = (box[2] - box[0]) * (len(text.split(" ", 1)[0]) + 1) / max(1, len(text))
    return room > word + measure.height


def _goes_over(last: tuple[Row, _Measure] | None, row: Row, measure: _Measure) -> bool:
    """Does the paragraph at the foot of the column before go on at the head of this one?"""
    if last is None:
        return False
    above, before = last
    if _breaks_word(above):
        return True
    indented = row_box(row)[0] > measure.left + INDENT * measure.height
    size = (row_box(row)[3] - row_box(row)[1]) / max(1.0, row_box(above)[3] - row_box(above)[1])
    return (
        not _is_short(above, row, before)
        and not _ENDS.search(_text(above))
        and not _ITEM.match(_text(row))
        and not indented
        and 1 / SIZES < size < SIZES
    )
