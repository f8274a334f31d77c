"""Compare the engine's speed with a plain RapidOCR loop: `python -m benchmarks.performance.engine_speed [--pages N]`.

Both sides get the same decoded pixels, with models loaded and one page of each set read before the clock starts. The
plain loop is RapidOCR as its README starts it: `RapidOCR()`, onnxruntime, its default threads, one page after the
other. Ours is the engine `rapid` with a worker a core. They take turns on small batches of pages, so that a busy
machine slows both alike: trust the ratio, not the seconds. The split is the CPU time of one reader in this process.
"""

import argparse
import asyncio
import logging
import sys
import time
from typing import Any

import cv2
import numpy as np

from benchmarks.paths import PAGES
from ocr.core.document import PageImage
from ocr.engines.base import Request, create
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.engines.local.ppocr import Network

SETS = {"book": "machado_*", "gazette": "dodf*"}
BAR, REST_BAR = 2.3, 0.15


def load(pattern: str, count: int) -> list[np.ndarray]:
    """`count` pages (0: all) spread evenly over the files that match, as BGR pixels."""
    files = sorted(PAGES.glob(pattern))
    if not files:
        sys.exit(f"no pages {pattern} in {PAGES.resolve()}: this benchmark needs the shared pages")
    chosen = files if not count else [files[place * len(files) // count] for place in range(min(count, len(files)))]
    return [cv2.imread(str(file)) for file in chosen]


async def race(plain: Any, engine: Any, pages: list[np.ndarray]) -> tuple[float, float]:
    """Wall seconds that the plain loop and the engine take for `pages`, in turns of two batches a core."""
    batch = 2 * engine.concurrency
    requests = [
        Request(PageImage(number, np.ascontiguousarray(page[..., ::-1]), 200)) for number, page in enumerate(pages, 1)
    ]
    plain(pages[0])
    await asyncio.gather(*(engine.read(requests[0]) for _ in range(engine.concurrency)))
    theirs = ours = 0.0
    for start in range(0, len(pages), batch):
        began = time.perf_counter()
        for page in pages[start : start + batch]:
            plain(page)
        between = time.perf_counter()
        await asyncio.gather(*(engine.read(request) for request in requests[start : start + batch]))
        theirs, ours = theirs + between - began, ours + time.perf_counter() - between
    return theirs, ours


class Timed:
    """A network that counts the CPU seconds of its runs."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.spent = 0.0
        self.release = network.release

    def __call__(self, batch: Any) -> Any:
        began = time.process_time()
        output = self._network(batch)
        self.spent += time.process_time() - began
        return output


def split(pages: list[np.ndarray]) -> tuple[float, float, float]:
    """CPU seconds of one reader over `pages`: detector, recognizer, everything."""
    cv2.setNumThreads(1)
    reader = PpocrPageReader("openvino")
    grays = [np.asarray(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), np.uint8) for page in pages]
    read_page(reader, grays[0])
    detector = reader._detect._run = Timed(reader._detect._run)
    recognizer = reader._recognizer._run = Timed(reader._recognizer._run)
    began = time.process_time()
    for page in pages:
        read_page(reader, np.asarray(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), np.uint8))
    return detector.spent, recognizer.spent, time.process_time() - began


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=4, help="pages of each set; 0 for all (default 4)")
    parser.add_argument("--only", choices=("race", "split"), help="measure only one of the two")
    arguments = parser.parse_args()
    sets = {name: load(pattern, arguments.pages) for name, pattern in SETS.items()}
    met = True
    if arguments.only != "split":
        from rapidocr import RapidOCR

        logging.disable(logging.INFO)  # it tells where its models lie
        plain, engine = RapidOCR(), create("rapid", {})
        await engine.start()
        for name, pages in sets.items():
            theirs, ours = await race(plain, engine, pages)
            met &= theirs / ours >= BAR
            print(
                f"{name:8} {len(pages):2} pages  plain loop {theirs / len(pages):5.2f} s/page  "
                f"rapid x{engine.concurrency} {ours / len(pages):5.2f} s/page  ratio {theirs / ours:.2f} (bar {BAR})",
                flush=True,
            )
        await engine.close()
    if arguments.only != "race":
        for name, pages in sets.items():
            detector, recognizer, total = split(pages)
            rest = 1 - (detector + recognizer) / total
            met &= rest < REST_BAR
            print(
                f"{name:8} {len(pages):2} pages  CPU {total / len(pages):5.2f} s/page: detector "
                f"{detector / total:.1%}, recognizer {recognizer / total:.1%}, rest {rest:.1%} (bar < {REST_BAR:.0%})",
                flush=True,
            )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
