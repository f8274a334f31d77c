"""Count the rotated pages that the engine turns upright: `python -m benchmarks.accuracy.orientation`.

Each shared page is read by the engine `rapid` in four turns. Right means that the engine turned the copy back
exactly; the count that matters most is of upright pages that were turned.
"""

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.paths import PAGES
from ocr.core.document import PageImage
from ocr.engines.base import Engine, Request, create

TURNS = (0, 90, 180, 270)


async def found(engine: Engine, file: Path, turn: int) -> bool:
    """Whether `file`, turned clockwise by `turn`, is turned back by the engine."""
    with Image.open(file) as image:
        pixels = np.ascontiguousarray(np.rot90(np.asarray(image.convert("RGB")), -turn // 90))
    generation = await engine.read(Request(PageImage(1, pixels, 200)))
    right = generation.rotation == -turn % 360
    if not right:
        print(f"  {file.name} turned by {turn}: the engine turned it by {generation.rotation}", flush=True)
    return right


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--match", default="*", help="only pages whose file name matches this pattern")
    files = sorted(file for file in PAGES.glob(parser.parse_args().match) if file.suffix in (".png", ".jpg"))
    if not files:
        sys.exit(f"no pages in {PAGES.resolve()}: this benchmark needs the shared pages")
    engine = create("rapid", {})
    await engine.start()
    slots = asyncio.Semaphore(engine.concurrency)

    async def one(file: Path, turn: int) -> tuple[int, bool]:
        async with slots:
            return turn, await found(engine, file, turn)

    results = await asyncio.gather(*(one(file, turn) for file in files for turn in TURNS))
    await engine.close()
    right = Counter(turn for turn, was_right in results if was_right)
    for turn in TURNS:
        print(f"turned by {turn:3}: {right[turn]} of {len(files)} right")
    wrong = len(files) - right[0]
    print(f"upright pages turned wrongly: {wrong} of {len(files)}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
