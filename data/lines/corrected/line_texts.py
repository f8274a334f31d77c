"""Find what each line of a page says in the corrected text of the page.

Output files join lines to paragraphs and words over line ends, and a person corrects words, adds some and deletes
others. The lines as they were read are aligned with the corrected text, character by character. A line gets the text
between the places of its two ends. An end is known where the space after the line is a space of the text between the
same letters, or where the two halves of a hyphenated word meet in it. A line without a known end, or one that reads too
unlike its text, gets none: a wrong text would teach errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LEAST_LIKENESS = 0.6
"""Least similarity of a line and its text: 1 less the edit distance over the longer length."""
EDGE, LEAST_EDGE_LIKENESS = 6, 0.5
"""Characters at both ends of a line that must be alike as well, so that no neighbor's word slips in."""
HYPHENS = ("-", "\u00ac", "\u2010", "\u00ad")


@dataclass(frozen=True, slots=True)
class _End:
    """Where one line ends in the text and the next one begins; a hyphenated word is joined there."""

    end: int
    start: int
    hyphen: str = ""


def align_lines(lines: Sequence[str], text: str) -> list[str | None]:
    """Return the corrected text of each line, None where it cannot be told. `lines` are in the order of `text`.

    Source of the alignment: Levenshtein 1966, computed by rapidfuzz.
    """
    from rapidfuzz.distance import Levenshtein

    read = [" ".join(line.split()) for line in lines]
    filled = [line for line in read if line]
    joined, corrected = " ".join(filled), " ".join(text.split())
    if not filled or not corrected:
        return [None] * len(lines)
    places: list[int | None] = [None] * len(joined)
    for step in Levenshtein.opcodes(joined, corrected):
        if step.tag == "equal":
            places[step.src_start : step.src_end] = range(step.dest_start, step.dest_end)
    ends = [_End(0, 0), *_inner_ends(filled, places, corrected), _End(len(corrected), len(corrected))]
    found = iter(
        _text_between(line, before, after, corrected)
        for line, before, after in zip(filled, ends[:-1], ends[1:], strict=True)
    )
    return [next(found) if line else None for line in read]


def _inner_ends(filled: Sequence[str], places: Sequence[int | None], corrected: str) -> list[_End | None]:
    """Return the end of each line but the last, None where it is not known.

    `places` has the place in `corrected` of each character of the joined lines that is the same there.
    """
    ends: list[_End | None] = []
    gap = -1
    for line, following in pairwise(filled):
        gap += len(line) + 1  # the space after the line
        place = places[gap]
        if place is not None and corrected[place] == " ":
            ends.append(_End(place, place + 1) if _is_held(gap, place, places) else None)
        else:
            ends.append(_end_in_word(gap, line, following, places))
    return ends


def _end_in_word(gap: int, line: str, following: str, places: Sequence[int | None]) -> _End | None:
    """Return the end of a line that breaks a word, which the text has in one piece; None where it is not known."""
    if not line.endswith(HYPHENS) or len(line) < 2:
        return None
    before, hyphen, after = places[gap - 2], places[gap - 1], places[gap + 1]
    if hyphen is not None and after == hyphen + 1:  # the word's own hyphen: sócio- / gerente
        return _End(after, after)
    if before is None:
        return None
    if following.startswith(line[-1]):  # the hyphen is printed on both lines: Dir- / -se-ia
        is_there = len(following) > 1 and places[gap + 2] == before + 2
        return _End(before + 1, before + 1, line[-1]) if is_there else None
    return _End(before + 1, before + 1, line[-1]) if after == before + 1 else None


def _is_held(gap: int, place: int, places: Sequence[int | None]) -> bool:
    """Return whether the letters beside a space are the same too; else it may be another space of the text.

    The letter on one of its sides may be misread, if the next one is the same.
    """
    sides = [
        [0 <= gap + step < len(places) and places[gap + step] == place + step for step in steps]
        for steps in ((-1, -2), (1, 2))
    ]
    return all(map(any, sides)) and any(side[0] for side in sides)


def _text_between(line: str, before: _End | None, after: _End | None, corrected: str) -> str | None:
    if before is None or after is None:
        return None
    text = corrected[before.start : after.end] + after.hyphen
    is_alike = _likeness(line, text) >= LEAST_LIKENESS
    edges = ((line[:EDGE], text[:EDGE]), (line[-EDGE:], text[-EDGE:]))
    return text if is_alike and all(_likeness(*pair) >= LEAST_EDGE_LIKENESS for pair in edges) else None


def _likeness(first: str, second: str) -> float:
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(first, second))
