"""Compare recognizers on whole pages with the same detector and layout, in one run on one thread.

    python -m benchmarks.recognizer.page_errors --model stock --model pt [--surer 0.9] [--composed NAME=FOLDER]

A model is stock, pt or an ONNX file. The others are compared with the first one, page by page. `--surer THRESHOLD` (may
be repeated) adds the second model with the first for lines whose mean confidence is below the threshold. CER as in
`character_errors`, of the page in reading order. Of composed pages the illegible places are left out of reference and
output, and each line is compared in its place as well (`legible_words`); change and bar are then those of lines, since
the reading order is the layout's. `--to` keeps every page's rate as JSON. With `--most SHARE` it exits with 1 where the
second model makes more than this share of the first one's errors on a set.
"""

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import cv2
import numpy as np

from benchmarks.accuracy.character_errors import printed
from benchmarks.accuracy.fast_reader import Clock, Timed, load_sets, rows_of, timed_detector
from benchmarks.paths import PAGES
from benchmarks.recognizer.legible_words import is_level, legible_reference, legible_words, line_errors
from benchmarks.recognizer.surer import SurerReader
from eval.metrics.edit_distance import character_errors
from eval.metrics.stats import bootstrap_mean
from ocr.core.document import EngineOutput
from ocr.core.files import hash_file
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.engines.local.ppocr import Recognizer
from ocr.engines.local.rapidocr import DEFAULT_DETECTOR
from ocr.engines.local.recognizers.selection import shipped_file
from ocr.layout.page import arrange
from training.recognizer.bases import base_file


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


@dataclass
class SetResult:
    """What one reader made of a set of pages."""

    pages: list[float] = field(default_factory=list)
    """CER of each page in reading order."""
    lines: list[float] = field(default_factory=list)
    """CER of each page line by line; empty where the lines are not known."""
    read: int = 0
    reread: int = 0

    @property
    def judged(self) -> list[float]:
        """Return the rates that readers are compared by."""
        return self.lines or self.pages


def report(name: str, results: dict[str, SetResult]) -> None:
    """One row a reader: mean CER, the paired difference from the first reader, and lines read again."""
    first = next(iter(results.values())).judged
    for reader, found in results.items():
        changes = [one - other for one, other in zip(found.judged, first, strict=True)]
        interval = bootstrap_mean(changes, [str(place) for place in range(len(changes))], seed=0)
        bounds = "" if interval.low is None else f" ({100 * interval.low:+.2f} to {100 * (interval.high or 0):+.2f})"
        better, worse = sum(change < 0 for change in changes), sum(change > 0 for change in changes)
        by_line = f"{100 * mean(found.lines):.2f}" if found.lines else "-"
        print(
            f"| {name} | {len(changes)} | {reader} | {100 * mean(found.pages):.2f} | {by_line} "
            f"| {100 * interval.value:+.2f}{bounds} | {better} / {worse} | {found.reread / max(1, found.read):.1%} |",
            flush=True,
        )


def composed_rows(composed: list[str]) -> dict[Path, dict[str, Any]]:
    """Image file of a composed page -> its row of the manifest."""
    folders = [Path(entry.partition("=")[2]) for entry in composed]
    return {folder / row["image"]: row for folder in folders for row in rows_of(folder)}


def error_rates(reference: str, output: EngineOutput, row: dict[str, Any] | None) -> list[float]:
    """CER of a page in reading order, and of a composed page line by line as well."""
    page = arrange(output, 1)
    if row is None:
        return [character_errors(reference, printed(page), "normalized").rate]
    places = row.get("illegible", [])
    read = " ".join(word.text for word in legible_words(page, places))
    level = [line for line in row["lines"] if is_level(line)]
    upright = [line["box"] for line in row["lines"] if not is_level(line)]
    by_line = line_errors(level, legible_words(page, [*places, *upright]), output.skew)
    return [character_errors(legible_reference(reference), read, "normalized").rate, by_line.rate]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--surer", action="append", type=float, default=[])
    parser.add_argument("--backend", default="openvino", choices=("openvino", "onnxruntime"))
    parser.add_argument("--detector", default=DEFAULT_DETECTOR, help="as options.detector has it")
    parser.add_argument("--pages", type=Path, default=PAGES)
    parser.add_argument("--composed", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--only", default="", help="sets whose name holds this")
    parser.add_argument("--most", type=float, default=0.0, help="share of the first model's errors; 0: no bar")
    parser.add_argument("--to", type=Path, help="file for every page's rate")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    clock = Clock()
    detector = timed_detector(given.detector, given.backend, clock)
    readers = load_readers(given.model, given.surer, given.backend, clock)
    digests = (f"{model} is {hash_file(base_file(model))[:8]}" for model in given.model)
    print(f"SHA-256: {', '.join(digests)}\n")
    print("| set | pages | reader | CER % | line by line, CER % | change (95%) | pages better / worse | read again |")
    print("|---" * 8 + "|")
    missed = False
    kept: dict[str, dict[str, dict[str, list[float]]]] = {}
    composed = composed_rows(given.composed)
    for name, pages in load_sets(given.pages, given.composed, given.only).items():
        results: dict[str, SetResult] = defaultdict(SetResult)
        for file, text in pages:
            gray = np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8)
            clock.known.clear()
            for reader, recognizer in readers.items():
                output = read_page(PpocrPageReader(given.backend, recognizer, detector), gray)
                rates = error_rates(text, output, composed.get(file))
                result = results[reader]
                result.pages.append(rates[0])
                result.lines += rates[1:]
                result.read += len(output.lines or ())
                result.reread += recognizer.take_reread() if isinstance(recognizer, SurerReader) else 0
                kept.setdefault(name, {}).setdefault(file.name, {})[reader] = [round(rate, 6) for rate in rates]
        report(name, results)
        first, second = (mean(found.judged) for found in list(results.values())[:2])
        missed |= given.most > 0 and second > given.most * first
        if given.to:
            given.to.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
