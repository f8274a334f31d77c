"""Character and word error rates: Levenshtein distance over the length of the reference, in named normal forms."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import Levenshtein

Form = Literal["raw", "normalized", "dense"]
AnyForm = Form | Literal["normalised"]
"""A form by its name, or by the earlier spelling of one."""
FORMS: tuple[Form, ...] = ("raw", "normalized", "dense")
"""raw: white space at both ends removed, nothing else.
normalized: NFC, every run of white space becomes one space, both ends stripped.
dense: NFC without any white space, for references that lost their line breaks (as those of ESTER-Pt)."""


HINT = 64
"""Number of edits that rapidfuzz tries first. On pages of 3 kB with 2% errors the search is 6 times as fast as without
the hint; on pages that share nothing it is half as fast (tried 16, 64, 256; November 2026). The distance is exact."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Edits that turn the reference into the output, and the length of the reference in the same units."""

    edits: int
    length: int

    @property
    def rate(self) -> float:
        """Return edits per unit of the reference; against an empty reference, the number of edits (as jiwer does)."""
        return self.edits / max(1, self.length)


# The metrics of one page ask for the same distance several times: a page of one field is its own flattened text.
@lru_cache(maxsize=8)
def distance(first: str, second: str) -> int:
    """Return the Levenshtein distance in characters (code points)."""
    return Levenshtein.distance(first, second, score_hint=HINT)


@lru_cache(maxsize=16)
def in_form(text: str, form: AnyForm) -> str:
    """Return `text` in one of the normal forms."""
    if form == "raw":
        return text.strip()
    text = unicodedata.normalize("NFC", text)
    return "".join(text.split()) if form == "dense" else " ".join(text.split())


def character_errors(reference: str, output: str, form: AnyForm) -> Errors:
    """Count errors in characters; `rate` is the CER, which exceeds 1 where an output is much longer than its reference.

    Source: Levenshtein (1966); the rate as in jiwer.
    """
    first, second = in_form(reference, form), in_form(output, form)
    return Errors(distance(first, second), len(first))


def word_errors(reference: str, output: str, form: AnyForm = "raw") -> Errors:
    """Count errors in words, split at white space; `rate` is the WER. Raises ValueError for the form "dense"."""
    if form == "dense":
        raise ValueError("a dense text has no words")
    first, second = in_form(reference, form).split(), in_form(output, form).split()
    return Errors(_sequence_distance(first, second), len(first))


def _sequence_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the Levenshtein distance of two lists of words. Words become characters: text is faster."""
    # Surrogates (U+D800..DFFF) are not characters: number past them.
    letters = {
        word: chr(number if number < 0xD800 else number + 0x800)
        for number, word in enumerate(dict.fromkeys((*first, *second)))
    }
    return distance("".join(map(letters.__getitem__, first)), "".join(map(letters.__getitem__, second)))
