"""Measure the fast recognizer and the cascade beside the large one and Tesseract, in one run on one thread.

    python -m benchmarks.accuracy.fast_reader [--fast FILE] [--large FILE] [--detector full] [--detector fast]
        [--composed NAME=FOLDER] [--tesseract]

Sets are the shared pages (as in `character_errors`) and folders that `ocr data compose` wrote. Every network reads each
line once, and its CPU seconds (process time of this one thread) are recorded. Every reader is then put together from
what was recorded, so all thresholds are compared on the same measurement. The fast networks read a page twice and the
second time counts, because OpenVINO prepares each new size of a batch once. CER as in `character_errors`: mean over
pages; header, text, margin and footer as printed.
"""

import argparse
import json
import os
import platform
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import cv2
import numpy as np

from benchmarks.accuracy.character_errors import name_of, printed
from benchmarks.paths import PAGES
from eval.metrics.edit_distance import character_errors
from ocr.core.document import EngineOutput
from ocr.engines.local.detectors.detector_selection import choose_detector
from ocr.engines.local.detectors.line_finder import PageDetector, PageMap
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.engines.local.ppocr import Reading, Recognizer, surest
from ocr.engines.local.rapidocr import choose_backend
from ocr.engines.local.rapidocr_worker import load_detector
from ocr.engines.local.recognizers.cascade import Calibration, CascadeReader
from ocr.engines.local.recognizers.fast_reader import FastReader, FastReading
from ocr.engines.local.recognizers.loading import CALIBRATION, load_recognizer
from ocr.engines.local.recognizers.selection import RecognizerChoice, shipped_file
from ocr.engines.local.skew import Gray
from ocr.engines.local.tesseract_worker import TesseractReader
from ocr.layout.page import arrange

NOT_RUN = 77
THRESHOLDS = (0.005, 0.01, 0.02)


@dataclass
class Clock:
    """CPU seconds of networks, as they were measured when a network first saw its input."""

    seconds: float = 0.0
    """Of the page at hand."""
    measured: float = 0.0
    """Really spent while the page at hand was read: what the process time holds already."""
    known: dict[bytes, tuple[Any, float]] = field(default_factory=dict)

    def ask(self, key: bytes, work: Callable[[], Any], *, prepare: bool = False) -> Any:
        """Return what `work` gave for `key`, and count its seconds; with `prepare` it runs once before that."""
        if key not in self.known:
            prepared = time.process_time()
            if prepare:
                work()
            began = time.process_time()
            result = work()
            ended = time.process_time()
            self.known[key] = result, ended - began
            self.measured += ended - prepared
        result, seconds = self.known[key]
        self.seconds += seconds
        return result


def key_of(name: str, *images: Gray) -> bytes:
    return name.encode() + b"".join(str(image.shape).encode() + image.tobytes() for image in images)


@dataclass
class Timed:
    """A network whose work is recorded: detector, fast recognizer or large recognizer."""

    name: str
    network: Any
    clock: Clock

    def __call__(self, gray: Gray) -> Any:
        return self.clock.ask(key_of(self.name, gray), lambda: self.network(gray).copy())

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        return [self.clock.ask(key_of(self.name, line), lambda line=line: self.network(line)) for line in lines]

    def read_surest(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, Reading]]:
        found = [self.read(group) for group in groups]
        ways = [surest(readings) for readings in found]
        return [(way, readings[way]) for way, readings in zip(ways, found, strict=True)]


@dataclass
class TimedFast(Timed):
    """The fast recognizer: a whole page is one piece of work."""

    def read_with_doubt(self, lines: Sequence[Gray]) -> list[FastReading]:
        if not lines:
            return []
        found: list[FastReading] = self.clock.ask(
            key_of(self.name, *lines), lambda: self.network.read_with_doubt(lines), prepare=True
        )
        return found

    def read_surest_with_doubt(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, FastReading]]:
        found = iter(self.read_with_doubt([line for group in groups for line in group]))
        parts = [[next(found) for _ in group] for group in groups]
        ways = [surest([fast.reading for fast in part]) for part in parts]
        return [(way, part[way]) for way, part in zip(ways, parts, strict=True)]

    def read_surest(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, Reading]]:
        return [(way, fast.reading) for way, fast in self.read_surest_with_doubt(groups)]

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        return [fast.reading for fast in self.read_with_doubt(lines)]


@dataclass
class TimedPageDetector:
    """A detector that sees the whole page."""

    name: str
    network: PageDetector
    clock: Clock

    def see(self, gray: Gray, letter: float) -> PageMap:
        key = key_of(f"{self.name} {letter}", gray)
        found: PageMap = self.clock.ask(key, lambda: self.network.see(gray, letter), prepare=True)
        return found


def timed_detector(name: str, backend: str, clock: Clock) -> Timed | TimedPageDetector:
    """Load the detector that `options.detector` calls `name`."""
    network = load_detector(choose_detector(name).to_text(), backend)
    kind = TimedPageDetector if isinstance(network, PageDetector) else Timed
    return kind(f"detector {name}", network, clock)


@dataclass(frozen=True)
class PageResult:
    cer: float
    seconds: float
    networks: float
    lines: int
    reread: int


def read_with(reader: PpocrPageReader, clock: Clock, gray: Gray) -> tuple[EngineOutput, float, float]:
    """The page, CPU seconds of all, and of the networks alone."""
    clock.seconds = clock.measured = 0.0
    began = time.process_time()
    output = read_page(reader, gray)
    spent = time.process_time() - began
    return output, spent - clock.measured + clock.seconds, clock.seconds


