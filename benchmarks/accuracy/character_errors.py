"""Measure character error rates on real pages: `python -m benchmarks.accuracy.character_errors [PAGES]`.

PAGES is a folder with manifest.jsonl (../shared/pages). "Ours" is the default engine with the layout. "Naive" is
RapidOCR alone in the same run: no angle classifier, lines joined in the order in which it returns them. CER is the
Levenshtein distance on NFC text with collapsed white space over the length of the reference, averaged over pages. Ours
is computed on header + text + margin + footer, as printed. The change is ours minus naive, page by page, with an
interval of 95% by a bootstrap over pages. Exits with 1 when a bar is missed.
"""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import cv2
import numpy as np
from rapidocr import RapidOCR

from benchmarks.arguments import parse_positional
from benchmarks.paths import PAGES
from eval.metrics.edit_distance import character_errors
from eval.metrics.stats import bootstrap_mean
from ocr.core.document import EngineOutput, Page, PageImage
from ocr.engines.base import Request, create
from ocr.layout.page import arrange

SETS = (
    ("gazette, columns", "dodf", "columns"),
    ("gazette, tables", "dodf", "table"),
    ("book", "machado", "single column"),
    ("newspaper 1887/1900", "hemdig", None),
    ("medieval hands", "iforal", None),
)
"""Name, start of the page ids, layout in the manifest."""
BARS = {"gazette, columns": 0.03, "book": 0.005}
"""Highest mean CER; the newspaper's bar is what naive RapidOCR has."""


def printed(page: Page) -> str:
    """All fields of a page in reading order."""
    return "\n".join(filter(None, (page.header, page.text, page.margin, page.footer)))


def read_naively(files: Sequence[Path]) -> list[str]:
    """RapidOCR alone."""
    reader: Any = RapidOCR(params={"Global.use_cls": False, "Global.log_level": "error"})
    return ["\n".join(reader(str(file)).txts or ()) for file in files]


async def read_all(files: Sequence[Path]) -> list[EngineOutput]:
    """The default engine, as many pages at once as it wants."""
    engine = create("rapid", {})
    slots = asyncio.Semaphore(engine.concurrency)

    async def read(number: int, file: Path) -> EngineOutput:
        async with slots:
            pixels = np.ascontiguousarray(np.asarray(cv2.imread(str(file)))[..., ::-1])
            return await engine.read(Request(PageImage(number, pixels, 200.0)))

    await engine.start()
    try:
        return await asyncio.gather(*(read(number, file) for number, file in enumerate(files, 1)))
    finally:
        await engine.close()


def compare(ours: Sequence[float], naives: Sequence[float]) -> str:
    """Return two cells: the paired change in points with its interval, and the pages that are better and worse."""
    changes = [one - other for one, other in zip(ours, naives, strict=True)]
    found = bootstrap_mean(changes, [str(place) for place in range(len(changes))], seed=0)
    low, high = (100 * (bound or 0.0) for bound in (found.low, found.high))
    better, worse = sum(change < 0 for change in changes), sum(change > 0 for change in changes)
    return f"{100 * found.value:+.2f} ({low:+.2f} to {high:+.2f}) | {better} / {worse}"


def name_of(row: dict[str, Any]) -> str:
    return next(
        name for name, start, layout in SETS if row["id"].startswith(start) and layout in (None, row.get("layout"))
    )


def main(folder: Path) -> int:
    manifest = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in manifest]
    files = [folder / row["image"] for row in rows]
    pages = [arrange(generation, 1) for generation in asyncio.run(read_all(files))]
    results = defaultdict(list)
    for row, page, naive in zip(rows, pages, read_naively(files), strict=True):
        rates = (character_errors(row["text"], text, "normalized").rate for text in (printed(page), naive))
        results[name_of(row)].append((*rates, page.confidence or 0.0, bool(page.flags)))
    print(
        "| set | pages | ours | worst page | naive RapidOCR | change, points (95%) | pages better / worse | bar "
        "| confidence | flagged |"
    )
    print("|---" * 10 + "|")
    missed = 0
    for name, *_ in SETS:
        ours, naives, confidences, flagged = zip(*results[name], strict=True)
        bar = BARS.get(name, mean(naives) if name.startswith("newspaper") else None)
        missed += bar is not None and mean(ours) > bar
        limit = "-" if bar is None else f"{bar:.2%}"
        print(
            f"| {name} | {len(ours)} | {mean(ours):.2%} | {max(ours):.2%} | {mean(naives):.2%} "
            f"| {compare(ours, naives)} | {limit}"
            f" | {mean(confidences):.3f} | {sum(flagged)} |"
        )
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(parse_positional(__doc__, pages=PAGES).pages))
