"""Cut the lines of an engine into pieces that belong to one column and one cell.

A detector joins lines over a narrow gutter. A line is cut at word gaps that are much wider than its others, at gutters
that the lines above and below show, after dots that lead to a number, and where a vertical ruling line crosses it. The
network joins again what belongs together. A line with a large initial is as high as several lines, but is taken to
stand where its words do: at the first of them.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

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
INITIAL, HIGHEST = 1.6, 7.0
"""Usual line heights of a line with a large initial, at least and at most."""
NARROWEST, BROADEST = 0.2, 1.4
"""Width of a large initial as a share of its height, at least and at most."""
EVEN, MARGIN, PITCH = 0.8, 0.25, 1.2
"""Line heights between edges that agree, or share of the height of the initial, whose box is larger than its ink; and
line heights from one line to the next where that is not seen."""
MARKS, RULES = frozenset("•·|¦"), frozenset("|¦")
"""What specks and pieces of ruling lines at the ends of lines are read as, and what only ruling lines are."""
AWAY, EDGE = 1.0, 0.2
"""Line heights between a mark and the text that it does not belong to, at least, and around the words of a line."""
_QUOTES = "\"“”'‘«–—- "
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
    lines = _without_initials(lines, height) if at_gaps else lines
    joined = find_joined(lines, height) if at_gaps else {}
    found: list[Piece] = []
    for place, line in enumerate(lines):
        starts: set[int] = set()
        if len(line.words) > 1 and not is_vertical(line):
            starts = {*_crossed(line, down), *joined.get(place, ())}
            if at_gaps:
                starts.update(_wide_gaps(line.words, height))
                starts.update(_after_leaders(line))
                starts -= _at_marks(line.words)
        parts = _parts(line, place, starts)
        found += (replace(part, line=_without_marks(part.line, height)) for part in parts) if at_gaps else parts
    return found


def _at_marks(words: Sequence[Word]) -> set[int]:
    """Return the places of the first word after a mark at the start of a line, and of a mark at its end."""
    ends = ((0, 1), (-1, len(words) - 1))
    return {start for end, start in ends if words[end].text in MARKS}


def _without_marks(line: Line, height: float) -> Line:
    """Return a line whose box leaves out a mark at an end that stands away from its text, or is a piece of a rule."""
    words = line.words
    if len(words) < 2 or (words[0].text not in MARKS and words[-1].text not in MARKS):
        return line
    left, top, right, bottom = line.box
    if words[0].text in MARKS and (words[0].text in RULES or words[1].box[0] - words[0].box[2] > AWAY * height):
        left = max(left, words[1].box[0] - EDGE * height)
    if words[-1].text in MARKS and (words[-1].text in RULES or words[-1].box[0] - words[-2].box[2] > AWAY * height):
        right = min(right, words[-2].box[2] + EDGE * height)
    return replace(line, box=(left, top, max(left, right), bottom))


def _without_initials(lines: Sequence[Line], height: float) -> Sequence[Line]:
    """Return the lines, those with a large initial as high as the first of the lines that it stands beside."""
    tall = [
        place
        for place, line in enumerate(lines)
        if INITIAL * height < line.box[3] - line.box[1] < HIGHEST * height and _may_have_initial(line)
    ]
    if not tall:
        return lines
    found = list(lines)
    boxes = np.array([line.box for line in lines], np.float64)
    usual = boxes[boxes[:, 3] - boxes[:, 1] <= INITIAL * height]
    for place in tall:
        left, _, right, _ = lines[place].box
        span = _first_line(lines[place], usual, height)
        if span:
            found[place] = replace(lines[place], box=(left, span[0], right, span[1]))
    return found


def _may_have_initial(line: Line) -> bool:
    """Return whether a line starts with a capital and goes on in small letters, or is a capital alone."""
    text = line.text.strip(_QUOTES)
    return text[:1].isupper() and (len(text) == 1 or not text.isupper()) and not is_vertical(line)


def _first_line(line: Line, usual: NDArray[np.float64], height: float) -> tuple[float, float] | None:
    """Return top and bottom of the first line beside the large initial of a line; None where it has none.

    `usual` are the boxes of lines of usual height. Those beside the initial start at one place, and the last of them
    ends where it does. The first is the line itself, unless its initial was read alone.
    """
    left, top, right, bottom = line.box
    alone = len(line.text.strip(_QUOTES)) == 1
    middles = (usual[:, 1] + usual[:, 3]) / 2
    level = (middles > top + 0.3 * height) & (middles < bottom - 0.3 * height)
    end = right if alone else left
    reach = right + height if alone else min(right, left + BROADEST * (bottom - top))
    rows = _rows(usual[level & (usual[:, 2] > end) & (usual[:, 0] < max(right, reach))], height)
    if len(rows) < 1 + alone:
        return None
    least = right - EVEN * height if alone else left + NARROWEST * (bottom - top)
    starts, pitch = rows[:, 0], float(np.median(np.diff(rows[:, 1]))) if len(rows) > 1 else PITCH * height
    first = rows[0, 1] - (0 if alone else pitch)
    near = max(EVEN * height, MARGIN * (bottom - top))
    fits = least < starts.min() and starts.max() < reach and np.ptp(starts) < EVEN * height
    if not (fits and abs(first - top) < near and abs(rows[-1, 3] - bottom) < near):
        return None
    return float(first), float(first + np.median(rows[:, 3] - rows[:, 1]))


def _rows(boxes: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    """Return the boxes around those at one height, from top to bottom."""
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    order = np.argsort(middles, kind="stable")
    starts = np.flatnonzero(np.diff(middles[order], prepend=-np.inf) > height / 2)
    ends = (np.minimum.reduceat(boxes[order, :2], starts), np.maximum.reduceat(boxes[order, 2:], starts))
    return np.concatenate(ends, axis=1) if len(boxes) else boxes


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
