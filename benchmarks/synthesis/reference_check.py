"""Read clean composed pages with the built-in engine: a wrong reference text shows as a high CER of its page type.

    python -m benchmarks.synthesis.reference_check [PAGES_PER_KIND]

Without overlays (stamps, signatures, side texts) and without handwriting. Each line that is read goes to the true line
that it lies on, so that the order of reading does not count; CER is the edit distance over the true characters of the
kind's pages, on NFC text with white space collapsed.
"""

import asyncio
import random
import sys
import unicodedata
from collections import defaultdict

from rapidfuzz.distance import Levenshtein

from benchmarks.arguments import parse_positional
from data.synthesis.composed_document import draw_setting
from data.synthesis.fonts import SHIPPED, read_faces
from data.synthesis.page_types import PAGE_TYPES, PRINTED
from data.synthesis.text_layer import PrintedLine, open_pdf, read_lines, render
from data.synthesis.typesetting import build_source, typeset
from data.text.generators import write_document
from ocr.core.document import Line, PageImage
from ocr.engines.base import Request, create
from ocr.layout.page import arrange

DPI = 200
OVERLAYS = ("stamp", "sign", "side")


def pages(name: str, count: int) -> list[tuple[PageImage, list[PrintedLine]]]:
    """Pages of a kind as (image, true lines), one document after the other."""
    kind, made, number = PAGE_TYPES[name], [], 0
    while len(made) < count:
        seed = f"reread/{number}"
        blocks = [block for block in write_document(kind.symbol, seed) if block[0] not in OVERLAYS]
        setting = draw_setting(kind, blocks, seed, random.Random(seed), read_faces())
        pdf = open_pdf(typeset(build_source(blocks, setting), (SHIPPED,)))
        for page in list(pdf)[: kind.pages]:
            image = PageImage(len(made) + 1, render(page, DPI, color=True), DPI)
            made.append((image, read_lines(page, DPI)))
        number += 1
    return made[:count]


def flat(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def match(truth: list[PrintedLine], read: tuple[Line, ...]) -> dict[int, list[Line]]:
    """For each true line, the lines that were read on it; -1 holds those that lie on none."""
    found: defaultdict[int, list[Line]] = defaultdict(list)
    for line in read:
        shares = [_shared(line.box, true.box) for true in truth]
        best = max(range(len(truth)), key=shares.__getitem__)
        found[best if shares[best] > 0.2 else -1].append(line)
    return found


def _shared(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The part of box `one` that lies on `other`."""
    wide = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    tall = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    return wide * tall / max(1e-6, (one[2] - one[0]) * (one[3] - one[1]))


async def main(count: int) -> None:
    engine = create("rapid", {})
    await engine.start()
    for name in PRINTED:
        errors = characters = 0
        worst: list[tuple[int, str, str]] = []
        batch = pages(name, count)
        generations = await asyncio.gather(*(engine.read(Request(image)) for image, _ in batch))
        for (image, truth), generation in zip(batch, generations, strict=True):
            found = match(truth, arrange(generation, image.number).lines)
            for place, line in enumerate(truth):
                read = " ".join(part.text for part in sorted(found[place], key=lambda part: part.box[0]))
                distance = Levenshtein.distance(flat(line.text), flat(read))
                errors, characters = errors + distance, characters + len(flat(line.text))
                worst.append((distance, flat(line.text), flat(read)))
            errors += sum(len(flat(line.text)) for line in found[-1])
        print(f"{name:16} {count} pages {characters:7} characters  CER {errors / characters:.2%}", flush=True)
        for distance, said, read in sorted(worst, reverse=True)[:3] if "-v" in sys.argv else []:
            print(f"    {distance:3}  {said}\n         {read}")
    await engine.close()


if __name__ == "__main__":
    wanted = parse_positional(__doc__, pages_per_kind=6)
    asyncio.run(main(wanted.pages_per_kind))
