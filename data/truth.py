"""The truth of a degraded page: where each line went, and which words nobody can read any more."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from data.damage import Pixels
from data.degrade import Placement
from data.examples import UNREADABLE, TrueLine
from data.textlayer import PrintedLine, PrintedWord

_LOST = 0.30
"""A word is lost when one half keeps less than this share of its ink, against the page's median word.

Tuned on 2026-11-21 by looking at 40 degraded pages of each destructive profile: at 0.30 the marked words could not be
read without their context, at 0.45 one in five still could."""
_BURIED = 2.2
"""... or when it is that many times as dark: stained or shadowed to black."""
_FAINT = 10.0
"""Grey levels above the page's own noise below which nothing counts as ink."""


def follow(lines: Sequence[PrintedLine], placement: Placement, size: tuple[int, int]) -> list[PrintedLine]:
    """The lines with their words' boxes on the degraded page of `size` (width, height); what left the page is gone."""
    words = [word for line in lines for word in line.words]
    if not words:
        return []
    boxes = np.array([word.box for word in words], np.float64)
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)
    moved = placement.places(corners).reshape(-1, 4, 2)
    low, high = moved.min(axis=1), moved.max(axis=1)
    inside = np.c_[np.clip(low, 0, size), np.clip(high, 0, size)]
    visible = ((inside[:, 2:] - inside[:, :2]) > 0.5 * (high - low)).all(axis=1)
    placed = iter(zip(words, inside.round(2).tolist(), visible.tolist(), strict=True))
    followed = []
    for line in lines:
        kept = [PrintedWord(word.text, tuple(box)) for word, box, seen in (next(placed) for _ in line.words) if seen]
        if kept:
            followed.append(replace(line, words=tuple(kept)))
    return followed


def mark_unreadable(
    lines: Sequence[PrintedLine], after: Sequence[PrintedLine], clean: Pixels, degraded: Pixels
) -> list[PrintedLine]:
    """`after` (lines on the degraded page) with runs of lost words replaced by one `[ilegível]` each.

    `lines` are the same words on the clean page. A word's ink is what is darker than its surroundings; each half of a
    word is compared with what the same half had when clean.
    """
    before = np.array([word.box for line in lines for word in line.words], np.float64)
    now = np.array([word.box for line in after for word in line.words], np.float64)
    if len(before) != len(now) or not len(now):
        return list(after)
    kept = _ink(degraded, now) / np.maximum(_ink(clean, before), 1e-6)
    share = kept / max(float(np.median(kept)), 1e-6)
    # A dash or a comma has too little ink to be judged: it goes with nothing.
    judged = [any(sign.isalnum() for sign in word.text) for line in after for word in line.words]
    lost = iter((((share.min(axis=1) < _LOST) | (share.max(axis=1) > _BURIED)) & judged).tolist())
    marked = []
    for line in after:
        words: list[PrintedWord] = []
        for gone, run in groupby(line.words, key=lambda _: next(lost)):
            group = tuple(run)
            words += [PrintedWord(UNREADABLE, replace(line, words=group).box)] if gone else group
        marked.append(replace(line, words=tuple(words)))
    return marked


def true_lines(lines: Sequence[PrintedLine]) -> tuple[TrueLine, ...]:
    """The lines of a manifest row."""
    return tuple(TrueLine(line.text, line.box, line.field) for line in lines)


def _ink(pixels: Pixels, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean darkness against the paper around, of the left and right half of each box: (n, 2)."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    small = cv2.resize(grey, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((5, 5), np.uint8)), 5)
    paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    dark = cv2.subtract(cv2.subtract(paper, cv2.blur(grey, (3, 3))), _FAINT)
    total = cv2.integral(dark, sdepth=cv2.CV_64F)
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    halves = [(boxes[:, 0], middle), (middle, boxes[:, 2])]
    top, bottom = _whole(boxes[:, 1], grey.shape[0], -1), _whole(boxes[:, 3], grey.shape[0], 1)
    sums = []
    for from_x, to_x in halves:
        left, right = _whole(from_x, grey.shape[1], 0), _whole(to_x, grey.shape[1], 1)
        area = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
        sums.append(area / np.maximum((bottom - top) * (right - left), 1))
    return np.stack(sums, axis=1)


def _whole(values: NDArray[np.float64], most: int, outward: int) -> NDArray[np.int64]:
    return np.clip(np.round(values).astype(np.int64) + outward, 0, most)
