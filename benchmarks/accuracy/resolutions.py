"""Read the same real pages at several resolutions: `python -m benchmarks.accuracy.resolutions MANIFEST [--kept F]`.

MANIFEST is a manifest.jsonl beside its images. Eight pages are read: three of a book, three of gazettes, two cuttings
of newspapers of 1887 and 1900. They are no new scans: the stored image is resampled, averaged where it shrinks and
interpolated where it grows. Its resolution stands in `capture`; without one it counts as 200 dpi. "phone" is the size
of a phone's photograph, 4032 pixels on the longer side, as JPEG of quality 75. One worker reads each resolution, and
its peak memory is measured. `--kept` keeps what was measured, so that a stopped run goes on. Exits with 1 where the
mean CER of a resolution of 150 dpi or more, or of the phone, is .3 points above the best of them, or where a reader
takes more than 1.0 GB; with 77 without the pages.
"""

import argparse
import json
import multiprocessing
import re
import resource
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import mean
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.character_errors import printed
from benchmarks.run_all import NOT_RUN
from eval.metrics.edit_distance import character_errors
from ocr.core.worker_pool import Parcel
from ocr.engines.local import rapidocr_worker
from ocr.engines.local.detectors.detector_selection import choose_detector
from ocr.engines.local.rapidocr import DEFAULT_DETECTOR, DEFAULT_RECOGNIZER, choose_backend
from ocr.engines.local.recognizers.selection import choose_recognizer
from ocr.layout.page import arrange

PAGES = {
    "book": ("machado_casaVelha_p002", "machado_casaVelha_p025", "machado_casaVelha_p051"),
    "gazette": ("dodf2001_p012", "dodf2019_p004", "dodf2020jan_p023"),
    "newspaper": ("hemdig_paiz1887_c1b", "hemdig_paiz1900_c3"),
}
PHONE = "phone"
RESOLUTIONS = ("75", "100", "150", "200", "300", "400", "600", PHONE)
HELD = RESOLUTIONS[2:]
"""The resolutions that the bar is for."""
PHONE_SIDE, PHONE_QUALITY = 4032, 75
UNKNOWN_DPI = 200.0
CER_BAR, MEMORY_BAR = 0.003, 1.0
"""Points of CER above the best resolution, as a share; GB of a reader."""


def resample(image: NDArray[np.uint8], dpi: float, resolution: str) -> tuple[NDArray[np.uint8], str]:
    """Return the image (H, W, 3) as it is at a resolution, and the file type to keep it in."""
    factor = PHONE_SIDE / max(image.shape[:2]) if resolution == PHONE else float(resolution) / dpi
    size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    pixels = image if factor == 1 else np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)
    return pixels, ".jpg" if resolution == PHONE else ".png"


def stored_dpi(row: Mapping[str, Any]) -> float:
    """Return the resolution that a manifest row names."""
    found = re.search(r"(\d+) dpi", row.get("capture") or "")
    return float(found[1]) if found else UNKNOWN_DPI


def read_files(files: Sequence[str]) -> tuple[list[str], float]:
    """Return the printed text of each image, and the peak memory of this process in GB."""
    load = getattr(rapidocr_worker, choose_backend("auto"))
    read = load(choose_recognizer(DEFAULT_RECOGNIZER).to_text(), choose_detector(DEFAULT_DETECTOR).to_text())
    texts = []
    for file in files:
        page = Parcel(None, np.asarray(cv2.imread(file, cv2.IMREAD_COLOR_RGB), np.uint8))
        texts.append(printed(arrange(read(page).value, 1)))
        del page  # A worker holds one page at a time.
    return texts, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def measure(rows: Mapping[str, Mapping[str, Any]], folder: Path, resolution: str) -> dict[str, Any]:
    """Return the rate of each page at a resolution and the reader's memory; `folder` holds the images."""
    with tempfile.TemporaryDirectory() as place:
        files = []
        for name, row in rows.items():
            image = np.asarray(cv2.imread(str(folder / row["image"]), cv2.IMREAD_COLOR), np.uint8)
            pixels, kind = resample(image, stored_dpi(row), resolution)
            files.append(str(Path(place) / f"{name}{kind}"))
            cv2.imwrite(files[-1], pixels, [cv2.IMWRITE_JPEG_QUALITY, PHONE_QUALITY] if kind == ".jpg" else [])
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            texts, memory = pool.submit(read_files, files).result()
    rates = {
        name: character_errors(row["text"], text, "normalized").rate
        for (name, row), text in zip(rows.items(), texts, strict=True)
    }
    return {"rates": rates, "memory": memory, "texts": dict(zip(rows, texts, strict=True))}


def report(measured: Mapping[str, Mapping[str, Any]]) -> bool:
    """Print one row a resolution; return whether a bar is missed."""
    means = {resolution: mean(found["rates"].values()) for resolution, found in measured.items()}
    best = min(means[resolution] for resolution in HELD)
    print("| dpi | all pages, CER | " + " | ".join(PAGES) + " | above the best | memory, GB |")
    print("|---|---|" + "---|" * len(PAGES) + "---|---|")
    missed = False
    for resolution, found in measured.items():
        parts = (f"{mean(found['rates'][page] for page in pages):.2%}" for pages in PAGES.values())
        above = means[resolution] - best
        missed |= found["memory"] > MEMORY_BAR or (resolution in HELD and above > CER_BAR)
        print(
            f"| {resolution} | {means[resolution]:.2%} | {' | '.join(parts)} | {100 * above:+.2f} points "
            f"| {found['memory']:.2f} |"
        )
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--kept", type=Path, help="JSON file with what is already measured")
    given = parser.parse_args()
    if not given.manifest.is_file():
        print(f"{given.manifest} does not exist")
        return NOT_RUN
    found = [json.loads(line) for line in given.manifest.read_text(encoding="utf-8").splitlines()]
    by_name = {row["id"]: row for row in found}
    rows = {name: by_name[name] for names in PAGES.values() for name in names}
    kept = given.kept if given.kept and given.kept.is_file() else None
    measured: dict[str, dict[str, Any]] = json.loads(kept.read_text(encoding="utf-8")) if kept else {}
    for resolution in RESOLUTIONS:
        if resolution not in measured:
            measured[resolution] = measure(rows, given.manifest.parent, resolution)
            if given.kept:
                given.kept.write_text(json.dumps(measured, ensure_ascii=False, indent=1), encoding="utf-8")
    return int(report({resolution: measured[resolution] for resolution in RESOLUTIONS}))


if __name__ == "__main__":
    sys.exit(main())
