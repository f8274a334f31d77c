"""Separate black print from colored ink on a color scan: stamps, signatures and pen strokes join lines of print.

A detector that sees one gray image takes a stamp and the lines under it for one region, and the lines are lost. So a
page with both inks becomes two gray images: the print with the colored ink removed, and the colored ink alone.

Worker side only: this module imports numpy and OpenCV at the top.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.engines.local.ink.page_contrast import gray_of

Gray = NDArray[np.uint8]
Pixels = NDArray[np.uint8]

CHROMA = 45
"""Difference of the largest and smallest channel from which a pixel is colored; JPEG fringes of black have less."""
INK = 35
"""Gray levels by which ink is darker than the paper."""
BLACK = 120
"""Level of the brightest channel below which a pixel is black print, also under a stamp: black absorbs every channel,
colored ink all but one or two."""
LEAST, MOST = 0.0004, 0.12
"""Share of the page that colored ink covers: less is noise, more is a picture or a page printed in color."""
LEAST_BLACK = 0.002
"""Share of the page that black print covers; a page in blue ink alone is read as it is."""


PALE_CHROMA = 120
"""Difference of the channels from which ink as light as paper is print in yellow or the like."""
BROAD = 11
"""Pixels from which a colored shape is highlighter or a ground, and no stroke."""


def ink_layers(pixels: Pixels) -> tuple[Gray, Gray | None]:
    """Return the print of an RGB page, (H, W, 3) uint8, and its colored ink, each as (H, W) gray.

    The second is None where the page has no colored ink, or nothing but colored ink; the first is then the whole page
    in gray.
    """
    gray = gray_of(pixels)
    if not _has_color(pixels):
        return gray, None
    brightest = pixels.max(axis=2)
    chroma = brightest.astype(np.int16) - pixels.min(axis=2)
    paper = float(np.percentile(gray[::4, ::4], 80))
    pale = _pale_strokes(gray, chroma, paper)
    if pale.mean() > LEAST:
        gray = np.where(pale, pixels.min(axis=2), gray)
    ink = gray < paper - INK
    colored = ink & (chroma > CHROMA) & (brightest >= BLACK)
    black = ink & (brightest < BLACK)
    if not LEAST < colored.mean() < MOST or black.mean() < LEAST_BLACK:
        return gray, None
    colored = _with_fringe(colored) & ~black
    return np.where(colored, np.uint8(paper), gray), np.where(colored, gray, np.uint8(paper))


def _pale_strokes(gray: Gray, chroma: NDArray[np.int16], paper: float) -> NDArray[np.bool_]:
    """Return the pixels of thin strokes in a strong color that is as light as the paper."""
    mask = ((chroma > PALE_CHROMA) & (gray >= paper - INK)).astype(np.uint8)
    if not mask.any():
        return mask.astype(np.bool_)
    broad = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((BROAD, BROAD), np.uint8))
    return np.asarray(mask & ~cv2.dilate(broad, np.ones((5, 5), np.uint8)) & 1, np.bool_)


def _has_color(pixels: Pixels) -> bool:
    """Return whether a sample of the page holds colored pixels at all: most scans are gray, and cost only this."""
    red, green, blue = (np.ascontiguousarray(pixels[::4, ::4, place]) for place in range(3))
    brightest, darkest = cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue)
    return bool(np.mean(cv2.subtract(brightest, darkest) > CHROMA) > LEAST / 2)


def _with_fringe(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with the pale edge of its strokes, one pixel wide."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)), np.bool_)
