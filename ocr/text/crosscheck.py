"""Cross-examination: a second, independent reader's lines against what a model wrote of the same page.

A vision-language model omits lines, makes lines up, changes digits, and sounds as sure as ever; the embedded engine
misreads letters, but it cannot make up a line, nor skip one that it has detected. So each witness line is looked for
in the model's text by its words, wherever they stand (columns may come in any order), and a place once found is taken.
What no line accounts for may be invented, a line without a place may be omitted, and a number that stands in the same
place but reads otherwise may be changed. What a misreading explains raises no doubt, and a witness that cannot read
the page is not heard. docs/concepts/cross-check.md has precision and recall.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from ocr.core.document import FIELDS, Box, Line, box_around, confidence_of
from ocr.models.answer_format import Fields, parse
from ocr.repetition.detector import good_part
from ocr.text.identifiers import CHECKED
from ocr.text.identifiers import find as find_identifiers

Kind = Literal["omitted", "invented", "number", "check digits"]

# Tuned on the even pages of benchmarks/accuracy/crosscheck.py; docs/concepts/cross-check.md reports the odd ones.
HEARD = 0.85
"""Least confidence of the witness in its own reading for its doubts to be heard: print has 0.93 and more, of 1887 too;
medieval hands 0.54 to 0.66."""
SURE = 0.8
"""Least confidence of a witness line that is missed."""
WELL_PLACED, PLACED = 0.75, 0.4
"""Least share of a line's letters that must be found together for the line to have a place, first and second try."""
ECHO = 0.4
"""Share of its letter groups found in what is left over, from which on a line is misread and not new."""
LEAST_LETTERS = 16
"""Of what is called omitted or invented: less may be a stamp, a mark, a torn edge."""
DRIFT = 2
"""Words by which a line may slip where a reader parts or joins words."""
COMMON = 40
"""A word with more places than this says nothing about where a line belongs."""

LONG_NUMBER = 4
"""Digits from which on two numbers that differ by one or two digits are hardly two numbers."""

QUOTED = 80
LETTERS_AS_DIGITS = str.maketrans("OoQDIlSsBZz", "00001155822")
WORD = re.compile(r"\d(?:[\d.,/:-]*\d)?|[^\W\d_]+|[^\W_]+")


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something on which the two readers do not agree."""

    kind: Kind
    reason: str
    box: Box | None = None
    """Where the witness saw it; None for what only the model wrote."""
    span: tuple[int, int] | None = None
    """Where it stands in the model's text, in characters; None for what the model left out."""


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    folded: str
    """Small letters without accents; of a number the digits only."""
    start: int


@dataclass(frozen=True, slots=True)
class _Placement:
    """A witness line and its place: pairs of (word of the line, word of the text) that read alike."""

    line: Line
    words: tuple[_Word, ...]
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Record:
    """Both readings side by side."""

    text: str
    words: tuple[_Word, ...]
    placements: list[_Placement]
    known: frozenset[int]
    """The words of the text that some line accounts for."""
    written: str
    seen: str
    """All letters of the text, and of the lines in the order given."""


def cross_examine(text: str, lines: Sequence[Line]) -> tuple[Discrepancy, ...]:
    """The doubts that the witness's `lines`, in any order, cast on the model's `text`; none where it reads badly."""
    lines = [line for line in lines if line.text]
    sureness = confidence_of(lines)
    if sureness is not None and sureness < HEARD:
        return ()
    words = _words(text)
    placements = _place(words, lines)
    known = frozenset(at for placement in placements for at in _accounted(placement) if 0 <= at < len(words))
    seen = "".join(_letters(_words(line.text)) for line in lines)
    record = _Record(text, words, placements, known, _letters(words), seen)
    return (*_omitted(record), *_invented(record), *_changed(record), *_failing(record))


def _words(text: str) -> tuple[_Word, ...]:
    return tuple(_Word(match.group(), _fold(match.group()), match.start()) for match in WORD.finditer(text))


def _fold(word: str) -> str:
    if word[0].isdecimal():
        return "".join(character for character in word if character.isalnum())
    decomposed = unicodedata.normalize("NFD", word.lower().rstrip("ºª"))
    return "".join(character for character in decomposed if character.isalnum())


