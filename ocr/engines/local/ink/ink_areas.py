"""Find the few areas of a mostly white page that hold print, so that the detector sees them at a normal density.

PP-OCR's detector pools over its whole input. On a page with one word its map falls to .001; on a crop around the word
it is .999. A page with a normal amount of text is not cut here.

Worker side only: this module imports numpy and OpenCV at the top.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Boxes = NDArray[np.int32]
Area = tuple[int, int, int, int]

WORKING_SIDE = 1000
"""Pixels of the longer side on which areas are searched: the strokes of 8-point print on A4 are still visible."""
CONTRAST = 24
"""Gray levels by which a stroke is darker than its surroundings."""
STRONG = 42
"""Gray levels that the darkest pixel of a printed component differs from its surroundings: bleed-through has less."""
LETTER = 6
"""Working pixels: a digit of 8-point type on A4 is 7 tall. An area without a component this tall holds dust."""
SOLID = 0.6
"""Share of its box that a punch hole or a stain fills; letters and digits fill 0.2 to 0.5."""
HOLE = 12
"""Working pixels: solid components are holes from this size on, smaller ones may be bold print."""
RULE = 15
"""Length over thickness from which a component is a rule or a crease."""
REACH = (40, 24)
"""Working pixels (across, down) of paper around each component: the detector was trained on text with a margin.
Components whose paper touches are one area."""
SPARSE = 0.3
"""Areas that cover a larger share of the page are not worth cutting: the detector's map is normal there."""
MOST_AREAS = 40
"""More areas are noise or a photograph."""


def sparse_areas(gray: Gray) -> list[Area] | None:
    """Return the areas (left, top, right, bottom) with print of a mostly white image, top to bottom.

    `gray` is (H, W) uint8. The areas do not overlap. An empty list means that nothing is printed: dust, holes, rules
    and bleed-through are left out. None means that the image is not sparse: read it whole.
    """
    scale = max(1, round(max(gray.shape) / WORKING_SIDE))
    size = (gray.shape[0] // scale, gray.shape[1] // scale)
    boxes = _printed(gray, scale)
    if len(boxes) > 50 * MOST_AREAS or not min(size):
        return None
    letters = boxes[np.maximum(boxes[:, 2], boxes[:, 3]) >= LETTER]
    if any(_around(letters[::step], size).mean() > SPARSE for step in (8, 1)):
        return None  # The areas of these components alone cover more: mostly a few of them do.
    areas = _joined(boxes, size) if len(boxes) else []
    areas = [area for area in areas if _holds_letter(boxes, area)]
    covered = sum((right - left) * (bottom - top) for left, top, right, bottom in areas)
    if len(areas) > MOST_AREAS or covered > SPARSE * size[0] * size[1]:
        return None
    height, width = gray.shape
    whole = [(a * scale, b * scale, min(width, c * scale), min(height, d * scale)) for a, b, c, d in areas]
    return sorted(whole, key=lambda area: (area[1], area[0]))


def _printed(gray: Gray, scale: int) -> Boxes:
    """Return boxes (left, top, width, height), (N, 4), of components on the reduced image that may be print."""
    small = gray
    if scale > 1:
        small = cv2.resize(gray, (gray.shape[1] // scale, gray.shape[0] // scale), interpolation=cv2.INTER_AREA)
    around = cv2.blur(small, (31, 31), borderType=cv2.BORDER_REPLICATE)
    darker = around.astype(np.int16) - small.astype(np.int16)
    _, labels, stats, _ = cv2.connectedComponentsWithStats((darker > CONTRAST).astype(np.uint8), connectivity=8)
    strongest = np.zeros(len(stats), np.int16)
    inked = np.flatnonzero(labels)
    np.maximum.at(strongest, labels.ravel()[inked], darker.ravel()[inked])
    left, top, wide, tall, area = stats.T
    edge = (left == 0) | (top == 0) | (left + wide == small.shape[1]) | (top + tall == small.shape[0])
    hole = (area > SOLID * wide * tall) & (np.minimum(wide, tall) >= HOLE)
    rule = np.maximum(wide, tall) > RULE * np.minimum(wide, tall)
    dust = (wide < 3) & (tall < 3)
    keep = ~(edge | hole | rule | dust) & (strongest > STRONG)
    keep[0] = False
    return np.asarray(stats[keep, : cv2.CC_STAT_AREA], np.int32)


def _holds_letter(boxes: Boxes, area: Area) -> bool:
    """Return whether a component inside the area is as tall as a letter."""
    left, top, wide, tall = boxes.T
    inside = (left >= area[0]) & (left + wide <= area[2]) & (top >= area[1]) & (top + tall <= area[3])
    return bool((inside & (np.maximum(tall, wide) >= LETTER)).any())


def _around(boxes: Boxes, size: tuple[int, int]) -> Gray:
    """Return 1 in the boxes and the paper around them, else 0, for an image of `size` (height, width)."""
    mask = np.zeros(size, np.uint8)
    for left, top, width, height in boxes.tolist():
        mask[max(0, top - REACH[1]) : top + height + REACH[1], max(0, left - REACH[0]) : left + width + REACH[0]] = 1
    return mask


def _joined(boxes: Boxes, size: tuple[int, int]) -> list[Area]:
    """Join boxes that are close to each other to the areas of an image of `size` (height, width)."""
    mask = _around(boxes, size)
    while True:
        stats = cv2.connectedComponentsWithStats(mask, connectivity=8)[2][1:]
        filled = np.zeros(size, np.uint8)
        for left, top, width, height in stats[:, : cv2.CC_STAT_AREA].tolist():
            filled[top : top + height, left : left + width] = 1
        if (filled == mask).all():
            break
        mask = filled
    return [
        (left, top, left + width, top + height) for left, top, width, height in stats[:, : cv2.CC_STAT_AREA].tolist()
    ]
