"""Compare the layout with those of other programs: `python -m benchmarks.layout.peers [COUNT]`.

COUNT composed pages are drawn and slightly degraded, and every system gets the same pixels. A word of a system is the
printed word in whose box its middle lies; words that nobody finds do not count. Order error is that of the words of
header, body and footer, block F1 that of the boundaries of blocks in the body, TEDS that of tables with what was read.
CPU seconds hold all that a system does for a page, reading included; rapid-layout reads nothing, so our words are put
into its regions, which come from top to bottom. Systems:

- lusocr with the rules, and with the network, on one reading;
- Tesseract's own analysis of a page, with the language `por`: blocks are its paragraphs;
- rapid-layout 0.x with the weights of its package (CDLA), where it is installed: `pip install "rapid-layout<1"`.

Programs that load weights when they first run (Docling, Surya, PP-StructureV3) are not measured. Exits with 77 where
Tesseract is missing.
"""

import asyncio
import csv
import io
import logging
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.arguments import parse_positional
from data.layouts.page_composer import KINDS, PageRequest, compose_page
from data.layouts.page_drawing import scan_page
from data.layouts.page_truth import LayoutPage, PageLine
from eval.metrics.layout_scores import boundary_f1, order_error
from eval.metrics.table_structure import teds
from ocr.core.document import Box, EngineOutput, Page, PageImage, Table
from ocr.core.process_tree import cpu_seconds as cpu_seconds_of_tree
from ocr.engines.base import Engine, Request, create
from ocr.layout.page import LEARNED, RULES, arrange

NOT_RUN = 77
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Found:
    """What a system says of a page."""

    words: tuple[tuple[Box, int], ...]
    """Box and block of each word, in reading order."""
    seconds: float
    tables: tuple[Table, ...] | None = None
    """None for a system that gives no tables."""


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and everything below it."""
    return cpu_seconds_of_tree() or 0.0


def read_with_tesseract(pixels: Pixels) -> Found:
    """Return what Tesseract finds, page segmentation mode 3."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", dpi=(200, 200))
    started = cpu_seconds()
    done = subprocess.run(
        ["tesseract", "-", "-", "-l", "por", "--psm", "3", "tsv"],
        input=content.getvalue(),
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        capture_output=True,
        check=True,
    )
    seconds = cpu_seconds() - started
    rows = csv.DictReader(io.StringIO(done.stdout.decode("utf-8")), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = []
    for row in rows:
        if row["level"] == "5" and row["text"].strip():
            left, top, wide, high = (float(row[key]) for key in ("left", "top", "width", "height"))
            words.append(((left, top, left + wide, top + high), 1000 * int(row["block_num"]) + int(row["par_num"])))
    return Found(tuple(words), seconds)


def arranged(output: EngineOutput, reading: float, layout: str) -> Found:
    """Return what our layout makes of a reading that took `reading` seconds."""
    started = cpu_seconds()
    page = arrange(output, 1, layout)
    return Found(_words_of(page), reading + cpu_seconds() - started, page.tables)


def _words_of(page: Page) -> tuple[tuple[Box, int], ...]:
    return tuple((word.box, line.block or 0) for line in page.lines for word in line.words)


class RapidLayoutRegions:
    """The regions of rapid-layout, filled with our words."""

    def __init__(self) -> None:
        """Load the weights of the package. Raises ImportError where it is not installed."""
        from rapid_layout import RapidLayout

        self._find = RapidLayout(model_type="pp_layout_cdla")

    def regions(self, pixels: Pixels, output: EngineOutput, reading: float) -> Found:
        """Return our words by region: regions from top to bottom, and words outside all of them last."""
        started = cpu_seconds()
        boxes = sorted(map(tuple, self._find(pixels)[0]), key=lambda box: (box[1], box[0]))
        words = [word.box for line in output.lines or () for word in line.words]
        placed = [(self._region(box, boxes), box) for box in words]
        placed.sort(key=lambda one: (one[0], round(one[1][1] / 15), one[1][0]))
        return Found(tuple((box, region) for region, box in placed), reading + cpu_seconds() - started)

    @staticmethod
    def _region(box: Box, regions: Sequence[Box]) -> int:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        inside = (
            place
            for place, (left, top, right, bottom) in enumerate(regions)
            if left <= x <= right and top <= y <= bottom
        )
        return next(inside, len(regions))


def score(page: LayoutPage, found: Found) -> tuple[float, float, float | None]:
    """Return order error, block F1 and the mean TEDS of a page; TEDS is None without tables on either side."""
    printed = [(line, word.box) for line in page.lines for word in line.words]
    boxes = np.array([box for _, box in printed], np.float64).reshape(-1, 4)
    order: list[int] = []
    block_of: dict[int, int] = {}
    for box, block in found.words:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        inside = np.flatnonzero((boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3]))
        if len(inside) and int(inside[0]) not in block_of:
            order.append(int(inside[0]))
            block_of[order[-1]] = block
    kept = [place for place in order if printed[place][0].field not in ("margin", "noise")]
    body = [place for place in sorted(kept) if printed[place][0].field == "text"]
    blocks = boundary_f1([_block(printed[place][0]) for place in body], [block_of[place] for place in body])
    return order_error(sorted(kept), kept), blocks, _table_score(page, found.tables)


