"""Compare composed, degraded pages with real scans by five statistics.

    python -m benchmarks.synthesis.realism [SCANS] [PAGES]

Real: four crops of newspapers on microfilm (hemdig, 1887 and 1900) for `microfilm`, four photographs of parchment
(iforal) for `archive`. The other pages of that folder are renderings of PDF files and say nothing about scanners.
"""

import random
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.arguments import parse_positional
from benchmarks.paths import PAGES
from data.synthesis.composed_document import draw_setting
from data.synthesis.degradation import PROFILES, degrade
from data.synthesis.fonts import SHIPPED, read_faces
from data.synthesis.page_types import PAGE_TYPES
from data.synthesis.text_layer import open_pdf, render
from data.synthesis.typesetting import build_source, typeset
from data.text.generators import write_document

NAMES = ("noise", "edge width", "background spread", "skew", "ink density")
REAL = {"microfilm": ("hemdig_*.png", "newspaper"), "archive": ("iforal_*.jpg", "contract")}
DPI = {"microfilm": 250, "archive": 200}
"""At 250 the composed newspaper has lines 31 pixels apart, as the real crops have."""
LETTER = 14.0
"""Images are scaled so that letters are about so many pixels high: the statistics depend on it."""


def letter_height(grey: NDArray[np.uint8]) -> float:
    """Median height of connected ink, in pixels."""
    _, dark = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
    heights = stats[1:, cv2.CC_STAT_HEIGHT]
    heights = heights[(heights > 4) & (heights < grey.shape[0] / 10)]
    return float(np.median(heights)) if len(heights) else LETTER


def statistics(grey: NDArray[np.uint8]) -> tuple[float, ...]:
    """The five of one page: grey levels, pixels, grey levels, degrees, share of the page."""
    scale = LETTER / letter_height(grey)
    grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    around = cv2.blur(cv2.dilate(cv2.medianBlur(grey, 5), np.ones((31, 31), np.uint8)), (31, 31))
    ink = np.where(grey < 0.75 * around, np.uint8(255), np.uint8(0))  # against the paper nearby: shadows are no ink
    paper = cv2.dilate(ink, np.ones((5, 5), np.uint8)) == 0
    residual = grey.astype(np.float32) - cv2.medianBlur(grey, 5)
    noise = float(np.std(residual[paper])) if paper.any() else 0.0
    cells = [
        grey[y : y + 48, x : x + 48] for y in range(0, grey.shape[0] - 48, 48) for x in range(0, grey.shape[1] - 48, 48)
    ]
    local = np.array([np.percentile(cell, 90) for cell in cells])
    spread = float(np.percentile(local, 95) - np.percentile(local, 5))
    steps = np.abs(np.diff(grey.astype(np.float32), axis=1))
    contrast = float(np.median(grey[paper])) - float(np.median(grey[ink > 0]))
    edge = contrast / max(1.0, float(np.percentile(steps[ink[:, 1:] > 0], 90)))
    return noise, edge, spread, abs(skew(ink)), float((ink > 0).mean())


def skew(ink: NDArray[np.uint8]) -> float:
    """The turn, in degrees, that makes the rows of ink sharpest; -4 to 4."""
    small = cv2.resize(ink, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = small.shape
    best = (-1.0, 0.0)
    for angle in np.arange(-4, 4.01, 0.2):
        turned = cv2.warpAffine(small, cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1), (width, height))
        best = max(best, (float(np.var(np.diff(turned.sum(axis=1, dtype=np.float64)))), float(angle)))
    return -best[1]


def composed(profile: str, kind: str, count: int) -> list[tuple[float, ...]]:
    """The statistics of composed pages, cut to the middle as the real ones are."""
    found = []
    for number in range(count):
        seed = f"believable/{number}"
        blocks = write_document(PAGE_TYPES[kind].symbol, seed)
        setting = draw_setting(PAGE_TYPES[kind], blocks, seed, random.Random(seed), read_faces())
        page = open_pdf(typeset(build_source(blocks, setting), (SHIPPED,)))[0]
        chosen = PROFILES[profile]
        pixels = degrade(render(page, DPI[profile], color=chosen.color), chosen, 1.0, (5, number)).pixels
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
        height, width = grey.shape
        found.append(statistics(grey[height // 10 : height // 2, width // 10 : -width // 10]))
    return found


def main(folder: Path, count: int) -> None:
    for profile, (pattern, kind) in REAL.items():
        paths = sorted(folder.glob(pattern))
        real = np.array([statistics(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) for path in paths])
        ours = np.array(composed(profile, kind, count))
        print(f"{profile}: {count} composed pages ({kind}) against {len(real)} real images ({pattern})")
        for place, name in enumerate(NAMES):
            low, high = np.percentile(real[:, place], [5, 95])
            middle = np.median(ours[:, place])
            inside = float(np.mean((ours[:, place] >= low) & (ours[:, place] <= high)))
            verdict = "inside" if low <= middle <= high else "OUTSIDE"
            said = f"real 5-95% {low:7.3f} .. {high:7.3f}   composed median {middle:7.3f}"
            print(f"  {name:18} {said}  {verdict}, {inside:.0%} of pages in")


if __name__ == "__main__":
    wanted = parse_positional(__doc__, scans=PAGES, pages=40)
    main(wanted.scans, wanted.pages)
