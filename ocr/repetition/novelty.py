"""Text that brings no news: whatever it is made of, a page says something and a derailed model does not.

Honest print, taken a few lines at a time, brings new words, or names and numbers that differ from one line to the
next. A model that has lost the page writes on without: the same few words in any order, crumbs of words, counting in
words, random letters, marks, escapes, pixels as letters. So each block of tokens is weighed, in three ways: what takes
room on the page, less what it has to say; known words and signs in ever new orders, less new words (a passage
shuffled, codes, keys); and old words, less new orders and numbers (a few phrases in turn). Each is summed as in Page's
CUSUM test, never below zero; what piles up is no page. Only a word that could be one (its letter pairs are those of
Portuguese) says something; leaders, blank cells and zeros take no room; a number pays for itself if it is new and does
not count on, so that this is silent on tables (ocr/repetition/structure.py is not).
"""

from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import filterfalse, pairwise
from operator import add
from typing import Literal

BLOCK = 96
"""Tokens weighed at once, about 450 characters of prose. 64 find a little more and cost a third more; 128 find less."""
HEAD = 4
"""A word is told by its first letters, so that endings, doublings and joined syllables make no new words."""
RICH = 6
"""So many new words in a block are news enough: most blocks of prose are done with that."""
NEW, PAIR, FRESH, STALE, NUMBER = 15.0, 3.0, 2.5, 1.75, 2.0
"""What is news in a block, in characters: a new word, two words that never stood together, a letter of a word that did
not stand in the block before, one of a word that did, a digit of a number; words and numbers once a block. Tuned on
half 0 of benchmarks/repetition/synthetic_loops.py for the least ROOM that honest pages need."""
FULL, DENSE = 40, 1.0
"""Digits of a block that are worth NUMBER each, and what each after them is worth: on a page of sums or of case numbers
the digits must pay for themselves, but not for the brackets around them as well."""
WHOLE = 9
"""Digits of the longest token: one right after another is part of a number without end, and says nothing."""
TOLD = 3
"""Digits of a number that says nothing where the block before said it, as years do that a lost model writes by turns;
the minutes of a timetable come again and again."""
COUNTED = 4
LONGEST = 9
"""Letters of a word that count."""
ROOM = 580.0
"""Characters without news: a timetable, a page of repealed articles and the answers of a litany come to 440."""
SHUFFLED, SHUFFLED_PAIR, SHUFFLED_NEW, SIGN = 52.0, 0.3, 15.0, 10
"""Known words and signs in ever new orders: each token that never stood behind the one before it counts 1, a word of
HEAD letters or more SHUFFLED_PAIR; a mark counts 1 wherever it stands, one of machines SIGN; a new word takes
SHUFFLED_NEW away. The most in 8,800 pages of half 0 was 35, in 500 indexes of 32 names 48."""
AGAIN, AGAIN_PAIR, AGAIN_NUMBER, AGAIN_WORD, LATELY = 780.0, 11.0, 10.0, 2.5, 3
"""Old words in no new order: each letter of a word of HEAD letters or more counts 1; against it, two words that never
stood together, AGAIN_NUMBER for each character that the numbers say, and each letter of a word that did not stand in
the last LATELY blocks: a passage that is quoted once lies further back. With 6 blocks, where it finds a few more, the
most on half 0 was 628: deputies of few names."""
MEMORY = 1500
"""Words: after so many others one is new again; two pages or so."""
ACCENTS = str.maketrans("áâãàéêèíîóôõòúûüçñ", "aaaaeeeiioooouuucn")
FOLLOWERS = (
    "abcdefgijlmnopqrstuvz baeilorsu cacehilortu daeimoru eabcdefgijlmnopqrstuvxz faefiloru gaeinoru haeiou "
    "iabcdefglmnopqrstuvxz jaeou lacdeghilmostuv mabeimopu nacdefghijnoqstuv oabcdefgilmnoprstuvz paehiloprtu qu "
    "rabcdegilmnoprstuv sacefilmopqstu taehiortu uabcdegilmnoprstvz vaeio xaceiopt zaeio"
)
PAIRS = frozenset(letters[0] + follower for letters in FOLLOWERS.split() for follower in letters[1:])
"""The 250 commonest letter pairs without accents: 98% of the pairs in the words of half 0, 92% of the words have no
other; so have 77% of English words, and one in ten made of random letters."""
MARKUP, MARKUP_ROOM = frozenset("[]{}<>\\^~`@#"), 5
"""Marks of machines, and the characters that each counts for: print has a few, a model that lost the page piles them
up (boxes, keys, fences, turns, formulas). Boxes around words are paid for by the words."""
EMPTY = frozenset("|,:;()/\"'%ºª°—–•…x0\n") | {"\\n", "\\\\", "00", "000", "idem", "Idem", "IDEM"}
"""What takes no room of its own: borders, leaders, zeros."""
LEADERS = frozenset(".-_=*")


@lru_cache(maxsize=1 << 16)
def is_wordlike(word: str) -> bool:
    """Whether this may be a word: lower case, capitals or a capital first, and letters that follow one another."""
    if not (word[1:].islower() or word.isupper()):
        return False
    plain = word.lower().translate(ACCENTS)
    return all(map(PAIRS.__contains__, map(add, plain, plain[1:])))


