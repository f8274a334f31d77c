"""Place the words of a text without boxes on the lines that another reader found on the same page.

`ocr.text.alignment` finds the line for each stretch of text. A word that both readers have gets the printed word's box;
words that differ share the room between such words, by their letters. Words that no line accounts for stay near the
line before them, as thin lines of their own, and are counted.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from ocr.core.document import Box, Field, Line, Word, box_around
from ocr.text.alignment import Placement, place_lines, split_words

THIN = 0.3
"""Height of a line of unplaced words as a share of the line before it, where there is no room for a whole line."""
_WORD = re.compile(r"\S+")
_LEAST = 0.5
"""Least width of a word, in pixels."""


@dataclass(slots=True)
class _Token:
    """A word of the text between spaces, and where it belongs."""

    text: str
    start: int
    field: Field
    row: int
    """Its line of the text, counted over all fields."""
    line: int | None = None
    """The printed line that accounts for it."""
    box: Box | None = None
    """The box of the printed word that reads alike."""

    @property
    def counts(self) -> bool:
        return any(character.isalnum() for character in self.text)


@dataclass(frozen=True, slots=True)
class Places:
    """Lines of a text with boxes, in the text's order."""

    lines: tuple[Line, ...] = ()
    unplaced: int = 0
    """Words that no printed line accounts for."""
    total: int = field(default=0)
    """Words of the text."""


def place_text(parts: Sequence[tuple[Field, str]], printed: Sequence[Line]) -> Places:
    """Return the text of a page, given as (field, text) in order, on the `printed` lines of another reader.

    Without a single line in common the result has no lines.
    """
    text = "\n".join(part for _, part in parts)
    tokens = list(_tokens(parts))
    placements = [placement for placement in place_lines(split_words(text), printed) if placement.pairs]
    _own(tokens, text, placements)
    counted = [token for token in tokens if token.counts]
    unplaced = sum(token.line is None for token in counted)
    if not placements:
        return Places((), unplaced, len(counted))
    _join_marks(tokens)
    return Places(tuple(_lines(tokens, placements)), unplaced, len(counted))


def words_of(line: Line) -> Sequence[Word]:
    """Return the words of a line; where the engine gives none, each gets its share of the line's width by letters."""
    if line.words:
        return line.words
    texts = line.text.split()
    left, top, right, bottom = line.box
    is_upright = right - left >= bottom - top or len(line.text) < 3
    start, length = (left, right - left) if is_upright else (bottom, top - bottom)
    step = length / max(1, len(" ".join(texts)))
    words = []
    for text in texts:
        end = start + step * len(text)
        box = (start, top, end, bottom) if is_upright else (left, end, right, start)
        words.append(Word(text, box, line.confidence))
        start = end + step
    return words


def _tokens(parts: Sequence[tuple[Field, str]]) -> Iterator[_Token]:
    offset = row = 0
    for name, part in parts:
        for line in part.split("\n"):
            yield from (_Token(match[0], offset + match.start(), name, row) for match in _WORD.finditer(line))
            offset += len(line) + 1
            row += 1


def _own(tokens: list[_Token], text: str, placements: Sequence[Placement]) -> None:
    """Give each token the line that accounts for it, and the box of the printed word that reads alike."""
    starts = [token.start for token in tokens]
    owners = [tokens[bisect_right(starts, word.start) - 1] for word in split_words(text)]
    for number, placement in enumerate(placements):
        boxes = _boxes(placement)
        for own, at in placement.pairs:
            token, box = owners[at], boxes[own]
            token.line = number
            token.box = box if token.box is None else box_around((token.box, box))
    for number, placement in enumerate(placements):
        for at in placement.covered:
            if 0 <= at < len(owners) and owners[at].line is None:
                owners[at].line = number


def _boxes(placement: Placement) -> list[Box]:
    """Return the box of the printed word in which each word of the alignment stands."""
    printed = words_of(placement.line)
    starts = [match.start() for match in _WORD.finditer(placement.line.text)]
    places = (bisect_right(starts, word.start) - 1 for word in placement.words)
    return [printed[min(place, len(printed) - 1)].box for place in places]


def _join_marks(tokens: list[_Token]) -> None:
    """Let a mark without letters, such as a dash, go with the word before it in its row, else with the one after."""
    for _, group in groupby(tokens, key=lambda token: token.row):
        row = list(group)
        for before, token in pairwise(row):
            if not token.counts and token.line is None:
                token.line = before.line
        for after, token in pairwise(reversed(row)):
            if not token.counts and token.line is None:
                token.line = after.line


