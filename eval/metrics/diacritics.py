"""Which Portuguese signs a reading keeps: á à â ã ç é ê í ó ô õ ú ü, and º ª §.

A reader that drops tildes still has a low error rate and makes 'pão' of 'pao' everywhere; this table shows it. Each
accented letter of the truth is looked up in an optimal alignment (fewest edits) with the reading.
"""

import unicodedata
from typing import Literal

from rapidfuzz.distance import Levenshtein

from eval.metrics.edit_distance import HINT

Fate = Literal["kept", "dropped", "wrong", "lost"]
FATES: tuple[Fate, ...] = ("kept", "dropped", "wrong", "lost")
"""kept: the same letter (case included). dropped: its plain letter. wrong: the same letter with another mark.
lost: anything else, or nothing. For º ª § there is no plain letter: they are kept, wrong (replaced) or lost (gone)."""

ACCENTED = "áàâãçéêíóôõúü"
SIGNS = "ºª§"
_SOUGHT = ACCENTED + ACCENTED.upper() + SIGNS

Table = dict[str, dict[Fate, int]]
"""Letter in lower case -> how many met each fate."""


def count_accents(truth: str, reading: str) -> Table:
    """What became of every Portuguese sign of the truth; both texts in NFC, as `characters.in_form` gives them."""
    table: Table = {}
    for letter in _SOUGHT:
        if count := truth.count(letter):
            _add(table, letter, "kept", count)
    if not table or truth == reading:
        return table
    for step in Levenshtein.opcodes(truth, reading, score_hint=HINT):
        if step.tag not in ("replace", "delete"):
            continue
        lost = truth[step.src_start : step.src_end]
        replaced = reading[step.dest_start : step.dest_end]
        for place, letter in enumerate(lost):
            if letter in _SOUGHT:
                _add(table, letter, "kept", -1)
                _add(table, letter, _fate(letter, replaced[place : place + 1]), 1)
    return table


def merge(tables: list[Table]) -> Table:
    """The sum of tables, in the order of the alphabet above."""
    summed: Table = {}
    for letter in ACCENTED + SIGNS:
        for table in tables:
            for fate, count in table.get(letter, {}).items():
                _add(summed, letter, fate, count)
    return summed


def _add(table: Table, letter: str, fate: Fate, count: int) -> None:
    fates = table.setdefault(letter.lower(), dict.fromkeys(FATES, 0))
    fates[fate] += count


def _fate(letter: str, read: str) -> Fate:
    if letter in SIGNS:
        return "wrong" if read else "lost"
    if read and _plain(read) == _plain(letter):
        return "dropped" if read == _plain(letter) else "wrong"
    return "lost"


def _plain(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[0]
