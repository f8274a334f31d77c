"""Cut the lines of an engine into pieces that belong to one column and one cell.

A detector joins lines over a narrow gutter. A line is cut at word gaps that are much wider than its others, at gutters
that the lines above and below show, after dots that lead to a number, and where a vertical ruling line crosses it. The
network joins again what belongs together.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from ocr.core.document import Box, Line, Word, box_around
from ocr.layout.learned.gutters import find_joined
from ocr.layout.reading_order import is_vertical, line_height

WIDE, LOOSE = 0.8, 1.5
"""Word gaps from this share of the usual line height on are cut, if they are so many times the usual gap of the line:
in loosely justified lines all gaps are wide."""
WIDEST = 1.7
"""Share of the line height from which any gap is cut."""
UNUSUAL, HALF_WIDE = 2.2, 0.55
"""Gaps of this many times the usual gap are cut, if they are at least this share of the line height."""
_DOTS = ("....", "……", "····")
_LEADER = re.compile(r"[.·]{4,}$|…{2,}$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a detected line; `line.box` is on the level page."""

    line: Line
    source: int
    """Place of the detected line that it was cut from."""
    start: int = 0
    """Its first word in that line ..."""
    end: int = -1
    """... and the one after its last; -1 for the whole line."""


def cut_lines(lines: Sequence[Line], rulings: Sequence[Box] = (), *, at_gaps: bool = True) -> list[Piece]:
    """Return the pieces of level lines, in their order. Every word comes out once.

    `rulings` are thin boxes, in the pixels of the lines. Without `at_gaps` lines are cut at ruling lines alone.
    """
    height = line_height(lines) or 1.0
    down = sorted((box for box in rulings if box[3] - box[1] > 2 * (box[2] - box[0])), key=_center)
    joined = find_joined(lines, height) if at_gaps else {}
    found: list[Piece] = []
    for place, line in enumerate(lines):
        starts: set[int] = set()
        if len(line.words) > 1 and not is_vertical(line):
            starts = {*_crossed(line, down), *joined.get(place, ())}
            if at_gaps:
                starts.update(_wide_gaps(line.words, height))
                starts.update(_after_leaders(line))
        found += _parts(line, place, starts)
    return found


def _center(box: Box) -> float:
    return (box[0] + box[2]) / 2


def _parts(line: Line, source: int, starts: Set[int]) -> Iterator[Piece]:
    """Yield the parts of a line that start at some of its words, from left to right; the whole line without any."""
    if not starts:
        yield Piece(line, source)
        return
    start = 0
    for end in (*sorted(starts), len(line.words)):
        yield Piece(part_of(line, start, end), source, start, end)
        start = end


def _after_leaders(line: Line) -> Iterator[int]:
    """Yield the places of words that stand after dots which lead to them."""
    if not any(dots in line.text for dots in _DOTS):
        return
    for place, (dots, word) in enumerate(pairwise(line.words), start=1):
        if _LEADER.search(dots.text) and not _LEADER.search(word.text):
            yield place


def _wide_gaps(words: Sequence[Word], height: float) -> Iterator[int]:
    """Yield the places of words that stand after a wide gap."""
    gaps = [after.box[0] - before.box[2] for before, after in pairwise(words)]
    usual = median(gaps)
    for place, gap in enumerate(gaps, start=1):
        if (
            gap > WIDEST * height
            or (gap > WIDE * height and (gap > LOOSE * usual or len(gaps) < 3))
            or (gap > HALF_WIDE * height and gap > UNUSUAL * usual and len(gaps) > 2)
        ):
            yield place


def _crossed(line: Line, rulings: Sequence[Box]) -> Iterator[int]:
    """Yield the places of words that stand right of a ruling line that crosses the line between two words.

    `rulings` are vertical and come from left to right.
    """
    left, top, right, bottom = line.box
    for ruling in rulings[bisect_left(rulings, left, key=_center) : bisect_right(rulings, right, key=_center)]:
        x = _center(ruling)
        if not (left < x < right and min(bottom, ruling[3]) - max(top, ruling[1]) > 0.7 * (bottom - top)):
            continue
        place = sum((word.box[0] + word.box[2]) / 2 < x for word in line.words)
        if 0 < place < len(line.words) and _between(line.words, place, x, bottom - top):
            yield place


def _between(words: Sequence[Word], place: int, x: float, height: float) -> bool:
    """Return whether `x` lies near the gap before a word, and not in the middle of a long word."""
    return words[place - 1].box[2] - 0.6 * height < x < words[place].box[0] + 0.6 * height


def part_of(line: Line, start: int, end: int) -> Line:
    """Return the words `start` to `end` of a line as a line of their own; the whole line where `end` is negative."""
    if end < 0:
        return line
    words = line.words[start:end]
    known = [word.confidence for word in words if word.confidence is not None]
    left, _, right, _ = box_around(word.box for word in words)
    left = line.box[0] if start == 0 else left
    right = line.box[2] if end == len(line.words) else right
    confidence = round(sum(known) / len(known), 4) if known else line.confidence
    box = (left, line.box[1], max(left, right), line.box[3])
    return replace(line, text=" ".join(word.text for word in words), box=box, words=words, confidence=confidence)
