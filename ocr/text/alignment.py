"""Find where the lines of one reader stand in the text of another reader of the same page.

Lines may come in any order, because columns do. A line is located by its words: words that read alike vote for the
offset between line and text. A place in the text serves one line only.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ocr.core.document import Line

# Tuned on the even pages of benchmarks/accuracy/crosscheck.py; docs/concepts/cross-check.md reports the odd ones.
WELL_PLACED, PLACED = 0.75, 0.4
"""Least share of a line's letters that must be found together for the line to have a place, first and second pass."""
DRIFT = 2
"""Words by which a line may shift where a reader splits or joins words."""
COMMON = 40
"""A word with more places than this says nothing about where a line belongs."""

WORD = re.compile(r"\d(?:[\d.,/:-]*\d)?|[^\W\d_]+|[^\W_]+")


@dataclass(frozen=True, slots=True)
class TextWord:
    """One word or number of a text."""

    text: str
    folded: str
    """Lower case without accents; of a number the digits only."""
    start: int
    """Offset in the text, in characters."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A line and its place: pairs of (word of the line, word of the text) that read alike; no pairs, no place."""

    line: Line
    words: tuple[TextWord, ...]
    pairs: tuple[tuple[int, int], ...]

    @property
    def covered(self) -> range:
        """The words of the text that the line accounts for: those alike, and its misreadings between and beside."""
        if not self.pairs:
            return range(0)
        first_own, first = self.pairs[0]
        last_own, last = self.pairs[-1]
        return range(first - first_own, last + len(self.words) - last_own)


def split_words(text: str) -> tuple[TextWord, ...]:
    """Return the words and numbers of a text, in order."""
    return tuple(TextWord(match.group(), _fold(match.group()), match.start()) for match in WORD.finditer(text))


def letters_of(words: Iterable[TextWord]) -> str:
    """Return all folded letters and digits of the words."""
    return "".join(word.folded for word in words)


def place_lines(words: Sequence[TextWord], lines: Sequence[Line]) -> list[Placement]:
    """Return the placement of each line in the text of `words`, well-read lines first, lines without a place last."""
    index: dict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(words):
        index[word.folded].append(at)
    taken: set[int] = set()
    placed: list[Placement] = []
    waiting = [Placement(line, split_words(line.text), ()) for line in sorted(lines, key=lambda line: -len(line.text))]
    for least in (WELL_PLACED, PLACED):
        unplaced: list[Placement] = []
        for placement in waiting:
            found = replace(placement, pairs=_find_place(placement.words, index, taken, least))
            taken.update(found.covered)
            (placed if found.pairs else unplaced).append(found)
        waiting = unplaced
    return placed + waiting


def _fold(word: str) -> str:
    if word[0].isdecimal():
        return "".join(character for character in word if character.isalnum())
    decomposed = unicodedata.normalize("NFD", word.lower().rstrip("ºª"))
    return "".join(character for character in decomposed if character.isalnum())


def _find_place(
    own: Sequence[TextWord], index: dict[str, list[int]], taken: set[int], least: float
) -> tuple[tuple[int, int], ...]:
    """Return the pairs of the best free place for a line; none where less than `least` of its letters match there."""
    votes: Counter[int] = Counter()
    free: list[tuple[int, int]] = []
    for k, word in enumerate(own):
        places = [at for at in index.get(word.folded, ()) if at not in taken]
        free += [(k, at) for at in places]
        if len(places) <= COMMON:
            for at in places:
                votes[at - k] += len(word.folded)
    if not votes:
        return ()
    offset = max(votes, key=lambda shift: sum(votes[shift + step] for step in range(-DRIFT, DRIFT + 1)))
    pairs: dict[int, int] = {}
    for k, at in _nearest_first(free, offset):
        if k not in pairs and at not in pairs.values():
            pairs[k] = at
    alike = sum(len(own[k].folded) for k in pairs)
    return tuple(sorted(pairs.items())) if alike >= least * len(letters_of(own)) else ()


def _nearest_first(pairs: Iterable[tuple[int, int]], offset: int) -> Iterator[tuple[int, int]]:
    near = sorted((abs(at - k - offset), k, at) for k, at in pairs if abs(at - k - offset) <= DRIFT)
    return ((k, at) for _, k, at in near)
