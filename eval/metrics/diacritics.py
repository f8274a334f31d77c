"""Count which Portuguese letters and signs an output keeps: á à â ã ç é ê í ó ô õ ú ü, and º ª §.

A reader that drops tildes has a low error rate and still turns every 'pão' into 'pao'; this count shows it. Each
letter with a diacritic in the reference is looked up in an optimal alignment (fewest edits) with the output.
"""

import unicodedata
from collections.abc import Iterable
from typing import Literal

from rapidfuzz.distance import Levenshtein

from eval.metrics.edit_distance import HINT

DiacriticOutcome = Literal["kept", "dropped", "wrong", "lost"]
OUTCOMES: tuple[DiacriticOutcome, ...] = ("kept", "dropped", "wrong", "lost")
"""kept: the same letter (case included). dropped: the letter without its mark. wrong: the letter with another mark.
lost: anything else, or nothing. º ª § have no plain letter: they are kept, wrong (replaced) or lost (missing)."""

LETTERS = "áàâãçéêíóôõúü"
SIGNS = "ºª§"
_COUNTED = LETTERS + LETTERS.upper() + SIGNS

DiacriticCounts = dict[str, dict[DiacriticOutcome, int]]
"""Letter in lower case -> how often each outcome occurred."""


def count_diacritics(reference: str, output: str) -> DiacriticCounts:
    """Count the outcome of every Portuguese letter and sign of the reference. Both texts must be in NFC."""
    counts: DiacriticCounts = {}
    for letter in _COUNTED:
        if count := reference.count(letter):
            _add(counts, letter, "kept", count)
    if not counts or reference == output:
        return counts
    for step in Levenshtein.opcodes(reference, output, score_hint=HINT):
        if step.tag not in ("replace", "delete"):
            continue
        lost = reference[step.src_start : step.src_end]
        replaced = output[step.dest_start : step.dest_end]
        for place, letter in enumerate(lost):
            if letter in _COUNTED:
                _add(counts, letter, "kept", -1)
                _add(counts, letter, _outcome(letter, replaced[place : place + 1]), 1)
    return counts


def sum_counts(counts: Iterable[DiacriticCounts]) -> DiacriticCounts:
    """Return the sum of the counts of many pages, in the order of `LETTERS` and `SIGNS`."""
    pages = list(counts)
    summed: DiacriticCounts = {}
    for letter in LETTERS + SIGNS:
        for page in pages:
            for outcome, count in page.get(letter, {}).items():
                _add(summed, letter, outcome, count)
    return summed


def _add(counts: DiacriticCounts, letter: str, outcome: DiacriticOutcome, count: int) -> None:
    outcomes = counts.setdefault(letter.lower(), dict.fromkeys(OUTCOMES, 0))
    outcomes[outcome] += count


def _outcome(letter: str, read: str) -> DiacriticOutcome:
    if letter in SIGNS:
        return "wrong" if read else "lost"
    if read and _plain(read) == _plain(letter):
        return "dropped" if read == _plain(letter) else "wrong"
    return "lost"


def _plain(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0]
