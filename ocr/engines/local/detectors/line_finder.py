"""Find the strips of text on a page, by a detector that sees region after region or by one that sees the whole page.

Worker side only: this module imports numpy and OpenCV at the top.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ocr.engines.local.detectors.large_print import with_large_print
from ocr.engines.local.detectors.map_strips import FAST_RULE, Strip, apart, first_run, strips
from ocr.engines.local.detectors.strip_ends import reach_small_ink
from ocr.engines.local.detectors.torn_lines import Area, whole_lines
from ocr.engines.local.ink.ink_areas import sparse_areas
from ocr.engines.local.skew import Gray

Detect = Callable[[Gray], NDArray[np.float32]]
"""(H, W) gray -> probability map of text at about its size."""
TILE, MOST_AT_ONCE, LARGEST_TILE = 700_000, 800_000, 1_400_000
"""Pixels of a tile, of a region that is not cut, and of a tile where no row is white.

The detector needs 160 MB for each million, and takes the same time for small tiles as for large ones."""
WHITE = 0.002
"""Share of a row that may be dark for it to count as white."""


@dataclass(frozen=True, slots=True)
class PageMap:
    """The map of a whole page."""

    probability: NDArray[np.float32]
    scale: float
    """Pixels of the map for a pixel of the page."""
    coarse: "PageMap | None" = None
    """The map of the page at a smaller size, where it has large print."""
    letter: float = 0.0
    """Height of the page's usual letter in its pixels, where it has large print."""

    def part(self, area: Area) -> tuple[NDArray[np.float32], tuple[float, float], tuple[int, int]]:
        """Return the map of an area, its left upper corner in pixels of the page, and its size in such pixels."""
        left, top, right, bottom = (round(edge * self.scale) for edge in area)
        inside = self.probability[top:bottom, left:right]
        size = (max(1, round(inside.shape[1] / self.scale)), max(1, round(inside.shape[0] / self.scale)))
        return inside, (left / self.scale, top / self.scale), size


@runtime_checkable
class PageDetector(Protocol):
    """Says for a whole page at once where the cores of its lines are."""

    def see(self, gray: Gray, letter: float) -> PageMap:
        """Return the map of a page, (H, W), whose usual letter is `letter` pixels high; 0 where that is unknown."""


class LineFinder:
    """Finds strips with a detector."""

    def __init__(self, detector: Detect | PageDetector) -> None:
        self._detector = detector

    def page_map(self, gray: Gray, letter: float) -> PageMap | None:
        """Return the map of the page where the detector makes one; else regions are detected one by one."""
        return self._detector.see(gray, letter) if isinstance(self._detector, PageDetector) else None

    def find(self, gray: Gray, regions: Sequence[Area], page_map: PageMap | None) -> list[tuple[Area, Strip]]:
        """Return the strips of a page, (H, W), region by region, each in pixels of the area that it is given with.

        The area is the strip's region, or the whole page for a line that crosses an edge between regions or tiles.
        """
        areas = [_areas(gray[top:bottom, left:right], page_map) for left, top, right, bottom in regions]
        found = [
            (region, strip)
            for region, inside in zip(regions, areas, strict=True)
            for strip in self._strips(gray, page_map, region, inside)
        ]
        edges = {
            (region[0], region[2], row)
            for region, inside in zip(regions, areas, strict=True)
            for row in (region[1], region[3], *(region[1] + top for _, top, _, _ in inside))
            if 0 < row < gray.shape[0]
        }
        whole = whole_lines(
            [strip.moved(region[0], region[1]) for region, strip in found],
            edges,
            gray,
            lambda area: [
                strip.moved(area[0], area[1]) for strip in self._strips(gray, page_map, area, [_all_of(area)])
            ],
        )
        page = (0, 0, gray.shape[1], gray.shape[0])
        kept = [(page, whole[place]) if place in whole else pair for place, pair in enumerate(found)]
        return [(area, strip) for area, strip in kept if strip is not None]

    def strips(self, gray: Gray, page_map: PageMap | None) -> list[Strip]:
        """Return the strips of a whole page, or of a sample of one without a map."""
        return [strip for _, strip in self.find(gray, [(0, 0, gray.shape[1], gray.shape[0])], page_map)]

    def _strips(self, page: Gray, page_map: PageMap | None, region: Area, areas: Sequence[Area]) -> list[Strip]:
        """Return the strips in some areas of a region, all in pixels of the region."""
        found = []
        for left, top, right, bottom in areas:
            corner = (region[0] + left, region[1] + top)
            tile = page[corner[1] : region[1] + bottom, corner[0] : region[0] + right]
            if page_map:
                inside = _mapped(page_map, corner, tile)
            else:
                inside = strips(self._detect(tile), (tile.shape[1], tile.shape[0]))
            found += [strip.moved(left, top) for strip in apart(inside, tile)]
        return found

    def _detect(self, gray: Gray) -> NDArray[np.float32]:
        assert not isinstance(self._detector, PageDetector)
        return self._detector(gray)


def _all_of(area: Area) -> Area:
    return 0, 0, area[2] - area[0], area[3] - area[1]


def _areas(region: Gray, page_map: PageMap | None) -> list[Area]:
    """Return the areas of a region, in its pixels, that are looked at one by one."""
    areas = sparse_areas(region)
    if areas is not None:
        return areas
    height, width = region.shape
    return [(0, top, width, bottom) for top, bottom in ([(0, height)] if page_map else tiles(region))]


def _mapped(page_map: PageMap, corner: tuple[int, int], part: Gray) -> list[Strip]:
    """Return the strips of a part of the mapped page, in pixels of the part."""
    found = _in_part(page_map, corner, part)
    if page_map.coarse:
        found = with_large_print(found, _in_part(page_map.coarse, corner, part), part, page_map.letter)
    return reach_small_ink(found, part)


def _in_part(page_map: PageMap, corner: tuple[int, int], part: Gray) -> list[Strip]:
    height, width = part.shape
    probability, origin, size = page_map.part((corner[0], corner[1], corner[0] + width, corner[1] + height))
    return [strip.moved(origin[0] - corner[0], origin[1] - corner[1]) for strip in strips(probability, size, FAST_RULE)]


def tiles(gray: Gray) -> list[tuple[int, int]]:
    """Cut a region between lines into (top, bottom) rows of about `TILE` pixels, which bounds the detector's memory.

    If no row is white enough the tile grows, up to `LARGEST_TILE`, and ends at the row with the least ink.
    """
    height, width = gray.shape
    dark, light = np.percentile(gray[::8, ::8], (2, 90))
    ink = np.count_nonzero(gray < (dark + light) / 2, axis=1)
    found, top = [], 0
    while (height - top) * width > MOST_AT_ONCE and height - top > 1:
        rows = TILE // width if (height - top) * width > 1.5 * TILE else (height - top) // 2
        first, last = top + max(1, rows), top + max(2, LARGEST_TILE // width)
        white = np.flatnonzero(ink[first:last] <= WHITE * width)
        place = white[len(first_run(white)) // 2] if len(white) else ink[first:last].argmin()
        cut_at = min(height, first + int(place))
        found.append((top, cut_at))
        top = cut_at
    return [*found, (top, height)] if top < height else found
