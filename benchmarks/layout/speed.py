"""Measure the time of the layout: `python -m benchmarks.layout.speed [ROUNDS] [PAGES]`.

First the CPU milliseconds of a page by kind: composed pages, given as a detector would find their lines, for the rules
and for the network. Pages come in turn, each ROUNDS times, and the least time of each counts. Then pages of 500, 2,000
and 8,000 lines, as running text in three columns, tables with and without ruling lines, and lines at random places.
Bars: the network takes at most 40 ms for a real gazette page and 15 ms for a book page, and four times the lines take
at most eight times as long. PAGES is a folder with images of real pages, which the built-in reader reads first; their
kind is the first word of their names. Without it, composed pages alone are measured.
"""

import asyncio
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean

import numpy as np
from PIL import Image

from benchmarks.arguments import parse_positional
from data.layouts.page_composer import KINDS, PageRequest, compose_page
from ocr.core.document import Box, EngineOutput, Line, PageImage, Word
from ocr.engines.base import Request, create
from ocr.layout.page import LEARNED, RULES, arrange
from training.layout.layout_check import output_of
from training.layout.simulated_pieces import simulate

BARS = {"book": 15.0, "real: machado": 15.0, "real: dodf": 40.0}
"""Milliseconds a page by the network: of a composed book, of a real one, and of a real gazette."""
EACH = 4
"""Composed pages of a kind."""
COUNTS = (500, 2000, 8000)
GROWTH = 8.0
WORDS = ("o", "a", "de", "casa", "município", "prefeitura", "artigo", "lei", "valor", "contrato", "público", "estado")


def milliseconds(output: EngineOutput, layout: str, rounds: int = 1) -> float:
    """Return the least CPU milliseconds of arranging a page."""
    times = []
    for _ in range(rounds):
        started = time.process_time()
        arrange(output, 1, layout)
        times.append(1000 * (time.process_time() - started))
    return min(times)


def composed_outputs() -> dict[str, list[EngineOutput]]:
    """Return engine outputs of composed pages by kind."""
    found = defaultdict(list)
    for number in range(EACH):
        for kind in KINDS:
            page = compose_page(PageRequest(kind, f"speed/{number}")).truth
            found[kind].append(output_of(simulate(page, random.Random(f"speed/{number}"), clipped=0.0)))
    return found


def images_in(folder: str) -> list[Path]:
    """Return the images of pages in a folder; none without a folder."""
    return [file for file in sorted(Path(folder).glob("*")) if file.suffix in (".png", ".jpg")] if folder else []


async def real_outputs(files: Sequence[Path]) -> dict[str, list[EngineOutput]]:
    """Return what the built-in reader finds on images of pages, by the letters at the start of their names."""
    found: dict[str, list[EngineOutput]] = defaultdict(list)
    if not files:
        return found
    engine = create("rapid", {})
    await engine.start()
    for file in files:
        name = "real: " + re.split(r"[^a-z]", file.name)[0]
        if len(found[name]) < EACH:
            with Image.open(file) as image:
                pixels = np.asarray(image.convert("RGB"))
            found[name].append(await engine.read(Request(PageImage(1, pixels, 200.0))))
    await engine.close()
    return found


def text_page(count: int) -> EngineOutput:
    """Return running text in three columns."""
    choose, lines, each = random.Random(count), list[Line](), -(-count // 3)
    for number in range(count):
        column, row = divmod(number, each)
        left, y, words = 100.0 + 1040 * column, 100.0 + 22 * row, list[Word]()
        while left < 980 + 1040 * column:
            text = choose.choice(WORDS)
            words.append(Word(text, (left, y, left + 12 * len(text), y + 20), 0.9))
            left = words[-1].box[2] + 10
        box = (words[0].box[0] - 2, y, words[-1].box[2] + 2, y + 20)
        lines.append(Line(" ".join(word.text for word in words), box, 0.9, tuple(words)))
    return EngineOutput("stop", lines=tuple(lines), width=3300, height=200 + 22 * each)


def table_page(count: int, *, ruled: bool) -> EngineOutput:
    """Return a table of sixteen columns."""
    lines, rows, bottom = [], count // 16, 100.0 + 30 * (count // 16)
    for number in range(count):
        row, column = divmod(number, 16)
        x, y, text = 110.0 + 190 * column, 104.0 + 30 * row, str(100 * row + column)
        box = (x, y, x + 14 * len(text), y + 22)
        lines.append(Line(text, box, 0.9, (Word(text, box, 0.9),)))
    across = [(100.0, 98.0 + 30 * row, 3140.0, 100.0 + 30 * row) for row in range(rows + 1)]
    down = [(98.0 + 190 * column, 98.0, 100.0 + 190 * column, bottom) for column in range(17)]
    rulings = (*across, *down) if ruled else ()
    return EngineOutput("stop", lines=tuple(lines), width=3300, height=int(bottom) + 100, rulings=rulings)


def scattered_page(count: int) -> EngineOutput:
    """Return lines and ruling lines at random places, about as dense as print."""
    choose, side = random.Random(count), int((60000 * count) ** 0.5)
    places = [(choose.uniform(0, side), choose.uniform(0, side)) for _ in range(count)]
    lines = tuple(
        Line(f"linha {number}", (x, y, x + choose.uniform(20, 400), y + choose.uniform(12, 30)), 0.9)
        for number, (x, y) in enumerate(places)
    )
    rulings: list[Box] = [(x, y, x + choose.uniform(2, 500), y + 2) for x, y in places[::4]]
    return EngineOutput("stop", lines=lines, width=side + 400, height=side + 30, rulings=tuple(rulings))


LARGE: dict[str, Callable[[int], EngineOutput]] = {
    "text in three columns": text_page,
    "table": lambda count: table_page(count, ruled=False),
    "ruled table": lambda count: table_page(count, ruled=True),
    "random places": scattered_page,
}


def show_kinds(outputs: Mapping[str, Sequence[EngineOutput]], rounds: int) -> bool:
    """Print the time of a page by kind; return whether the bars hold."""
    print("| kind | pages | lines a page | rules, ms | network, ms |\n|---|---|---|---|---|")
    held = True
    for kind, pages in outputs.items():
        rules, learned = (mean(milliseconds(page, layout, rounds) for page in pages) for layout in (RULES, LEARNED))
        lines = mean(len(page.lines or ()) for page in pages)
        print(f"| {kind} | {len(pages)} | {lines:.0f} | {rules:.1f} | {learned:.1f} |")
        held = held and learned <= BARS.get(kind, learned)
    return held


def show_growth() -> bool:
    """Print the time of large pages; return whether it grows little more than the number of lines."""
    print(f"\n| lines | layout | {' | '.join(f'{count:,}, ms' for count in COUNTS)} |\n|{'---|' * (2 + len(COUNTS))}")
    held = True
    for name, make in LARGE.items():
        pages = [make(count) for count in COUNTS]
        for layout in (RULES, LEARNED):
            times = [milliseconds(page, layout, 3 if number == 0 else 1) for number, page in enumerate(pages)]
            print(f"| {name} | {layout} | {' | '.join(f'{one:,.0f}' for one in times)} |")
            held = held and times[-1] <= GROWTH * times[-2]
    return held


def main(rounds: int, pages: str) -> int:
    """Print both tables."""
    first = show_kinds({**composed_outputs(), **asyncio.run(real_outputs(images_in(pages)))}, rounds)
    second = show_growth()
    return 0 if first and second else 1


if __name__ == "__main__":
    arguments = parse_positional(__doc__, rounds=5, pages="")
    sys.exit(main(arguments.rounds, arguments.pages))
