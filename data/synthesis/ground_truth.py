"""Compute the ground truth of a degraded page: where each line is, and which words have become illegible."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import cv2
import numpy as np
from numpy.typing import NDArray

from data.examples import UNREADABLE, ReferenceLine
from data.synthesis.degradation import Placement
from data.synthesis.effects import Pixels
from data.synthesis.text_layer import PrintedLine, PrintedWord
from ocr.core.document import Box

_LOST = 0.12
"""A word is illegible when the place of one letter keeps less than this share of its ink, against the page's median.

Set on 2026-11-21 by looking at 80 damaged words of photocopies, faxes and newsprint: above it, letters were pale but
visible; below it, gone. Measuring half words in place of letters accepted "58.4  0" and rejected a pale "sentença"."""
_BURIED = 2.2
"""... or when the whole word is this many times as dark: stained or shadowed to black."""
_LETTER = 0.6
"""Length of the place of a letter, in heights of the word's box."""
_BARE = 0.15
"""Places with less than this share of the page's median ink when clean (a space, a dot) are ignored."""
_FAINT = 10.0
"""Gray levels below which a difference does not count as ink."""


def follow(lines: Sequence[PrintedLine], placement: Placement, size: tuple[int, int]) -> list[PrintedLine]:
    """Return the lines with boxes on the degraded page of `size` (width, height); words outside it are dropped."""
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
    """Return `after` (lines on the degraded page) with each run of illegible words replaced by one `[ilegível]`.

    `lines` are the same words on the clean page. Ink is what is darker than its surroundings; the place of each letter
    is compared with the same place on the clean page.
    """
    before = np.array([word.box for line in lines for word in line.words], np.float64)
    now = np.array([word.box for line in after for word in line.words], np.float64)
    if len(before) != len(now) or not len(now):
        return list(after)
    sides = np.sort(before[:, 2:] - before[:, :2], axis=1)
    counts = np.maximum(1, np.round(sides[:, 1] / (_LETTER * np.maximum(sides[:, 0], 1)))).astype(np.int64)
    clean_ink, ink = _ink(clean, _places(before, counts)), _ink(degraded, _places(now, counts))
    telling = clean_ink > _BARE * np.median(clean_ink)
    kept = ink / np.maximum(clean_ink, 1e-6)
    share = kept / max(float(np.median(kept[telling])), 1e-6)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    gone = np.minimum.reduceat(np.where(telling, share, 1.0), starts) < _LOST
    buried = np.minimum.reduceat(np.where(telling, share, np.inf), starts) > _BURIED
    buried &= np.logical_or.reduceat(telling, starts)
    # A dash or a comma has too little ink to be measured: it is never marked.
    measured = [any(sign.isalnum() for sign in word.text) for line in after for word in line.words]
    lost = iter(((gone | buried) & measured).tolist())
    marked = []
    for line in after:
        words: list[PrintedWord] = []
        for gone, run in groupby(line.words, key=lambda _: next(lost)):
            group = tuple(run)
            words += [PrintedWord(UNREADABLE, replace(line, words=group).box)] if gone else group
        marked.append(replace(line, words=tuple(words)))
    return marked


def reference_lines(lines: Sequence[PrintedLine]) -> tuple[ReferenceLine, ...]:
    """Return the lines of a manifest row."""
    return tuple(ReferenceLine(line.text, line.box, line.field) for line in lines)


def illegible_places(lines: Sequence[PrintedLine]) -> tuple[Box, ...]:
    """Return the boxes of the words that `mark_unreadable` replaced, (left, top, right, bottom) in pixels."""
    return tuple(word.box for line in lines for word in line.words if word.text == UNREADABLE)


def _places(boxes: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cut each box along its longer side into its count of equal places; return all in one array (n, 4)."""
    which = np.repeat(np.arange(len(boxes)), counts)
    turn = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    cut = boxes[which].copy()
    upright = (cut[:, 3] - cut[:, 1]) > (cut[:, 2] - cut[:, 0])  # side texts run up the page
    rows, near = np.arange(len(cut)), np.where(upright, 1, 0)
    step = (cut[rows, near + 2] - cut[rows, near]) / counts[which]
    cut[rows, near] += turn * step
    cut[rows, near + 2] = cut[rows, near] + step
    return cut


def _ink(pixels: Pixels, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean darkness of each box relative to the paper around it, (n,)."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    small = cv2.resize(grey, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((5, 5), np.uint8)), 5)
    paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    dark = cv2.subtract(cv2.subtract(paper, cv2.blur(grey, (3, 3))), _FAINT)
    total = cv2.integral(dark, sdepth=cv2.CV_64F)
    left, right = _whole(boxes[:, 0], grey.shape[1], 0), _whole(boxes[:, 2], grey.shape[1], 1)
    top, bottom = _whole(boxes[:, 1], grey.shape[0], -1), _whole(boxes[:, 3], grey.shape[0], 1)
    area = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    mean: NDArray[np.float64] = area / np.maximum((bottom - top) * (right - left), 1)
    return mean


def _whole(values: NDArray[np.float64], most: int, outward: int) -> NDArray[np.int64]:
    return np.clip(np.round(values).astype(np.int64) + outward, 0, most)
