"""Find text that repeats what stands less than a page before it: exact, drifting and counting repetitions.

For each token the detector asks: could it have been copied from an earlier place? A copied token is evidence for a
repetition, worth its characters. A new word or an unexpected number is evidence against it. The evidence is summed as
in Page's CUSUM test (E. S. Page, "Continuous inspection schemes", Biometrika 41, 1954), never below zero: legitimate
text resets it at once, and a repetition shows wherever it begins and whatever follows it. Legitimate repetition brings
something new with every row (a name, a sum), so its evidence stays small.
"""

from collections.abc import Sequence

from ocr.repetition.config import CopyConfig, RepetitionConfig
from ocr.repetition.evidence import Evidence, Kind
from ocr.repetition.structure import Empty, Table
from ocr.repetition.tokens import CELLS, NUMBER, QUIET_MARKS, VALUES


class CopiedRun:
    """A stretch of copied text and its evidence; places are indexes of tokens."""

    __slots__ = (
        "changes",
        "copied",
        "kind",
        "peak",
        "peak_periods",
        "periods",
        "rows",
        "score",
        "start",
        "steps",
        "stop",
    )

    def __init__(self, start: int) -> None:
        self.start = self.stop = start
        self.kind: Kind = "exact"
        self.score = self.copied = self.periods = self.peak = self.peak_periods = 0.0
        self.steps = self.changes = self.rows = 0

    def is_repetition(self, config: CopyConfig) -> bool:
        """Return whether there is more copied text than legitimate pages hold, and next to nothing new in it.

        Periods of 5, 11, 20, 40, 100, 300 letters need evidence of 425, 561, 570, 590, 470, 590 characters, which is
        85, 51, 28, 15, 5, 2.5 periods. On the tuning split the highest legitimate values are a list of phrases
        in columns at 0.9 of that, and one ruling in 2,000 real pages.
        """
        period = self.copied / self.periods
        extra = min(config.period_factor * period, config.most_extra, config.long_period / period)
        enough = config.least_evidence + period + extra
        if self._counts(config):
            enough *= config.count_factor
        new = self.copied - self.score
        repeated = self.periods >= config.least_periods and self.score >= max(enough, config.least_share * self.copied)
        return repeated and new <= config.most_new * self.periods

    def _counts(self, config: CopyConfig) -> bool:
        return self.steps >= self.periods * config.count_share

    def name_kind(self, config: CopyConfig) -> Kind:
        """Return the kind of repetition, by what changes from period to period."""
        if self.rows >= 2 * self.periods:
            return "rows"
        if self._counts(config):
            return "counter"
        return "drift" if self.changes >= 2 + self.periods / 4 else "exact"


