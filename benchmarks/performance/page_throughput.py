"""Measure the whole command on composed office pages: start, pages per second, and what each part costs.

    python -m benchmarks.performance.page_throughput [--pages 1000] [--folder FOLDER] [--sample 20] [--starts 5]

Scanned office pages are composed into FOLDER, unless it holds as many. One run of `ocr extract` reads them, JSON out;
CPU seconds are those of the command and of its children, by what they do, and wall seconds go from start to end. The
start is the wall time of a run over one white page, which takes no time to read. Then one process reads a sample of the
pages twice; the second time each part is timed, without the parts inside it. At last one reader reads the shared book
pages and another the gazette pages, which load `pt`: the memory that it held at most.
"""

import argparse
import functools
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
import psutil
from numpy.typing import NDArray
from PIL import Image

from benchmarks.accuracy.fast_reader import instructions
from benchmarks.paths import PAGES
from benchmarks.robustness.killed_runs import ENVIRONMENT, OCR
from ocr.core.document import Attempt, EngineOutput, Page
from ocr.core.worker_pool import Handler, Parcel
from ocr.engines.local import line_reader, orientation, ppocr, rapidocr_worker
from ocr.engines.local.detectors import fast_detector, line_finder
from ocr.engines.local.detectors.detector_selection import choose_detector
from ocr.engines.local.rapidocr import DEFAULT_DETECTOR, DEFAULT_RECOGNIZER, choose_backend
from ocr.engines.local.recognizers.fast_reader import FastReader
from ocr.engines.local.recognizers.selection import choose_recognizer
from ocr.pipeline.page_builder import build_page, classify
from ocr.storage import ledger

KINDS = "certificate,official-letter,letter,edict,petition"
SEED = 9101
DETECTOR, FAST, LARGE = "detector network", "fast recognizer network", "pt network"
PARTS: dict[str, tuple[tuple[Any, str], ...]] = {
    "gray and colored ink": ((rapidocr_worker, "shrunk"), (rapidocr_worker, "ink_layers")),
    "skew and turning": (
        *((orientation, name) for name in ("turn", "is_sideways", "find_skew", "level", "has_ink", "sparse_areas")),
    ),
    "ink, columns and rules": (
        *((orientation, name) for name in ("page_ink", "ruling_lines", "cut_edges", "hard_print")),
        *((line_reader, name) for name in ("page_ink", "cut")),
    ),
    "detector without network": ((fast_detector.FastDetector, "see"),),
    "strips": ((line_finder.LineFinder, "find"),),
    "fast recognizer without network": ((FastReader, "read_with_doubt"),),
    "pt without network": ((ppocr.Recognizer, "__call__"),),
    "marks": ((line_reader, "with_marks"),),
    "words and boxes": ((line_reader, "_line"), (line_reader.Place, "crops")),
}
"""Parts of a reader, and the functions that they are made of."""


