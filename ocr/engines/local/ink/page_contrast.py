"""Turn the pixels of a page into gray ones in which its print is dark on light, also where the scan is not.

Ordinary pages come out as OpenCV's gray. Two kinds do not: print in a color as light as its paper (yellow on white,
green on red) stands out in one channel only, and pages that are dark as a whole, as of an underexposed photograph, have
print below the contrast that the reader looks for.

Worker side only: this module imports numpy and OpenCV at the top.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Pixels = NDArray[np.uint8]

FLAT = 80
"""Gray levels between the darkest and the lightest pixels below which a channel may show more; print has 150."""
CLEARER, LEAST_SPREAD = 1.6, 60
"""How many times more a channel must spread than gray, and the least spread of one that shows print."""
DIM, LIGHT = 160, 250
"""Level of the lightest pixels below which a page is brightened, and the level that they get."""
EXTREMES = (0.001, 0.999)
"""Shares of the pixels below the darkest and the lightest ones that count."""
PAPER = 0.99
INVERTED = 110
"""Usual gray level of a page below which light print on a dark ground is tried where dark print is not found."""


def gray_of(pixels: Pixels) -> Gray:
    """Return an RGB page, (H, W, 3) uint8, as (H, W) gray with as much contrast as its print has in any channel."""
    gray = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    spread = _spread(gray)
    if spread < FLAT:
        channels = [np.ascontiguousarray(pixels[..., place]) for place in range(3)]
        clearest = max(channels, key=_spread)
        if _spread(clearest) >= max(LEAST_SPREAD, CLEARER * spread):
            gray = clearest
    (light,) = _levels(gray, (PAPER,))
    if 0 < light < DIM:
        gray = np.asarray(cv2.convertScaleAbs(gray, alpha=LIGHT / light), np.uint8)
    return gray


def may_be_inverted(gray: Gray) -> bool:
    """Return whether most of a page is dark."""
    return _levels(gray, (0.5,))[0] < INVERTED


def _spread(channel: Gray) -> int:
    low, high = _levels(channel, EXTREMES)
    return high - low


def _levels(channel: Gray, shares: tuple[float, ...]) -> list[int]:
    """Return the levels below which these shares of a sample of the pixels lie."""
    sample = channel[::4, ::4]
    counts = np.bincount(sample.ravel(), minlength=256).cumsum()
    return [int(np.searchsorted(counts, share * sample.size)) for share in shares]