def _place(words: Sequence[_Word], lines: Sequence[Line]) -> list[_Placement]:
    """Find each line's place, the well-read lines first; no word of the text serves two of them."""
    index: dict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(words):
        index[word.folded].append(at)
    taken: set[int] = set()
    placements: list[_Placement] = []
    waiting = [_Placement(line, _words(line.text), ()) for line in sorted(lines, key=lambda line: -len(line.text))]
    for least in (WELL_PLACED, PLACED):
        unplaced: list[_Placement] = []
        for placement in waiting:
            found = replace(placement, pairs=_find_place(placement.words, index, taken, least))
            taken.update(_accounted(found))
            (placements if found.pairs else unplaced).append(found)
        waiting = unplaced
    return placements + waiting


def _find_place(
    own: Sequence[_Word], index: dict[str, list[int]], taken: set[int], least: float
) -> tuple[tuple[int, int], ...]:
    """The pairs of the best free place for the words of a line; none where less than `least` of it is found there."""
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
    offset = max(votes, key=lambda slip: sum(votes[slip + step] for step in range(-DRIFT, DRIFT + 1)))
    near = sorted((abs(at - k - offset), k, at) for k, at in free if abs(at - k - offset) <= DRIFT)
    pairs: dict[int, int] = {}
    for _, k, at in near:
        if k not in pairs and at not in pairs.values():
            pairs[k] = at
    alike = sum(len(own[k].folded) for k in pairs)
    return tuple(sorted(pairs.items())) if alike >= least * sum(len(word.folded) for word in own) else ()


def _accounted(placement: _Placement) -> Iterator[int]:
    """The words of the text that a placed line accounts for: those alike, and its misreadings between and beside."""
    if placement.pairs:
        first_own, first = placement.pairs[0]
        last_own, last = placement.pairs[-1]
        yield from range(first - first_own, last + len(placement.words) - last_own)


def _omitted(record: _Record) -> Iterator[Discrepancy]:
    """Lines without a place, unless what is left of the text is a misreading of them, or their letters stand there."""
    left = _groups(_letters(word for at, word in enumerate(record.words) if at not in record.known))
    for placement in record.placements:
        line, letters = placement.line, _letters(placement.words)
        if placement.pairs or len(letters) < LEAST_LETTERS or not (line.confidence is None or line.confidence >= SURE):
            continue
        if _echo(letters, left) < ECHO and record.written.count(letters) < record.seen.count(letters):
            yield Discrepancy("omitted", f"a line that the witness reads is missing: {_quote(line.text)}", box=line.box)


def _invented(record: _Record) -> Iterator[Discrepancy]:
    """Words that no line accounts for, unless a line without a place misreads them, or their letters were seen."""
    missing = _groups("".join(_letters(placement.words) for placement in record.placements if not placement.pairs))
    for run in _unaccounted(record):
        words = record.words[run[0] : run[-1] + 1]
        letters = _letters(words)
        if record.seen.count(letters) >= record.written.count(letters):
            continue
        if _echo(letters, missing) < ECHO:
            span = words[0].start, words[-1].start + len(words[-1].text)
            yield Discrepancy("invented", f"the witness does not see {_quote(record.text[slice(*span)])}", span=span)


