"""Mark letters that the recognizer cannot spell: Polish, Czech and Turkish ones, Cyrillic, Hebrew, Chinese, Arabic.

A recognizer without a class for them reads the nearest Portuguese letter with full confidence ("přání" as "prání"), or
drops the letter. The tuned one has the class U+FFFD, which was trained on such letters and takes no part in the text:
where it is far likelier than any other, a mark stands. In a word with such a mark less is needed for the next one.

Worker side only: this module imports numpy at the top.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ocr.core.document import UNKNOWN_LETTER
from ocr.engines.local.ppocr import Characters, Evidence, Reading, decode, line_confidence, unguessed

MARK_CONFIDENCE = 0.5
"""Confidence of a mark: below every flag's bound, and enough for a line of marks to keep its place."""
LEAST_ODDS = float(np.exp(6.0))
"""Odds of U+FFFD against the likeliest other class from which on a letter is marked. Of 1,561 worn composed lines
without such letters 1 gets a mark, of 3,673 on real pages 1; with exp(5.5) 2 and 3 do."""
LEAST_IN_WORD = float(np.exp(1.0))
"""The same in a word with a letter that is marked."""
FOREIGN_LINE, CERTAIN_MARKS, CERTAIN_ODDS = 0.3, 3, float(np.exp(7.5))
"""A line is in another script if marks are this share of its letters and so many of them have these odds: six of ten
such lines, and none of a medieval hand. Other marks may stand for letters of a hand."""
LEAST_GREEK = 2
"""Greek letters of a Greek word, at least, and half of its letters."""
LEGIBLE = 0.8
"""Mean confidence of a page's text below which it reads badly everywhere: 0.55 to 0.7 on medieval hands, 0.92 and more
on print."""


def with_marks(
    reading: Reading, evidence: Evidence, characters: Characters, check: Callable[[Reading], Reading]
) -> Reading:
    """Return the checked reading of a line, with `UNKNOWN_LETTER` for letters outside the alphabet.

    `check` corrects a reading by other evidence.
    """
    plain = check(reading)
    places = unknown_steps(evidence, characters)
    marked, certain = plain, False
    if places.any():
        steps = evidence.steps.copy()
        steps[places] = 0.0
        steps[places, characters.index(UNKNOWN_LETTER)] = MARK_CONFIDENCE
        marked = check(decode(steps, characters, evidence.pixels.shape[1]))
        likely = int(np.count_nonzero(evidence.unknown >= CERTAIN_ODDS))
        certain = likely >= CERTAIN_MARKS and _is_foreign(marked)
    marked = without_latin_in_greek(marked)
    return marked if certain or marked is plain else replace(marked, unguessed=plain)


def without_latin_in_greek(reading: Reading) -> Reading:
    """Return the reading with marks for Latin letters in Greek words: the recognizer has no good shape of ς or ή."""
    signs = list(zip(reading.text, reading.confidences, strict=True))
    if sum(_is_greek(letter) for letter in reading.text) < LEAST_GREEK:
        return reading
    words = [list(word) for _, word in groupby(signs, key=lambda sign: sign[0].isspace())]
    kept = [sign for word in words for sign in (_latin_marked(word) if _is_greek_word(word) else word)]
    if kept == signs:
        return reading
    return replace(reading, text="".join(sign[0] for sign in kept), confidences=tuple(sign[1] for sign in kept))


def _latin_marked(word: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    latin = (letter.isalpha() and not _is_greek(letter) for letter, _ in word)
    return [(UNKNOWN_LETTER, MARK_CONFIDENCE) if other else sign for sign, other in zip(word, latin, strict=True)]


def _is_greek_word(word: Sequence[tuple[str, float]]) -> bool:
    greek, letters = (sum(kind(sign[0]) for sign in word) for kind in (_is_greek, str.isalpha))
    return greek >= LEAST_GREEK and 2 * greek >= letters


def _is_greek(letter: str) -> bool:
    return 0x370 <= ord(letter) < 0x400 and letter.isalpha()


def unknown_steps(evidence: Evidence, characters: Characters) -> NDArray[np.bool_]:
    """Return which steps of a line, (time,), show a letter outside the alphabet."""
    found = np.asarray(evidence.unknown >= LEAST_ODDS, np.bool_)
    if not found.any():
        return found
    spaces = evidence.steps.argmax(axis=1) == len(characters) - 1
    words = np.cumsum(spaces)
    near = np.isin(words, words[found])
    return np.asarray(found | (near & (evidence.unknown >= LEAST_IN_WORD) & ~spaces), np.bool_)


def _is_foreign(reading: Reading) -> bool:
    """Return whether so many letters of a line are marks that it is in another script."""
    marks = reading.text.count(UNKNOWN_LETTER)
    return marks >= FOREIGN_LINE * (marks + sum(sign.isalnum() for sign in reading.text)) > 0


def without_false_guesses(readings: Sequence[Reading], at_edge: Sequence[bool]) -> list[Reading]:
    """Return the readings of a page without marks for what is no foreign letter: letters of a hand, and dirt.

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
