"""Correct Roman numbers of list items that were read as Arabic ones: "I -" looks like "1 -" where the I has no serifs.

Only the neighbors decide. An item is Roman where the item after it, or the one before it, has the Roman number that
follows or precedes. Lists with Arabic numbers and items without such a neighbor stay as they are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocr.core.document import Line, Word
from ocr.repetition.tokens import roman_numerals

_ITEM = re.compile(r"([IVXL1l|!Í]{1,7}|\d{1,3})( ?)([-–—.)])(?= |$|[A-Za-zÀ-ÿ])")
_STROKES = re.compile(r"[I1l|!Í]{1,6}")
_HIGHEST = 59
_VALUES = {numeral: value for numeral, value in roman_numerals() if value <= _HIGHEST}
_NUMERALS = {value: numeral for numeral, value in _VALUES.items()}
_MOST_STROKES = 3
_UNSURE_CHAIN = 3
"""Items 1, 11 and 111 below each other are Roman: no Arabic list counts like that."""


@dataclass(frozen=True, slots=True)
class _Item:
    """The number at the start of a line."""

    place: int
    number: str
    gap: str
    """The space between the number and its sign."""
    sign: str
    value: int | None = None
    """What the number is surely worth in Roman; None for strokes that may be Arabic, and for Arabic numbers."""


def correct_list_numbers(lines: Sequence[Line]) -> list[Line]:
    """Return the lines, in the order in which they were read, with Roman numbers of lists as their neighbors show."""
    corrected = list(lines)
    items = [item for place, line in enumerate(lines) if (item := _item(place, line.text))]
    for sign in "-–—.)":
        for item in _resolved([item for item in items if item.sign == sign]):
            line = corrected[item.place]
            if item.value is not None and (item.number, item.gap) != _start(line.text):
                corrected[item.place] = _renumbered(line, item)
    return corrected


def _item(place: int, text: str) -> _Item | None:
    found = _ITEM.match(text)
    if not found:
        return None
    number, gap, sign = found.groups()
    return _Item(place, number, gap, sign, None if _is_unsure(number) else _VALUES.get(number))


def _is_unsure(number: str) -> bool:
    """Return whether a number of strokes may be another one: it has a stroke that is no I, or too many."""
    return bool(_STROKES.fullmatch(number)) and (set(number) != {"I"} or len(number) > _MOST_STROKES)


def _start(text: str) -> tuple[str, str] | None:
    found = _ITEM.match(text)
    return (found[1], found[2]) if found else None


def _resolved(items: Sequence[_Item]) -> list[_Item]:
    """Return the items of one kind with the values that their neighbors give them."""
    found = list(items)
    for here in reversed(range(len(found) - 1)):
        after = found[here + 1]
        if _can_be(found[here], after.value, -1):
            found[here] = _valued(found[here], (after.value or 0) - 1, after)
    for here in range(1, len(found)):
        before = found[here - 1]
        if _can_be(found[here], before.value, 1):
            found[here] = _valued(found[here], (before.value or 0) + 1, before)
    return _chains(found)


def _can_be(item: _Item, neighbor: int | None, step: int) -> bool:
    """Return whether an unsure item may have the number next to its neighbor's: as many strokes, or too many."""
    if item.value is not None or neighbor is None or not _is_unsure(item.number):
        return False
    wanted, strokes = neighbor + step, len(item.number)
    return 1 <= wanted <= _MOST_STROKES and (strokes == wanted or strokes > _MOST_STROKES == wanted)


def _valued(item: _Item, value: int, neighbor: _Item) -> _Item:
    return replace(item, value=value, number=_NUMERALS[value], gap=item.gap or neighbor.gap)


def _chains(items: Sequence[_Item]) -> list[_Item]:
    """Resolve runs of 1, 11, 111 that stand below each other without a sure neighbor."""
    found = list(items)
    for here in range(len(found) - _UNSURE_CHAIN + 1):
        run = found[here : here + _UNSURE_CHAIN]
        if all(_can_be(item, place, 1) and len(item.number) == place + 1 for place, item in enumerate(run)):
            found[here : here + _UNSURE_CHAIN] = [_valued(item, place + 1, item) for place, item in enumerate(run)]
    return found


def _renumbered(line: Line, item: _Item) -> Line:
    """Return the line with the number of an item, in its text and in its words."""
    found = _ITEM.match(line.text)
    text = f"{item.number}{item.gap}{item.sign}{line.text[found.end() :]}" if found else line.text
    parts, words = text.split(), line.words
    if words and len(parts) == len(words) + 1:
        words = (*_halves(words[0], parts[0], parts[1]), *words[1:])
    if len(parts) == len(words):
        words = tuple(replace(word, text=part) for word, part in zip(words, parts, strict=True))
    return replace(line, text=text, words=words)


def _halves(word: Word, first: str, second: str) -> tuple[Word, Word]:
    """Return a word that was read without its space as two, each as wide as its share of the characters."""
    left, top, right, bottom = word.box
    middle = round(left + (right - left) * len(first) / (len(first) + len(second)), 1)
    return (
        replace(word, text=first, box=(left, top, middle, bottom)),
        replace(word, text=second, box=(middle, top, right, bottom)),
    )
