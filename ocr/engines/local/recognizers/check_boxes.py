"""Tell a check box from a separating bar by the width of its ink: the recognizer confuses them, the pixels do not.

Worker side only: this module imports numpy at the top.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr.engines.local.ink.show_through import percentiles
from ocr.engines.local.ppocr import HEIGHT, Reading
from ocr.engines.local.recognizers.lone_letters import dark_ink

BOXES = frozenset("☐☑☒")
BAR = "|"
NARROW = 0.2
"""Width of the ink as a share of the line's height: a bar has 0.05 to 0.12, a check box 0.4 or more."""
AROUND = HEIGHT // 2
"""Pixels on either side of a character's center in which its ink is sought."""
INK_ROWS = 0.2
"""Share of the rows of a column that are dark where a bar stands; of a box, its sides have more and its top less."""


def with_bars(reading: Reading, line: NDArray[np.uint8]) -> Reading:
    """Return the reading with `|` for each check box whose ink is as narrow as a bar.

    `line` is the (48, W) crop that was read. A place without ink keeps what was read.
    """
    if not BOXES.intersection(reading.text):
        return reading
    line = dark_ink(line)
    dark = np.asarray(line < (int(line.min()) + int(percentiles(line, (90,))[0])) / 2, np.bool_)
    inked = np.asarray(dark.any(axis=0), np.bool_)
    text = [
        BAR if character in BOXES and _is_bar(dark, inked, round(center * line.shape[1])) else character
        for character, center in zip(reading.text, reading.centers, strict=True)
    ]
    return replace(reading, text="".join(text))


def _is_bar(dark: NDArray[np.bool_], inked: NDArray[np.bool_], center: int) -> bool:
    """Return whether the ink nearest to a column is narrow, and tall enough not to be a dot."""
    near = np.flatnonzero(inked[max(0, center - AROUND) : center + AROUND]) + max(0, center - AROUND)
    if not near.size:
        return False
    column = int(near[np.abs(near - center).argmin()])
    first, last = column, column
    while first > 0 and inked[first - 1]:
        first -= 1
    while last + 1 < len(inked) and inked[last + 1]:
        last += 1
    wide = last - first + 1
    tall = float(dark[:, first : last + 1].any(axis=1).mean())
    return wide <= NARROW * len(dark) and tall > INK_ROWS
