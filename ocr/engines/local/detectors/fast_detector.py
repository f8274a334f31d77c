"""The fast detector: one look of a small network of our own at the whole page, and a second one for large print.

`training.detector.detector_network` describes the network. It is shown a page reduced until its letters are `SHOWN`
pixels high, or a little enlarged where they are very small, in bands that overlap, so that memory does not grow with
the page. Its map serves every region of the page.

Worker side only: this module imports numpy and OpenCV at the top.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.core.errors import EngineError
from ocr.engines.local.detectors.detector_selection import SHOWN
from ocr.engines.local.detectors.large_print import COARSER, has_large_print
from ocr.engines.local.detectors.line_finder import PageMap
from ocr.engines.local.ppocr import NETWORKS, Network
from ocr.engines.local.skew import Gray

KIND = "lusocr-detector"
"""What the metadata entry "kind" of its files says."""
LEAST_FACTOR = 0.3
SMALL_LETTER, ENLARGED = 12.0, 1.5
"""A page whose letters are lower than so many pixels is shown enlarged by this. At 75 dpi the lines of a gazette page
were joined to each other, and its error rate was 33%, at 1.5 times the size 1%."""
REDUCTION = 2
"""Pixels of the shown page, across and down, for one pixel of the map."""
MULTIPLE = 32
"""Sides of the network's input are multiples of this."""
WIDTH_STEP = 128
"""Widths come in these steps: each new size costs OpenVINO 10 to 20 ms of preparation once."""
BAND, OVERLAP = 1_000_000, 96
"""Pixels of a band, and rows that it sees of its neighbors."""


class FastDetector:
    """The shipped network, or one of a training run."""

    def __init__(self, file: Path, backend: str) -> None:
        """Load `file`. Raises `EngineError` where it is no fast detector."""
        self._run: Network
        self._run, facts = NETWORKS[backend](file)
        if facts.get("kind") != KIND:
            raise EngineError(f"{file.name} is not a fast detector", hint="--set options.detector=full|fitted|fast")

    def see(self, gray: Gray, letter: float) -> PageMap:
        """Return the map of a page, (H, W), whose usual letter is `letter` pixels high; 0 where that is unknown."""
        page_map = self._see(gray, letter)
        self._run.release()  # Lines are read next: what their networks need takes the place of these layers.
        return page_map

    def _see(self, gray: Gray, letter: float) -> PageMap:
        factor = shown_factor(letter)
        shown = _resized(gray, factor)
        page_map = self._seen(gray, factor, shown)
        if not letter:
            return page_map
        smaller = factor / COARSER
        reduced = _resized(shown, 1 / COARSER)
        if not has_large_print(_ink(reduced, grown(reduced), ground_of(reduced)), letter * smaller):
            return page_map
        return replace(page_map, coarse=self._seen(gray, smaller, reduced), letter=letter)

    def _seen(self, gray: Gray, factor: float, shown: Gray) -> PageMap:
        (height, width), ground = grown(shown), ground_of(shown)
        found = np.zeros((height // REDUCTION, width // REDUCTION), np.float32)
        for start, end, above, below in bands(height, width):
            ink = _ink(shown[above:below], (below - above, width), ground)
            seen: NDArray[np.float32] = self._run(ink[None, None])[0, 0]
            skipped = (start - above) // REDUCTION
            rows = slice(start // REDUCTION, end // REDUCTION)
            found[rows] = seen[skipped : skipped + rows.stop - rows.start]
        rows, columns = (round(side * factor / REDUCTION) for side in gray.shape)
        return PageMap(found[:rows, :columns], factor / REDUCTION)


def bands(height: int, width: int) -> list[tuple[int, int, int, int]]:
    """Cut a shown page into bands: first and last row that it answers for, and first and last that it sees.

    All are multiples of `MULTIPLE`, and all bands but the outer ones see equally many rows.
    """
    if height * width <= BAND + BAND // 2:
        return [(0, height, 0, height)]
    rows = max(MULTIPLE, BAND // width // MULTIPLE * MULTIPLE)
    return [
        (start, min(height, start + rows), max(0, start - OVERLAP), min(height, start + rows + OVERLAP))
        for start in range(0, height, rows)
    ]


def shown_factor(letter: float) -> float:
    """Return the size at which a page is shown, as a share of its own, by the height of its letters in pixels, or 0."""
    if 0 < letter < SMALL_LETTER:
        return ENLARGED
    return min(1.0, max(LEAST_FACTOR, SHOWN / letter)) if letter else 1.0


def _resized(gray: Gray, factor: float) -> Gray:
    """Return a page at `factor` of its size."""
    if factor == 1.0:
        return gray
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(gray, None, fx=factor, fy=factor, interpolation=way), np.uint8)


def grown(shown: Gray) -> tuple[int, int]:
    """Return the height and width of a page, up to the next multiples."""
    height, width = shown.shape
    return -(-height // MULTIPLE) * MULTIPLE, -(-width // WIDTH_STEP) * WIDTH_STEP


def ground_of(shown: Gray) -> int:
    """Return the gray level of the paper."""
    return int(np.median(shown[::8, ::8]))


def _ink(part: Gray, size: tuple[int, int], ground: int) -> NDArray[np.float32]:
    """Return 0 for white to 1 for black of a part of a page, with ground up to `size`."""
    whole = np.full(size, (255 - ground) / 255, np.float32)
    height, width = part.shape
    np.multiply(255 - part, np.float32(1 / 255), out=whole[:height, :width], dtype=np.float32)
    return whole
