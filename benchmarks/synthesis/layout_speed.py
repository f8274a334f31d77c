"""What a composed layout costs: placed with its truth, leaning, drawn, and scanned, by CPU time of one process.

    python -m benchmarks.synthesis.layout_speed [PAGES]

All in one run, over every kind in turn, with the features that the seed chooses, at 200 dpi.
"""

import itertools
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

import cv2

from benchmarks.arguments import parse_positional
from data.layouts.page_composer import KINDS, PageRequest, compose_page
from data.layouts.page_drawing import draw_page, move_page, random_placement, scan_page

Value = TypeVar("Value")
spent: defaultdict[str, float] = defaultdict(float)


def timed(name: str, work: Callable[[], Value]) -> Value:
    start = time.process_time()
    value = work()
    spent[name] += time.process_time() - start
    return value


def main(count: int) -> None:
    cv2.setNumThreads(1)
    kinds = itertools.cycle(KINDS)
    for kind in KINDS:  # fonts and grammar are read once
        draw_page(compose_page(PageRequest(kind, "first")))
    lines = 0
    for number in range(count):
        request = PageRequest(next(kinds), f"speed/{number}")
        page = timed("placed, with its truth", lambda r=request: compose_page(r))
        timed("leaning, not drawn", lambda p=page, n=number: move_page(p.truth, random_placement(p.truth, (n,))))
        timed("drawn", lambda p=page: draw_page(p))
        timed("drawn and scanned", lambda p=page, n=number: scan_page(p, "scan", 1.0, (n,)))
        lines += len(page.truth.lines)
    for name, seconds in spent.items():
        print(f"{name:24} {seconds / count * 1000:7.1f} ms a page  {count / seconds:6.1f} pages/s")
    print(f"{count} pages, {lines / count:.0f} lines a page")


if __name__ == "__main__":
    main(parse_positional(__doc__, pages=45).pages)
