"""Measure a real page of tables against the order of its rows: `python -m benchmarks.layout.table_order [PAGES]`.

The reference of the page comes from the text layer of its PDF, which holds the names first and the amounts after them.
`BY_LINES` and `BY_CELLS` put the same lines in the order of the printed rows: line by line, and with both lines of a
name before its amounts. The table has the character error rate of the rules and of the network against each order.
"""

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from benchmarks.accuracy.character_errors import printed, read_all
from benchmarks.arguments import parse_positional
from benchmarks.paths import PAGES
from eval.metrics.edit_distance import character_errors
from ocr.layout.page import arrange

PAGE = "dodf2001_p007"
NAMES = range(1, 47)
"""Lines of the reference that are names and codes of the first table."""
AMOUNTS = {
    3: (53, 54), 5: (49, 55, 56), 8: (57, 58), 10: (50, 59, 60), 13: (61, 62), 15: (51, 63, 64), 18: (65, 66),
    19: (67, 68), 20: (69, 70), 22: (52, 71, 72), 25: (73, 76), 26: (74, 77), 27: (75, 78), 29: (79, 80, 81),
    31: (82, 83, 84), 33: (85, 86, 87), 35: (88, 89, 90), 37: (91, 92), 39: (95, 93, 94), 41: (101, 102),
    44: (96, 103, 104),
}  # fmt: skip
"""The amounts that are printed beside them."""
HEAD = (0, 48, 100)
REST = (
    *(47, 97, 105, 107, 109, 98, 106, 108, 110, 99, 111, 113, 112, 114, 115, 119, 116, 117, 118, 120, 129, 130),
    *(131, 132, 133, 134, 143, 145, 144, 156, 157, 158, 159, 160, 161, 121, 135, 146, 122, 136, 147, 123, 137, 148),
    *(124, 138, 149, 125, 126, 139, 150, 151, 127, 128, 140, 152, 153, 141, 154, 155, 142, *range(162, 186)),
)
"""Foot of the first table, the second table by rows, and the text below."""


def by_lines() -> list[int]:
    """Return the lines of the reference in the order of the printed lines."""
    return [*HEAD, *chain.from_iterable((name, *AMOUNTS.get(name, ())) for name in NAMES), *REST]


def by_cells(lines: Sequence[str]) -> list[int]:
    """Return the lines in the order of the cells: all lines of a name, then its amounts."""
    return [*HEAD, *chain.from_iterable(_rows(lines)), *REST]


def _rows(lines: Sequence[str]) -> Iterator[list[int]]:
    names: list[int] = []
    amounts: tuple[int, ...] = ()
    for name in NAMES:
        if name in AMOUNTS or re.match(r"\d\d\.", lines[name]):
            yield [*names, *amounts]
            names, amounts = [], AMOUNTS.get(name, ())
        names.append(name)
    yield [*names, *amounts]


def main(folder: Path) -> int:
    """Print the table."""
    manifest = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    row = next(found for found in map(json.loads, manifest) if found["id"] == PAGE)
    lines = [line for line in row["text"].splitlines() if line.strip()]
    orders = {"text layer": list(range(len(lines))), "printed lines": by_lines(), "cells": by_cells(lines)}
    texts = {name: "\n".join(lines[place] for place in order) for name, order in orders.items()}
    (output,) = asyncio.run(read_all([folder / row["image"]]))
    print(f"| layout | {' | '.join(texts)} |")
    print(f"|---{'|---' * len(texts)}|")
    for layout in ("rules", "learned"):
        text = printed(arrange(output, 1, layout))
        rates = (character_errors(reference, text, "normalized").rate for reference in texts.values())
        print(f"| {layout} | {' | '.join(f'{rate:.2%}' for rate in rates)} |")
    rates = (character_errors(reference, texts["text layer"], "normalized").rate for reference in texts.values())
    print(f"| the text layer itself | {' | '.join(f'{rate:.2%}' for rate in rates)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_positional(__doc__, pages=PAGES).pages))
