"""Find the words of a line that the fast recognizer is unsure of, so that the large one reads these alone.

A part reaches from space to space and holds a word more on either side: the large network reads a word better beside
its neighbors. Worker side only: this module imports numpy at the top.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ocr.engines.local.ppocr import HEIGHT, Reading
from ocr.engines.local.skew import Gray

LEAST_SAVED = 0.3
"""Share of the width of a line that must be left out for its parts to be read instead of it."""
LEAST_PART = 192
"""Pixels, of a line `HEIGHT` high, that a part counts as at least: narrower inputs take hardly less time."""
FLAT = 12
"""Gray levels that columns of paper differ by."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some words of a line that stand beside each other."""

    start: int
    """Place of its first character in the text of the line."""
    end: int
    """Place after its last one."""
    left: int
    """Its pixels in the crop of the line, `right` exclusive."""
    right: int


def doubtful_parts(
    reading: Reading, doubts: Sequence[float], line: Gray, is_sure: Callable[[float], bool]
) -> list[Part] | None:
    """Return the parts of a line, an (H, W) crop, to read again; None to read the whole line.

    `doubts` are those of each character; `is_sure` says whether a line may keep characters with this sum of doubts.
    """
    words = _words(reading.text)
    if len(words) < 3:
        return None
    edges = [0, *(end for _, end in words[:-1]), len(reading.text)]
    weights = [sum(doubts[first:last]) for first, last in pairwise(edges)]
    kept = sum(weights)
    chosen: set[int] = set()
    for word in sorted(range(len(words)), key=lambda word: -weights[word]):
        if is_sure(kept):
            break
        kept -= weights[word]
        chosen.add(word)
    spans = _spans(chosen, len(words))
    parts = [_part(reading, words, span, line) for span in spans]
    width = line.shape[1]
    least = LEAST_PART * line.shape[0] / HEIGHT
    if sum(max(least, part.right - part.left) for part in parts) > (1 - LEAST_SAVED) * width:
        return None
    return parts


def with_parts(reading: Reading, width: int, parts: Sequence[tuple[Part, Reading]]) -> Reading:
    """Return the reading of a line, `width` pixels wide, with its parts as they were read again."""
    text, confidences, centers = [], list[float](), list[float]()
    place = 0
    for part, again in parts:
        first, last = len(again.text) - len(again.text.lstrip()), len(again.text.rstrip())
        text += [reading.text[place : part.start], again.text[first:last]]
        confidences += [*reading.confidences[place : part.start], *again.confidences[first:last]]
        scale = (part.right - part.left) / width
        centers += reading.centers[place : part.start]
        centers += [part.left / width + center * scale for center in again.centers[first:last]]
        place = part.end
    text.append(reading.text[place:])
    confidences += reading.confidences[place:]
    centers += reading.centers[place:]
    return Reading("".join(text), tuple(confidences), tuple(centers))


def _words(text: str) -> list[tuple[int, int]]:
    """Return the start and the end of each word."""
    found, start = [], 0
    for end in range(len(text) + 1):
        if end == len(text) or text[end].isspace():
            if end > start:
                found.append((start, end))
            start = end + 1
    return found


def _spans(chosen: set[int], count: int) -> list[tuple[int, int]]:
    """Return first and last word of the parts that hold the chosen words with their neighbors."""
    spans: list[tuple[int, int]] = []
    for word in sorted(chosen):
        first, last = max(0, word - 1), min(count - 1, word + 1)
        if spans and first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return spans


def _part(reading: Reading, words: Sequence[tuple[int, int]], span: tuple[int, int], line: Gray) -> Part:
    first, last = span
    start, end = words[first][0], words[last][1]
    left = _space(reading, words[first - 1][1] - 1, start, line) if first else 0
    right = _space(reading, end - 1, words[last + 1][0], line) if last + 1 < len(words) else line.shape[1]
    return Part(start if first else 0, end if last + 1 < len(words) else len(reading.text), left, right)


def _space(reading: Reading, before: int, after: int, line: Gray) -> int:
    """Return the middle column of the widest white run between two characters."""
    left, right = (int(reading.centers[place] * line.shape[1]) for place in (before, after))
    if right - left < 2:
        return left
    darkest = line[:, left:right].min(axis=0).astype(np.int16)
    white = np.concatenate(([False], darkest >= darkest.max() - FLAT, [False]))
    edges = np.flatnonzero(np.diff(white.astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    widest = int((ends - starts).argmax())
    return left + int(starts[widest] + ends[widest]) // 2
