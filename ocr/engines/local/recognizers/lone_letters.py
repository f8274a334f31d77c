"""Decide by ink what a recognizer guesses: signs where nothing is printed, and the case of a lone letter.

A line that is torn at wide spaces leaves parts of one letter, whose size the recognizer cannot compare, and parts that
begin with white, where it reads a dash.

Worker side only: this module imports numpy at the top.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr.engines.local.ink.show_through import percentiles
from ocr.engines.local.ppocr import HEIGHT, Reading

Gray = NDArray[np.uint8]

THIN = frozenset("—–-_.,·•'’`´~^¨")
"""Signs that are read where nothing is printed."""
AROUND = HEIGHT // 3
"""Pixels on either side of a sign's center in which its ink is sought."""
CONTRAST = 40
"""Gray levels by which ink is darker than the paper."""
LONE = frozenset("O0")
"""What a lone article is read as."""
LOWER_CASE = 1.22
"""Height of a lone letter over that of the page's usual letter up to which it is lower case; capitals have 1.4 and
more."""


def dark_ink(crop: Gray) -> Gray:
    """Return a crop of any size with dark ink on light paper: inverted where more than half of it is dark.

    Where hardly any ink is there, its darkest and lightest pixel say which is which.
    """
    if not crop.size:
        return crop
    dark, middle, light = percentiles(crop, (5, 50, 95))
    if light - dark < CONTRAST:
        dark, light = crop.min(), crop.max()
    return np.asarray(255 - crop, np.uint8) if middle < (float(dark) + float(light)) / 2 else crop


def without_phantoms(reading: Reading, line: Gray) -> Reading:
    """Return the reading without thin signs where `line`, the (48, W) crop, holds no ink."""
    if not THIN.intersection(reading.text):
        return reading
    line = dark_ink(line)
    inked = line.min(axis=0) < int(percentiles(line, (90,))[0]) - CONTRAST
    kept = [
        place
        for place, (sign, center) in enumerate(zip(reading.text, reading.centers, strict=True))
        if sign not in THIN or _has_ink(inked, round(center * line.shape[1]))
    ]
    if len(kept) == len(reading.text):
        return reading
    while kept and reading.text[kept[0]].isspace():
        del kept[0]
    return Reading(
        "".join(reading.text[place] for place in kept),
        tuple(reading.confidences[place] for place in kept),
        tuple(reading.centers[place] for place in kept),
    )


def _has_ink(inked: NDArray[np.bool_], center: int) -> bool:
    return bool(inked[max(0, center - AROUND) : center + AROUND].any())


def ink_height(crop: Gray) -> int:
    """Return the rows from the first to the last that hold ink in a crop of any size; 0 for none."""
    if not crop.size:
        return 0
    crop = dark_ink(crop)
    rows = np.flatnonzero(crop.min(axis=1) < int(percentiles(crop, (90,))[0]) - CONTRAST)
    return int(rows[-1] - rows[0] + 1) if len(rows) else 0


def lone_article(reading: Reading, crop: Gray, letter: float, beside: Sequence[str]) -> Reading:
    """Return "o" for a lone O or 0 as tall as the page's lower case, between words in lower case.

    `letter` is the height of the page's usual letter in pixels of `crop`; `beside` are the texts of the same row.
    """
    if reading.text.strip() not in LONE or not any(text.strip()[-1:].islower() for text in beside):
        return reading
    height = ink_height(crop)
    if not 0 < height <= LOWER_CASE * letter:
        return reading
    return replace(reading, text=reading.text.replace("O", "o").replace("0", "o"))
