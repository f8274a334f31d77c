"""A quantised checkpoint on CUDA: made there, served by vLLM as it is. And QLoRA, as the 24 GB recipes train."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.examples import Example, read_manifest, write_manifest
from ocr.core.document import PageImage
from ocr.core.environment import sees_gpu
from ocr.core.files import hash_bytes
from ocr.engines.base import Request
from ocr.engines.vlm.request import DETECT_REPEATS, Answer
from ocr.engines.vlm.vllm import VllmEngine
from ocr.models import catalog
from training.quantization import compressor_environment
from training.quantization.quantize import Scheme, write_checkpoint
from training.recipe import read_recipe
from training.run import Run, Sets
from training.run_dir import RunDir
from training.trainer import process
from training.trainer.model_loading import merge_weights
from training.trainer.tiny_model import build, smallest

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not sees_gpu(), reason="no CUDA device here")]

PAGES = 16


@pytest.fixture
def parent(tmp_path: Path) -> Run:
    """An untrained run of the true architecture on pages of noise; its greedy choices are decisive."""
    pixels = np.random.default_rng(0).integers(0, 255, (PAGES, 196, 280, 3), dtype=np.uint8)
    examples = []
    for number in range(PAGES):
        path = tmp_path / f"{number}.png"
        Image.fromarray(pixels[number]).save(path)
        sha256 = hash_bytes(path.read_bytes())
        name = str(number)
        examples.append(Example(name, name, 1, path.name, sha256, 280, 196, "line", "drawn", "none", text="Página"))
    manifest = tmp_path / "train.jsonl"
    write_manifest(manifest, examples)
    folder = tmp_path / "general-1"
    build(folder, smallest(hidden=512, heads=4, key_value_heads=2, gain=4.0), seed=0)
    recipe = read_recipe("miniature", ["max_tokens=32", "general.steps=3", "general.batch=4", "general.method=qlora"])
    run = Run("general-1", "general", str(folder), "", recipe, Sets(*[str(manifest)] * 3))
    catalog.save(run.model, folder)
    return run


async def read_all(folder: Path, run: Run) -> list[Answer]:
    engine = VllmEngine(catalog.resolve(str(folder)))
    await engine.start()
    try:
        manifest = Path(run.sets.train)
        images = [np.asarray(Image.open(manifest.parent / page.image)) for page in read_manifest(manifest)]
        pages = [PageImage(number, image, 96.0) for number, image in enumerate(images)]
        asked = [engine.answer(Request(page, decoding={DETECT_REPEATS: False})) for page in pages]
        return await asyncio.gather(*asked)
    finally:
        await engine.close()


@pytest.mark.skipif(
    not compressor_environment.is_ready(compressor_environment.find_folder()), reason="no environment of llm-compressor"
)
@pytest.mark.parametrize("scheme", ["fp8", "awq"])
def test_vllm_serves_it_and_it_writes_nearly_the_same(parent: Run, scheme: Scheme) -> None:
    whole = Path(parent.base)
    write_checkpoint(parent, scheme, whole / scheme, read_manifest(Path(parent.sets.train)))
    before, after = asyncio.run(read_all(whole, parent)), asyncio.run(read_all(whole / scheme, parent))
    # The first token is chosen from the page alone, before differences add up.
    same = sum(old.ids[0] == new.ids[0] for old, new in zip(before, after, strict=True))
    assert same >= PAGES // 2
    assert len({answer.ids for answer in after}) > PAGES // 2, "different pages, different answers"


def test_qlora_learns_and_merges(parent: Run, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="the extra train is not installed")
    folder = tmp_path / "learner"
    directory = RunDir(folder)
    directory.save(parent)
    process.train(directory)
    merge_weights(parent, directory)
    assert len(asyncio.run(read_all(folder, parent))) == PAGES
