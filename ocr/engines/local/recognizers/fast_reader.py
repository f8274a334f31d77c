"""The fast recognizer: lines of a page in batches on one thread, through a network of our own.

`training.recognizer.fast_network` describes the network. Its input is (N, height, W) with exactly 0.0 beyond a line;
its output is probabilities (N, T, classes). It hides what lies beyond a line from itself, so a line gives the same text
alone and in a batch, up to the rounding of the backend.

Worker side only: this module imports numpy and OpenCV at the top.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.core.errors import EngineError
from ocr.engines.local.ppocr import NETWORKS, PREPARING, Network, Reading, surest
from ocr.engines.local.skew import Gray

KIND = "lusocr-fast"
"""What the metadata entry "kind" of its files says."""
WIDTHS = (96, 192, 288, 384, 480, 576, 672, 768, 864, 960, 1056, 1152, 1344, 1536, 1824, 2112, 2592)
"""Pixels to which batches are padded where the backend prepares each new pair of width and count: 20 ms."""
COUNTS = (4, 2, 1)
"""Lines in a batch: 8 take as long a line, and 12 MB more. A rest is cut into smaller batches instead of filled up."""
ALIKE = 48
"""Pixels by which the lines of a batch differ at most where a new size costs nothing: more would be filled up for
longer than a call takes."""
UNREAD = Reading("", (), ())
GRAY_VALUES = ((np.arange(256, dtype=np.float32) - 127.5) / 127.5).astype(np.float32)


@dataclass(frozen=True, slots=True)
class FastReading:
    """A line as the fast network read it."""

    reading: Reading
    doubt: float
    """Probability that no character of the text and no blank explains, summed over steps, and what each character's
    confidence lacks to 1: about the expected number of errors before `Calibration`."""
    doubts: tuple[float, ...] = ()
    """What each character has of it."""


class FastReader:
    """Reads lines with the fast network."""

    def __init__(self, file: Path, backend: str) -> None:
        """Load `file`. Raises `EngineError` where it is no fast recognizer."""
        self._run: Network
        self._run, facts = NETWORKS[backend](file)
        if facts.get("kind") != KIND:
            raise EngineError(f"{file.name} is not a fast recognizer", hint="--set options.recognizer=stock|pt|FILE")
        shape: dict[str, Any] = json.loads(facts["shape"])
        self._batches = batches if backend in PREPARING else partial(exact_batches, step=2 * int(shape["stride"]))
        self._height, self._stride = int(shape["height"]), int(shape["stride"])
        self._characters = ["", *facts["character"].split("\n"), " "]

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        """Read upright (H, W) crops of any size, in order."""
        return [fast.reading for fast in self.read_with_doubt(lines)]

    def read_surest(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, Reading]]:
        """Read each group of crops, which show one line in several directions; return the surest and its place."""
        return [(way, fast.reading) for way, fast in self.read_surest_with_doubt(groups)]

    def read_surest_with_doubt(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, FastReading]]:
        """Read as `read_surest` does, with the doubt of each line."""
        found = iter(self.read_with_doubt([line for group in groups for line in group]))
        parts = [[next(found) for _ in group] for group in groups]
        ways = [surest([fast.reading for fast in part]) for part in parts]
        return [(way, part[way]) for way, part in zip(ways, parts, strict=True)]

    def read_with_doubt(self, lines: Sequence[Gray]) -> list[FastReading]:
        """Read upright (H, W) crops of any size, in order, each with its doubt."""
        scaled = [self._scaled(line) for line in lines]
        found: dict[int, FastReading] = {}
        for places, width in self._batches([line.shape[1] for line in scaled]):
            pixels = np.zeros((len(places), self._height, width), np.float32)
            for row, place in zip(pixels, places, strict=True):
                row[:, : scaled[place].shape[1]] = GRAY_VALUES[scaled[place]]
            for steps, place in zip(self._run(pixels), places, strict=True):
                found[place] = self._decoded(steps, scaled[place].shape[1])
        return [found[place] for place in range(len(lines))]

    def _scaled(self, line: Gray) -> Gray:
        width = max(1, round(line.shape[1] * self._height / line.shape[0]))
        return np.asarray(cv2.resize(line, (width, self._height)), np.uint8)

    def _decoded(self, steps: NDArray[np.float32], width: int) -> FastReading:
        """Best path of a CTC output (time, classes): runs of one class are one character, class 0 is none.

        A character's confidence is the sum of its probability over its run and one step either side, 1 at most: where
        the network is sure of a character but not of its step, two steps share its probability.
        """
        count = -(-width // self._stride)
        steps = steps[:count]
        best = steps.argmax(axis=1)
        starts = np.flatnonzero(np.diff(best, prepend=-1))
        ends = np.append(starts[1:], count)
        classes = best[starts]
        kept = classes != 0
        starts, ends, classes = starts[kept], ends[kept], classes[kept]
        blank = steps[:, 0].astype(np.float64)
        if not len(starts):
            return FastReading(UNREAD, max(0.0, count - float(blank.sum())))
        first, last = np.maximum(0, starts - 1), np.minimum(count, ends + 1)
        begins = np.concatenate(([0], np.cumsum(last - first)))
        at = np.arange(begins[-1]) + np.repeat(first - begins[:-1], last - first)
        shares = steps[at, np.repeat(classes, last - first)].astype(np.float64)
        mass = np.add.reduceat(shares, begins[:-1])
        confidences = np.minimum(1.0, mass)
        missing = 1.0 - blank - np.bincount(at, shares, count)
        middles = (starts + ends) / 2
        centers = np.minimum(1.0, middles * (self._stride / width))
        nearest = np.searchsorted((middles[1:] + middles[:-1]) / 2, np.arange(count) + 0.5)
        doubts = np.bincount(nearest, np.maximum(0.0, missing), len(starts)) + (1 - confidences)
        text = "".join([self._characters[place] for place in classes.tolist()])
        reading = Reading(text, tuple(confidences.tolist()), tuple(centers.tolist()))
        doubt = max(0.0, float(missing.sum())) + float((1 - confidences).sum())
        return FastReading(reading, doubt, tuple(doubts.tolist()))


def batches(widths: Sequence[int]) -> Iterator[tuple[list[int], int]]:
    """Sort lines by width into batches: places in `widths`, and the width to pad to."""
    order = sorted(range(len(widths)), key=lambda place: (widths[place], place))
    while order:
        count = next(size for size in COUNTS if size <= len(order))
        part, order = order[-count:], order[:-count]
        yield part, padded_width(widths[part[-1]])


def exact_batches(widths: Sequence[int], step: int) -> Iterator[tuple[list[int], int]]:
    """Sort lines into batches of about one width, padded to the next multiple of `step`."""
    order = sorted(range(len(widths)), key=lambda place: (widths[place], place))
    while order:
        widest = widths[order[-1]]
        part = [place for place in order[-COUNTS[0] :] if widths[place] >= widest - ALIKE]
        del order[-len(part) :]
        yield part, -(-widest // step) * step


def padded_width(width: int) -> int:
    """Return the least of `WIDTHS` that holds a line; beyond them steps of 288 pixels."""
    return next((size for size in WIDTHS if size >= width), -(-width // 288) * 288)