def weigh_numbers(block: Sequence[str], told: frozenset[str]) -> tuple[float, frozenset[str]]:
    """What the different numbers of a block say that do not go on counting from one of the last few, and were not told.

    Answers it and the numbers that the next block has been told.
    """
    recent: deque[int] = deque((0,), COUNTED)
    said = set[str]()
    foreseen = {after for before, after in pairwise(block) if len(before) == WHOLE == len(after)}
    for number in filter(str.isdecimal, block):
        said.add(number)
        value = int(number)
        if value - 1 in recent:
            foreseen.add(number)
        recent.append(value)
    digits = sum(len(number) for number in said - foreseen - told if len(number) > 1)
    worth = NUMBER * min(digits, FULL) + DENSE * max(digits - FULL, 0)
    return worth, frozenset(number for number in said if len(number) >= TOLD)


class Sum:
    """One of Page's sums over blocks: what has piled up of some evidence, where that began, where it was highest."""

    __slots__ = ("bound", "score", "start", "stop")

    def __init__(self, bound: float) -> None:
        self.bound = bound
        self.score = 0.0
        self.start = self.stop = 1

    def add(self, gain: float, start: int, end: int) -> bool:
        """Add the evidence of the block that ends at place `end`, with news up to `start`; True while too much."""
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
    """What has piled up without news; places are indexes of tokens, the first is 1."""

    __slots__ = ("blocks", "known", "lately", "older", "over", "sums", "told")
    kind: Literal["barren"] = "barren"
    peak_laps = 1.0

    def __init__(self) -> None:
        self.sums = Sum(ROOM), Sum(SHUFFLED), Sum(AGAIN)
        self.over: Sum | None = None
        """The sum that was found over its bound, until news comes."""
        self.known: set[str] = set()
        self.older: set[str] = set()
        self.blocks = 0
        self.lately: dict[str, int] = {}
        """The head of a word -> the last block that it stood in; of a block rich in news, of its new words only."""
        self.told = frozenset[str]()
        """The long numbers of the last block that was not rich in news."""

    @property
    def score(self) -> float:
        """The most of what has piled up in any of the sums."""
        return max(pile.score for pile in self.sums)

    @property
    def start(self) -> int:
        """Where what was found began; likewise `stop`."""
        return self.over.start if self.over else 1

    @property
    def stop(self) -> int:
        return self.over.stop if self.over else 1

    @property
    def is_over(self) -> bool:
        """The loop that was found has ended."""
        return self.over is not None and self.over.score <= self.over.bound

    def weigh(self, block: Sequence[str], uncopied: Sequence[str], strange: int, end: int) -> bool:
        """Weigh the block that ends at place `end`; True while there is a loop.

        `uncopied` are the words of the block, of HEAD letters or more, that did not follow the word before them yet;
        `strange` is how many of its other tokens did not.
        """
        if len(self.known) > MEMORY:
            self.older, self.known = self.known, set()
            self.lately = {head: at for head, at in self.lately.items() if self.blocks - at <= LATELY}
        known, older = self.known, self.older
        fresh = [word for word in uncopied if word[:HEAD] not in known and word[:HEAD] not in older]
        new = {word[:HEAD] for word in fresh if is_wordlike(word)}
        known |= new
        self.blocks += 1
        if len(new) >= RICH and 2 * len(new) >= len(fresh):
            if self.over and self.over.score > self.over.bound:
                told = min(at for at, token in enumerate(block) if token[:HEAD] in new)
                self.over.stop = end - len(block) + told
            for pile in self.sums:
                pile.score = 0.0
            self.lately.update(dict.fromkeys(new, self.blocks))
            return False
        told = max((at for at, token in enumerate(block, 1) if token[:HEAD] in new), default=0)
        start = min(end - len(block) + told + 1, end)
        for pile, gain in zip(self.sums, self._weigh_poor(block, new, len(uncopied), strange), strict=True):
            if pile.add(gain, start, end) and self.over is None:
                self.over = pile
        return self.over is not None and not self.is_over

    def _weigh_poor(self, block: Sequence[str], new: set[str], pairs: int, strange: int) -> tuple[float, float, float]:
        long = [word for word in block if len(word) >= HEAD and word.isalpha()]
        words = {word[:HEAD]: word for word in dict.fromkeys(long)}  # a set would keep any word of a head
        said = {head: min(len(word), LONGEST) for head, word in words.items() if is_wordlike(word)}
        numbers, self.told = weigh_numbers(block, self.told)
        news, again = numbers, AGAIN_NUMBER * numbers
        shuffled: float = strange + sum(map(_signs, filterfalse(str.isalnum, block)))
        if 2 * len(said) >= len(words):  # else these are letters, not words
            ages = [(self.blocks - self.lately.get(head, -LATELY), length) for head, length in said.items()]
            news += NEW * len(new) + PAIR * pairs
            news += sum(length * (STALE if age == 1 else FRESH) for age, length in ages)
            shuffled += SHUFFLED_PAIR * pairs - SHUFFLED_NEW * len(new)
            again += AGAIN_PAIR * pairs + AGAIN_WORD * sum(length for age, length in ages if age > LATELY)
        self.lately.update(dict.fromkeys(said, self.blocks))
        return sum(map(_room, block)) - news, shuffled, sum(map(len, long)) - again


@lru_cache(maxsize=1 << 14)
def _room(token: str) -> int:
    """The characters that a token takes; none for what is empty, for tags and for blanks."""
    if token in EMPTY or token[0] in LEADERS or (len(token) > 1 and token[0] in "<& \t\xa0"):
        return 0
    return MARKUP_ROOM if token in MARKUP else len(token)


@lru_cache(maxsize=1 << 14)
def _signs(token: str) -> int:
    """Marks that neither words nor numbers nor blanks are; those of machines count for SIGN."""
    return SIGN if token in MARKUP else _room(token)
