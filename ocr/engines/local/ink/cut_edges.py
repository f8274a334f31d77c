"""Tell where the edge of an image cuts through print: what lies beyond is lost, and no confidence shows it.

Worker side only: this module imports numpy at the top.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Box

Gray = NDArray[np.uint8]

CONTRAST = 60
"""Gray levels by which ink is darker than the paper."""
EDGE = 2
"""Pixels along an edge in which ink counts, and by which the box of a line that is cut may end before it."""
INKED = (0.04, 0.75)
"""Least and greatest share of an edge that is inked where letters are cut; the frame of a scan covers more."""
FRAME = 0.5
"""Share of a whole edge that is dark from which on it is the frame of a scan."""
LEAST_LINES, LEAST_SHARE = 3, 0.15
"""How many lines a side edge cuts, and their share of all: one word at an edge is a mark or a stain."""
LEAST_LETTERS = 3
"""Runs of ink that the top or bottom edge cuts through a line."""


def cut_edges(gray: Gray, boxes: Sequence[Box]) -> Iterator[str]:
    """Yield a sentence for each edge of an upright page, (H, W), that cuts through the lines in `boxes`."""
    if not boxes:
        return
    height, width = gray.shape
    dark_below = int(np.percentile(gray[::4, ::4], 90)) - CONTRAST
    sides = {
        "left": (gray[:, :EDGE], [box for box in boxes if box[0] <= EDGE]),
        "right": (gray[:, -EDGE:], [box for box in boxes if box[2] >= width - EDGE]),
    }
    for name, (strip, near) in sides.items():
        dark = np.asarray((strip < dark_below).any(axis=1))
        cut = sum(_is_cut(dark[round(box[1]) : round(box[3])]) for box in near)
        if cut >= max(LEAST_LINES, LEAST_SHARE * len(boxes)) and dark.mean() < FRAME:
            yield f"print runs off the {name} edge of the image: parts of {cut} lines may be missing"
    ends = {
        "top": (gray[:EDGE], [box for box in boxes if box[1] <= EDGE]),
        "bottom": (gray[-EDGE:], [box for box in boxes if box[3] >= height - EDGE]),
    }
    for name, (strip, near) in ends.items():
        dark = np.asarray((strip < dark_below).any(axis=0))
        parts = [dark[round(box[0]) : round(box[2])] for box in near]
        if dark.mean() < FRAME and any(_is_cut(part) and _runs(part) >= LEAST_LETTERS for part in parts):
            yield f"the {name} edge of the image cuts through a line of print"


def _is_cut(dark: NDArray[np.bool_]) -> bool:
    return bool(dark.size) and INKED[0] <= float(dark.mean()) <= INKED[1]


def _runs(dark: NDArray[np.bool_]) -> int:
    """Return how many runs of ink there are."""
    return int(np.count_nonzero(np.diff(np.concatenate(([False], dark)).astype(np.int8)) == 1))
