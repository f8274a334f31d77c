"""Find the skew of an upright page, and correct it.

The functions take (H, W) uint8 gray pixels. Angles are degrees clockwise.

Worker side only: this module imports numpy and OpenCV at the top.
"""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Affine = NDArray[np.float64]

SKEW_SIZE = 1000
"""Pixels of the longer side on which skew is measured: a line of 8-point print on A4 is still 9 pixels tall."""
SKEW_BANDS = 24
"""Vertical bands whose row sums are compared: narrow enough that 5 degrees move no line onto the next one."""
USUAL_SKEW, MOST_SKEW = 5.0, 15.5
"""Degrees: what is always searched, and what is searched where that finds nothing."""
LEAST_SKEW = 0.15
"""Less is not worth the blur of resampling: 0.15 degrees lift the end of a 1,000-pixel line by 2.6 pixels."""
COHERENT = 6.0
"""Share, in bands, of the rows' alternation that the best usual slope keeps: 9 to 18 of 24 on 30 printed pages, 4 on
medieval hands, 0.9 to 4 on pages turned by 6 to 12 degrees."""
STEEP_SIZE, STEEP_BANDS = 600, 64
"""Pixels of the longer side, and bands, for slopes beyond `USUAL_SKEW`."""
STEEPER, STEEP_SHARP = 1.3, 5.0
"""Factors by which a steep slope must exceed the best usual one, and the median. On four pages turned by 5.5 to 15
degrees they were 1.4 to 29, and 15 to 50."""


def find_skew(gray: Gray) -> float:
    """Return the skew of an upright page, -15 to 15 degrees; 0 if there is none or no lines are found.

    Row sums of narrow bands are shifted by the slope under trial and added: at the right slope lines and gaps
    alternate most sharply (Postl 1986, with the sum of squared differences as the measure). Slopes beyond `USUAL_SKEW`
    are tried only where no smaller one stands out.
    """
    ink = ink_of(gray, SKEW_SIZE)
    if not ink.any():
        return 0.0
    bands = bands_of(ink, SKEW_BANDS)
    coarse, score = _sharpest(*bands, _around(0.0, USUAL_SKEW, 0.25))
    if score < COHERENT * float(np.square(np.diff(bands[0], axis=1)).sum()) or abs(coarse) == USUAL_SKEW:
        steep = _find_steep(gray)
        if steep:
            fine, _ = _sharpest(*bands_of(ink, STEEP_BANDS), _around(steep, 0.6, 0.05))
            return round(fine, 2) if abs(fine) <= MOST_SKEW else 0.0
    fine, _ = _sharpest(*bands, _around(coarse, 0.25, 0.05))
    return round(fine, 2) if abs(fine) >= LEAST_SKEW else 0.0


def _find_steep(gray: Gray) -> float:
    """Return a skew beyond `USUAL_SKEW` that stands out from all others, to half a degree; 0 if there is none."""
    bands, middles = bands_of(ink_of(gray, STEEP_SIZE), STEEP_BANDS)
    angles = _around(0.0, MOST_SKEW + 0.5, 0.5)
    scores = _scores(bands, middles, angles)
    best = int(scores.argmax())
    usual = scores[np.abs(angles) <= USUAL_SKEW].max()
    stands_out = scores[best] > STEEPER * usual and scores[best] > STEEP_SHARP * float(np.median(scores))
    return angles[best] if stands_out else 0.0


def level(gray: Gray, skew: float) -> tuple[Gray, Affine]:
    """Deskew a page on a canvas that holds all of it.

    Also return the (2, 3) matrix that maps points of the deskewed page to the skewed one.
    """
    if not skew:
        return gray, np.array(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    height, width = gray.shape
    angle = np.deg2rad(skew)
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    new_width = round(width * cosine + height * abs(sine))
    new_height = round(height * cosine + width * abs(sine))
    turned = np.array(((cosine, -sine), (sine, cosine)))
    shift = np.array((width, height)) / 2 - turned @ (np.array((new_width, new_height)) / 2)
    back = np.column_stack((turned, shift))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    paper = float(np.median(gray[::8, ::8]))
    deskewed = cv2.warpAffine(gray, back, (new_width, new_height), flags=flags, borderValue=paper)
    return np.asarray(deskewed, np.uint8), back


def ink_of(gray: Gray, longest: int) -> NDArray[np.float32]:
    """Return 1 where a copy of the page of at most `longest` pixels a side is darker than its surroundings, else 0."""
    scale = min(1.0, longest / max(gray.shape))
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    if scale <= 0.5:
        # Halving is ten times as fast as other reductions, and what is left is a fourth.
        gray = np.asarray(cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    paper = cv2.blur(small, (41, 41), borderType=cv2.BORDER_REPLICATE)
    darker: NDArray[np.bool_] = small.astype(np.int16) < paper.astype(np.int16) - 12
    return darker.astype(np.float32)


def bands_of(ink: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the mean of each row in `count` vertical bands, (count, H), and the bands' distances from the middle."""
    edges = np.linspace(0, ink.shape[1], count + 1).astype(int)
    means = [ink[:, left : max(left + 1, right)].mean(axis=1) for left, right in pairwise(edges.tolist())]
    return np.array(means, np.float32), (edges[:-1] + edges[1:] - ink.shape[1]) / 2


def _around(middle: float, reach: float, step: float) -> list[float]:
    """Return the angles from `middle - reach` to `middle + reach`."""
    count = round(reach / step)
    return [middle + place * step for place in range(-count, count + 1)]


def _sharpest(bands: NDArray[np.float32], middles: NDArray[np.float64], angles: Sequence[float]) -> tuple[float, float]:
    """Return the angle of the highest score, and that score."""
    scores = _scores(bands, middles, angles)
    best = int(scores.argmax())
    return angles[best], float(scores[best])


def _scores(bands: NDArray[np.float32], middles: NDArray[np.float64], angles: Sequence[float]) -> NDArray[np.float64]:
    """Return for each angle how sharply rows alternate once the bands are shifted by its slope."""
    height = bands.shape[1]
    twice = np.concatenate((bands, bands), axis=1)
    scores = np.zeros(len(angles))
    for place, angle in enumerate(angles):
        shifts = np.round(middles * np.tan(np.deg2rad(angle))).astype(int) % height
        profile = np.zeros(height, bands.dtype)
        for band, shift in zip(twice, shifts.tolist(), strict=True):
            profile += band[shift : shift + height]
        scores[place] = float(np.square(np.diff(profile)).sum())
    return scores