def _quote(text: str) -> str:
    """Enough of a text to find it on the page."""
    return repr(text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…")


def _letters(words: Iterable[_Word]) -> str:
    return "".join(word.folded for word in words)


def _unaccounted(record: _Record) -> Iterator[list[int]]:
    """Runs of words that no line accounts for and that are too long for a stamp or a mark."""
    run: list[int] = []
    for at in range(len(record.words) + 1):
        if at < len(record.words) and at not in record.known:
            run.append(at)
        else:
            if len(_letters(record.words[place] for place in run)) >= LEAST_LETTERS:
                yield run
            run = []


def _groups(letters: str) -> frozenset[str]:
    return frozenset(letters[at : at + 4] for at in range(len(letters) - 3))


def _echo(letters: str, groups: frozenset[str]) -> float:
    """The share of the groups of four letters that are among `groups`."""
    own = _groups(letters)
    return len(own & groups) / max(1, len(own))


def _changed(record: _Record) -> Iterator[Discrepancy]:
    """Numbers that the text has more often than the witness, and that differ in a digit or two from one it has less.

    Short numbers must also stand in the same place; long ones need not, as cells of a table come in any order. What
    is missing or made up as a whole line is no changed number, and an identifier whose check digits agree is right.
    """
    more, less = _surplus(record)
    for placement in record.placements:
        if not placement.pairs and len(_letters(placement.words)) >= LEAST_LETTERS:
            continue
        for k, word in enumerate(placement.words):
            seen, place = _digits(word.text), _expected(placement, k)
            like = [at for at, number in more.items() if less[seen] and _differ_a_little(number, seen)]
            at = min(like, key=lambda at: abs(at - place), default=None)
            if at is None or (at != place and len(seen) < LONG_NUMBER):
                continue
            del more[at]
            less[seen] -= 1
            written = record.words[at]
            reason = f"the witness reads {word.text} where the text has {written.text}"
            yield Discrepancy("number", reason, placement.line.box, (written.start, written.start + len(written.text)))


def _surplus(record: _Record) -> tuple[dict[int, str], Counter[str]]:
    """Places of numbers (two digits or more) that the text has too often, and how often the witness has others more."""
    proven = [item for item in find_identifiers(record.text) if item.kind in CHECKED and item.valid]
    written = Counter(_digits(word.text) for word in record.words)
    seen = Counter(_digits(word.text) for placement in record.placements for word in placement.words)
    unseen = {at for run in _unaccounted(record) for at in run}
    more = {
        at: number
        for at, word in enumerate(record.words)
        if at not in unseen and written[number := _digits(word.text)] > seen[number] and len(number) >= 2
        if not any(item.start <= word.start < item.start + len(item.text) for item in proven)
    }
    return more, seen - written


def _expected(placement: _Placement, k: int) -> float:
    """Where word `k` of the line would stand in the text; infinitely far where the line has no place."""
    if not placement.pairs:
        return inf
    own, at = min(placement.pairs, key=lambda pair: abs(pair[0] - k))
    return at + k - own


def _differ_a_little(number: str, other: str) -> bool:
    return len(number) == len(other) and 0 < sum(a != b for a, b in zip(number, other, strict=True)) <= 2


def _digits(text: str) -> str:
    """The digits of a number, with the letters that readers take for digits; of other words what digits they hold."""
    if sum(character.isdecimal() for character in text) * 2 >= len(text):
        text = text.translate(LETTERS_AS_DIGITS)
    return "".join(character for character in text if character.isdecimal())


def _failing(record: _Record) -> Iterator[Discrepancy]:
    """Identifiers whose check digits fail, unless the witness reads them so too: then the paper has them so."""
    digits = "\n".join(_digits(placement.line.text) for placement in record.placements)
    for item in find_identifiers(record.text):
        if item.kind in CHECKED and not item.valid and item.value not in digits:
            span = item.start, item.start + len(item.text)
            yield Discrepancy("check digits", f"the check digits of {item.text} do not agree", span=span)


def examine(text: str, lines: Sequence[Line], *, whole: bool) -> tuple[str, ...]:
    """The witness's `lines` against what a model wrote of the page; `whole` says that it came to the end of the page.

    Where it did not, the lines that are missing are one loss and make one flag.
    """
    kept = good_part(text)
    fields = parse(kept)
    parts = [(field, getattr(fields, field)) for field in FIELDS if getattr(fields, field)]
    doubts = cross_examine("\n".join(part for _, part in parts), lines)
    omitted = [doubt.box for doubt in doubts if doubt.kind == "omitted" and doubt.box is not None]
    if (whole and kept == text) or len(omitted) < 2:
        return tuple(_say(doubt, fields) for doubt in doubts)
    lost = f"omitted: {len(omitted)} lines that the witness reads are missing, because the text was cut"
    others = (_say(doubt, fields) for doubt in doubts if doubt.kind != "omitted")
    return (f"{lost}{_at(box_around(omitted))}", *others)


def _say(doubt: Discrepancy, fields: Fields) -> str:
    where = _at(doubt.box) if doubt.box is not None else _within(doubt.span, fields)
    return f"{doubt.kind}: {doubt.reason}{where}"


def _at(box: Box) -> str:
    return " at " + ", ".join(f"{edge:.0f}" for edge in box)


def _within(span: tuple[int, int] | None, fields: Fields) -> str:
    """The field and its line in which a span of the joined texts begins."""
    start = span[0] if span else 0
    for field in FIELDS:
        part = getattr(fields, field)
        if part and start <= len(part):
            return f" in line {part.count(chr(10), 0, start) + 1} of the field {field}"
        start -= len(part) + 1 if part else 0
    return ""
