"""Divide shapes of a probability map that hold several lines.

One weak pixel between two lines makes them one shape: a margin line that runs up the page took every line that it
touched along, and the strip around them held the page.

Worker side only: this module imports numpy and OpenCV at the top.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Contour = NDArray[np.int32]
Shape = NDArray[np.uint8]
"""(H, W), 1 inside and 0 outside."""

MOST_THICK = 2.0
"""A shape whose rectangle is so many times thicker than its strokes is no line."""
MOST_RAGGED, FORKED = 2.0, 0.1
"""A shape is one line with uneven sides if it is at most so many times thicker than most of it, and if it has two
strokes side by side in at most this share of its length."""
DOUBLE = 0.6
"""Share of its length with two strokes side by side from which on a shape is two lines."""
RISING = (0.7, 0.85, 0.95)
"""Probabilities from which pixels are looked at, one after the other, until shapes are lines."""
RIM = 2
"""Pixels of the rim that a line loses to the higher probabilities, and gets back."""
LEAST_LENGTH = 2.0
"""A part is a line if it is so many times longer than the strokes of its shape are thick; pen strokes are not."""
LEAST_UPRIGHT = 4.0
"""A stroke that stands across lines is a line of its own if it is so many times longer than thick."""


def divided(contour: Contour, mask: Shape, bridges: Shape, probability: NDArray[np.float32]) -> list[Contour]:
    """Return the contours of the lines in a shape of the mask of a map, (H, W): itself where it is one.

    `bridges` are pixels of the mask that belong to a line although their probability is low.
    """
    left, top, width, height = cv2.boundingRect(contour)
    window = np.s_[top : top + height, left : left + width]
    within = np.where(bridges[window] > 0, np.float32(1.0), probability[window])
    whole = filled(contour - (left, top), (height, width)) & mask[window]
    if _is_one(contour, whole):
        return [contour]
    parts = np.zeros((height, width), np.uint16)
    for number, part in enumerate(_lines(whole, within, RISING), start=1):
        parts[part > 0] = number
    rim = (whole > 0) & (within <= RISING[-1])
    for _ in range(RIM):
        parts = np.where((parts == 0) & rim, cv2.dilate(parts, np.ones((3, 3), np.uint8)), parts)
    found: list[Contour] = []
    for number in range(1, int(parts.max()) + 1):
        one: Contour = max(_contours((parts == number).astype(np.uint8)), key=cv2.contourArea)
        if max(cv2.minAreaRect(one)[1]) >= LEAST_LENGTH * _stroke(contour):
            found.append(one + np.array((left, top), np.int32))
    return found


def is_line(contour: Contour) -> bool:
    """Return whether a shape is about as thick as its strokes."""
    _, sides, _ = cv2.minAreaRect(contour)
    return float(min(sides)) <= MOST_THICK * max(1.0, _stroke(contour)) + 1


def _is_one(contour: Contour, shape: Shape) -> bool:
    """Return whether a shape, (H, W), with this outline is one line.

    It is two where two strokes stand side by side nearly everywhere, though the outline is that of one: they meet at
    both ends. It is one with uneven sides where hardly anywhere two do.
    """
    strokes, thick = _strokes(shape)
    held = strokes > 0
    forked = float(np.mean(strokes[held] > 1)) if held.any() else 0.0
    if is_line(contour):
        return forked < DOUBLE
    return bool(held.any() and forked <= FORKED and min(shape.shape) <= MOST_RAGGED * np.median(thick[held]))


def _strokes(shape: Shape) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each place along a shape how many strokes stand side by side there, and how thick all are together."""
    across = shape if shape.shape[1] >= shape.shape[0] else shape.T
    begins = np.diff(across, axis=0, prepend=np.zeros((1, across.shape[1]), np.uint8)) == 1
    strokes: NDArray[np.int64] = begins.sum(axis=0)
    thick: NDArray[np.int64] = across.sum(axis=0, dtype=np.int64)
    return strokes, thick


def _stroke(contour: Contour) -> float:
    """Return how thick the strokes of a shape are: one of length l and thickness t has the perimeter 2 (l + t)."""
    return float(2 * cv2.contourArea(contour) / max(1.0, cv2.arcLength(contour, closed=True)))


def _lines(shape: Shape, probability: NDArray[np.float32], rising: tuple[float, ...]) -> Iterator[Shape]:
    """Yield the parts of a shape that are lines, each (H, W)."""
    for contour in _contours(shape):
        part = filled(contour, shape.shape) & shape
        if _is_one(contour, part):
            yield part
            continue
        core = part & (probability > rising[0]).astype(np.uint8) if rising else part
        if not core.any():
            yield part
        elif rising:
            yield from _lines(core, probability, rising[1:])
        else:
            yield from _by_direction(part)


def _by_direction(shape: Shape) -> Iterator[Shape]:
    """Yield what runs along rows, then what runs along columns: the longer run of a pixel counts."""
    level, upright = _runs(shape), _runs(np.ascontiguousarray(shape.T)).T
    stroke = float(np.median(np.minimum(level, upright)[shape > 0]))
    rows = shape & (level >= upright).astype(np.uint8)
    for contour in _contours(rows):
        yield filled(contour, shape.shape) & rows
    columns = shape & (level < upright).astype(np.uint8)
    for contour in _contours(columns):
        if cv2.boundingRect(contour)[3] >= LEAST_UPRIGHT * stroke:
            yield filled(contour, shape.shape) & columns


def _runs(shape: Shape) -> NDArray[np.int64]:
    """Return for each pixel the length of its run along the row; 0 outside."""
    flat = np.pad(shape, ((0, 0), (1, 1))).ravel().astype(np.int8)
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = edges[1::2] - edges[::2]
    runs = np.zeros(flat.size, np.int64)
    runs[flat > 0] = np.repeat(lengths, lengths)
    found: NDArray[np.int64] = runs.reshape(shape.shape[0], -1)[:, 1:-1]
    return found


def _contours(shape: Shape) -> list[Contour]:
    contours, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [np.asarray(contour, np.int32) for contour in contours]


def filled(contour: Contour, size: tuple[int, ...]) -> Shape:
    """Return a shape of `size` (height, width) from its outline, holes included."""
    shape = np.zeros(size, np.uint8)
    cv2.drawContours(shape, [contour], -1, 1, cv2.FILLED)
    return shape
