"""Compare vLLM with all pages in flight against one page at a time, in one run.

    python -m benchmarks.performance.continuous_batching [PAGES]

An untrained model of the real architecture (0.6 M parameters) on this machine; the ratio is what counts.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.arguments import parse_positional
from ocr.core.document import PageImage
from ocr.engines.base import Request
from ocr.engines.vlm.request import DETECT_REPEATS
from ocr.engines.vlm.vllm import VllmEngine
from ocr.models import catalog
from ocr.models.catalog import ImageSize, Model
from training.trainer.tiny_model import build, smallest

TOKENS = 256


def make_pages(count: int) -> list[Request]:
    luck = np.random.default_rng(0)
    pixels = luck.integers(0, 255, (count, 196, 280, 3), dtype=np.uint8)
    images = [PageImage(number, pixels[number], 96.0) for number in range(count)]
    return [Request(image, decoding={DETECT_REPEATS: False}) for image in images]


async def run(folder: Path, count: int) -> None:
    engine = VllmEngine(catalog.resolve(str(folder)), concurrency=count)
    await engine.start()
    pages = make_pages(count)
    await asyncio.gather(*map(engine.read, pages))  # both ways find everything warm
    started = time.perf_counter()
    together = await asyncio.gather(*map(engine.read, pages))
    middle = time.perf_counter()
    alone = [await engine.read(page) for page in pages]
    ended = time.perf_counter()
    await engine.close()
    assert [reading.text for reading in together] == [reading.text for reading in alone]
    tokens = sum(reading.completion_tokens for reading in alone)
    print(f"{count} pages, {tokens:,} tokens, the same text both ways")
    print(f"one at a time  {ended - middle:6.2f} s")
    print(f"all in flight  {middle - started:6.2f} s")
    print(f"ratio          {(ended - middle) / (middle - started):6.1f}x")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, smallest(gain=4.0), seed=0)
        serving = {"max_model_len": 1024}
        catalog.save(Model(image=ImageSize(max_pixels=0), max_tokens=TOKENS, serving=serving), folder)
        asyncio.run(run(folder, count))


if __name__ == "__main__":
    main(parse_positional(__doc__, pages=16).pages)
