"""Measure a 3B-shaped model on the GPU of this machine: `python -m benchmarks.performance.gpu_throughput`.

Random weights in the shape of Qwen2.5-VL-3B, and every answer of the same length: speed does not depend on what is
written. Writing the weights takes 8 GB of disk. Needs CUDA and the extras gpu and train.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import numpy as np

from ocr.core.document import PageImage
from ocr.core.environment import sees_gpu
from ocr.engines.base import Request
from ocr.engines.vlm.request import DETECT_REPEATS
from ocr.engines.vlm.vllm import VllmEngine
from ocr.models import catalog
from ocr.models.catalog import Model
from training.trainer.tiny_model import build, smallest

SHAPE_3B = smallest(
    hidden=2048,
    layers=36,
    heads=16,
    key_value_heads=2,
    intermediate=11_008,
    vision_hidden=1280,
    vision_layers=32,
    vision_heads=16,
    vision_intermediate=3420,
    embedded_vocabulary=151_936,
    max_image_tokens=16_384,
    positions=32_768,
)
"""config.json of Qwen2.5-VL-3B-Instruct."""
SHAPES = {"3b": SHAPE_3B, "tiny": smallest(max_image_tokens=2048)}
A4_AT_150_DPI = (1754, 1240)


async def run(folder: Path, arguments: argparse.Namespace) -> None:
    engine = VllmEngine(catalog.resolve(str(folder)), arguments.flight)
    await engine.start()
    try:
        await measure(engine, arguments)
    finally:
        await engine.close()


async def measure(engine: VllmEngine, arguments: argparse.Namespace) -> None:
    luck = np.random.default_rng(0)
    pixels = luck.integers(0, 255, (*A4_AT_150_DPI, 3), dtype=np.uint8)
    asked = [
        Request(
            PageImage(number, np.roll(pixels, number, axis=0), 150.0),
            # What random weights choose cannot be written as text, and must not end the answer early.
            sampling={"temperature": 1.0, "min_tokens": arguments.tokens, "detokenize": False},
            decoding={DETECT_REPEATS: False},
        )
        for number in range(arguments.pages)
    ]
    await asyncio.gather(*map(engine.read, asked[: arguments.flight]))
    started = time.perf_counter()
    readings = await asyncio.gather(*map(engine.read, asked))
    seconds = time.perf_counter() - started
    failed = [reading.reason for reading in readings if reading.finish != "length"]
    if failed:
        raise SystemExit(f"{len(failed)} of {len(readings)} pages were not written to their full length: {failed[0]}")
    tokens = sum(reading.completion_tokens for reading in readings)
    pages = len(readings)
    print(f"{pages} pages of {readings[0].prompt_tokens} prompt tokens, {tokens / pages:.0f} tokens written each")
    print(f"{pages / seconds:.2f} pages/s, {tokens / seconds:,.0f} tokens/s")
    print(f"${arguments.price * seconds / 3600 / pages * 1e6:,.0f} per million pages at ${arguments.price}/h")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="3b", help="tiny tries the script on a CPU")
    parser.add_argument("--pages", type=int, default=512)
    parser.add_argument("--flight", type=int, default=128, help="pages in flight")
    parser.add_argument("--tokens", type=int, default=500, help="length of every answer")
    parser.add_argument("--price", type=float, default=2.69, help="$ an hour; H100 SXM, community, Nov 2026")
    arguments = parser.parse_args()
    if not sees_gpu() and arguments.shape != "tiny":
        parser.exit(5, "no GPU here\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, SHAPES[arguments.shape], seed=0)
        serving = {"max_model_len": 8192, "dtype": "bfloat16" if sees_gpu() else "float32"}
        catalog.save(Model(max_tokens=arguments.tokens, serving=serving), folder)
        asyncio.run(run(folder, arguments))


if __name__ == "__main__":
    main()