class CopyDetector:
    """Sum the evidence of copied tokens; in the same pass, feed numbers and marks to the structure checks.

    With `to_end`, `update` returns evidence only once the repetition has ended.
    """

    def __init__(self, config: RepetitionConfig, *, to_end: bool) -> None:
        self.found: Evidence | None = None
        """The first repetition that any detector found."""
        self.run = CopiedRun(1)
        self._config = config.copied
        self._structure = config.structure
        self._to_end = to_end
        self._tokens = [""]
        self._last: dict[tuple[str, str], int] = {}
        """Two tokens -> the place of the second, where they last stood so."""
        self._numbers: dict[int, tuple[int, int, bool]] = {}
        """The place of a number -> its value, its difference from its source's, and whether that is a step again."""
        self._pointer = 0
        """The place that the next token is copied from if the copying goes on; 0 if nothing was copied yet."""
        self._astray = True
        """The last token was not copied from the pointer."""
        self._empty = Empty(1, config.structure)
        self._table = Table(config.structure)
        self._counted = 0
        """The place of the last number that is not zero."""
        self._uncopied: list[str] = []
        """Long words since the last `take_new` that were not copied."""
        self._pairs = 0
        """Number of pairs in `_last` at the last `take_new`."""

    @property
    def place(self) -> int:
        """The place of the last token."""
        return len(self._tokens) - 1

    def take_new(self) -> tuple[list[str], int]:
        """Return the long words since the last call that were not copied, and how many other tokens were not."""
        words, self._uncopied = self._uncopied, []
        others = len(self._last) - self._pairs - len(words)
        self._forget()
        self._pairs = len(self._last)
        return words, others

    def update(self, tokens: Sequence[str]) -> Evidence | None:
        """Weigh the next tokens; return the first repetition, with `to_end` once it has ended."""
        # One pass and local names: this loop takes most of the detector's time.
        config, keys, last, pointer, astray = self._config, self._tokens, self._last, self._pointer, self._astray
        previous, table, uncopied, score = keys[-1], self._table, self._uncopied, self.run.score
        reach, short_word, jump, word_evidence = config.reach, config.short_word, config.jump, config.word_evidence
        for place, token in enumerate(tokens, len(keys)):
            word = token.isalpha() and token not in VALUES
            key = token if word or not (token.isdecimal() or token in VALUES) else NUMBER
            pair = previous, key
            source = pointer
            if keys[pointer] != key:
                source = last.get(pair, 0)
                if place - source >= reach:
                    source = 0
            last[pair] = place
            keys.append(key)
            gain = 0.0
            if not word:
                if token not in QUIET_MARKS or not previous.isalpha():
                    gain = self._weigh_mark(token, place, source)
            elif source:
                gain = word_evidence[len(token)]
                table.known += gain > short_word
            else:
                if len(token) > short_word:
                    table.fresh, table.known = place, 0
                    uncopied.append(token)
                if score:
                    gain = _weigh_new(token, keys[pointer], config)
            previous = key
            if gain > 0 or (score and (gain or source)):
                score = self._add(gain - jump if source and source != pointer else gain, place, source)
            # Where nothing was copied, one token may have drifted: the copying may go on in its place.
            astray = source != pointer and not (source and (astray or place - source < 4 * (place - pointer)))
            pointer = pointer + 1 if astray else source and source + 1
            if self.found and (not self._to_end or self.is_over(place)):
                break
        self._pointer, self._astray = pointer, astray
        return self.found if self.found and (not self._to_end or self.is_over(self.place)) else None

    def is_over(self, place: int) -> bool:
        """Return whether the repetition that was found has ended before `place`; a table ends with a new word."""
        if self.found is self._table:
            return self._table.fresh == place
        return isinstance(self.found, (CopiedRun, Empty)) and self.found not in (self.run, self._empty)

    def _forget(self) -> None:
        """Drop what is out of reach: time and memory a token stay the same in an endless text."""
        here, reach = len(self._tokens), self._config.reach
        if len(self._last) > 4 * reach:
            self._last = {pair: place for pair, place in self._last.items() if here - place < reach}
            self._numbers = {place: number for place, number in self._numbers.items() if here - place < 2 * reach}

    def _weigh_mark(self, token: str, place: int, source: int) -> float:
        """Return the evidence in a number or a mark; pass it on to the empty run and the table."""
        table = self._table
        if self._tokens[place] == NUMBER:
            table.add_number(place, bare=self._tokens[-2] == NUMBER)
            if self.found is None and not table.numbers % 8 and table.is_repetition:
                self.found, table.start = table, table.fresh + 1
            value = VALUES[token] if token in VALUES else int(token)
            if value:
                self._counted = place
                return self._weigh_number(value, len(token), place, source)
            self._numbers[place] = 0, 0, False
        gain = 0.0
        if source and token in CELLS:
            gain = self._config.cell_evidence
            self.run.rows += 1
        empty = self._empty
        if empty.stop < table.fresh or empty.stop < self._counted:
            if empty is self.found:
                empty = self._empty = Empty(place, self._structure)
            else:
                empty.begin(place)
        empty.add(token, place, self._tokens[-2])
        table.add_mark(token, place)
        if self.found is None:
            if empty.size > self._structure.empty_lines and empty.is_repetition:
                self.found = empty
            elif place - table.fresh > self._structure.deepest and table.is_repetition:
                self.found, table.start = table, table.fresh + 1
        return gain

    def _weigh_number(self, value: int, digits: int, place: int, source: int) -> float:
        config = self._config
        before, step, steady = self._numbers.get(source, (value, 0, False))
        steps_on = bool(source) and value - before == step
        self._numbers[place] = value, value - before, steps_on and step != 0
        if source and value == before:
            return float(digits)
        if steps_on:
            self.run.steps += 1
            return config.step_evidence
        self.run.changes += 1
        return -config.new_digit * digits - config.broken_count * steady

    def _add(self, gain: float, place: int, source: int) -> float:
        """Add evidence to the current run, or end the run where nothing is left of it; return its evidence."""
        run, config = self.run, self._config
        score = run.score + gain
        if score <= 0.0 or score <= run.peak - config.end_drop:
            if run.score:
                self.run = CopiedRun(place + 1)
            return 0.0
        if not run.score:
            run.start, run.steps, run.changes, run.rows = place, 0, 0, 0
        run.score = score
        if gain > 0:
            run.copied += gain
        else:
            run.changes += gain < 0
        if source:
            run.periods += 1 / (place - source)
        if score > run.peak:
            run.peak, run.peak_periods, run.stop = score, run.periods, place
            if score > config.least_evidence and self.found is None and run.is_repetition(config):
                self.found, run.kind = run, run.name_kind(config)
        return score


def _weigh_new(word: str, expected: str, config: CopyConfig) -> float:
    """Return the evidence in a new word; one that begins or ends like the expected word may be a misspelling of it."""
    if len(word) <= config.short_word or word[:3] == expected[:3] or word[-3:] == expected[-3:]:
        return -config.new_short_word
    return -config.new_word
