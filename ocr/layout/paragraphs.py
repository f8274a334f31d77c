"""Join lines of body text into paragraphs, without the typesetter's hyphens.

A line starts a paragraph if the line before it is short, or if it is set like a first line: after a gap, indented,
hanging, in another type size, or as a list item. A paragraph continues in the next column if its last line is full and
does not end a sentence.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ocr.layout.reading_order import Row, line_height, row_box
from ocr.text.hyphenation import join, words_in

GAP = 1.35
"""Line distances above this factor of the usual one separate paragraphs; book pages have 2, gazettes 1."""
FAR = 3.2
"""Line distances above this factor of the line height separate paragraphs on any page: double spacing has 2.4."""
NEARBY = 4
"""Distances above and below that define the usual one."""
INDENT = 0.5
"""Least indent, in line heights: half a letter's width is noise, the smallest real indents are about a letter."""
SIZES = 1.3
"""Lines whose heights differ by this factor are of different type sizes."""
_ENDS = re.compile(r"[.:;!?…][\"”’»)\]]*$")
_ITEM = re.compile(
    r"(?:Art\.|§|[—–•·]|Par[áa]grafo [úu]nico|[IVXLC]+\s*[-–—.)]|[a-z]\)|\d+(?:\.\d+)*\s*[-–—.)]|\d+(?:\.\d+)+\s)\s?",
    re.ASCII,
)
"""The start of articles, clauses, list items and turns of dialogue."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """The measures of a column, in pixels."""

    left: float
    """Of most lines: first lines of paragraphs stand further right, or hang out to the left."""
    right: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: its joined text and its rows."""

    text: str
    rows: tuple[Row, ...]
    column: int = 0
    """Place of the column that it begins in."""


def join_paragraphs(columns: Sequence[Sequence[Row]]) -> list[str]:
    """Return the paragraphs of columns of text in reading order."""
    return [paragraph.text for paragraph in find_paragraphs(columns)]


def find_paragraphs(columns: Sequence[Sequence[Row]], after_tables: Collection[int] = ()) -> list[Paragraph]:
    """Return the paragraphs of columns of text in reading order, with their rows.

    `after_tables` are the places of columns that stand after a table: a paragraph goes on there only in lower case.
    """
    known = words_in(_text(row) for column in columns for row in column)
    found: list[tuple[str, list[Row], int]] = []
    last: tuple[Row, _Measure] | None = None
    for number, column in enumerate(columns):
        measure, apart = _measure(column), _after_gaps(column)
        for place, row in enumerate(column):
            if place == 0:
                continues = last is not None and _continues_over(*last, row, measure)
                continues = continues and (number not in after_tables or _text(row)[:1].islower())
            else:
                continues = not _starts_paragraph(column[place - 1], row, measure, apart[place])
            if continues:
                text, rows, start = found[-1]
                rows.append(row)
                found[-1] = join(text, _text(row), known), rows, start
            else:
                found.append((_text(row), [row], number))
            last = row, measure
    return [Paragraph(text, tuple(rows), start) for text, rows, start in found]


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


def _after_gaps(column: Sequence[Row]) -> list[bool]:
    """Return for each row whether the gap above it is larger than usual nearby; a column may have several leadings."""
    middles = [(box[1] + box[3]) / 2 for box in map(row_box, column)]
    distances = [below - above for above, below in pairwise(middles)]
    height = line_height([line for row in column for line in row]) or 1.0
    apart = [True]
    for place, distance in enumerate(distances):
        above, below = distances[max(0, place - NEARBY) : place], distances[place + 1 : place + 1 + NEARBY]
        larger = distance > GAP * max(_usual(above), _usual(below)) and bool(above or below)
        apart.append(larger or distance > FAR * height)
    return apart


def _usual(distances: Sequence[float]) -> float:
    """Return the lower third: nearby paragraphs may have one or two lines, with a gap after each."""
    return sorted(distances)[(len(distances) - 1) // 3] if distances else 0.0


def _starts_paragraph(above: Row, row: Row, measure: _Measure, apart: bool) -> bool:
    """Return whether `row` starts a paragraph under `above`, in the same column."""
    if _breaks_word(above) or (not apart and _continues_in_lower_case(above, row)):
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


def _continues_in_lower_case(above: Row, row: Row) -> bool:
    """Return whether an unfinished sentence continues in lower case, whatever the boxes say.

    A line without capitals or ascenders has a lower box, and looks like smaller type.
    """
    text = _text(row)
    return text[:1].islower() and not _ITEM.match(text) and not _ENDS.search(_text(above))


def _breaks_word(row: Row) -> bool:
    return bool(re.search(r"\w-$", _text(row)))


def _is_short(row: Row, following: Row, measure: _Measure) -> bool:
    """Return whether the first word of the next line would have fitted at the end of this one."""
    left, _, right, _ = row_box(row)
    room = measure.right - right
    if left > measure.left + 2 * measure.height:
        room = min(room, measure.width - (right - left))  # Centered.
    text, box = _text(following), row_box(following)
    word = (box[2] - box[0]) * (len(text.split(" ", 1)[0]) + 1) / max(1, len(text))
    return room > word + measure.height


def _continues_over(above: Row, before: _Measure, row: Row, measure: _Measure) -> bool:
    """Return whether the last paragraph of the column before continues at the top of this one."""
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
