"""Find print that a stamp, a signature or handwriting in the same gray covers, and that was read badly or not at all.

Ink in another color is taken off before a page is read. Ink in the color of the print joins its letters to pieces that
are larger than any letter, and the detector or the recognizer loses what lies under it, without a sign.

Worker side only: this module imports numpy and OpenCV at the top.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Box
from ocr.layout.columns import PageInk

Mask = NDArray[np.uint8]
Placed = tuple[Box, float]
"""The box of a word on the level page, and its confidence."""

# Lengths in heights of the page's usual letter.
TALL, WIDE = 3.0, 2.5
"""Least height and width of a piece of ink that is no letter. Pages of print alone have up to five, where letters of
two lines touch; stamps and pen strokes over print are 3 to 24 tall."""
TITLE = 1.4
"""A piece up to this many times as high as the word that was read in its place is a letter of a title."""
LETTER = 0.5
"""Least height of a letter."""
SPACE = 1.5
"""Half of the white between letters of one row that was not read."""
LEAST_LETTERS = 7
"""Letters of a row that was not read."""
NEAR = 2.0
"""How far above or below a mark a row stands that was lost because of it."""
DOUBTFUL_WORD, LEAST_SHARE = 0.75, 0.2
"""Confidence below which most words are misread, and the least share of such a word that lies in a mark."""

SURE_WORD, BESIDE = 0.9, 4.0
"""Confidence of a word of print, and how far from one in its row a doubtful word stands that is print as well: what is
read in a signature stands alone."""


def hard_print(ink: PageInk, words: Sequence[Placed]) -> Box | None:
    """Return the first word in a mark that reads badly, or the first row beside one that was not read; None for none.

    `words` are all that was read on the level page of `ink`, in its pixels, and so is the box.
    """
    letter = ink.working_letter
    if not letter:
        return None
    boxes = np.array([box for box, _ in words], np.float64).reshape(-1, 4) / ink.scale
    marks = [piece for piece in _large(ink) if not _is_title(piece, boxes)]
    if not marks:
        return None
    hulls, sure = _hulls(ink, marks), boxes[np.array([confidence >= SURE_WORD for _, confidence in words], np.bool_)]
    for box, (whole, confidence) in zip(boxes, words, strict=True):
        doubtful = confidence < DOUBTFUL_WORD and _share(hulls, box) >= LEAST_SHARE
        if doubtful and _continues(box, sure, BESIDE * letter):
            return whole
    return next(_unread_rows(ink, boxes, marks), None)


def _large(ink: PageInk) -> list[tuple[int, int, int, int]]:
    """Return the pieces of ink that are larger than letters, as (left, top, width, height) on the working image."""
    _, _, wide, tall = ink.pieces.T
    large = (tall >= TALL * ink.working_letter) & (wide >= WIDE * ink.working_letter)
    return [(left, top, width, height) for left, top, width, height in ink.pieces[large].tolist()]


def _is_title(piece: tuple[int, int, int, int], boxes: NDArray[np.float64]) -> bool:
    """Return whether a piece is a letter of a word that was read."""
    left, top, wide, tall = piece
    x, y = left + wide / 2, top + tall / 2
    around = (boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3])
    return bool((around & (tall <= TITLE * (boxes[:, 3] - boxes[:, 1]))).any())


def _hulls(ink: PageInk, marks: Sequence[tuple[int, int, int, int]]) -> Mask:
    """Return the areas that the marks enclose: a stamp's frame encloses its text."""
    areas = np.zeros(ink.mask.shape, np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.mask.astype(np.uint8), connectivity=8)
    for left, top, wide, tall in marks:
        number = int((stats[:, :4] == (left, top, wide, tall)).all(axis=1).argmax())
        inside = labels[top : top + tall, left : left + wide]
        points = np.argwhere(inside == number)[:, ::-1].astype(np.int32) + np.array((left, top), np.int32)
        cv2.fillConvexPoly(areas, cv2.convexHull(points), 1)
    return areas


def _continues(box: NDArray[np.float64], sure: NDArray[np.float64], near: float) -> bool:
    """Return whether a word stands in a row with a sure one."""
    shared = np.minimum(sure[:, 3], box[3]) - np.maximum(sure[:, 1], box[1])
    apart = np.maximum(sure[:, 0], box[0]) - np.minimum(sure[:, 2], box[2])
    return bool(((shared > 0.5 * np.minimum(sure[:, 3] - sure[:, 1], box[3] - box[1])) & (apart <= near)).any())


def _share(areas: Mask, box: NDArray[np.float64]) -> float:
    left, top, right, bottom = (max(0, round(edge)) for edge in box.tolist())
    inside = areas[top:bottom, left:right]
    return float(inside.mean()) if inside.size else 0.0


def _unread_rows(ink: PageInk, boxes: NDArray[np.float64], marks: Sequence[tuple[int, int, int, int]]) -> Iterator[Box]:
    """Yield rows of letters beside marks that no word covers, in pixels of the page."""
    letter, read = ink.working_letter, np.zeros(ink.mask.shape, np.uint8)
    for left, top, right, bottom in boxes.round().astype(int).tolist():
        read[max(0, top) : bottom, max(0, left - 2) : right + 3] = 1
    left, top, wide, tall = ink.pieces.T
    x, y = left + wide // 2, top + tall // 2
    lost = (tall >= LETTER * letter) & (tall < TALL * letter) & (wide < 2 * TALL * letter) & (read[y, x] == 0)
    near = np.zeros(len(y), np.bool_)
    for _, first, _, height in marks:
        near |= (y >= first - NEAR * letter) & (y <= first + height + NEAR * letter)
    lost &= near
    if np.count_nonzero(lost) < LEAST_LETTERS:
        return
    rows = np.zeros(ink.mask.shape, np.uint8)
    white = round(SPACE * letter)
    for a, b, width, height in ink.pieces[lost].tolist():
        rows[b : b + height, max(0, a - white) : a + width + white] = 1
    _, labels, stats, _ = cv2.connectedComponentsWithStats(rows, connectivity=8)
    counts = np.bincount(labels[y[lost], x[lost]], minlength=len(stats))
    counts[0] = 0
    for number in np.flatnonzero(counts >= LEAST_LETTERS).tolist():
        area = [float(value) * ink.scale for value in stats[number, :4]]
        yield area[0], area[1], area[0] + area[2], area[1] + area[3]
