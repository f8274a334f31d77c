"""Character and word error rates: Levenshtein distance over the length of the truth, in named normal forms."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import Levenshtein

Form = Literal["raw", "normalised", "dense"]
FORMS: tuple[Form, ...] = ("raw", "normalised", "dense")
"""raw: white space at both ends stripped, nothing else. normalised: NFC, each run of white space one space, ends
stripped. dense: NFC, no white space at all (for truths that lost their line breaks, as ESTER-Pt's did)."""


HINT = 64
"""Edits that rapidfuzz looks for first. On pages of 3 kB with 2% errors the search is 6 times as fast as without, on
pages that share nothing half as fast (tried 16, 64, 256; November 2026). The distance is exact either way."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Edits that turn the truth into the reading, and the length of the truth in the same units."""

    edits: int
    length: int

    @property
    def rate(self) -> float:
        """Edits per unit of truth; against an empty truth, the number of edits (jiwer's convention)."""
        return self.edits / max(1, self.length)


# The scores of one page ask for the same distance several times: a page of one field is its own flattened text.
@lru_cache(maxsize=8)
def distance(first: str, second: str) -> int:
    """Levenshtein distance in characters (code points)."""
    return Levenshtein.distance(first, second, score_hint=HINT)


@lru_cache(maxsize=16)
def in_form(text: str, form: Form) -> str:
    """`text` in one of the normal forms."""
    if form == "raw":
        return text.strip()
    text = unicodedata.normalize("NFC", text)
    return " ".join(text.split()) if form == "normalised" else "".join(text.split())


def character_errors(truth: str, reading: str, form: Form) -> Errors:
    """Errors in characters; `rate` is the CER, which can pass 1 where a reading is longer than the truth."""
    first, second = in_form(truth, form), in_form(reading, form)
    return Errors(distance(first, second), len(first))


def word_errors(truth: str, reading: str, form: Form = "raw") -> Errors:
    """Errors in words, split on any white space; `rate` is the WER. "dense" has no words and is refused."""
    if form == "dense":
        raise ValueError("a dense text has no words")
    first, second = in_form(truth, form).split(), in_form(reading, form).split()
    return Errors(_sequence_distance(first, second), len(first))


def _sequence_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """Levenshtein distance of two lists of words. Each distinct word becomes one character: the fast path is text."""
    # Surrogates (U+D800..DFFF) are no characters: number past them.
    letters = {
        word: chr(number if number < 0xD800 else number + 0x800)
        for number, word in enumerate(dict.fromkeys((*first, *second)))
    }
    return distance("".join(map(letters.__getitem__, first)), "".join(map(letters.__getitem__, second)))
