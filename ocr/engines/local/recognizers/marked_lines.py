"""Join marks found by their ink to the lines that they belong to: check boxes, initials, list dots, lone letters.

Worker side only: this module imports numpy at the top.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ocr.engines.local.ink.drawn_marks import Area, CheckBox, Comb, find_marks
from ocr.engines.local.ink.list_dots import find_list_dots
from ocr.engines.local.ppocr import Reading, line_confidence
from ocr.engines.local.recognizers.lone_letters import lone_article

Gray = NDArray[np.uint8]

CROSSES = frozenset("XxVv✓✔✗✘×/")
"""What a cross in a box is read as. Where the recognizer reads something else surely, it is right: a sign or II."""
DOTS = frozenset("oO0°º•·.,-–—'*e■▪●")
"""What a list dot is read as where the detector finds it."""
DOUBTFUL = 0.6
BAR = "|"
FRAME = 0.5
"""Sides of a box around it in which a bar is a reading of its frame."""
MOST_TWICE = 0.1
"""Share of boxes with two letters from which on a row of boxes is a table."""
NEAR = 2.0
"""Sides of a box, or heights of a line, by which a mark may stand before its line."""
MARK_CONFIDENCE = 0.95
SURE_INITIAL = 0.8
PIECE = 0.5
"""Height of a piece that a detector finds of an initial, in its heights."""
INNER = 0.6
"""Share of a line's area inside a mark from which on the line is a reading of that mark."""
WIDER = 1.8
"""Widths of a mark that a strip around it has at most."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A level line of a region: where it stands, and what was read."""

    area: tuple[float, float, float, float]
    """Left, top, right, bottom in pixels of the region."""
    reading: Reading


def with_marks(
    region: Gray, pieces: Sequence[Piece], letter: float, read: Callable[[Gray], Reading]
) -> list[Piece | None]:
    """Return the pieces with the marks that belong to them; None for a piece that was only a reading of a mark.

    `letter` is the height of the page's usual letter in pixels; `read` reads one crop.
    """
    found: list[Piece | None] = [_lone(region, piece, pieces, letter) for piece in pieces]
    marks = find_marks(region, letter)
    for comb in marks.combs:
        _join_comb(found, comb)
    for box in sorted(marks.boxes, key=lambda box: -box.area[0]):
        _add_box(found, box)
    for area in marks.initials:
        _add_initial(found, area, region, read)
    _add_dots(found, region, letter)
    return found


def _lone(region: Gray, piece: Piece, pieces: Sequence[Piece], letter: float) -> Piece:
    if len(piece.reading.text.strip()) != 1:
        return piece
    beside = [other.reading.text for other in pieces if other is not piece and _same_row(piece.area, other.area)]
    left, top, right, bottom = (max(0, round(edge)) for edge in piece.area)
    return replace(piece, reading=lone_article(piece.reading, region[top:bottom, left:right], letter, beside))


def _join_comb(found: list[Piece | None], comb: Comb) -> None:
    """Make one line of the letters in a row of boxes; a box without a letter is a space."""
    inside = [
        (place, piece)
        for place, piece in enumerate(found)
        if piece is not None and _inside(piece.area, comb.area) > INNER
    ]
    letters: dict[int, tuple[str, float]] = {}
    twice = 0
    for _, piece in inside:
        reading, (left, _, right, _) = piece.reading, piece.area
        for letter, confidence, center in zip(reading.text, reading.confidences, reading.centers, strict=True):
            cell = int(np.searchsorted(comb.bars, left + center * (right - left))) - 1
            if letter.isspace() or letter == BAR or not 0 <= cell < len(comb.bars) - 1:
                continue
            twice += cell in letters
            letters.setdefault(cell, (letter, confidence))
    if len(letters) < 2 or twice > MOST_TWICE * len(letters):
        return
    first, last = min(letters), max(letters)
    start, end = comb.bars[first], comb.bars[last + 1]
    cells = range(first, last + 1)
    signs = [letters.get(cell, (" ", MARK_CONFIDENCE)) for cell in cells]
    centers = tuple(((comb.bars[cell] + comb.bars[cell + 1]) / 2 - start) / (end - start) for cell in cells)
    joined = Reading("".join(sign for sign, _ in signs), tuple(confidence for _, confidence in signs), centers)
    for place, _ in inside:
        found[place] = None
    found[inside[0][0]] = Piece((start, float(comb.area[1]), end, float(comb.area[3])), joined)


def _add_box(found: list[Piece | None], box: CheckBox) -> None:
    """Put the sign of a box before the line on its right, in place of what was read of it."""
    left, _, right, _ = box.area
    side = right - left
    for place, piece in enumerate(found):
        if piece is not None and (_inside(piece.area, box.area) > INNER or _is_only(piece, box.area)):
            found[place] = None
    candidates = [
        (piece.area[0], place)
        for place, piece in enumerate(found)
        if piece is not None
        and piece.reading.text.strip()
        and _same_row(piece.area, box.area)
        and piece.area[2] > right
        and piece.area[0] < right + NEAR * side
    ]
    if not candidates:
        return
    place = max(candidates)[1]
    piece = found[place]
    if piece is not None:
        found[place] = _with_sign(piece, "☒" if box.crossed else "☐", box.area)


def _is_only(piece: Piece, area: Area) -> bool:
    """Return whether a line is one sign that was read of a mark and the paper around it."""
    wide = piece.area[2] - piece.area[0] < WIDER * (area[2] - area[0])
    return wide and len(piece.reading.text.strip()) <= 1 and _inside(area, piece.area) > INNER


