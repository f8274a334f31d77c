"""Break words into lines of a given width: greedy, with Portuguese hyphenation, justified or not. Lengths in points."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from data.layouts.setting.glyph_metrics import measure

Align = Literal["left", "right", "center", "justify"]

_VOWELS = "aeiouáéíóúâêôãõàüy"
_NEXT = rf"(?=(?:[bcdfgptv][lr]|[cln]h|[qg]u|[bcdfgjklmnpqrstvwxzç])[{_VOWELS}])"
_SYLLABLE_ENDS = re.compile(rf"(?:(?<=[{_VOWELS}])|(?<=[{_VOWELS}][lmnrsxbcdgpt])|(?<=[{_VOWELS}][bnr]s)){_NEXT}")
"""Before one consonant (or one that cannot be divided, such as "br", "nh", "qu"), and between two."""
_WHOLE = frozenset({"br", "cr", "dr", "fr", "gr", "pr", "tr", "vr", "bl", "cl", "fl", "gl", "pl", "ch", "lh", "nh"})
_LETTERS = re.compile(r"[^\W\d_]+[.,;:!?]?")
_TIGHT = 0.35
"""Of a type size: an overfull line may stand out by this much before a word is cut by force."""


class Ink(NamedTuple):
    """How a word is printed."""

    font: str
    size: float
    color: tuple[int, int, int] = (0, 0, 0)
    rise: float = 0.0
    """Height above the baseline, in points."""
    stretch: float = 1.0
    """Width of the letters; a condensed face is narrower than 1."""


class Token(NamedTuple):
    text: str
    """What is drawn."""
    ink: Ink
    glued: bool = False
    said: str = ""
    """What it says, where that is written otherwise: "¹" for a small raised "1"."""


class SetWord(NamedTuple):
    """A word at its place: the start of its baseline, from the start of the line's."""

    text: str
    ink: Ink
    glued: bool
    x: float
    y: float = 0.0
    said: str = ""
    turn: float = 0.0
    """Degrees clockwise against its line, as on a round seal."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The width and the shape of a paragraph."""

    width: float
    first: float = 0.0
    """Indent of the first line."""
    rest: float = 0.0
    """Indent of the other lines."""
    align: Align = "left"
    hyphenate: bool = False
    dent_rows: int = 0
    """Number of first lines that leave room for a drop cap ..."""
    dent: float = 0.0
    """... and the width of the room."""

    def start(self, row: int) -> float:
        """Return the indent of a line."""
        indent = self.first if row == 0 else self.rest
        return max(indent, self.dent) if row < self.dent_rows else indent


def tokens_of(text: str, ink: Ink) -> list[Token]:
    """Return the words of a text in one ink."""
    return [Token(word, ink) for word in text.split()]


def width_of(token: Token) -> float:
    """Return the advance of a word."""
    return measure(token.ink.font, token.text).advance * token.ink.size * token.ink.stretch


def space_of(ink: Ink) -> float:
    """Return the width of a word space."""
    return measure(ink.font, " ").advance * ink.size * ink.stretch


def line_width(tokens: Sequence[Token]) -> float:
    """Return the width of words on one line."""
    return sum(width_of(t) + (0 if t.glued or not n else space_of(t.ink)) for n, t in enumerate(tokens))


def break_lines(tokens: Iterable[Token], shape: Measure) -> list[list[SetWord]]:
    """Return the lines of a paragraph; each word's x starts at the left edge of the paragraph."""
    rows: list[list[Token]] = [[]]
    widths: list[list[float]] = [[]]
    used = 0.0
    room = shape.width - shape.start(0)
    waiting = [*tokens][::-1]
    while waiting:
        token = waiting.pop()
        begun = bool(rows[-1])
        gap = 0.0 if token.glued or not begun else space_of(token.ink)
        wide = width_of(token)
        if used + gap + wide > room and not (token.glued and begun):
            head, tail = _divide(token, room - used - gap, shape.hyphenate, forced=not begun)
            if head:
                rows[-1].append(token._replace(text=head))
                widths[-1].append(width_of(rows[-1][-1]))
            if tail:
                waiting.append(token._replace(text=tail))
                rows.append([])
                widths.append([])
                used, room = 0.0, shape.width - shape.start(len(rows) - 1)
                continue
            wide = widths[-1][-1]
        else:
            rows[-1].append(token)
            widths[-1].append(wide)
        used += gap + wide
    if not rows[-1]:
        rows.pop()
    last = len(rows) - 1
    return [_place((row, widths[n]), shape, n, last=n == last) for n, row in enumerate(rows)]


@lru_cache(maxsize=50_000)
def hyphen_points(word: str) -> tuple[int, ...]:
    """Return where a word may be divided: two letters at least before the hyphen, three after it."""
    if len(word) < 6 or not _LETTERS.fullmatch(word):
        return ()
    lower = word.lower()
    ends = (found.start() for found in _SYLLABLE_ENDS.finditer(lower))
    return tuple(at for at in ends if 2 <= at <= len(word) - 3 and lower[at - 1 : at + 1] not in _WHOLE)


def _divide(token: Token, room: float, hyphenate: bool, *, forced: bool) -> tuple[str, str]:
    """Return the part of a word that fits and the rest; ("", word) where it goes to the next line as a whole."""
    if hyphenate:
        for at in reversed(hyphen_points(token.text)):
            if width_of(token._replace(text=token.text[:at] + "-")) <= room:
                return token.text[:at] + "-", token.text[at:]
    if not forced:
        return "", token.text
    slack = room + _TIGHT * token.ink.size
    fits = [at for at in range(1, len(token.text) + 1) if width_of(token._replace(text=token.text[:at])) <= slack]
    at = fits[-1] if fits else 1
    return token.text[:at], token.text[at:]


def _place(row: tuple[Sequence[Token], Sequence[float]], shape: Measure, number: int, *, last: bool) -> list[SetWord]:
    """Return the words of a line, given with their widths, at their places."""
    tokens, widths = row
    start = shape.start(number)
    gaps = [0.0 if token.glued or not n else space_of(token.ink) for n, token in enumerate(tokens)]
    spare = max(0.0, shape.width - start - sum(widths) - sum(gaps))
    spaces = sum(gap > 0 for gap in gaps)
    stretch = spare / spaces if shape.align == "justify" and not last and spaces else 0.0
    at = start + {"right": spare, "center": spare / 2}.get(shape.align, 0.0)
    placed = []
    for token, gap, wide in zip(tokens, gaps, widths, strict=True):
        at += gap + stretch if gap else 0.0
        placed.append(SetWord(token.text, token.ink, token.glued, at, -token.ink.rise, token.said))
        at += wide
    return placed
