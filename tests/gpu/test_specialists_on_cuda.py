"""vLLM on CUDA: the same as tests/integration/test_vision_engines.py, on the device that it is made for."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from ocr.core.document import PageImage
from ocr.core.environment import sees_gpu
from ocr.engines.base import Request
from ocr.engines.vlm.request import DETECT_REPEATS, Answer
from ocr.engines.vlm.transformers import TransformersEngine
from ocr.engines.vlm.vllm import VllmEngine
from ocr.models import catalog
from ocr.models.catalog import ImageSize, Model
from training.trainer.tiny_model import ARCHITECTURES, Architecture, build, smallest

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not sees_gpu(), reason="no CUDA device here")]

PAGES = 16


def pages() -> list[Request]:
    pixels = np.random.default_rng(0).integers(0, 255, (PAGES, 196, 280, 3), dtype=np.uint8)
    images = [PageImage(number, pixels[number], 96.0) for number in range(PAGES)]
    return [Request(image, decoding={DETECT_REPEATS: False}) for image in images]


async def read_all(engine: VllmEngine | TransformersEngine) -> list[Answer]:
    await engine.start()
    try:
        return await asyncio.gather(*map(engine.answer, pages()))
    finally:
        await engine.close()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_greedy_ids_are_equal(architecture: Architecture, tmp_path: Path) -> None:
    build(tmp_path, smallest(architecture=architecture, gain=4.0), seed=0)
    # In float32 the two engines' sums differ least; a GPU's order of summing is not the same in both.
    serving = {"max_model_len": 1024, "dtype": "float32", "enforce_eager": True}
    catalog.save(Model(image=ImageSize(max_pixels=0), max_tokens=32, serving=serving), tmp_path)
    model = catalog.resolve(str(tmp_path))
    got, expected = asyncio.run(read_all(VllmEngine(model))), asyncio.run(read_all(TransformersEngine(model)))
    assert [answer.ids for answer in got] == [answer.ids for answer in expected]


def test_the_engine_wants_many_pages_in_flight(tmp_path: Path) -> None:
    build(tmp_path, smallest(), seed=0)
    assert VllmEngine(catalog.resolve(str(tmp_path))).concurrency >= 64