class Clock:
    """CPU seconds of nested parts: each counts without the parts that it calls."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._inner: list[float] = []

    def timed(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def run(*values: Any, **named: Any) -> Any:
            began = time.process_time()
            self._inner.append(0.0)
            try:
                return work(*values, **named)
            finally:
                spent = time.process_time() - began
                self.seconds[part] += spent - self._inner.pop()
                if self._inner:
                    self._inner[-1] += spent

        return run

    def network(self, load: Callable[..., Any], parts: dict[str, str]) -> Callable[..., Any]:
        """A loader of networks whose calls are timed; `parts` maps the starts of file names."""

        def loaded(file: Path, *values: Any) -> Any:
            network, facts = load(file, *values)
            part = next((part for start, part in parts.items() if file.name.startswith(start)), LARGE)
            return TimedNetwork(self.timed(part, network), network.release), facts

        return loaded


@dataclass(frozen=True)
class TimedNetwork:
    """A network whose calls are timed."""

    run: Callable[..., Any]
    release: Callable[[], None]

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = self.run(batch)
        return output


def handler(backend: str) -> Handler:
    """The function of a worker with the default networks."""
    names = (choose_recognizer(DEFAULT_RECOGNIZER, None).to_text(), choose_detector(DEFAULT_DETECTOR).to_text())
    found: Handler = getattr(rapidocr_worker, backend)(*names)
    return found


def measure_parts(files: list[Path], backend: str) -> tuple[Counter[str], float]:
    """CPU seconds of all pages by part, and of all parts together."""
    clock = Clock()
    for part, functions in PARTS.items():
        for owner, name in functions:
            setattr(owner, name, clock.timed(part, getattr(owner, name)))
    parts = {"detector-fast": DETECTOR, "recognizer-fast": FAST}
    for table in (ppocr.NETWORKS, ppocr.BACKENDS):
        table[backend] = clock.network(table[backend], parts)  # type: ignore[index, assignment]
    read = clock.timed("reader, the rest", handler(backend))
    load = clock.timed("decoding", lambda file: np.asarray(Image.open(file).convert("RGB")))
    build = clock.timed("layout", built)
    pack = clock.timed("records", lambda page, output: (ledger._PAGE.dump_json(page), packed(output)))
    for _ in range(2):
        clock.seconds.clear()
        for file in files:
            output = read(Parcel(None, load(file))).value
            pack(build(output), output)
    return clock.seconds, sum(clock.seconds.values())


def built(output: EngineOutput) -> Page:
    return build_page(Attempt(output, *classify(output)), 1)


def packed(output: EngineOutput) -> bytes:
    return ledger._packed(ledger._GENERATION.dump_json(output))


def kind_of(process: psutil.Process, command: int) -> str:
    """What a process of the run does."""
    if process.pid == command:
        return "command (layout, records, outputs)"
    words = " ".join(process.cmdline())
    return "rendering" if "render_worker" in words else "reading" if "rapidocr_worker" in words else "other"


def run(folder: Path, out: Path, *options: str) -> tuple[float, Counter[str], list[float]]:
    """Wall seconds of `ocr extract`, CPU seconds by kind of process, and peak MB of each reader."""
    began = time.monotonic()
    words = [str(OCR), "extract", str(folder), "--to", str(out), "--out", "json", *options]
    child = subprocess.Popen(words, env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    root, used, peaks = psutil.Process(child.pid), dict[int, tuple[str, float]](), defaultdict[int, float](float)
    while child.poll() is None:
        try:
            processes = [root, *root.children(recursive=True)]
        except psutil.Error:
            break
        for process in processes:
            try:
                times, kind = process.cpu_times(), kind_of(process, root.pid)
                known = used.get(process.pid, (kind, 0.0))[0] if kind == "other" else kind
                used[process.pid] = known, times.user + times.system
                if kind == "reading":
                    peaks[process.pid] = max(peaks[process.pid], held_mb(process))
            except psutil.Error:
                continue
        time.sleep(0.02)
    if child.wait():
        raise SystemExit(f"ocr extract left with {child.returncode}")
    seconds = Counter[str]()
    for kind, spent in used.values():
        seconds[kind] += spent
    return time.monotonic() - began, seconds, list(peaks.values())


def measure_start(count: int) -> tuple[float, float]:
    """Wall seconds and CPU seconds (medians) of a run over one white page."""
    walls, used = [], []
    with tempfile.TemporaryDirectory() as folder:
        Image.new("L", (1654, 2339), 255).save(Path(folder) / "white.png", dpi=(200, 200))
        for number in range(count):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.monotonic()
            words = [str(OCR), "extract", f"{folder}/white.png", "--to", f"{folder}/out{number}", "--out", "json"]
            subprocess.run(words, env=ENVIRONMENT, stderr=subprocess.DEVNULL, check=True)
            walls.append(time.monotonic() - began)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(walls), median(used)


def peak_mb(pattern: str) -> float:
    """Peak MB of the only reader of a run over shared pages."""
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages"
        pages.mkdir()
        for file in PAGES.glob(pattern):
            shutil.copy(file, pages / file.name)
        return max(run(pages, Path(folder) / "text", "--set", "options.workers=1")[2])


def held_mb(process: psutil.Process) -> float:
    """Most memory that a process has held so far, shared libraries included."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def compose(folder: Path, count: int) -> Path:
    """Return the folder with the images, composed where fewer are there."""
    images = folder / "images"
    if len(list(images.glob("*"))) < count:
        words = ["data", "compose", "--kind", KINDS, "--degrade", "scan", "--seed", str(SEED), "--count", str(count)]
        subprocess.run([str(OCR), *words, "--to", str(folder)], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    return images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=Path("out/office"))
    parser.add_argument("--sample", type=int, default=20, help="pages whose parts are timed; 0 for none")
    parser.add_argument("--starts", type=int, default=5, help="runs over one white page; 0 for none")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    backend = choose_backend("auto")
    images = compose(arguments.folder, arguments.pages)
    print(f"backend {backend} on {instructions()}, {os.cpu_count()} cores", flush=True)
    if arguments.starts:
        wall, used = measure_start(arguments.starts)
        print(f"start: {wall:.2f} s to the end of a white page ({used:.2f} CPU seconds of all processes)", flush=True)
    with tempfile.TemporaryDirectory() as out:
        files = sorted(images.glob("*"))[: arguments.pages]
        chosen = Path(out) / "pages"
        chosen.mkdir()
        for file in files:
            os.link(file, chosen / file.name) if same_disk(file, chosen) else shutil.copy(file, chosen / file.name)
        wall, seconds, peaks = run(chosen, Path(out) / "text")
    count = len(files)
    print(
        f"{count} pages: {wall:.1f} s, {count / wall:.2f} pages/s; {sum(seconds.values()) / count:.3f} CPU s a page; "
        f"readers hold {', '.join(f'{peak:.0f}' for peak in sorted(peaks))} MB"
    )
    for kind, spent in seconds.most_common():
        print(f"  {kind:<36} {1000 * spent / count:7.1f} ms a page {spent / sum(seconds.values()):6.1%}", flush=True)
    if arguments.sample:
        step = max(1, count // arguments.sample)
        sample = files[::step][: arguments.sample]
        found, total = measure_parts(sample, backend)
        print(f"parts of a page, one process, {len(sample)} pages: {1000 * total / len(sample):.1f} CPU ms")
        for part, spent in found.most_common():
            print(f"  {part:<36} {1000 * spent / len(sample):7.1f} ms a page {spent / total:6.1%}")
    for name, pattern in (("book", "machado*.png"), ("gazette", "dodf*.png")):
        if list(PAGES.glob(pattern)):
            print(f"the reader of the {name} pages held {peak_mb(pattern):.0f} MB at most", flush=True)


def same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


if __name__ == "__main__":
    main()