def _add_dots(found: list[Piece | None], region: Gray, letter: float) -> None:
    """Put the dots of lists before their items; a line that is only the reading of a dot goes."""
    lone = [place for place, piece in enumerate(found) if piece is not None and _may_be_dot(piece, letter)]
    kept = [place for place, piece in enumerate(found) if piece is not None and place not in lone]
    lines = [(place, piece) for place in kept if (piece := found[place]) is not None and piece.reading.text.strip()]
    for dot in find_list_dots(region, [piece.area for _, piece in lines], letter):
        place, piece = lines[dot.line]
        found[place] = _with_sign(_without_edge(piece, dot.area), dot.sign, dot.area)
        middle = ((dot.area[0] + dot.area[2]) / 2, (dot.area[1] + dot.area[3]) / 2)
        for other in lone:
            area = piece.area if (piece := found[other]) is not None else (0.0, 0.0, 0.0, 0.0)
            if area[0] < middle[0] < area[2] and area[1] < middle[1] < area[3]:
                found[other] = None


def _without_edge(piece: Piece, area: Area) -> Piece:
    """Return the line without a first sign that is the edge of a dot which reaches into its box."""
    text = piece.reading.text
    if area[2] <= piece.area[0] or text[:1] not in DOTS:
        return piece
    start = len(text) - len(text[1:].lstrip())
    reading = piece.reading
    return replace(piece, reading=Reading(text[start:], reading.confidences[start:], reading.centers[start:]))


def _may_be_dot(piece: Piece, letter: float) -> bool:
    """Return whether a line may be the reading of a list dot: no text, or one small sign."""
    text, (left, _, right, _) = piece.reading.text.strip(), piece.area
    return right - left < 3 * letter and (not text or text in DOTS or line_confidence(piece.reading) < DOUBTFUL)


def _with_sign(piece: Piece, sign: str, area: Area) -> Piece:
    """Return the line with a sign at a place, and a space after it; what was read there goes."""
    left, right = min(piece.area[0], float(area[0])), piece.area[2]
    length = max(1.0, right - left)
    old = piece.area[2] - piece.area[0]
    characters = [
        (character, confidence, (piece.area[0] + center * old - left) / length)
        for character, confidence, center in zip(
            piece.reading.text, piece.reading.confidences, piece.reading.centers, strict=True
        )
    ]
    start, end = (area[0] - left) / length, (area[2] - left) / length
    reach = FRAME * (end - start)
    characters = [part for part in characters if part[0] != BAR or not start - reach < part[2] < end + reach]
    before = [part for part in characters if part[2] < start]
    after = [part for part in characters if part[2] > end]
    over = [part for part in characters if start <= part[2] <= end]
    if any(part[0] not in CROSSES and part[1] > DOUBTFUL for part in over):
        return piece
    middle = (start + end) / 2
    new = [(sign, MARK_CONFIDENCE, middle)]
    if before and not before[-1][0].isspace():
        new.insert(0, (" ", MARK_CONFIDENCE, start))
    if after and not after[0][0].isspace():
        new.append((" ", MARK_CONFIDENCE, end))
    text, confidences, centers = zip(*(*before, *new, *after), strict=True)
    top, bottom = min(piece.area[1], float(area[1])), max(piece.area[3], float(area[3]))
    return Piece((left, top, right, bottom), Reading("".join(text), confidences, centers))


def _add_initial(found: list[Piece | None], area: Area, region: Gray, read: Callable[[Gray], Reading]) -> None:
    """Join an initial of several lines to the first line on its right."""
    beside = [
        (piece.area[1], place, piece)
        for place, piece in enumerate(found)
        if piece is not None
        and piece.reading.text.strip()
        and area[2] - 0.3 * (area[2] - area[0]) < piece.area[0] < area[2] + NEAR * (piece.area[3] - piece.area[1])
        and area[1] < (piece.area[1] + piece.area[3]) / 2 < area[3]
    ]
    if len(beside) < 2:
        return
    _, place, first = min(beside)
    height = first.area[3] - first.area[1]
    if area[3] - area[1] < 1.5 * height or abs(area[1] - first.area[1]) > 0.7 * height:
        return
    mine = [number for number, piece in enumerate(found) if piece is not None and _inside(piece.area, area) > INNER]
    if any((piece := found[number]) is not None and _is_text_in(piece, area) for number in mine):
        return
    margin = max(2, (area[3] - area[1]) // 8)
    crop = region[max(0, area[1] - margin) : area[3] + margin, max(0, area[0] - margin) : area[2] + margin]
    reading = read(crop)
    letter = reading.text.strip()
    if len(letter) != 1 or not letter.isupper() or line_confidence(reading) < SURE_INITIAL:
        return
    for number in mine:
        found[number] = None
    left, length = float(area[0]), first.area[2] - area[0]
    old = first.area[2] - first.area[0]
    centers = [(first.area[0] + center * old - left) / length for center in first.reading.centers]
    start = len(first.reading.text) - len(first.reading.text.lstrip())
    joined = Reading(
        letter + first.reading.text[start:],
        (reading.confidences[0], *first.reading.confidences[start:]),
        ((area[2] - area[0]) / 2 / length, *centers[start:]),
    )
    found[place] = Piece((left, first.area[1], first.area[2], first.area[3]), joined)


def _is_text_in(piece: Piece, area: Area) -> bool:
    """Return whether a line is too high, and reads as too much, to be a piece of the initial in this area."""
    return piece.area[3] - piece.area[1] > PIECE * (area[3] - area[1]) and len(piece.reading.text.strip()) > 1


def _same_row(one: Sequence[float], other: Sequence[float]) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared > 0.5 * min(one[3] - one[1], other[3] - other[1])


def _inside(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the share of the first area that lies inside the second."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, tall) / max(1.0, (one[2] - one[0]) * (one[3] - one[1]))
