"""Compose, draw and degrade pages once, and keep them in a folder as arrays for training.

A stopped run goes on where it was: each page is written whole, the labels before the pixels. Equal recipes give equal
files.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from data.layouts.features.feature_catalog import choose_features
from data.layouts.page_composer import KINDS, PageRequest, compose_page
from data.layouts.page_drawing import draw_page
from data.layouts.page_truth import LayoutPage
from data.synthesis.degradation import PROFILES, Placement, degrade
from data.synthesis.effects import Pixels
from ocr.engines.local.detectors.fast_detector import REDUCTION
from training.detector.drawn.kernel_map import Labels, label_map, pieces_of
from training.detector.drawn.sheet_changes import changed
from training.detector.drawn.taught_changes import changed_to_teach

COLUMNED = ("gazette", "newspaper", "edict", "book")
"""Every third page is of these kinds, whose lines are closest."""
SPOKEN = 8
"""One taught page of so many is a book with a dialogue: dashes, and stops at the ends of short lines."""
SHARES = {
    "clean": 15, "light": 10, "scan": 20, "photocopy": 12, "fax": 6, "binary": 8, "phone": 8, "archive": 6,
    "newsprint": 9, "microfilm": 5, "dark": 6,
}  # fmt: skip
"""Degradation profile -> how often of 105 pages."""
STRENGTH = (0.4, 1.3)
MULTIPLE = 32
"""Sides of a page are cut to multiples of it: the network halves them five times."""


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page as the detector sees it."""

    pixels: NDArray[np.uint8]
    """(H, W) gray; the sides are multiples of `MULTIPLE`."""
    labels: Labels
    """(H / REDUCTION, W / REDUCTION), see `kernel_map`."""


@dataclass(frozen=True, slots=True)
class DrawnSupply:
    """Which pages are drawn: `seed` makes them different."""

    seed: str
    count: int
    em: tuple[float, float] = (10.0, 26.0)
    """Pixels of the usual type size at which pages are shown, log-uniform."""

    def page(self, number: int) -> DrawnPage:
        """Return page `number`, from 0."""
        scan, chance = self._scan(number, tuple(SHARES), taught=True)
        em = math.exp(chance.uniform(*(math.log(size) for size in self.em)))
        factor = min(1.0, em / usual_size(scan.page)) if scan.page.lines else 0.6
        width, height = (max(1, round(side * factor / MULTIPLE)) * MULTIPLE for side in scan.pixels.shape[::-1])
        shown = cv2.resize(scan.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        pixels = _cut(np.asarray(shown, np.uint8), (height, width))
        size = (width // REDUCTION, height // REDUCTION)
        return DrawnPage(pixels, label_map(pieces_of(scan.page), scan.placement, size, factor))

    def scan(self, number: int, *, worn: bool) -> "Scan":
        """Return page `number` at its full size, as it comes from a good printer or worn."""
        return self._scan(number, tuple(SHARES) if worn else ("clean",))[0]

    def _scan(self, number: int, profiles: Sequence[str], *, taught: bool = False) -> tuple["Scan", random.Random]:
        chance = random.Random(f"detector/{self.seed}/{number}")
        kind = COLUMNED[number // 3 % len(COLUMNED)] if number % 3 == 0 else KINDS[number % len(KINDS)]
        request = PageRequest(kind, f"{self.seed}/{number}")
        composed = compose_page(_spoken(request) if taught and number % SPOKEN == 1 else request)
        profile = PROFILES[chance.choices(profiles, [SHARES[name] for name in profiles])[0]]
        page, clean = composed.truth, draw_page(composed, color=profile.color)
        if taught:
            page, clean = changed_to_teach(page, clean, chance)
        page, clean = changed(page, clean, chance)
        degraded = degrade(clean, profile, chance.uniform(*STRENGTH), [chance.randrange(2**32)])
        return Scan(page, decoded(degraded.content), degraded.placement), chance


@dataclass(frozen=True, slots=True)
class Scan:
    """A drawn page at its full size."""

    page: LayoutPage
    """The truth at the pixels of the clean page."""
    pixels: NDArray[np.uint8]
    """(H, W) gray of the degraded page."""
    placement: Placement


def _spoken(request: PageRequest) -> PageRequest:
    """Return a request for a book with a dialogue."""
    chosen = choose_features("book", random.Random(f"dialogue/{request.seed}"), frozenset())
    return replace(request, kind="book", features=tuple(dict.fromkeys((*chosen, "dialogue"))))


def decoded(content: bytes) -> Pixels:
    """Return the gray pixels of an image file: what its format loses is lost."""
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def usual_size(page: LayoutPage) -> float:
    """Return the type size in pixels that most letters of a page have."""
    sizes = sorted((line.size, len(line.text)) for line in page.lines)
    half, passed = sum(count for _, count in sizes) / 2, 0
    for size, count in sizes:
        passed += count
        if passed >= half:
            return size
    return sizes[-1][0]


def _cut(pixels: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return pixels cut to `shape`, or continued by their last row and column."""
    height, width = shape
    missing = (max(0, height - pixels.shape[0]), max(0, width - pixels.shape[1]))
    grown = np.pad(pixels, ((0, missing[0]), (0, missing[1])), mode="edge")
    return np.ascontiguousarray(grown[:height, :width])


def draw_pages(supply: DrawnSupply, folder: Path) -> Iterator[int]:
    """Write the pages that `folder` has not yet; yield the number of each that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(supply.count):
        pixels, labels = page_files(folder, number)
        if not pixels.is_file():
            page = supply.page(number)
            _save(page.labels, labels)
            _save(page.pixels, pixels)
        yield number


def page_files(folder: Path, number: int) -> tuple[Path, Path]:
    """Return the files of the pixels and the labels of a page."""
    return folder / f"page-{number:05d}.npy", folder / f"labels-{number:05d}.npy"


def open_page(folder: Path, number: int) -> DrawnPage:
    """Return a page whose arrays are read from disk where they are used."""
    pixels, labels = (np.load(file, mmap_mode="r") for file in page_files(folder, number))
    return DrawnPage(pixels, labels)


def _save(array: NDArray[np.uint8], file: Path) -> None:
    part = file.with_suffix(".part")
    with part.open("wb") as target:
        np.save(target, array)
    part.replace(file)
