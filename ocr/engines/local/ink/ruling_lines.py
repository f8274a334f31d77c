"""Find the ruling lines of a page on its pixels: rules between columns, borders of tables and boxes, blanks of forms.

Worker side only: this module imports numpy and OpenCV at the top.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Box

Gray = NDArray[np.uint8]
Mask = NDArray[np.uint8]

LEAST_ACROSS, LEAST_DOWN = 4.5, 2.6
"""Least length of a level and of a vertical line, in letter heights: dashes have 3, ascenders 1.5."""
LONG_DOWN = 9.0
"""Length, in letter heights, from which a vertical line may stand alone: four lines of text."""
THICKEST = 0.33
"""Most thickness, in letter heights: thicker shapes are bars and pictures."""
CONTRAST = 24
"""Gray levels by which a line is darker than the paper around it."""
WINDOW = 31
"""Pixels of the window in which the gray of the paper is estimated, at half size."""
BARE = 0.35
"""Share of a line's length that may have ink close above it, and close below: serifs have letters on one side."""
MOST = 2000
"""More lines are the screen of a picture."""


def ruling_lines(gray: Gray, letter: float) -> list[Box]:
    """Return the level and vertical lines of a level page, (H, W) uint8, as thin boxes in its pixels.

    `letter` is the height of a letter in pixels. Lines come sorted by top and left; none without letters.
    """
    if letter < 4 or min(gray.shape) < 2 * WINDOW:
        return []
    small = cv2.resize(gray, (gray.shape[1] // 2, gray.shape[0] // 2), interpolation=cv2.INTER_AREA)
    paper = cv2.blur(cv2.dilate(small, np.ones((5, 5), np.uint8)), (WINDOW, WINDOW))
    dark = (small < cv2.subtract(paper, CONTRAST)).astype(np.uint8)
    half = letter / 2
    across = _along(dark, round(LEAST_ACROSS * half), half)
    turned = _along(dark.T.copy(), round(LEAST_DOWN * half), half)
    down = [(top, left, bottom, right) for left, top, right, bottom in turned]
    boxes = [*across, *(box for box in down if box[3] - box[1] >= LONG_DOWN * half or _ends_at(box, across, half))]
    if len(boxes) > MOST:
        return []
    whole = [(2.0 * left, 2.0 * top, 2.0 * right, 2.0 * bottom) for left, top, right, bottom in boxes]
    return sorted(whole, key=lambda box: (box[1], box[0]))


def _ends_at(down: tuple[int, int, int, int], across: list[tuple[int, int, int, int]], letter: float) -> bool:
    """Return whether a vertical line ends at a level one: the border of a cell, not letters of two lines that touch."""
    near = 0.6 * letter
    return any(
        left - near <= down[0] <= right + near and min(abs(down[1] - bottom), abs(down[3] - top)) <= near
        for left, top, right, bottom in across
    )


def _along(dark: Mask, least: int, letter: float) -> list[tuple[int, int, int, int]]:
    """Return the boxes of level lines of at least `least` pixels."""
    least = max(3, least)
    closed = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((1, 3), np.uint8))
    runs = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, least), np.uint8))
    # Rows one pixel apart belong to one line that leans by a pixel.
    joined = cv2.dilate(runs, np.ones((3, 3), np.uint8))
    boxes = [cv2.boundingRect(outline) for outline in outlines(joined)]
    left, top, wide, tall = np.array(boxes, np.int64).reshape(-1, 4).T
    thin = (tall - 2 <= max(3.0, THICKEST * letter)) & (wide > 4 * tall)
    found = np.stack((left + 1, top + 1, left + wide - 1, top + tall - 1), axis=1)[thin].tolist()
    away = max(1, round(0.15 * letter))
    return [(x, y, right, end) for x, y, right, end in found if _is_bare(dark, (x, y, right, end), away)]


def outlines(mask: Mask) -> list[NDArray[np.int32]]:
    """Return the outer contour of each connected piece of a mask, (H, W), also of pieces that lie in holes of others.

    Where there are few pieces this is much faster than to label the pixels.
    """
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return []
    return [np.asarray(one, np.int32) for one, links in zip(contours, tree[0], strict=True) if links[3] < 0]


def _is_bare(dark: Mask, box: tuple[int, int, int, int], away: int) -> bool:
    """Return whether the rows `away` from a line, above and below it, are mostly white."""
    left, top, right, bottom = box
    rows = [row for row in (top - 1 - away, bottom + away) if 0 <= row < len(dark)]
    return all(float(dark[row, left:right].mean()) <= BARE for row in rows)