def load_sets(pages: Path, composed: Sequence[str], only: str) -> dict[str, list[tuple[Path, str]]]:
    """Name of a set -> image files and their text."""
    found = defaultdict(list)
    if (pages / "manifest.jsonl").is_file():
        for row in rows_of(pages):
            found[name_of(row)].append((pages / row["image"], row["text"]))
    for entry in composed:
        name, _, folder = entry.partition("=")
        for row in rows_of(Path(folder)):
            text = "\n".join(row[part] for part in ("header", "text", "margin", "footer") if row.get(part))
            found[name].append((Path(folder) / row["image"], text))
    return {name: rows for name, rows in found.items() if not only or only in name}


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def tesseract_page(gray: Gray) -> tuple[EngineOutput, float]:
    """The page as Tesseract reads it, and CPU seconds of the programs that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = read_page(TesseractReader(), gray)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return output, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def instructions(table: Path = Path("/proc/cpuinfo")) -> str:
    """The widest instructions of this machine's processor that its table of flags names."""
    flags = set(table.read_text(encoding="ascii", errors="replace").split()) if table.is_file() else set()
    names = {"amx_bf16": "AMX", "avx512f": "AVX-512", "avx2": "AVX2"}
    return next((name for flag, name in names.items() if flag in flags), platform.machine())


class Bench:
    """All readers over recorded networks."""

    def __init__(self, fast: Path, large: Path | None, backend: str, detectors: Sequence[str]) -> None:
        self.clock = Clock()
        self._detectors = {name: timed_detector(name, backend, self.clock) for name in detectors}
        self._fast = TimedFast("fast", FastReader(fast, backend), self.clock)
        self._stock = Timed("stock", Recognizer(backend), self.clock)
        whole = load_recognizer(RecognizerChoice("pt", large=str(large or "")), backend)
        self._large = Timed("large", whole, self.clock) if large else self._stock
        self._backend = backend

    def readers(self, calibration: Calibration) -> dict[tuple[str, str], Any]:
        """Recognizer and detector, by name -> line recognizer."""
        cascades = {
            f"cascade {threshold:g}": CascadeReader(self._fast, lambda: self._large, threshold, calibration)  # type: ignore[arg-type]
            for threshold in THRESHOLDS
        }
        stock = {"stock": self._stock} if self._large is self._stock else {}
        large = {} if self._large is self._stock else {"large": self._large}
        whole = {**stock, **large, "fast": self._fast, **cascades}
        return {(name, detector): reader for detector in self._detectors for name, reader in whole.items()}

    def run(
        self, rows: Sequence[tuple[Path, str]], readers: dict[tuple[str, str], Any]
    ) -> dict[tuple[str, str], list[PageResult]]:
        """Every reader on every page."""
        found = defaultdict(list)
        for file, text in rows:
            gray = np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8)
            self.clock.known.clear()
            for name, recognizer in readers.items():
                reader = PpocrPageReader(self._backend, recognizer, self._detectors[name[1]])
                output, seconds, networks = read_with(reader, self.clock, gray)
                reread = recognizer.take_reread() if isinstance(recognizer, CascadeReader) else 0
                cer = character_errors(text, printed(arrange(output, 1)), "normalized").rate
                found[name].append(PageResult(cer, seconds, networks, len(output.lines or ()), reread))
        return found


def report(name: str, found: dict[tuple[str, str], list[PageResult]]) -> None:
    """One row a reader."""
    for (reader, detector), pages in found.items():
        lines = sum(page.lines for page in pages)
        print(
            f"| {name} | {len(pages)} | {reader} | {detector} | {100 * mean(page.cer for page in pages):.2f} "
            f"| {mean(page.seconds for page in pages):.3f} | {mean(page.networks for page in pages):.3f} "
            f"| {sum(page.reread for page in pages) / max(1, lines):.1%} |",
            flush=True,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", type=Path, default=shipped_file("fast"), help="default: the shipped one")
    parser.add_argument("--large", type=Path, default=shipped_file("pt"), help="default: the shipped pt, else stock")
    parser.add_argument("--backend", default=choose_backend("auto"), choices=("openvino", "onnxruntime"))
    parser.add_argument("--pages", type=Path, default=PAGES)
    parser.add_argument("--composed", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--only", default="", help="sets whose name holds this")
    parser.add_argument("--most", type=int, default=0, help="pages of each set; 0 for all")
    parser.add_argument("--detector", action="append", default=[], help="as options.detector has it; default: full")
    parser.add_argument("--tesseract", action="store_true")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    os.environ["OMP_THREAD_LIMIT"] = "1"  # Tesseract's threads wait for each other in loops.
    sets = load_sets(arguments.pages, arguments.composed, arguments.only)
    if not sets:
        print(f"no pages in {arguments.pages} and no --composed folder")
        return NOT_RUN
    bench = Bench(arguments.fast, arguments.large, arguments.backend, arguments.detector or ["full"])
    readers = bench.readers(CALIBRATION)
    print(f"backend {arguments.backend} on {instructions()}\n")
    print("| set | pages | reader | detector | CER % | CPU s/page | of it networks | lines read again |")
    print("|---|---|---|---|---|---|---|---|")
    for name, rows in sets.items():
        chosen = rows[: arguments.most or None]
        found = bench.run(chosen, readers)
        if arguments.tesseract:
            for file, text in chosen:
                gray = np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8)
                output, seconds = tesseract_page(gray)
                cer = character_errors(text, printed(arrange(output, 1)), "normalized").rate
                found["tesseract", "-"].append(PageResult(cer, seconds, seconds, len(output.lines or ()), 0))
        report(name, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
