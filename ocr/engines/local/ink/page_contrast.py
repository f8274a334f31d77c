"""Turn the pixels of a page into gray ones in which its print is dark on light, also where the scan is not.

Ordinary pages come out as OpenCV's gray. Three kinds do not. Print in a color as light as its paper (yellow on white,
green on red) stands out in one channel only. Pages that are dark as a whole have little contrast. Faded print, as of a
carbon copy or a receipt, is paler than what the reader takes for show-through of the back.

Worker side only: this module imports numpy and OpenCV at the top.
"""

import math

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
STRONG, FADED_INK = 110, 120
"""Spread of the gray levels of a page with ordinary print, and how much darker than paper faded print becomes."""
AROUND = 61
"""Pixels of the window in which the gray of the paper is estimated."""
FAINT_SHARE = 0.998
"""Share of the pixels that are less dark than the print of a page: a page of text has 5% of ink."""
CLEAR_OF_NOISE = 1.5
"""How many times the grain of the paper print is darker than it."""
STEP, SHARP = 3, 0.75
"""Pixels across the edge of a stroke, and the least share of its darkness that lies within them: print has 0.87 and
more, show-through 0.2 to 0.66."""
BLUR, GRAIN_STEP = 5, 0.87
"""Pixels of the window that averages grain out, and how much of it is left in the steps of one pixel in 500."""
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
    has_strokes = gray.shape[1] > STEP
    return _darkened(gray) if has_strokes and _spread(gray) < STRONG else gray


def _darkened(gray: Gray) -> Gray:
    """Return a page without strong ink with its faded print as dark as ordinary print; unchanged if it has none.

    Faded print is told from show-through by its sharp edges, and from the grain of the paper by its darkness.
    """
    smooth = cv2.blur(gray, (BLUR, BLUR)).astype(np.float32)
    darker = cv2.blur(gray, (AROUND, AROUND), borderType=cv2.BORDER_REPLICATE).astype(np.float32) - smooth
    depth = float(np.quantile(darker[::2, ::2], FAINT_SHARE))
    grain = 1.5 * float(np.median(np.abs(gray - smooth)[::4, ::4]))
    step = float(np.quantile(np.abs(smooth[::2, STEP:] - smooth[::2, :-STEP]), FAINT_SHARE))
    edge = math.sqrt(max(0.0, step**2 - (GRAIN_STEP * grain) ** 2))
    if depth < max(3.0, CLEAR_OF_NOISE * grain) or edge < SHARP * depth:
        return gray
    return np.asarray(np.clip(LIGHT - darker * (FADED_INK / depth), 0, 255), np.uint8)


def may_be_inverted(gray: Gray) -> bool:
    """Return whether most of a page is dark."""
    return _levels(gray, (0.5,))[0] < INVERTED


def _spread(channel: Gray) -> int:
    low, high = _levels(channel, EXTREMES)
    return high - low


def _levels(channel: Gray, shares: tuple[float, ...]) -> list[int]:
    """Return the levels below which these shares of a sample of the pixels lie."""
    sample = channel[::4, ::4]
    histogram = cv2.calcHist([np.ascontiguousarray(sample)], [0], None, [256], [0, 256])
    counts = histogram.ravel().astype(np.int64).cumsum()
    return [int(np.searchsorted(counts, share * sample.size)) for share in shares]