def _block(line: PageLine) -> int:
    """Return the block of a line; a table is one block."""
    return -1 - line.cell.table if line.cell else line.block


def _table_score(page: LayoutPage, tables: Sequence[Table] | None) -> float | None:
    if tables is None:
        return None
    scores = []
    for table in page.tables:
        rows = [[""] * table.columns for _ in range(table.rows)]
        for line in page.lines:
            if line.cell is not None and line.cell.table == table.id:
                rows[line.cell.row][line.cell.column] += f" {line.text}"
        if table.rows > 1 and table.columns > 1:
            scores.append(max((teds(rows, other.rows) for other in tables), default=0.0))
    return mean(scores) if scores else None


async def measure(count: int, engine: Engine, peer: RapidLayoutRegions | None) -> dict[str, list[tuple[float, ...]]]:
    """Return order error, block F1, TEDS (-1 without) and CPU seconds of each page by system."""
    results: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        scan = scan_page(compose_page(PageRequest(kind, f"peers/{number}")), "scan", 0.3, (number,))
        pixels = np.asarray(Image.fromarray(scan.pixels).convert("RGB"))
        started = cpu_seconds()
        output = await engine.read(Request(PageImage(1, pixels, 200.0)))
        reading = cpu_seconds() - started
        systems = {
            "lusocr, rules": arranged(output, reading, RULES),
            "lusocr, network": arranged(output, reading, LEARNED),
            "Tesseract": read_with_tesseract(pixels),
        }
        if peer is not None:
            systems["rapid-layout"] = peer.regions(pixels, output, reading)
        for name, found in systems.items():
            order, block, tables = score(scan.truth, found)
            results[name].append((order, block, -1.0 if tables is None else tables, found.seconds))
    return dict(results)


async def main(count: int) -> int:
    """Print the table."""
    if not shutil.which("tesseract"):
        print("tesseract is not installed")
        return NOT_RUN
    logging.disable(logging.INFO)  # What the package of a peer says is no part of the table.
    try:
        peer = RapidLayoutRegions()
    except ImportError:
        peer = None
    engine = create("rapid", {})
    await engine.start()
    await engine.read(Request(PageImage(1, np.full((600, 400, 3), 255, np.uint8), 200.0)))  # Loads the weights.
    results = await measure(count, engine, peer)
    await engine.close()
    print("| system | pages | order error | block F1 | TEDS | CPU seconds a page |\n|---|---|---|---|---|---|")
    for name, rows in results.items():
        order, block, seconds = (mean(row[place] for row in rows) for place in (0, 1, 3))
        tables = [row[2] for row in rows if row[2] >= 0]
        shown = f"{mean(tables):.3f}" if tables else "-"
        print(f"| {name} | {len(rows)} | {order:.3f} | {block:.3f} | {shown} | {seconds:.2f} |")
    if peer is None:
        print('rapid-layout is not installed: pip install "rapid-layout<1"')
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(parse_positional(__doc__, count=10).count)))
