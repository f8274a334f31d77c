"""Score what can be read on a composed page: its illegible places are left out of reference and output alike.

`ocr data compose` writes `[ilegível]` where wear took a word, and the places of such words. No reader writes that mark,
and what it reads of the remains is neither right nor wrong. So the mark is removed from the reference, and from the
output each word that lies in such a place. The image stays as it is, and the layout orders the page with all its words.

Gaps in lines also break the reading order, which is the layout's matter. `line_errors` compares line by line, in place.
"""

import math
from collections.abc import Sequence
from typing import Any

from data.examples import UNREADABLE
from eval.metrics.edit_distance import Errors, character_errors
from ocr.core.document import Box, Page, Word

MOSTLY = 0.5
"""A word whose box lies by more than this share of its width, at its height, in illegible places is left out."""
BESIDE = 0.75
"""Share of a line's height by which a word may lie above, below or beside it."""


UPRIGHT = 4
"""Characters from which a line that is taller than wide is one that runs up the page."""


def legible_reference(text: str) -> str:
    """Return a reference without its marks."""
    return text.replace(UNREADABLE, "")


def legible_words(page: Page, places: Sequence[Box]) -> list[Word]:
    """Return the words of a page in reading order without those in `places`, boxes in pixels of the page as read."""
    words = [word for line in page.lines for word in line.words or (Word(line.text, line.box),)]
    return [word for word in words if word.text and _covered(word.box, places) <= MOSTLY]


def _covered(box: Box, places: Sequence[Box]) -> float:
    """Return the share of a box's width that lies in places of its row; places do not overlap."""
    shared = sum(min(box[2], place[2]) - max(box[0], place[0]) for place in places if _meet(box, place))
    return shared / max(1.0, box[2] - box[0])


def _meet(box: Box, other: Box) -> bool:
    """Return whether two boxes share a place, and one of them the middle height of the other."""
    height, other_height = (box[1] + box[3]) / 2, (other[1] + other[3]) / 2
    same_row = other[1] <= height <= other[3] or box[1] <= other_height <= box[3]
    return same_row and box[0] < other[2] and other[0] < box[2]


def is_level(line: Any) -> bool:
    """Return whether a line of the manifest is level: side texts run up the page."""
    left, top, right, bottom = line["box"]
    return len(line["text"]) < UPRIGHT or right - left > bottom - top


def line_errors(lines: Sequence[Any], words: Sequence[Word], skew: float) -> Errors:
    """Return the errors of all lines of a page, each compared with the words in its place, from left to right.

    `lines` are level lines of the manifest (`text`, `box`); `skew` is that of the page, in degrees clockwise. Words in
    no line's place are insertions.
    """
    slope = math.tan(math.radians(skew))
    found: dict[int, list[Word]] = {}
    stray = 0
    for word in words:
        number = _line_of(word, lines, slope)
        if number is None:
            stray += len(word.text)
        else:
            found.setdefault(number, []).append(word)
    edits, length = stray, 0
    for number, line in enumerate(lines):
        read = " ".join(word.text for word in sorted(found.get(number, ()), key=lambda word: word.box[0]))
        errors = character_errors(legible_reference(line["text"]), read, "normalized")
        edits, length = edits + errors.edits, length + errors.length
    return Errors(edits, length)


def _line_of(word: Word, lines: Sequence[Any], slope: float) -> int | None:
    """Return the number of the line whose axis is nearest to the middle of a word."""
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    distances = []
    for number, line in enumerate(lines):
        left, top, right, bottom = line["box"]
        height = max(8.0, bottom - top - abs(slope) * (right - left))
        away = abs(y - (top + bottom) / 2 - slope * (x - (left + right) / 2))
        if away < BESIDE * height and left - BESIDE * height < x < right + BESIDE * height:
            distances.append((away, number))
    return min(distances)[1] if distances else None
