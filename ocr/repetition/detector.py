"""Is this text looping? The published rule and ours, side by side by name; pure functions and a streaming watch.

Ours reads a text as tokens and asks of each: could it have been copied from what stands less than a page before it?
A copied token is evidence for a loop, worth its characters; a new word or an unforeseen number is evidence against.
The evidence is summed as in Page's CUSUM test (E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954):
never below zero, so that honest text forgets at once, and a loop shows wherever it begins and whatever follows it.
Honest repetition brings something new with every row (a name, a sum), so its evidence never piles up; and what is
empty on honest paper (leaders, rules, blank cells, 0,00, idem) is no evidence, but is held to what fits on a page.
So is a table that says nothing but numbers: they are new with every row even where they are invented, but no page has
rows of ever more cells, rows without end, or tables in tables in tables.
docs/concepts/repetition.md has the definition in full, what it finds and misses, and the numbers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from ocr.core.document import Finish
from ocr.repetition.novelty import BLOCK, NoveltyDetector
from ocr.repetition.structure import CELLS, DEEPEST, EMPTY_LINES, Empty, Table

Kind = Literal["exact", "drift", "counter", "rows", "empty", "endless", "barren"]

TOKEN = re.compile(
    r"[A-Za-zÀ-ÖØ-öø-ÿ]{1,24}+(?![^\W\d_])|"  # the same as what follows, for most words in half the time
    r"[^\W\d_]{1,24}"  # a word; one without end falls into pieces that repeat
    r"|(?! (?! ))(?:"  # nothing else begins with a single blank, which is what most places between words are
    r"\d{1,9}"
    r"|\n|\\n"  # a line ends; so it does inside raw JSON
    r"|\.{1,24}|-{1,24}|_{1,24}|={1,24}|\*{1,24}"
    r"|</?\w[^<>\n]{0,40}>"  # a tag
    r"|\\(?:[a-z]?quad|hspace|hfill|[lcd]*dots|hline|\\)|&\w{1,8};"  # blanks as LaTeX and HTML write them
    r"|[^\w\s]"
    r"|[ \t\xa0]{16}"  # blanks without end
    r")"
)
LONGEST_TOKEN = 48
"""No token is longer: one that ends so far before the end of a stream is final."""


def _romans() -> Iterator[tuple[str, int]]:
    """Roman numerals from I to CCCXCIX with their values."""
    units = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    tens = ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC")
    for value in range(1, 400):
        yield "C" * (value // 100) + tens[value // 10 % 10] + units[value % 10], value


NUMBER = "0"
VALUES = {"idem": 0, "Idem": 0, "IDEM": 0, **dict(_romans())}
"""Words that count as numbers; "idem" says as little as a zero."""

# Tuned on half 0 of benchmarks.repetition.synthetic_loops; docs/concepts/repetition.md reports half 1.
REACH = 4096
"""Tokens. About 20 kB, the fullest gazette page: what stands further back is no source of a copy."""
NEW_WORD, NEW_SHORT_WORD, NEW_DIGIT, BROKEN_COUNT = 32.0, 12.0, 5.0, 60.0
"""Evidence against a loop, in characters: a word of 4 letters or more, a shorter one, a digit, a count broken off."""
SHORT = 3
"""Letters: a word of so few may be a code, as in a number, and says nothing new to a table."""
WORTH = (0.0, 0.5, 1.5, *(float(length) for length in range(3, 25)))
"""Evidence in a copied word of 0 to 24 letters."""
CELL = 0.5
"""Evidence in a copied cell border."""
STEP = 5.0
"""Evidence for a loop in a number that counts on as it did a lap before: bare counting alarms after 130 numbers."""
JUMP = 6.0
"""Evidence against, where the copy goes on from elsewhere: a column of three words in random order says something."""
ENOUGH, LEAST_LAPS = 250.0, 2.5
"""Least evidence for a loop, in characters, and laps: rulings and laws quote a paragraph three times.
`_Run.is_loop` says how much more evidence for a lap of which length."""
NUMBERED = 1.3
"""Numbered rows that are otherwise alike stand on honest forms and need so much more evidence."""
LEAST_SHARE, MOST_NEWS = 0.35, 80.0
"""Evidence over copied characters, and news in a lap. Gazette acts from one template have 0.28 to 0.57, but 180 up."""
OVER = 100.0
"""A run is over when so much of its evidence is lost again: what came before says nothing of what follows."""
MOSTLY_COPIED = 3.0, 0.5
"""Laps, and share of what brought no news, from which on it is called by what is copied."""
LONE = frozenset(",.;:!?)-")
"""Marks that say nothing to any rule where they stand behind a word: most marks of prose are done with that."""
REASONS: dict[Kind, str] = {
    "exact": "the same {size} characters come {laps} more times",
    "drift": "about the same {size} characters come {laps} more times",
    "counter": "it counts on {laps} times and says nothing else new",
    "rows": "about the same table row comes {laps} more times",
    "empty": "{size} characters of nothing but leaders, rules, zeros or blank cells",
    "endless": "{size} characters of a table, without a new word, in a shape or size that no page has",
    "barren": "{size} characters in which hardly a word is new",
}


@dataclass(frozen=True, slots=True)
class Degeneration:
    """A loop, in characters: `text[:start]` is good and holds the first lap; from `end` the text goes on, or ends."""

    kind: Kind
    start: int
    end: int
    reason: str


def published_rule(text: str, finish: Finish) -> bool:
    """The rule of the DharmaOCR evaluation: the token limit was hit, and the last 15 characters stand in it >= 4 times.

    Occurrences are counted as `str.count` does, without overlap. Source: DharmaOCR, arXiv
    2604.14314, as its public re-implementation states the rule.
    """
    return finish == "length" and text.count(text[-15:]) >= 4


def find(text: str) -> Degeneration | None:
    """The first loop in `text`, or None. Time is linear in the length of the text."""
    scan, tokens = _Scan(), TOKEN.findall(text)
    for at in range(0, len(tokens), REACH):
        if scan.take(tokens[at : at + REACH], to_the_end=True):
            break
    else:
        scan.end()
    return _describe(text, scan.found)


class RepetitionMonitor:
    """The same on a text that is still being written: feed it the pieces as they come.

    It answers with what `find` would say of the text so far, less the last LONGEST_TOKEN characters and up to BATCH.
    """

    BATCH = 256
    """Characters weighed at once: a piece of a stream is a few letters, and one call for each would cost more."""

    def __init__(self) -> None:
        self.found: Degeneration | None = None
        self._text: list[str] = []
        self._pending = ""
        self._scan = _Scan()

    def feed(self, piece: str) -> Degeneration | None:
        """Take the next piece; returns the loop as soon as there is one, and from then on."""
        if self.found is None:
            self._text.append(piece)
            self._pending += piece
            if len(self._pending) >= self.BATCH + LONGEST_TOKEN:
                self._weigh()
        return self.found

    def _weigh(self) -> None:
        tokens, end, final = [], 0, len(self._pending) - LONGEST_TOKEN
        for match in TOKEN.finditer(self._pending):
            if match.end() > final:
                break
            tokens.append(match.group())
            end = match.end()
        self._pending = self._pending[end:]
        self._scan.take(tokens, to_the_end=False)
        if self._scan.found is not None:
            self.found = _describe("".join(self._text), self._scan.found)


class _Run:
    """A stretch of copied text and its evidence; places are indexes of tokens."""

    __slots__ = ("changes", "copied", "kind", "laps", "peak", "peak_laps", "rows", "score", "start", "steps", "stop")

    def __init__(self, start: int) -> None:
        self.start = self.stop = start
        self.kind: Kind = "exact"
        self.score = self.copied = self.laps = self.peak = self.peak_laps = 0.0
        self.steps = self.changes = self.rows = 0

    @property
    def is_loop(self) -> bool:
        """Much more of the same than honest paper holds, and next to nothing new in it.

        Enough, in characters, for a lap of 5, 11, 20, 40, 100, 300 letters: 425, 561, 570, 590, 470, 590; that is 85,
        51, 28, 15, 5, 2.5 laps. On half 0, a litany in columns comes to 0.9 of it, and a ruling in 2,000 real pages.
        """
        lap = self.copied / self.laps
        enough = ENOUGH + lap + min(34 * lap, 300, 12000 / lap)
        if self._counts:
            enough *= NUMBERED
        news = self.copied - self.score
        said_again = self.laps >= LEAST_LAPS and self.score >= max(enough, LEAST_SHARE * self.copied)
        return said_again and news <= MOST_NEWS * self.laps

    @property
    def _counts(self) -> bool:
        return self.steps >= self.laps / 2

    def name_kind(self) -> Kind:
        if self.rows >= 2 * self.laps:
            return "rows"
        if self._counts:
            return "counter"
        return "drift" if self.changes >= 2 + self.laps / 4 else "exact"


class _Scan:
    """What is known after some tokens: where copies come from, and the copied and the empty run under way."""

    def __init__(self) -> None:
        self.found: _Run | Empty | Table | NoveltyDetector | None = None
        self.tokens = [""]
        self.last: dict[tuple[str, str], int] = {}
        """Two tokens -> the place of the second, where they last stood so."""
        self.numbers: dict[int, tuple[int, int, bool]] = {}
        """The place of a number -> its value, its difference from its source's, and whether that is a step again."""
        self.pointer = 0
        """The place that the next token is copied from if the copying goes on; 0 if nothing was copied yet."""
        self.astray = True
        """The last token did not come from there."""
        self.run = _Run(1)
        self.empty = Empty(1)
        self.counted = 0
        """Where the last number but zero stands."""
        self.table = Table()
        self.news = NoveltyDetector()
        self.block: list[str] = []
        """Tokens that the news was not asked about yet, and the words among them that were not copied."""
        self.uncopied: list[str] = []
        self.pairs = 0
        """How many pairs were in `last` before those tokens."""

    def take(self, new: Sequence[str], *, to_the_end: bool) -> bool:
        """Weigh more tokens; True as soon as a loop is found or, if wanted, as soon as it has ended."""
        at = 0
        while at < len(new):
            part = new[at : at + BLOCK - len(self.block)]
            at += len(part)
            if self._weigh(part, to_the_end=to_the_end):
                return True
            self.block += part
            if len(self.block) == BLOCK:
                self._ask_for_news()
                if self.found and (not to_the_end or self._is_over(len(self.tokens) - 1)):
                    return True
        return False

    def end(self) -> None:
        """The text is over: a loop without news may have ended in the last block, which is not full."""
        if self.found is self.news and self.block:
            self._ask_for_news()

    def _ask_for_news(self) -> None:
        """Weigh the block that is full now. Where most of what piled up is copied, the copying says where it began."""
        news, run = self.news, self.run
        strange = len(self.last) - self.pairs - len(self.uncopied)
        if news.weigh(self.block, self.uncopied, strange, len(self.tokens) - 1) and self.found is None:
            copied = run.peak_laps >= MOSTLY_COPIED[0] and run.score >= MOSTLY_COPIED[1] * news.score
            self.found = run if copied else news
            run.kind = run.name_kind()
        self.block, self.uncopied = [], []
        self._forget()
        self.pairs = len(self.last)

    def _weigh(self, new: Iterable[str], *, to_the_end: bool) -> bool:
        tokens, last, pointer, astray = self.tokens, self.last, self.pointer, self.astray
        previous, table, uncopied, score = tokens[-1], self.table, self.uncopied, self.run.score
        for place, token in enumerate(new, len(tokens)):
            word = token.isalpha() and token not in VALUES
            key = token if word or not (token.isdecimal() or token in VALUES) else NUMBER
            pair = previous, key
            source = pointer
            if tokens[pointer] != key:
                source = last.get(pair, 0)
                if place - source >= REACH:
                    source = 0
            last[pair] = place
            tokens.append(key)
            gain = 0.0
            if not word:
                if token not in LONE or not previous.isalpha():
                    gain = self._weigh_mark(token, place, source)
            elif source:
                gain = WORTH[len(token)]
                table.known += gain > SHORT
            else:
                if len(token) > SHORT:
                    table.fresh, table.known = place, 0
                    uncopied.append(token)
                if score:
                    gain = _weigh_new(token, tokens[pointer])
            previous = key
            if gain > 0 or (score and (gain or source)):
                score = self._add(gain - JUMP if source and source != pointer else gain, place, source)
            # Where nothing was copied, one token may have drifted: the copying may go on in its place.
            astray = source != pointer and not (source and (astray or place - source < 4 * (place - pointer)))
            pointer = pointer + 1 if astray else source and source + 1
            if self.found and (not to_the_end or self._is_over(place)):
                break
        self.pointer, self.astray = pointer, astray
        return bool(self.found) and (not to_the_end or self._is_over(len(tokens) - 1))

    def _is_over(self, place: int) -> bool:
        """The loop that was found has ended; a table ends with the next new word."""
        if self.found is self.table:
            return self.table.fresh == place
        if self.found is self.news:
            return self.news.is_over
        return self.found not in (self.run, self.empty)

    def _forget(self) -> None:
        """Drop what is out of reach, so that time and memory for it stay the same in a text without end."""
        here = len(self.tokens)
        if len(self.last) > 4 * REACH:
            self.last = {pair: place for pair, place in self.last.items() if here - place < REACH}
            self.numbers = {place: number for place, number in self.numbers.items() if here - place < 2 * REACH}

    def _weigh_mark(self, token: str, place: int, source: int) -> float:
        """The evidence in a number or a mark; those that say nothing go to the empty run, all to the table."""
        table = self.table
        if self.tokens[place] == NUMBER:
            table.add_number(place, bare=self.tokens[-2] == NUMBER)
            if self.found is None and not table.numbers % 8 and table.is_loop:
                self.found, table.start = table, table.fresh + 1
            value = VALUES[token] if token in VALUES else int(token)
            if value:
                self.counted = place
                return self._weigh_number(value, len(token), place, source)
            self.numbers[place] = 0, 0, False
        gain = 0.0
        if source and token in CELLS:
            gain = CELL
            self.run.rows += 1
        empty = self.empty
        if empty.stop < table.fresh or empty.stop < self.counted:
            if empty is self.found:
                empty = self.empty = Empty(place)
            else:
                empty.begin(place)
        empty.add(token, place, self.tokens[-2])
        table.add_mark(token, place)
        if self.found is None:
            if empty.size > EMPTY_LINES and empty.is_loop:
                self.found = empty
            elif place - table.fresh > DEEPEST and table.is_loop:
                self.found, table.start = table, table.fresh + 1
        return gain

    def _weigh_number(self, value: int, digits: int, place: int, source: int) -> float:
        before, step, steady = self.numbers.get(source, (value, 0, False))
        steps_on = bool(source) and value - before == step
        self.numbers[place] = value, value - before, steps_on and step != 0
        if source and value == before:
            return float(digits)
        if steps_on:
            self.run.steps += 1
            return STEP
        self.run.changes += 1
        return -NEW_DIGIT * digits - BROKEN_COUNT * steady

    def _add(self, gain: float, place: int, source: int) -> float:
        """Add evidence to the run under way, or end it where nothing is left of it; answers what it has now."""
        run = self.run
        score = run.score + gain
        if score <= 0.0 or score <= run.peak - OVER:
            if run.score:
                self.run = _Run(place + 1)
            return 0.0
        if not run.score:
            run.start, run.steps, run.changes, run.rows = place, 0, 0, 0
        run.score = score
        if gain > 0:
            run.copied += gain
        else:
            run.changes += gain < 0
        if source:
            run.laps += 1 / (place - source)
        if score > run.peak:
            run.peak, run.peak_laps, run.stop = score, run.laps, place
            if score > ENOUGH and self.found is None and run.is_loop:
                self.found, run.kind = run, run.name_kind()
        return score


def _weigh_new(word: str, expected: str) -> float:
    """The evidence in a new word; one that begins or ends like the word in its place may be that word, misspelt."""
    if len(word) <= SHORT or word[:3] == expected[:3] or word[-3:] == expected[-3:]:
        return -NEW_SHORT_WORD
    return -NEW_WORD


def _describe(text: str, found: _Run | Empty | Table | NoveltyDetector | None) -> Degeneration | None:
    """Put what a scan of `text` found into characters and words."""
    if found is None:
        return None
    spans = [(match.start(), match.end()) for match in islice(TOKEN.finditer(text), found.start - 1, found.stop)]
    start, end = spans[0][0], spans[-1][1]
    size = end - start if found.kind == "empty" else round((end - start) / found.peak_laps)
    reason = REASONS[found.kind].format(size=size, laps=round(found.peak_laps))
    return Degeneration(found.kind, start, end, f"{reason}: {text[start : start + 40]!r}")


def good_part(text: str) -> str:
    """What stands before a loop, its first lap included; all of the text where there is none."""
    loop = find(text)
    return text if loop is None else text[: loop.start]
