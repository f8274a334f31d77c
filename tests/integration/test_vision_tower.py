"""The vision tower in training: fewer calls and no backward pass where it is frozen, and the same numbers."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drawn import TEXTS, draw_lines
from PIL import Image

torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")
transformers = pytest.importorskip("transformers", reason="the extra train is not installed")

from training.recipe import read_recipe  # noqa: E402
from training.run import Run, Sets  # noqa: E402
from training.run_dir import RunDir  # noqa: E402
from training.trainer import model_loading, process, trainers  # noqa: E402
from training.trainer.batched_vision_attention import attend_by_length  # noqa: E402
from training.trainer.monitor import read_log  # noqa: E402
from training.trainer.tiny_model import build, smallest  # noqa: E402

LAYERS = 3
SIZES = ((330, 250), (140, 420), (225, 225))
"""Pixels of three images: none is a whole number of windows of 112 pixels."""
SETTINGS = (
    *("general.method=lora", "general.steps=3", "general.batch=2", "general.warmup=0", "general.learning_rate=1e-2"),
    *("precision=fp32", "gradient_checkpointing=true", "max_tokens=32", "lora.rank=4"),
)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A model whose vision layers look through windows, but for the last; no recipe built it from scratch."""
    build(tmp_path / "base", smallest(vision_layers=LAYERS, max_image_tokens=256, gain=2.0), seed=0, texts=TEXTS)
    return tmp_path / "base"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often attention was called. The vision tower has two heads, of width 32; the language model has four."""
    counted: Counter[str] = Counter()
    attend = torch.nn.functional.scaled_dot_product_attention

    def count(query: Any, key: Any, value: Any, **options: Any) -> Any:
        counted["vision" if query.shape[-1] == 32 and query.shape[1] == 2 else "language"] += 1
        return attend(query, key, value, **options)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", count)
    return counted


def test_windows_of_one_length_are_one_call_with_the_same_numbers(base: Path, calls: Counter[str]) -> None:
    model = transformers.AutoModelForImageTextToText.from_pretrained(base).eval()
    processor = transformers.AutoProcessor.from_pretrained(base).image_processor
    noise = torch.Generator().manual_seed(1)
    images = [
        Image.fromarray(torch.randint(0, 255, (height, width, 3), dtype=torch.uint8, generator=noise).numpy())
        for width, height in SIZES
    ]
    pixels = processor(images=images, return_tensors="pt")
    with torch.no_grad():
        plain = model.model.visual(pixels["pixel_values"], pixels["image_grid_thw"]).pooler_output
        windows = calls["vision"]
        attend_by_length(model)
        grouped = model.model.visual(pixels["pixel_values"], pixels["image_grid_thw"]).pooler_output
    assert torch.allclose(plain, grouped, atol=1e-5)
    assert plain.std() > 0.01, "the outputs are not all alike"
    assert windows > 40
    assert calls["vision"] - windows <= 4 * len(SIZES) * (LAYERS - 1) + len(SIZES)


def test_a_frozen_tower_runs_once_a_step_and_the_losses_stay(
    base: Path, tmp_path: Path, calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = draw_lines(tmp_path)
    recipe = read_recipe("miniature", list(SETTINGS)).model_copy(update={"scratch": None})
    run = Run("new", "general", str(base), "", recipe, Sets(str(manifest), str(manifest), str(manifest)))
    losses, counts = {}, {}
    for name in ("new", "plain"):
        if name == "plain":
            monkeypatch.setattr(trainers, "spare_frozen_tower", lambda _: False)
            monkeypatch.setattr(model_loading, "attend_by_length", lambda _: None)
        directory = RunDir(tmp_path / name)
        directory.save(replace(run, name=name))
        before = calls["vision"]
        process.train(directory)
        losses[name] = [logged.loss for logged in read_log(directory.losses)]
        counts[name] = calls["vision"] - before
    assert losses["new"] == pytest.approx(losses["plain"], abs=1e-5)
    assert losses["new"][-1] < losses["new"][0]
    # A step has two images of one size, each of two windows of different length.
    assert counts["new"] == 3 * (2 * (LAYERS - 1) + 1), "one call for each length"
    assert counts["plain"] == 3 * 2 * (4 * (LAYERS - 1) + 2), "one for each window, and again for the backward pass"
