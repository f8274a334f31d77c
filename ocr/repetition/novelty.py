"""Detect output with too little new information a block of tokens, whatever it is made of.

Legitimate print, taken a few lines at a time, brings new words, or names and numbers that differ from one line to the
next. A derailed model does not: it writes the same few words in any order, pieces of words, counting in words, random
letters, marks, escapes, or pixels as letters. Each block of tokens is weighed in three ways, and each way is summed as
in Page's CUSUM test, never below zero:

- the room that the tokens take on the page, less their new information;
- known words and signs in new orders, less new words (a shuffled passage, codes, keys);
- known words, less new orders and numbers (a few phrases in turn).

Only a word whose letter pairs are those of Portuguese carries information. Leaders, blank cells and zeros take no room.
A number pays for itself if it is new and does not count on, so this detector ignores tables of numbers;
`ocr.repetition.structure` checks those.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import filterfalse, pairwise
from operator import add
from typing import Any, Literal

from ocr.repetition.config import NoveltyConfig
from ocr.repetition.copied import CopyDetector

ACCENTS = str.maketrans("áâãàéêèíîóôõòúûüçñ", "aaaaeeeiioooouuucn")
FOLLOWERS = (
    "abcdefgijlmnopqrstuvz baeilorsu cacehilortu daeimoru eabcdefgijlmnopqrstuvxz faefiloru gaeinoru haeiou "
    "iabcdefglmnopqrstuvxz jaeou lacdeghilmostuv mabeimopu nacdefghijnoqstuv oabcdefgilmnoprstuvz paehiloprtu qu "
    "rabcdegilmnoprstuv sacefilmopqstu taehiortu uabcdegilmnoprstvz vaeio xaceiopt zaeio"
)
PAIRS = frozenset(letters[0] + follower for letters in FOLLOWERS.split() for follower in letters[1:])
"""The 250 commonest letter pairs without accents. They are 98% of the pairs in the words of the tuning split. 92% of
the Portuguese words have no other pair, 77% of English words, and one in ten words of random letters."""
MARKUP = frozenset("[]{}<>\\^~`@#")
"""Signs of markup and code."""
EMPTY = frozenset("|,:;()/\"'%ºª°—–•…x0\n") | {"\\n", "\\\\", "00", "000", "idem", "Idem", "IDEM"}
"""Tokens that take no room of their own: borders, leaders, zeros."""
LEADERS = frozenset(".-_=*")

Weight = Callable[[str], int]


@lru_cache(maxsize=1 << 16)
def is_wordlike(word: str) -> bool:
    """Return whether this may be a word: lower case, upper case or capitalized, with letter pairs of Portuguese."""
    if not (word[1:].islower() or word.isupper()):
        return False
    plain = word.lower().translate(ACCENTS)
    return all(map(PAIRS.__contains__, map(add, plain, plain[1:])))


def weigh_numbers(block: Sequence[str], told: frozenset[str], config: NoveltyConfig) -> tuple[float, frozenset[str]]:
    """Return the new information in the numbers of a block, and the numbers that the next block has been told.

    A number that counts on from one of the last few is not new, nor is one in `told`.
    """
    recent: deque[int] = deque((0,), config.counted)
    seen = set[str]()
    whole = config.whole_number
    expected = {after for before, after in pairwise(block) if len(before) == whole == len(after)}
    for number in filter(str.isdecimal, block):
        seen.add(number)
        value = int(number)
        if value - 1 in recent:
            expected.add(number)
        recent.append(value)
    digits = sum(len(number) for number in seen - expected - told if len(number) > 1)
    full = config.full_digits
    worth = config.digit * min(digits, full) + config.dense_digit * max(digits - full, 0)
    return worth, frozenset(number for number in seen if len(number) >= config.told_digits)


class CusumSum:
    """One of Page's sums over blocks: its value, where it began, and where it was highest."""

    __slots__ = ("bound", "score", "start", "stop")

    def __init__(self, bound: float) -> None:
        self.bound = bound
        self.score = 0.0
        self.start = self.stop = 1

    def add(self, gain: float, start: int, end: int) -> bool:
        """Add the evidence of the block that ends at place `end`; return whether the sum is over its bound.

        `start` is the place after the block's last new information.
        """
        score = self.score + gain
        if score <= 0:
            self.score = 0.0
            return False
        if not self.score:
            self.start = start
        if score > self.score:
            self.stop = end
        self.score = score
        return score > self.bound


