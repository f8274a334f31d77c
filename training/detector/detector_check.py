"""Score what a detector finds on drawn pages against their truth, and compare two detectors: the regression check.

A strip is right where it holds print of one line and of no other. The score of a page is F1: the share of the length of
its print that right strips hold, and the share of the length of strips that holds print.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from eval.metrics.stats import Interval, bootstrap_mean
from ocr.engines.local.detectors.line_finder import Detect, LineFinder, PageDetector
from ocr.engines.local.detectors.map_strips import Strip
from ocr.layout.columns import cut, letter_height
from training.detector.drawn.drawn_pages import Scan
from training.detector.drawn.kernel_map import PiecePlace, pieces_of

ALLOWED = 0.005
"""Highest upper bound of the change of the mean error, 1 - F1."""
HELD = 0.5
"""Share of the height of a line that a strip must cover to hold it."""
EMPTY = 0.2
"""A strip of which less lies on print is empty."""

Boxes = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PageFound:
    """What a detector made of one page: lengths in pixels."""

    printed: float
    """Of all pieces of lines."""
    held: float
    """Of the print that right strips hold."""
    joined: float
    """Of the print in strips that hold more than one line."""
    strips: float
    """Of all strips, but for those where nothing is taught."""
    empty: float
    """Of strips that hold no print."""

    @property
    def error(self) -> float:
        """Return 1 - F1; on a page without print 1 where there is a strip."""
        if not self.printed:
            return 1.0 if self.strips else 0.0
        recall = self.held / self.printed
        precision = 1 - self.empty / self.strips if self.strips else 1.0
        return 1 - 2 * recall * precision / max(1e-9, recall + precision)


@dataclass(frozen=True, slots=True)
class DetectorComparison:
    """One set of pages, seen by two detectors."""

    pages: int
    before: float
    """Mean error."""
    after: float
    change: Interval
    joined_before: float
    """Share of the print in strips that hold more than one line."""
    joined_after: float
    complaint: str = ""
    """Why the run may not be promoted; empty where it may."""


def find_strips(detector: Detect | PageDetector, scan: Scan) -> list[Strip]:
    """Return the strips of a page as the reader finds them, region by region."""
    finder, gray = LineFinder(detector), scan.pixels
    page_map = finder.page_map(gray, letter_height(gray))
    regions = [(round(left), round(top), round(right), round(bottom)) for left, top, right, bottom in cut(gray)]
    return [strip.moved(area[0], area[1]) for area, strip in finder.find(gray, regions, page_map)]


def score(scan: Scan, strips: Sequence[Strip]) -> PageFound:
    """Score the strips of a page."""
    pieces = pieces_of(scan.page)
    boxes = _boxes([scan.placement.places(piece.outline(piece.length, piece.height)) for piece in pieces])
    found = _boxes([strip.corners() for strip in strips])
    wide, tall = _shared(boxes, found)
    upright = np.array([piece.degrees % 180 > 45 for piece in pieces], bool)[:, None]
    taught = np.array([piece.taught for piece in pieces], bool)
    along, across = np.where(upright, tall, wide), np.where(upright, wide, tall)
    height = np.where(upright[:, 0], boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    length = np.where(upright[:, 0], boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0])
    holds = (across >= HELD * height[:, None]) & (along >= HELD * np.minimum(length, height)[:, None])
    holds &= taught[:, None]
    joins = _joins(pieces, holds)
    held = np.minimum(np.where(holds & ~joins, along, 0.0).sum(axis=1), length)
    areas = np.maximum(1e-9, (found[:, 2] - found[:, 0]) * (found[:, 3] - found[:, 1]))
    unknown = (wide * tall)[~taught].sum(axis=0) > EMPTY * areas
    empty = ((wide * tall)[taught].sum(axis=0) < EMPTY * areas) & ~unknown
    reach = np.array([strip.length for strip in strips], np.float64)
    return PageFound(
        printed=float(length[taught].sum()),
        held=float(held.sum()),
        joined=float(np.where(holds & joins, along, 0.0).sum(axis=1).clip(max=length).sum()),
        strips=float(reach[~unknown].sum()),
        empty=float(reach[empty].sum()),
    )


def _joins(pieces: Sequence[PiecePlace], holds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return for each strip whether it holds pieces of more than one line."""
    lines = np.array([piece.line for piece in pieces], int)
    return np.array([len(set(lines[column].tolist())) > 1 for column in holds.T], bool)


def _boxes(outlines: Sequence[NDArray[np.float64]]) -> Boxes:
    """Return left, top, right and bottom, (n, 4), of outlines."""
    if not outlines:
        return np.zeros((0, 4))
    return np.array([(*outline.min(axis=0), *outline.max(axis=0)) for outline in outlines], np.float64)


def _shared(boxes: Boxes, others: Boxes) -> tuple[Boxes, Boxes]:
    """Return width and height, (n, m), of what boxes share; 0 and 0 where they share nothing."""
    wide = np.minimum(boxes[:, None, 2], others[None, :, 2]) - np.maximum(boxes[:, None, 0], others[None, :, 0])
    tall = np.minimum(boxes[:, None, 3], others[None, :, 3]) - np.maximum(boxes[:, None, 1], others[None, :, 1])
    meet = (wide > 0) & (tall > 0)
    return np.where(meet, wide, 0.0), np.where(meet, tall, 0.0)


def compare(
    scans: Iterable[Scan], before: Detect | PageDetector, after: Detect | PageDetector, seed: int
) -> DetectorComparison:
    """Return the comparison of two detectors, with a paired 95% interval of the change of the error."""
    pairs = [(score(scan, find_strips(before, scan)), score(scan, find_strips(after, scan))) for scan in scans]
    change = bootstrap_mean([new.error - old.error for old, new in pairs], list(map(str, range(len(pairs)))), seed=seed)
    worse = change.high is None or change.high > ALLOWED
    printed = max(1e-9, sum(old.printed for old, _ in pairs))
    return DetectorComparison(
        pages=len(pairs),
        before=mean(old.error for old, _ in pairs),
        after=mean(new.error for _, new in pairs),
        change=change,
        joined_before=sum(old.joined for old, _ in pairs) / printed,
        joined_after=sum(new.joined for _, new in pairs) / printed,
        complaint=f"the error may rise by more than {ALLOWED:.1%}" if worse else "",
    )