def _lines(tokens: Sequence[_Token], placements: Sequence[Placement]) -> Iterator[Line]:
    """Yield a line for each stretch of tokens on one printed line, and for each row of tokens without one."""
    runs = [
        (key, list(group))
        for key, group in groupby(
            tokens, key=lambda token: (token.field, token.line, token.row if token.line is None else -1)
        )
    ]
    owned = [placements[line].line.box if line is not None else None for (_, line, _), _ in runs]
    before = next(box for box in owned if box is not None)
    for place, ((name, line, _), run) in enumerate(runs):
        if line is not None:
            before = placements[line].line.box
            yield _placed(run, placements[line].line, name)
            continue
        following = next((box for box in owned[place:] if box is not None), None)
        stretch = _stretch(owned, place)
        yield _even(run, _beside(before, following, stretch), name)


def _stretch(owned: Sequence[Box | None], place: int) -> tuple[int, int]:
    """Return which of how many successive rows without a printed line this one is."""
    first = place
    while first > 0 and owned[first - 1] is None:
        first -= 1
    last = place
    while last < len(owned) and owned[last] is None:
        last += 1
    return place - first, last - first


def _beside(before: Box, following: Box | None, stretch: tuple[int, int]) -> Box:
    """Return a box below the line before: in the room before the next line, or a thin one where there is none."""
    number, count = stretch
    left, top, right, bottom = before
    high = bottom - top
    room = following[1] - bottom if following is not None else 0.0
    whole = min(room, high * count) if room >= high * THIN * count else high * THIN
    return (left, bottom + whole * number / count, right, bottom + whole * (number + 1) / count)


def _even(run: Sequence[_Token], box: Box, name: Field) -> Line:
    """Return a line whose words share its box by their letters."""
    text = " ".join(token.text for token in run)
    return Line(text, box, None, tuple(Word(word.text, word.box) for word in words_of(Line(text, box))), name)


def _placed(run: Sequence[_Token], printed: Line, name: Field) -> Line:
    """Return the line of tokens on a printed line: known boxes as they are, the others between them."""
    left, top, right, bottom = printed.box
    is_vertical = bottom - top > 2 * (right - left) and len(printed.text.strip()) > 2
    words = words_of(printed)
    is_down = is_vertical and len(words) > 1 and words[-1].box[1] > words[0].box[1]
    ends: list[tuple[float, float] | None] = [
        None if token.box is None else _along(token.box, is_vertical, is_down) for token in run
    ]
    filled = _filled([len(token.text) for token in run], ends, _along(printed.box, is_vertical, is_down))
    boxes = []
    for token, (start, end) in zip(run, filled, strict=True):
        across = token.box or printed.box
        if not is_vertical:
            boxes.append((start, across[1], end, across[3]))
        else:
            boxes.append((across[0], start, across[2], end) if is_down else (across[0], -end, across[2], -start))
    text = " ".join(token.text for token in run)
    return Line(text, printed.box, None, tuple(map(_word, run, boxes)), name)


def _word(token: _Token, box: Box) -> Word:
    return Word(token.text, box)


def _along(box: Box, is_vertical: bool, is_down: bool) -> tuple[float, float]:
    """Return start and end of a box in the direction of its line."""
    if not is_vertical:
        return box[0], box[2]
    return (box[1], box[3]) if is_down else (-box[3], -box[1])


def _filled(
    lengths: Sequence[int], ends: Sequence[tuple[float, float] | None], line: tuple[float, float]
) -> list[tuple[float, float]]:
    """Return start and end of all words; those without share the room between their neighbors by their letters."""
    filled: list[tuple[float, float]] = []
    place = 0
    while place < len(ends):
        known = ends[place]
        if known is not None:
            filled.append(known)
            place += 1
            continue
        last = next((later for later in range(place, len(ends)) if ends[later] is not None), len(ends))
        start = filled[-1][1] if filled else min(line[0], ends[last][0] if last < len(ends) else line[0])  # type: ignore[index]
        stop = ends[last][0] if last < len(ends) else line[1]  # type: ignore[index]
        gaps = last - place + (1 if filled else 0)
        step = max(stop - start, _LEAST * (last - place)) / (sum(lengths[place:last]) + gaps)
        start += step if filled else 0.0
        for length in lengths[place:last]:
            filled.append((start, start + step * length))
            start += step * (length + 1)
        place = last
    return filled