class NoveltyDetector:
    """Weigh text block by block; `copies` has seen the same tokens and says which of them were not copied.

    Places are indexes of tokens; the first is 1. The detector is its own evidence.
    """

    __slots__ = ("blocks", "config", "copies", "known", "lately", "older", "over", "room", "signs", "sums", "told")
    kind: Literal["barren"] = "barren"
    peak_periods = 1.0

    def __init__(self, config: NoveltyConfig, copies: CopyDetector) -> None:
        self.config = config
        self.copies = copies
        self.room, self.signs = _weights(config)
        self.sums = CusumSum(config.room), CusumSum(config.shuffled), CusumSum(config.again)
        self.over: CusumSum | None = None
        """The sum that was found over its bound, until something new comes."""
        self.known: set[str] = set()
        self.older: set[str] = set()
        self.blocks = 0
        self.lately: dict[str, int] = {}
        """The head of a word -> the last block that had it; of a rich block, its new words only."""
        self.told = frozenset[str]()
        """The long numbers of the last block that was not rich."""

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the cached functions, which cannot be pickled: workers of a cluster get the monitor."""
        return {name: getattr(self, name) for name in self.__slots__ if name not in ("room", "signs")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self.room, self.signs = _weights(self.config)

    @property
    def score(self) -> float:
        """The highest of the sums."""
        return max(pile.score for pile in self.sums)

    @property
    def start(self) -> int:
        """The first token of what was found."""
        return self.over.start if self.over else 1

    @property
    def stop(self) -> int:
        """The last token of what was found."""
        return self.over.stop if self.over else 1

    @property
    def is_over(self) -> bool:
        """Return whether the repetition that was found has ended."""
        return self.over is not None and self.over.score <= self.over.bound

    def update(self, tokens: Sequence[str]) -> "NoveltyDetector | None":
        """Weigh one block, the last tokens that `copies` has seen; return itself while there is a repetition."""
        config, (uncopied, others), end = self.config, self.copies.take_new(), self.copies.place
        head = config.head
        if len(self.known) > config.memory:
            self.older, self.known = self.known, set()
            self.lately = {word: at for word, at in self.lately.items() if self.blocks - at <= config.lately}
        known, older = self.known, self.older
        fresh = [word for word in uncopied if word[:head] not in known and word[:head] not in older]
        new = {word[:head] for word in fresh if is_wordlike(word)}
        known |= new
        self.blocks += 1
        if len(new) >= config.rich and 2 * len(new) >= len(fresh):
            self._reset(tokens, new, end)
            return None
        told = max((at for at, token in enumerate(tokens, 1) if token[:head] in new), default=0)
        start = min(end - len(tokens) + told + 1, end)
        for pile, gain in zip(self.sums, self._weigh_poor(tokens, new, len(uncopied), others), strict=True):
            if pile.add(gain, start, end) and self.over is None:
                self.over = pile
        return self if self.over is not None and not self.is_over else None

    def _reset(self, block: Sequence[str], new: set[str], end: int) -> None:
        """Take a rich block: a repetition ends at its first new word, and all sums are zero again."""
        if self.over and self.over.score > self.over.bound:
            told = min(at for at, token in enumerate(block) if token[: self.config.head] in new)
            self.over.stop = end - len(block) + told
        for pile in self.sums:
            pile.score = 0.0
        self.lately.update(dict.fromkeys(new, self.blocks))

    def _weigh_poor(self, block: Sequence[str], new: set[str], pairs: int, others: int) -> tuple[float, float, float]:
        """Return the evidence of a block in each of the three ways."""
        config, head = self.config, self.config.head
        long = [word for word in block if len(word) >= head and word.isalpha()]
        words = {word[:head]: word for word in dict.fromkeys(long)}  # A set would keep any word of a head.
        said = {key: min(len(word), config.longest_word) for key, word in words.items() if is_wordlike(word)}
        numbers, self.told = weigh_numbers(block, self.told, config)
        added, again = numbers, config.again_number * numbers
        shuffled: float = others + sum(map(self.signs, filterfalse(str.isalnum, block)))
        if 2 * len(said) >= len(words):  # Otherwise these are letters, not words.
            stale, letter = config.stale_letter, config.fresh_letter
            ages = [(self.blocks - self.lately.get(key, -config.lately), length) for key, length in said.items()]
            added += config.new_word * len(new) + config.new_pair * pairs
            added += sum(length * (stale if age == 1 else letter) for age, length in ages)
            shuffled += config.shuffled_pair * pairs - config.shuffled_new * len(new)
            old = sum(length for age, length in ages if age > config.lately)
            again += config.again_pair * pairs + config.again_letter * old
        self.lately.update(dict.fromkeys(said, self.blocks))
        return sum(map(self.room, block)) - added, shuffled, sum(map(len, long)) - again


@lru_cache(maxsize=8)
def _weights(config: NoveltyConfig) -> tuple[Weight, Weight]:
    """Return two cached functions: the characters of room that a token takes, and what it counts as a sign."""

    @lru_cache(maxsize=1 << 14)
    def room(token: str) -> int:
        if token in EMPTY or token[0] in LEADERS or (len(token) > 1 and token[0] in "<& \t\xa0"):
            return 0
        return config.markup_room if token in MARKUP else len(token)

    @lru_cache(maxsize=1 << 14)
    def sign(token: str) -> int:
        return config.sign if token in MARKUP else room(token)

    return room, sign
