"""Compare recognizers on whole pages with the same detector and layout, in one run on one thread.

    python -m benchmarks.recognizer.page_errors --model stock --model pt [--surer 0.9] [--composed NAME=FOLDER]

A model is stock, pt or an ONNX file. The others are compared with the first one, page by page. `--surer THRESHOLD` (may
be repeated) adds the second model with the first for lines whose mean confidence is below the threshold. CER as in
`character_errors`. `--to` keeps every page's rate as JSON. With `--most SHARE` it exits with 1 where the second model
makes more than this share of the first one's errors on a set.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

import cv2
import numpy as np

from benchmarks.accuracy.character_errors import printed
from benchmarks.accuracy.fast_reader import Clock, Timed, load_sets
from benchmarks.paths import PAGES
from benchmarks.recognizer.surer import SurerReader
from eval.metrics.edit_distance import character_errors
from eval.metrics.stats import bootstrap_mean
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.engines.local.ppocr import Detector, Recognizer
from ocr.engines.local.recognizers.selection import shipped_file
from ocr.layout.page import arrange


def load_readers(models: list[str], thresholds: list[float], backend: str, clock: Clock) -> dict[str, Any]:
    """Name -> line recognizer; each network reads each line once, whoever asks."""
    timed = {}
    for model in models:
        file = None if model == "stock" else shipped_file("pt") if model == "pt" else Path(model)
        name = model if model in ("stock", "pt") or file is None else f"{file.parent.name}/{file.stem}"
        timed[name] = Timed(name, Recognizer(backend, file), clock)
    names = list(timed)
    surer = {
        f"{names[1]}, surer {threshold:g}": SurerReader(timed[names[1]], lambda: timed[names[0]], threshold)
        for threshold in thresholds
    }
    return {**timed, **surer}


def report(name: str, rates: dict[str, list[float]], reread: dict[str, int], lines: dict[str, int]) -> None:
    """One row a reader: mean CER, the paired difference from the first reader, and lines read again."""
    first = next(iter(rates.values()))
    for reader, found in rates.items():
        changes = [one - other for one, other in zip(found, first, strict=True)]
        interval = bootstrap_mean(changes, [str(place) for place in range(len(changes))], seed=0)
        bounds = "" if interval.low is None else f" ({100 * interval.low:+.2f} to {100 * (interval.high or 0):+.2f})"
        better, worse = sum(change < 0 for change in changes), sum(change > 0 for change in changes)
        print(
            f"| {name} | {len(found)} | {reader} | {100 * mean(found):.2f} | {100 * interval.value:+.2f}{bounds} "
            f"| {better} / {worse} | {reread[reader] / max(1, lines[reader]):.1%} |",
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--surer", action="append", type=float, default=[])
    parser.add_argument("--backend", default="openvino", choices=("openvino", "onnxruntime"))
    parser.add_argument("--pages", type=Path, default=PAGES)
    parser.add_argument("--composed", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--only", default="", help="sets whose name holds this")
    parser.add_argument("--most", type=float, default=0.0, help="share of the first model's errors; 0: no bar")
    parser.add_argument("--to", type=Path, help="file for every page's rate")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    clock = Clock()
    detector = Timed("detector", Detector(given.backend), clock)
    readers = load_readers(given.model, given.surer, given.backend, clock)
    print("| set | pages | reader | CER % | change, points (95%) | pages better / worse | lines read again |")
    print("|---|---|---|---|---|---|---|")
    missed = False
    kept: dict[str, dict[str, dict[str, float]]] = {}
    for name, rows in load_sets(given.pages, given.composed, given.only).items():
        rates: dict[str, list[float]] = defaultdict(list)
        reread: dict[str, int] = defaultdict(int)
        lines: dict[str, int] = defaultdict(int)
        for file, text in rows:
            gray = np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8)
            clock.known.clear()
            for reader, recognizer in readers.items():
                output = read_page(PpocrPageReader(given.backend, recognizer, detector), gray)
                rate = character_errors(text, printed(arrange(output, 1)), "normalised").rate
                rates[reader].append(rate)
                lines[reader] += len(output.lines or ())
                reread[reader] += recognizer.take_reread() if isinstance(recognizer, SurerReader) else 0
                kept.setdefault(name, {}).setdefault(file.name, {})[reader] = round(rate, 6)
        report(name, rates, reread, lines)
        first, second = (mean(found) for found in list(rates.values())[:2])
        missed |= given.most > 0 and second > given.most * first
        if given.to:
            given.to.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
