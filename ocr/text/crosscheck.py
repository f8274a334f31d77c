"""Compare what a vision-language model wrote with the lines that the built-in engine read on the same page.

A vision-language model omits lines, invents lines and changes digits without any sign of doubt. The built-in engine
misreads letters, but it cannot invent a line, nor skip one that it has detected. Each of its lines is located in the
model's text (`ocr.text.alignment`). Text that no line accounts for may be invented, a line without a place may be
omitted, and a number in the same place that reads otherwise may be changed. A difference that a misreading explains is
no discrepancy. Where the built-in engine is unsure of the whole page, nothing is compared.
docs/concepts/cross-check.md has precision and recall.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

from ocr.core.document import FIELDS, Box, Line, box_around, confidence_of
from ocr.models.answer_format import Fields, parse
from ocr.repetition.detector import good_part
from ocr.text.alignment import Placement, TextWord, letters_of, place_lines, split_words
from ocr.text.identifiers import CHECKED
from ocr.text.identifiers import find as find_identifiers

Kind = Literal["omitted", "invented", "number", "check digits"]

# Tuned on the even pages of benchmarks/accuracy/crosscheck.py; docs/concepts/cross-check.md reports the odd ones.
LEAST_CONFIDENCE = 0.85
"""Least mean confidence of the built-in engine for a cross-check: print has 0.93 and more, of 1887 too; medieval hands
0.54 to 0.66."""
LEAST_LINE_CONFIDENCE = 0.8
"""Least confidence of a line that is called omitted."""
LEAST_ECHO = 0.4
"""Share of its four-letter groups found in the unmatched rest, from which on a line is misread and not new."""
LEAST_LETTERS = 16
"""Letters of what is called omitted or invented: less may be a stamp, a mark, a torn edge."""
LONG_NUMBER = 4
"""Digits from which on two numbers that differ by one or two digits are hardly two numbers."""
QUOTED = 80
"""Characters of a quotation, at most."""
LETTERS_AS_DIGITS = str.maketrans("OoQDIlSsBZz", "00001155822")


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference between the two outputs for a page."""

    kind: Kind
    reason: str
    box: Box | None = None
    """Where the built-in engine read it; None for what only the model wrote."""
    span: tuple[int, int] | None = None
    """Where it stands in the model's text, in characters; None for what the model left out."""


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The model's text and the built-in engine's lines side by side."""

    text: str
    words: tuple[TextWord, ...]
    placements: list[Placement]
    covered: frozenset[int]
    """The words of the text that some line accounts for."""
    written: str
    seen: str
    """All letters of the text, and of the lines in the order given."""


def cross_check(text: str, lines: Sequence[Line], *, whole: bool) -> tuple[str, ...]:
    """Return the discrepancies of a model's `text` as flags of the page, each with its place.

    `whole` says that the model reached the end of the page. Where it did not, the missing lines make one flag.
    """
    kept = good_part(text)
    fields = parse(kept)
    parts = [(field, getattr(fields, field)) for field in FIELDS if getattr(fields, field)]
    found = find_discrepancies("\n".join(part for _, part in parts), lines)
    omitted = [one.box for one in found if one.kind == "omitted" and one.box is not None]
    if (whole and kept == text) or len(omitted) < 2:
        return tuple(_describe(one, fields) for one in found)
    lost = f"omitted: {len(omitted)} lines that the built-in engine reads are missing, because the text was cut"
    others = (_describe(one, fields) for one in found if one.kind != "omitted")
    return (f"{lost}{_at(box_around(omitted))}", *others)


def find_discrepancies(text: str, lines: Sequence[Line]) -> tuple[Discrepancy, ...]:
    """Compare the built-in engine's `lines`, in any order, with a model's `text`; nothing where it reads badly."""
    lines = [line for line in lines if line.text]
    confidence = confidence_of(lines)
    if confidence is not None and confidence < LEAST_CONFIDENCE:
        return ()
    words = split_words(text)
    placements = place_lines(words, lines)
    covered = frozenset(at for placement in placements for at in placement.covered if 0 <= at < len(words))
    seen = "".join(letters_of(split_words(line.text)) for line in lines)
    both = _Comparison(text, words, placements, covered, letters_of(words), seen)
    return (*_omitted(both), *_invented(both), *_changed(both), *_failing(both))


def _omitted(both: _Comparison) -> Iterator[Discrepancy]:
    """Yield lines without a place, unless the uncovered text is a misreading of them, or their letters are there."""
    rest = _groups(letters_of(word for at, word in enumerate(both.words) if at not in both.covered))
    for placement in both.placements:
        line, letters = placement.line, letters_of(placement.words)
        sure = line.confidence is None or line.confidence >= LEAST_LINE_CONFIDENCE
        if placement.pairs or len(letters) < LEAST_LETTERS or not sure:
            continue
        if _echo(letters, rest) < LEAST_ECHO and both.written.count(letters) < both.seen.count(letters):
            reason = f"a line that the built-in engine reads is missing: {_quote(line.text)}"
            yield Discrepancy("omitted", reason, box=line.box)


def _invented(both: _Comparison) -> Iterator[Discrepancy]:
    """Yield words that no line accounts for, unless an unplaced line misreads them, or their letters were read."""
    missing = _groups("".join(letters_of(placement.words) for placement in both.placements if not placement.pairs))
    for run in _uncovered_runs(both):
        words = both.words[run[0] : run[-1] + 1]
        letters = letters_of(words)
        if both.seen.count(letters) >= both.written.count(letters):
            continue
        if _echo(letters, missing) < LEAST_ECHO:
            span = words[0].start, words[-1].start + len(words[-1].text)
            reason = f"the built-in engine does not read {_quote(both.text[slice(*span)])}"
            yield Discrepancy("invented", reason, span=span)


def _quote(text: str) -> str:
    """Return enough of a text to find it on the page."""
    return repr(text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…")


def _uncovered_runs(both: _Comparison) -> Iterator[list[int]]:
    """Yield runs of words that no line accounts for and that are too long for a stamp or a mark."""
    run: list[int] = []
    for at in range(len(both.words) + 1):
        if at < len(both.words) and at not in both.covered:
            run.append(at)
        else:
            if len(letters_of(both.words[place] for place in run)) >= LEAST_LETTERS:
                yield run
            run = []


def _groups(letters: str) -> frozenset[str]:
    return frozenset(letters[at : at + 4] for at in range(len(letters) - 3))


def _echo(letters: str, groups: frozenset[str]) -> float:
    """Return the share of the groups of four letters that are among `groups`."""
    own = _groups(letters)
    return len(own & groups) / max(1, len(own))


def _changed(both: _Comparison) -> Iterator[Discrepancy]:
    """Yield numbers that the text has too often and that differ in a digit or two from one it has too rarely.

    Short numbers must also stand in the same place. Long ones need not, as cells of a table come in any order. Numbers
    in a line that is omitted or invented as a whole do not count, nor identifiers whose check digits are right.
    """
    more, less = _surplus(both)
    for placement in both.placements:
        if not placement.pairs and len(letters_of(placement.words)) >= LEAST_LETTERS:
            continue
        for k, word in enumerate(placement.words):
            seen, place = _digits(word.text), _expected(placement, k)
            like = [at for at, number in more.items() if less[seen] and _differ_a_little(number, seen)]
            at = min(like, key=lambda at: abs(at - place), default=None)
            if at is None or (at != place and len(seen) < LONG_NUMBER):
                continue
            del more[at]
            less[seen] -= 1
            written = both.words[at]
            reason = f"the built-in engine reads {word.text} where the text has {written.text}"
            yield Discrepancy("number", reason, placement.line.box, (written.start, written.start + len(written.text)))


def _surplus(both: _Comparison) -> tuple[dict[int, str], Counter[str]]:
    """Return places of numbers (two digits or more) that the text has too often, and counts of those it lacks."""
    proven = [item for item in find_identifiers(both.text) if item.kind in CHECKED and item.valid]
    written = Counter(_digits(word.text) for word in both.words)
    seen = Counter(_digits(word.text) for placement in both.placements for word in placement.words)
    unread = {at for run in _uncovered_runs(both) for at in run}
    more = {
        at: number
        for at, word in enumerate(both.words)
        if at not in unread and written[number := _digits(word.text)] > seen[number] and len(number) >= 2
        if not any(item.start <= word.start < item.start + len(item.text) for item in proven)
    }
    return more, seen - written


def _expected(placement: Placement, k: int) -> float:
    """Return where word `k` of the line would stand in the text; infinity where the line has no place."""
    if not placement.pairs:
        return inf
    own, at = min(placement.pairs, key=lambda pair: abs(pair[0] - k))
    return at + k - own


def _differ_a_little(number: str, other: str) -> bool:
    return len(number) == len(other) and 0 < sum(a != b for a, b in zip(number, other, strict=True)) <= 2


def _digits(text: str) -> str:
    """Return the digits of a word; in a number, letters that readers confuse with digits count as digits."""
    if sum(character.isdecimal() for character in text) * 2 >= len(text):
        text = text.translate(LETTERS_AS_DIGITS)
    return "".join(character for character in text if character.isdecimal())


def _failing(both: _Comparison) -> Iterator[Discrepancy]:
    """Yield identifiers with wrong check digits, unless the built-in engine reads them the same way."""
    digits = "\n".join(_digits(placement.line.text) for placement in both.placements)
    for item in find_identifiers(both.text):
        if item.kind in CHECKED and not item.valid and item.value not in digits:
            span = item.start, item.start + len(item.text)
            yield Discrepancy("check digits", f"the check digits of {item.text} do not agree", span=span)


def _describe(one: Discrepancy, fields: Fields) -> str:
    where = _at(one.box) if one.box is not None else _within(one.span, fields)
    return f"{one.kind}: {one.reason}{where}"


def _at(box: Box) -> str:
    return " at " + ", ".join(f"{edge:.0f}" for edge in box)


def _within(span: tuple[int, int] | None, fields: Fields) -> str:
    """Return the field and its line in which a span of the joined texts begins."""
    start = span[0] if span else 0
    for field in FIELDS:
        part = getattr(fields, field)
        if part and start <= len(part):
            return f" in line {part.count(chr(10), 0, start) + 1} of the field {field}"
        start -= len(part) + 1 if part else 0
    return ""
