"""Mark letters that the recognizer cannot spell: Polish, Czech and Turkish ones, Cyrillic, Greek, Chinese, Arabic.

A tuned recognizer reads the nearest Portuguese letter with full confidence ("přání" as "prání"), or drops the letter.
Two networks decide. The first names lines that may hold such a letter: a foreign letter of the stock network is not
much less probable than the letter that was read, or the line reads badly. The stock network with all its 18,709
characters then reads these lines again. Where it reads a foreign letter, or nothing at all in a whole word, a mark
stands instead of a wrong letter. A word without any letter is a guess: on a page that reads badly everywhere it is a
hand, whose letters are partly right, and at an edge it is dirt. There the marks for such words are taken back.

Worker side only: this module imports numpy at the top.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ocr.core.document import UNKNOWN_LETTER
from ocr.engines.local.detectors.stock_models import RECOGNIZER, model_file
from ocr.engines.local.ppocr import (
    LEAST_WIDTH,
    NETWORKS,
    STRIDE,
    Alphabet,
    Evidence,
    Network,
    Reading,
    decode,
    in_alphabet,
    is_foreign,
    line_confidence,
    unguessed,
)

MARK_CONFIDENCE = 0.5
"""Confidence of a mark: below every flag's bound, and enough for a line of marks to keep its place."""
LIKELY = float(np.exp(-7.0))
"""Probability of a foreign letter over that of the letter read from which on the line is read again. On 700 lines of
real pages 3% reach it, of letters with foreign marks three fifths."""
POSSIBLE = float(np.exp(-9.0))
"""Odds from which on a Latin letter of the stock network is believed: both networks must see a mark in one place."""
BAD_LINE = 0.97
"""Mean confidence below which a line is read again: 1% of gazette lines, a tenth of newspaper lines of 1887."""
SURE = 0.65
"""Confidence of the stock network's letter from which on it is believed: .58 and .59 were specks over S and C."""
REACH = 1.5
"""CTC steps by which the two networks may differ in where a letter stands."""
BAD_WORD, SILENT = 0.95, 0.6
"""A word reads badly below the first; the stock network sees no letters in it if it has none for this share."""
AGAIN, MARGIN = LEAST_WIDTH, 24
"""Pixels of a line around a doubtful letter that are read again, about 15 letters, and how many of them at a cut are
not trusted: half the height of the line."""
MOST_AGAIN = 0.7
"""Share of a line from which on the whole of it is read again."""
LEAST_LETTERS = 3
"""Letters of a word that the stock network must not see."""
LEAST_OTHERS = 2
"""Letters of other scripts that a line must have."""
FOREIGN_LINE, REST = 0.25, 0.8
"""A line is in another script if marks are this share of its letters and the others read below the second, on average.
Of real lines in Portuguese, 1 of 1,831 has a mark at all."""
LEGIBLE = 0.8
"""Mean confidence of a page's text below which it reads badly everywhere: 0.55 to 0.7 on medieval hands, 0.92 and more
on print."""
STROKES = frozenset("一丨ー口〇丶丿")
"""Chinese and Japanese letters that dashes, bars, boxes and dots look like."""
_BASES = dict(zip("đĐłŁħĦıŧŦ", "dDlLhHitT", strict=True))


Part = tuple[float, float]
"""Start and end of a part of a line, as shares of its width."""


