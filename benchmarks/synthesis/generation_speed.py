"""What composing costs: profile `scan` on an A4 page against pdftoppm rendering it, and single lines a second.

    python -m benchmarks.synthesis.generation_speed [PAGES]

One process, one thread, all in one run: pdftoppm renders the page's PDF to a gray PNM at 200 dpi, then each step of the
profile, the placement, the remapping and the encoding are timed on the pixels of the same page. The median of PAGES.
"""

import random
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from benchmarks.arguments import parse_positional
from data.synthesis.composed_document import SynthesisConfig, draw_setting, make_document
from data.synthesis.degradation import PROFILES, encode, lay, place
from data.synthesis.effects import STEPS
from data.synthesis.fonts import SHIPPED, read_faces
from data.synthesis.page_types import LINE, PAGE_TYPES
from data.synthesis.text_layer import open_pdf, read_lines, render
from data.synthesis.typesetting import build_source, typeset
from data.text.generators import write_document

Value = TypeVar("Value")
times: defaultdict[str, list[float]] = defaultdict(list)


def timed(name: str, work: Callable[[], Value]) -> Value:
    start = time.perf_counter()
    value = work()
    times[name].append(time.perf_counter() - start)
    return value


def one_page(number: int, folder: Path) -> None:
    seed, kind, profile = f"cost/{number}", PAGE_TYPES["ruling"], PROFILES["scan"]
    blocks = timed("write the text", lambda: write_document(kind.symbol, seed))
    setting = draw_setting(kind, blocks, seed, random.Random(seed), read_faces())
    pdf = timed("typeset (whole document)", lambda: typeset(build_source(blocks, setting), (SHIPPED,)))
    path = folder / "page.pdf"
    path.write_bytes(pdf)
    command = ["pdftoppm", "-f", "1", "-l", "1", "-r", "200", "-gray", str(path), str(folder / "page")]
    timed("pdftoppm", lambda: subprocess.run(command, check=True))
    page = open_pdf(pdf)[0]
    pixels = timed("render (pdfium)", lambda: render(page, 200, color=False))
    timed("read the text layer", lambda: read_lines(page, 200))
    generator = np.random.Generator(np.random.SFC64(number))
    for name, amount in profile.paper.items():
        pixels = timed(f"scan: {name}", lambda n=name, a=amount, p=pixels: STEPS[n](p, generator, a))
    where = timed("scan: place", lambda: place(pixels.shape, profile, 1, generator))
    pixels = timed("scan: remap", lambda p=pixels: lay(p, where))
    for name, amount in profile.device.items():
        pixels = timed(f"scan: {name}", lambda n=name, a=amount, p=pixels: STEPS[n](p, generator, a))
    timed("scan: encode", lambda: encode(pixels, profile, generator))


def main(count: int) -> None:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        for number in range(count):
            one_page(number, Path(name))
    medians = {name: statistics.median(values) for name, values in times.items()}
    whole = sum(value for name, value in medians.items() if name.startswith("scan: "))
    for name, value in medians.items():
        share = f"{value / whole:6.1%} of scan" if name.startswith("scan: ") else ""
        print(f"{name:26} {value * 1000:7.1f} ms {share}")
    print(f"profile scan, encoding included: {whole * 1000:.0f} ms = {whole / medians['pdftoppm']:.1f} x pdftoppm")
    order = SynthesisConfig((LINE,), 2000, Path("unused"), profiles=(("light", 1.0),))
    start = time.perf_counter()
    spent = time.process_time()
    lines = sum(len(make_document(order, index)) for index in range(20))
    seconds, cpu = time.perf_counter() - start, time.process_time() - spent
    print(f"{lines} lines, light: {lines / cpu:.0f} lines/s a core by CPU time, {lines / seconds:.0f} by the clock")


if __name__ == "__main__":
    main(parse_positional(__doc__, pages=15).pages)
