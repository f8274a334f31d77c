"""An adapter that nobody merged, served as it is: the tokens of transformers with peft, and of the merged weights."""

import asyncio
import json
from pathlib import Path

import pytest
from vision_pages import PAGES, plain

from ocr.core.errors import EngineError
from ocr.engines.vlm.transformers import TransformersEngine
from ocr.engines.vlm.vllm import VllmEngine
from ocr.models import catalog
from ocr.models.catalog import ImageSize, Model
from training.recipe import Lora
from training.trainer.tiny_model import Architecture, build, smallest

pytest.importorskip("vllm", reason="the extra gpu is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

Engine = VllmEngine | TransformersEngine
SEEING_TOO = "all-linear"
"""Also the layers of the vision tower, which vLLM leaves out unless told."""


def write_adapter(base: Path, folder: Path, targets: str) -> None:
    """An adapter of random numbers on `base` in `folder/adapter`, and the merged weights in `folder/merged`."""
    import peft
    import torch
    import transformers

    torch.manual_seed(1)
    network = transformers.AutoModelForImageTextToText.from_pretrained(base, dtype=torch.float32)
    configuration = peft.LoraConfig(
        r=4, lora_alpha=8, target_modules=targets, task_type="CAUSAL_LM", init_lora_weights=False
    )
    adapted = peft.get_peft_model(network, configuration)
    with torch.no_grad():
        for name, weights in adapted.named_parameters():
            if "lora_" in name:
                weights.mul_(4.0)  # enough to change every answer
    adapted.save_pretrained(str(folder / "adapter"))
    adapted.merge_and_unload().save_pretrained(str(folder / "merged"))
    transformers.AutoProcessor.from_pretrained(base).save_pretrained(folder / "merged")


def write_base(folder: Path, architecture: Architecture) -> Path:
    build(folder, smallest(architecture=architecture, gain=4.0), seed=0)
    asked = Model(prompt="page-text-1", image=ImageSize(max_pixels=0), max_tokens=32, serving={"max_model_len": 1024})
    catalog.save(asked, folder)
    return folder


async def read_with(engine: Engine) -> list[tuple[int, ...]]:
    await engine.start()
    try:
        answers = await asyncio.gather(*(engine.answer(plain(number)) for number in range(1, PAGES + 1)))
        return [answer.ids for answer in answers]
    finally:
        await engine.close()


SHAPES = [("qwen2_5_vl", SEEING_TOO), ("qwen3_vl", Lora().targets)]


@pytest.fixture
def adapter(architecture: Architecture, targets: str, tmp_path: Path) -> Model:
    write_adapter(write_base(tmp_path / "base", architecture), tmp_path, targets)
    return catalog.resolve(str(tmp_path / "adapter"))


@pytest.mark.parametrize(("architecture", "targets"), SHAPES)
def test_an_unmerged_adapter_reads_as_its_merged_weights(adapter: Model, tmp_path: Path) -> None:
    base = catalog.resolve(str(tmp_path / "base"))
    catalog.save(base, tmp_path / "merged")
    assert adapter.max_tokens == 32, "without a reading.toml of its own it is asked as its base is"

    answers = asyncio.run(read_with(TransformersEngine(adapter)))
    assert asyncio.run(read_with(TransformersEngine(catalog.resolve(str(tmp_path / "merged"))))) == answers
    unchanged = asyncio.run(read_with(TransformersEngine(base)))
    assert all(ids != other for ids, other in zip(answers, unchanged, strict=True)), "the adapter must matter"


@pytest.mark.slow
@pytest.mark.serial
@pytest.mark.parametrize(("architecture", "targets"), SHAPES)
def test_vllm_serves_an_unmerged_adapter(adapter: Model) -> None:
    assert asyncio.run(read_with(VllmEngine(adapter))) == asyncio.run(read_with(TransformersEngine(adapter)))


def test_an_adapter_without_its_base_is_said(tmp_path: Path) -> None:
    described = {"base_model_name_or_path": str(tmp_path / "gone"), "r": 4, "peft_type": "LORA"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(EngineError, match="is an adapter, and its base model is not here"):
        catalog.resolve(str(tmp_path))