class ForeignLetterMarker:
    """Replace letters outside the alphabet of a recognizer by `UNKNOWN_LETTER`.

    The stock network is loaded when the first line needs it.
    """

    def __init__(self, alphabet: Alphabet, backend: str, load: Callable[[str], "FullReader"] | None = None) -> None:
        """Mark what a recognizer with `alphabet` reads; `load` makes the reader that knows all letters."""
        self._load = load or FullReader
        self._backend = backend
        self._full: FullReader | None = None
        self._own = len(alphabet.own)
        bases = [_base(letter) for letter in alphabet.foreign]
        self._order = np.array(sorted(range(len(bases)), key=lambda place: bases[place]), np.int64) + self._own
        ordered = sorted(bases)
        groups = sorted(set(bases))
        self._starts = np.array([ordered.index(base) for base in groups], np.int64)
        self._group = np.array([groups.index(base) if base in groups else -1 for base in map(_base, alphabet.own)])

    def __call__(self, reading: Reading, evidence: Evidence) -> Reading:
        """Return the reading with marks for letters that the recognizer cannot spell."""
        if not reading.text.strip():
            return reading
        odds = self._odds(evidence.steps)
        if line_confidence(reading) >= BAD_LINE and odds.max() < LIKELY:
            return reading
        if self._full is None:
            self._full = self._load(self._backend)
        width = evidence.pixels.shape[1]
        places = (np.arange(len(odds), dtype=np.float64) + 0.5) * STRIDE
        likely = places[odds >= LIKELY] if line_confidence(reading) >= BAD_LINE else None
        full, parts = _read_again(self._full, evidence.batch, width, likely)
        return marked(reading, full, (places[odds > POSSIBLE] / width).tolist(), REACH * STRIDE / width, parts)

    def _odds(self, steps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return for each step the odds of a foreign letter against the letter of the same base that was read."""
        odds = np.zeros(len(steps), np.float32)
        best = steps[:, : self._own].argmax(axis=1)
        read = np.flatnonzero(self._group[best] >= 0)
        if not (len(self._starts) and len(read)):
            return odds
        likeliest = np.maximum.reduceat(steps[read][:, self._order], self._starts, axis=1)
        odds[read] = likeliest[np.arange(len(read)), self._group[best[read]]] / steps[read, best[read]]
        return odds


class FullReader:
    """The stock network with its whole alphabet."""

    def __init__(self, backend: str) -> None:
        """Load the network."""
        self._run: Network
        self._run, facts = NETWORKS[backend](model_file(RECOGNIZER))
        self._characters = ("", *facts["character"].splitlines(), " ")

    def __call__(self, batch: NDArray[np.float32], width: int) -> Reading:
        """Read one line, given as the network's input (1, 3, 48, W padded) and the width of its crop in pixels."""
        return decode(self._run(batch)[0], self._characters, width)


def _read_again(
    full: "FullReader", batch: NDArray[np.float32], width: int, likely: NDArray[np.float64] | None
) -> tuple[Reading, tuple[Part, ...]]:
    """Read a line of `width` pixels with all letters: the whole of it, or only around places in pixels, if given.

    Also return the parts that were read.
    """
    spans = _spans(likely, width) if likely is not None else [(0, width)]
    if sum(end - start for start, end in spans) > MOST_AGAIN * width:
        spans = [(0, width)]
    signs, parts = [], []
    for start, end in spans:
        left, right = start + MARGIN * (start > 0), end - MARGIN * (end < width)
        part = batch if end - start == width else np.ascontiguousarray(batch[..., start:end])
        again = full(part, end - start)
        for letter, confidence, center in zip(again.text, again.confidences, again.centers, strict=True):
            place = start + center * (end - start)
            if left <= place <= right:
                signs.append((letter, confidence, place / width))
        parts.append((left / width, right / width))
    text, confidences, centers = zip(*signs, strict=True) if signs else ((), (), ())
    return Reading("".join(text), confidences, centers), tuple(parts)


def _spans(places: NDArray[np.float64], width: int) -> list[tuple[int, int]]:
    """Return spans of at least `AGAIN` pixels around places, inside a line of `width` pixels; they do not overlap."""
    spans: list[tuple[int, int]] = []
    for place in places.tolist():
        start = max(0, min(int(place) - AGAIN // 2, width - AGAIN)) // STRIDE * STRIDE
        end = min(width, start + AGAIN)
        if spans and start <= spans[-1][1]:
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def marked(
    reading: Reading, full: Reading, possible: Sequence[float], reach: float, parts: Sequence[Part] = ((0.0, 1.0),)
) -> Reading:
    """Return `reading` with marks where `full`, a reading with all letters, has foreign letters or sees no letters.

    `possible` are the places of letters that may have a foreign mark. Places are shares of the line's width, as is
    `reach`, by which both readings may differ in where a letter stands, and `parts`, what `full` is a reading of.
    """
    signs = [_Sign(*sign) for sign in zip(reading.text, reading.confidences, reading.centers, strict=True)]
    for letter, center in _foreign_in(full, possible, reach):
        near = min(signs, key=lambda sign: abs(sign.center - center))
        if near.letter == letter:
            continue
        if abs(near.center - center) <= reach and not near.letter.isspace():
            signs[signs.index(near)] = _Sign(UNKNOWN_LETTER, MARK_CONFIDENCE, near.center)
        else:
            signs = sorted((*signs, _Sign(UNKNOWN_LETTER, MARK_CONFIDENCE, center)), key=lambda sign: sign.center)
    certain = _reading(_with_rest(signs))
    seen = [center for sign, center in zip(full.text, full.centers, strict=True) if not sign.isspace()]
    words = [list(word) for _, word in groupby(signs, key=lambda sign: sign.letter.isspace())]
    unseen = [_was_read(word, parts) and _is_unseen(word, seen, reach) for word in words]
    signs = [_marked_if(sign, hidden) for word, hidden in zip(words, unseen, strict=True) for sign in word]
    guessed = _reading(_with_rest(signs))
    return certain if guessed.text == certain.text else replace(guessed, unguessed=certain)


def without_false_guesses(readings: Sequence[Reading], at_edge: Sequence[bool]) -> list[Reading]:
    """Return the readings of a page without marks for words that are no foreign script: those of a hand, and dirt.

    `at_edge` says which lines lie at an edge of the page or do not run level, as dark edges of a copy do.
    """
    certain = [unguessed(reading) for reading in readings]
    sure = [line_confidence(reading) for reading in certain]
    text = [
        (len(reading.text), value) for reading, value in zip(certain, sure, strict=True) if value >= MARK_CONFIDENCE
    ]
    letters = sum(length for length, _ in text)
    if not letters or sum(length * value for length, value in text) < LEGIBLE * letters:
        return certain
    return [
        plain if edge and value < MARK_CONFIDENCE else reading
        for reading, plain, value, edge in zip(readings, certain, sure, at_edge, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Sign:
    letter: str
    confidence: float
    center: float


def _with_rest(signs: Sequence[_Sign]) -> list[_Sign]:
    """Mark all letters of a line that is in another script as a whole."""
    foreign = _is_foreign_line(signs)
    return [_marked_if(sign, foreign) for sign in signs]


def _reading(signs: Sequence[_Sign]) -> Reading:
    return Reading(
        "".join(sign.letter for sign in signs),
        tuple(sign.confidence for sign in signs),
        tuple(sign.center for sign in signs),
    )


def _marked_if(sign: _Sign, unseen: bool) -> _Sign:
    return _Sign(UNKNOWN_LETTER, MARK_CONFIDENCE, sign.center) if unseen and sign.letter.isalnum() else sign


def _foreign_in(full: Reading, possible: Sequence[float], reach: float) -> list[tuple[str, float]]:
    """Return the foreign letters that the stock network is sure of, and where they stand.

    A Latin letter must be possible for the other network as well. Letters of other scripts count in a line that has
    several: single ones are often misread signs.
    """
    sure = [
        (letter, center)
        for letter, confidence, center in zip(full.text, full.confidences, full.centers, strict=True)
        if confidence >= SURE and letter.isalpha() and letter not in STROKES
    ]
    latin = [
        (letter, center)
        for letter, center in sure
        if is_foreign(letter) and any(abs(center - place) <= reach for place in possible)
    ]
    others = [sign for sign in sure if _is_greek(sign[0]) or not (in_alphabet(sign[0]) or is_foreign(sign[0]))]
    return latin + (others if len(others) >= LEAST_OTHERS else [])


def _was_read(word: Sequence[_Sign], parts: Sequence[Part]) -> bool:
    return any(start <= word[0].center and word[-1].center <= end for start, end in parts)


def _is_unseen(word: Sequence[_Sign], seen: Sequence[float], reach: float) -> bool:
    """Return whether a word reads badly and the stock network sees hardly any letter in it: another script."""
    letters = [sign for sign in word if sign.letter.isalnum() and sign.letter != UNKNOWN_LETTER]
    if len(letters) < LEAST_LETTERS or sum(sign.confidence for sign in word) >= BAD_WORD * len(word):
        return False
    unseen = sum(all(abs(sign.center - center) > reach for center in seen) for sign in letters)
    return unseen >= SILENT * len(letters)


def _is_foreign_line(signs: Sequence[_Sign]) -> bool:
    """Return whether a line with marks reads so badly elsewhere that the rest of its letters are guesses as well."""
    marks = sum(sign.letter == UNKNOWN_LETTER for sign in signs)
    rest = [sign.confidence for sign in signs if sign.letter.isalnum() and sign.letter != UNKNOWN_LETTER]
    return LEAST_OTHERS <= marks >= FOREIGN_LINE * (marks + len(rest)) and sum(rest) < REST * len(rest)


def _is_greek(letter: str) -> bool:
    return 0x370 <= ord(letter) < 0x400 and letter.isalpha()


def _base(letter: str) -> str:
    """Return the letter without its marks."""
    return _BASES.get(letter) or unicodedata.normalize("NFD", letter)[:1]
