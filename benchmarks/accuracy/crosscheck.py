"""Measure precision and recall of the cross-check on omissions, inventions and changed digits inserted into real text.

    python -m benchmarks.accuracy.crosscheck                 # reads ../shared/pages (minutes), inserts 1,200 errors
    python -m benchmarks.accuracy.crosscheck --pages even    # the pages that the constants were tuned on

The model's output is the reference text of a page with one error inserted; the cross-check compares it with the real
output of the built-in engine, misreadings included. A discrepancy is right if it has the kind and place of the error.
"""

import argparse
import asyncio
import json
import pickle
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.paths import PAGES
from benchmarks.repetition.synthetic_loops import documents
from ocr.core.document import Line, PageImage, confidence_of
from ocr.engines.base import Request, create
from ocr.text.crosscheck import LEAST_CONFIDENCE, Discrepancy, find_discrepancies

SEED = 20261123
KINDS = ("omitted", "invented", "number")


@dataclass(frozen=True)
class Case:
    """A page's text with one error: `span` is its place in `text`; of an omission, `lost` is what is missing."""

    kind: str
    text: str
    span: tuple[int, int]
    lost: str = ""


async def read_pages(cache: Path) -> None:
    """Read every page that is not in the cache yet with the built-in engine."""
    engine = create("rapid", {"workers": 1})
    await engine.start()
    for row in rows():
        file = cache / f"{row['id']}.pkl"
        if not file.exists():
            pixels = np.asarray(Image.open(PAGES / row["image"]).convert("RGB"))
            generation = await engine.read(Request(image=PageImage(1, pixels, 200.0), seconds=1200))
            file.write_bytes(pickle.dumps(generation))
    await engine.close()


def rows() -> list[dict[str, str]]:
    return [json.loads(line) for line in (PAGES / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def omit(rng: random.Random, text: str) -> Case | None:
    """Drop one to three whole lines."""
    lines = text.split("\n")
    count = rng.choice((1, 1, 2, 3))
    places = [
        at for at in range(len(lines) - count + 1) if all(len(line.strip()) >= 25 for line in lines[at : at + count])
    ]
    if not places:
        return None
    at = rng.choice(places)
    start = len("\n".join(lines[:at]))
    lost = "\n".join(lines[at : at + count])
    return Case("omitted", "\n".join(lines[:at] + lines[at + count :]), (start, start), lost)


def invent(rng: random.Random, text: str, others: list[str]) -> Case | None:
    """Put in a line of 25 to 100 characters from another document, between two lines."""
    other = rng.choice(others)
    at = rng.randrange(len(other) - 200)
    words = other[at : at + 200].replace("\n", " ").split()[1:-1]
    line = ""
    wanted = rng.randint(25, 100)
    while words and len(line) < wanted:
        line = f"{line} {words.pop(0)}".strip()
    breaks = [match.end() for match in re.finditer("\n", text)] or [0]
    place = rng.choice(breaks)
    return Case("invented", f"{text[:place]}{line}\n{text[place:]}", (place, place + len(line)))


def change(rng: random.Random, text: str) -> Case | None:
    """Change one digit of a number of two digits or more."""
    numbers = list(re.finditer(r"\d(?:[\d.,/:-]*\d)", text))
    if not numbers:
        return None
    match = rng.choice(numbers)
    place = rng.choice([at for at in range(match.start(), match.end()) if text[at].isdecimal()])
    digit = rng.choice("0123456789".replace(text[place], ""))
    return Case("number", text[:place] + digit + text[place + 1 :], match.span())


def cases(rng: random.Random, text: str, others: list[str], count: int) -> Iterator[Case]:
    for at in range(count):
        kind = KINDS[at % 3]
        made = (
            omit(rng, text)
            if kind == "omitted"
            else invent(rng, text, others)
            if kind == "invented"
            else change(rng, text)
        )
        if made is not None:
            yield made


def is_right(doubt: Discrepancy, case: Case) -> bool:
    """Return whether this discrepancy reports the inserted error."""
    if case.kind == "omitted":
        words = set(re.findall(r"\w{3,}", case.lost.lower()))
        said = set(re.findall(r"\w{3,}", doubt.reason.lower()))
        return doubt.kind == "omitted" and len(words & said) >= 2
    meets = doubt.span is not None and doubt.span[0] < case.span[1] and case.span[0] < doubt.span[1]
    wanted = ("number", "check digits") if case.kind == "number" else (case.kind,)
    return doubt.kind in wanted and meets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", choices=("odd", "even"), default="odd")
    parser.add_argument("--errors", type=int, default=1200)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "lusocr-witness")
    parser.add_argument("--show", action="store_true", help="print the discrepancies on unchanged text")
    wanted = parser.parse_args()
    wanted.cache.mkdir(parents=True, exist_ok=True)
    asyncio.run(read_pages(wanted.cache))
    rng = random.Random(SEED)
    others = [text for text in documents(1) if len(text) > 10_000]
    pages = rows()[wanted.pages == "odd" :: 2]
    report(rng, pages, others, wanted)


def report(rng: random.Random, pages: list[dict[str, str]], others: list[str], wanted: argparse.Namespace) -> None:
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    said: Counter[str] = Counter()
    right: Counter[str] = Counter()
    costs, heard = [], 0
    for row in pages:
        lines: tuple[Line, ...] = pickle.loads((wanted.cache / f"{row['id']}.pkl").read_bytes()).lines or ()
        text = row["text"]
        began = time.perf_counter()
        base = find_discrepancies(text, lines)
        costs.append(time.perf_counter() - began)
        hears = (confidence_of(lines) or 0) >= LEAST_CONFIDENCE
        heard += hears
        print(
            f"{row['id']}: {'used' if hears else 'not used'}, discrepancies on the reference text:",
            dict(Counter(d.kind for d in base)),
        )
        if wanted.show:
            print(*(f"    {doubt.kind}: {doubt.reason}" for doubt in base), sep="\n")
        if not hears:
            continue
        for case in cases(rng, text, others, wanted.errors // len(pages) + 1):
            doubts = find_discrepancies(case.text, lines)
            planted[case.kind] += 1
            found[case.kind] += any(is_right(doubt, case) for doubt in doubts)
            for doubt in doubts:
                said[doubt.kind] += 1
                right[doubt.kind] += is_right(doubt, case)
    print(f"{heard} of {len(pages)} pages used; {statistics.median(costs) * 1000:.0f} ms a page (median)")
    for kind in KINDS:
        print(f"{kind}: recall {found[kind]}/{planted[kind]} = {found[kind] / max(1, planted[kind]):.3f}")
    for kind in said:
        print(f"{kind}: precision {right[kind]}/{said[kind]} = {right[kind] / said[kind]:.3f}")


if __name__ == "__main__":
    main()
