"""Measure how long an engine is kept full: `python -m benchmarks.performance.engine_occupancy [PAGES]`.

A fake engine of fixed latency wants so many pages at once; the real `ocr extract` feeds it from a TIFF of small pages
(finding, drawing, ledger and outputs included). Measured from the moment it is full first until the last page is
handed out, so neither start-up nor the tail counts; the tail has too few pages left to fill any engine.
"""

import asyncio
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from PIL import Image

from benchmarks.arguments import parse_positional
from ocr.core.document import EngineOutput
from ocr.core.settings import load
from ocr.engines.base import Request
from ocr.pipeline.extract import extract_to_folder
from ocr.pipeline.options import ExtractSettings, Job, Selection
from ocr.pipeline.progress import make_progress

WANTED, LATENCY = 64, 6.0
"""10.7 pages/s: nearly twice the fastest reader of this size on one H100 (LightOnOCR-2-1B, 5.71 pages/s)."""


class FakeEngine:
    name, fingerprint, concurrency = "fake", "fake", WANTED

    def __init__(self) -> None:
        self.changes: list[tuple[float, int]] = []
        self._flying = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def read(self, request: Request) -> EngineOutput:
        self._fly(+1)
        await asyncio.sleep(LATENCY)
        self._fly(-1)
        return EngineOutput("stop", f"Página {request.image.number}.", completion_tokens=4)

    def _fly(self, change: int) -> None:
        self._flying += change
        self.changes.append((time.perf_counter(), self._flying))


ENGINE = FakeEngine()


def create(_: object) -> FakeEngine:
    return ENGINE


def measure(changes: list[tuple[float, int]]) -> tuple[float, float]:
    """Share of time with all wanted pages in flight, and the mean number in flight over the wanted one."""
    first = next(place for place, (_, flying) in enumerate(changes) if flying == WANTED)
    handed_out = [place for place in range(1, len(changes)) if changes[place][1] > changes[place - 1][1]]
    window = changes[first : handed_out[-1] + 1]
    spans = [(later - now, flying) for (now, flying), (later, _) in pairwise(window)]
    whole = sum(span for span, _ in spans)
    full = sum(span for span, flying in spans if flying >= WANTED)
    return full / whole, sum(span * flying for span, flying in spans) / whole / WANTED


def main() -> None:
    count = parse_positional(__doc__, pages=1000).pages
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in range(10):
            pages = [Image.new("L", (620, 877), 100 + (file * 7 + page) % 150) for page in range(count // 10)]
            pages[0].save(folder / f"{file}.tif", save_all=True, append_images=pages[1:])
        flags = {"engine": "__main__:create"}
        settings = load(ExtractSettings, file=None, assignments=[], flags=flags)
        job = Job((str(folder),), settings, Selection())
        started = time.perf_counter()
        extract_to_folder(job, folder / "out", make_progress(quiet=True, log_json=False))
        seconds = time.perf_counter() - started
    full, mean = measure(ENGINE.changes)
    speed = f"{seconds:.1f} s, {count / seconds:.1f} pages/s"
    print(f"{count:,} pages, {WANTED} wanted in flight, {LATENCY:g} s each: {speed}")
    print(f"all wanted pages in flight: {full:.1%} of the time (bar: 95%)")
    print(f"mean number in flight:      {mean:.1%} of the wanted")
    sys.exit(full < 0.95)


if __name__ == "__main__":
    main()
