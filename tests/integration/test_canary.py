"""The canary on a small model that was taught the known page and, like a real one, reads nothing when asked wrongly."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import ENVIRONMENT, run_ocr

from ocr.core.errors import EngineError
from ocr.engines.vlm import canary
from ocr.engines.vlm.transformers import TransformersEngine
from ocr.models import catalog
from ocr.models.catalog import ImageSize, Model
from ocr.models.prompts import PROMPTS, ImageBudget, Prompt, conversation, show
from training.trainer.tiny_model import TEXTS, build, smallest

torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

STEPS, LOSS = 300, 0.03
SMALL = 160
"""Pixels of the longer side at which the letters of the known page are 5 pixels high."""


WRONG_TEMPLATE = "USER: <|vision_start|><|image_pad|><|vision_end|>{{ messages[-1]['content'][1]['text'] }} ASSISTANT:"
"""The turns' marks are gone, as when a checkpoint is saved with another model's template."""


def lesson(processor: Any, pixels: Any, prompt: Prompt, answer: str, template: str | None = None) -> dict[str, Any]:
    from PIL import Image

    asked = processor.apply_chat_template(
        conversation(prompt), chat_template=template, tokenize=False, add_generation_prompt=True
    )
    image = [Image.fromarray(np.asarray(pixels))]
    given = processor(text=[asked + answer + "<|im_end|>"], images=image, return_tensors="pt")
    length = processor(text=[asked], images=image, return_tensors="pt")["input_ids"].shape[1]
    labels = given["input_ids"].clone()
    labels[:, :length] = -100
    return {**given, "labels": labels}


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    import transformers

    folder = tmp_path_factory.mktemp("taught")
    build(folder, smallest(max_image_tokens=256), seed=0, texts=(*TEXTS, canary.TEXT))
    processor = transformers.AutoProcessor.from_pretrained(folder)
    network = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    pixels, right = canary.load_page().pixels, PROMPTS["page-text-1"]
    lessons = [
        lesson(processor, pixels, right, canary.TEXT),
        lesson(processor, pixels, PROMPTS["page-json-1"], "ilegível"),
        lesson(processor, show(pixels, ImageBudget(longest_edge=SMALL)), right, "ilegível"),
        lesson(processor, pixels, right, "ilegível", WRONG_TEMPLATE),
    ]
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    for _ in range(STEPS):
        optimizer.zero_grad()
        losses = [network(**one).loss for one in lessons]
        sum(losses).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if sum(losses).item() < LOSS:
            break
    network.save_pretrained(folder)
    serving = {"max_model_len": 1024}
    catalog.save(Model(prompt=right.id, image=ImageSize(max_pixels=0), max_tokens=300, serving=serving), folder)
    yield folder


def check(model: Model) -> float:
    async def run() -> float:
        engine = TransformersEngine(model)
        await engine.start()
        try:
            return await canary.check(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


def test_a_model_that_reads_the_known_page_may_go_on(taught: Path) -> None:
    assert check(catalog.resolve(str(taught))) <= 0.02


@pytest.mark.parametrize(
    "wrong", [{"prompt": "page-json-1"}, {"image": ImageSize(longest_edge=SMALL)}], ids=["prompt", "image budget"]
)
def test_a_model_that_is_asked_wrongly_is_refused(taught: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(EngineError, match="misread the known page: ") as caught:
        check(catalog.resolve(str(taught)).model_copy(update=wrong))
    assert "--no-canary" in caught.value.hint
    assert "ilegível" in caught.value.message


def copy_of(taught: Path, folder: Path) -> Path:
    for part in taught.iterdir():
        (folder / part.name).write_bytes(part.read_bytes())
    return folder


def test_shuffled_weights_are_refused(taught: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    file = copy_of(taught, tmp_path) / "model.safetensors"
    order = torch.Generator().manual_seed(0)
    weights = {
        name: tensor.flatten()[torch.randperm(tensor.numel(), generator=order)].reshape(tensor.shape)
        for name, tensor in load_file(file).items()
    }
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(EngineError, match="misread the known page"):
        check(catalog.resolve(str(tmp_path)))


def test_a_wrong_chat_template_is_refused(taught: Path, tmp_path: Path) -> None:
    template = copy_of(taught, tmp_path) / "chat_template.jinja"
    template.write_text(WRONG_TEMPLATE, encoding="utf-8")
    with pytest.raises(EngineError, match="misread the known page"):
        check(catalog.resolve(str(tmp_path)))


def extract(folder: Path, model: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`ocr extract` of the known page, as a scan, with the taught model."""
    scan = folder / "pagina.png"
    scan.write_bytes((Path(canary.__file__).parent / "canary.png").read_bytes())
    engine = ("--engine", "transformers", "--model", str(model))
    offline = ENVIRONMENT | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return run_ocr("extract", scan, *engine, *words, cwd=folder, environment=offline, seconds=180)


def test_the_command_reads_with_a_model_and_cross_checks(taught: Path, tmp_path: Path) -> None:
    done = extract(tmp_path, taught, "--witness", "all")
    assert done.returncode == 0, done.stderr
    (page,) = json.loads((tmp_path / "ocr-out" / "pagina.png.json").read_text(encoding="utf-8"))["pages"]
    assert (page["status"], page["text"]) == ("ok", canary.TEXT)
    assert not any(flag.startswith(("omitted", "invented")) for flag in page["flags"])


@pytest.mark.slow
def test_the_command_refuses_a_blind_model_unless_told_otherwise(taught: Path, tmp_path: Path) -> None:
    blind = copy_of(taught, tmp_path)
    wrong = catalog.resolve(str(taught)).model_copy(update={"prompt": "page-json-1"})
    catalog.save(wrong, blind)
    refused = extract(tmp_path, blind)
    assert refused.returncode == 6
    assert "misread the known page" in refused.stderr
    assert "--no-canary" in refused.stderr
    done = extract(tmp_path, blind, "--no-canary", "--witness", "all")
    assert done.returncode == 0, done.stderr
    (page,) = json.loads((tmp_path / "ocr-out" / "pagina.png.json").read_text(encoding="utf-8"))["pages"]
    assert page["text"] == "ilegível"
