"""A small model learns small pages: from a manifest to a checkpoint that an engine reads with."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from drawn import TEXTS, draw_lines
from PIL import Image

from data.examples import read_manifest, write_manifest
from ocr.core.errors import DataError, TrainingError
from ocr.models import catalog

torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

from safetensors.torch import load_file  # noqa: E402

from training.formatting import to_conversation  # noqa: E402
from training.preferences.pairs import Pair, write_pairs  # noqa: E402
from training.recipe import read_recipe  # noqa: E402
from training.run import Run, Sets  # noqa: E402
from training.run_dir import RunDir  # noqa: E402
from training.trainer import process  # noqa: E402
from training.trainer.batched_vision_attention import attend_densely  # noqa: E402
from training.trainer.model_loading import load_processor, load_weights, merge_weights  # noqa: E402
from training.trainer.monitor import read_log  # noqa: E402
from training.trainer.tiny_model import build, smallest  # noqa: E402

SETTINGS = ["general.steps=6", "general.batch=4", "general.save_every=4", "precision=fp32", "max_tokens=32"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that is laid out but not trained, on four drawn lines."""
    manifest = draw_lines(tmp_path)
    shape = smallest(hidden=64, patch=16, vocabulary=320, full_attention=True)
    build(tmp_path / "base", shape, seed=0, texts=TEXTS)
    sets = Sets(str(manifest), str(manifest), str(manifest))
    laid = Run("general-1", "general", str(tmp_path / "base"), "", read_recipe("miniature", SETTINGS), sets)
    RunDir(tmp_path / laid.name).save(laid)
    return laid


def count_tokens(run: Run) -> Callable[[str], int]:
    """The tokens of an answer as it is trained on: with its end and the line break of the template."""
    tokenizer = load_processor(catalog.resolve(run.base)).tokenizer
    return lambda text: len(tokenizer(f"{text}<|im_end|>\n")["input_ids"])


def test_a_stage_learns_resumes_and_leaves_a_checkpoint(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / run.name
    process.train(RunDir(folder))
    rows = [json.loads(line) for line in (folder / "losses.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert all(row["tokens"] == sum(map(count_tokens(run), TEXTS)) for row in rows), "four lines a step, all of them"
    assert (folder / "losses.png").stat().st_size > 1000

    straight = (folder / "learned/model.safetensors").read_bytes()
    shutil.rmtree(folder / "learned")
    shutil.rmtree(folder / "checkpoints/checkpoint-6")
    process.train(RunDir(folder))
    assert (folder / "learned/model.safetensors").read_bytes() == straight, "resumed at step 4: the same bits"
    assert [logged.step for logged in read_log(folder / "losses.jsonl")] == [1, 2, 3, 4, 5, 6]

    rows = (folder / "losses.jsonl").read_text(encoding="utf-8").splitlines()
    seconds = [json.loads(row)["seconds"] for row in rows]
    assert seconds == sorted(seconds), "of the whole run, not of the process that resumed it"
    (folder / "checkpoints/checkpoint-9").mkdir()
    process.train(RunDir(folder))
    again = (folder / "losses.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(again) == len(rows), "the last checkpoint is the end: no step is made twice"
    assert not (folder / "checkpoints/checkpoint-9").exists()

    merge_weights(run, RunDir(folder))
    model = catalog.resolve(str(folder))
    assert (model.prompt, model.image.max_pixels) == ("image-only", 131072)
    assert not (folder / "checkpoints").exists()


def test_a_loss_that_is_no_number_stops_with_its_pages_named(run: Run, tmp_path: Path) -> None:
    from training.trainer.launcher import train_apart

    folder = tmp_path / run.name
    numbers = ["general.learning_rate=1e6", "general.schedule=constant", "general.warmup=0", "general.batch=1"]
    RunDir(folder).save(replace(run, recipe=read_recipe("miniature", [*SETTINGS, *numbers])))
    with pytest.raises(TrainingError, match=r"the loss is .* at step [2-6]; its batch: [0-3]$") as stopped:
        train_apart(RunDir(folder), 1)
    assert "lower the learning rate" in stopped.value.hint
    assert not (folder / "learned").exists()


@pytest.mark.slow
def test_two_processes_share_the_pages_and_one_writes(run: Run, tmp_path: Path) -> None:
    """Four lines and two processes with batches of two: each step takes all four, so that none is seen twice."""
    from training.trainer.launcher import train_apart

    folder = tmp_path / run.name
    RunDir(folder).save(
        replace(run, recipe=read_recipe("miniature", [*SETTINGS, "general.batch=2", "general.steps=2"]))
    )
    train_apart(RunDir(folder), 2)
    rows = [json.loads(line) for line in (folder / "losses.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["step"] for row in rows] == [1, 2], "one process writes"
    whole = sum(map(count_tokens(run), TEXTS))
    assert [row["tokens"] for row in rows] == [whole, whole]
    assert (folder / "learned/model.safetensors").is_file()


def test_pairs_are_trained_on_and_their_tokens_counted(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "dpo-1"
    recipe = read_recipe("miniature", [*SETTINGS, "dpo.steps=2", "dpo.batch=2"])
    RunDir(folder).save(replace(run, name="dpo-1", stage="dpo", recipe=recipe))
    images = [str(tmp_path / f"{number}.png") for number in range(2)]
    pairs = [
        Pair(image, image, text, 3 * text, "loop", "truth", ended)
        for image, text, ended in zip(images, TEXTS, (True, False), strict=False)
    ]
    write_pairs(folder / "pairs.jsonl", pairs)
    process.train(RunDir(folder))
    tokens = count_tokens(run)
    end = tokens("")
    whole = sum(tokens(p.chosen) + tokens(p.rejected) for p in pairs)
    assert [logged.tokens for logged in read_log(folder / "losses.jsonl")] == [whole - end] * 2, (
        "the end of what was cut is not trained on"
    )
    merge_weights(replace(run, stage="dpo", recipe=recipe), RunDir(folder))
    assert catalog.resolve(str(folder)).prompt == "image-only"


def test_pages_that_are_for_testing_only_are_refused(run: Run, tmp_path: Path) -> None:
    manifest = Path(run.sets.train)
    write_manifest(manifest, [replace(example, test_only=True) for example in read_manifest(manifest)])
    with pytest.raises(DataError, match="for testing only"):
        process.train(RunDir(tmp_path / run.name))


def test_training_has_the_eyes_of_reading(run: Run) -> None:
    """Same image, same words: what the trainer's collator makes of a page is what an engine shows the model."""
    from ocr.core.document import PageImage
    from ocr.engines.base import Request
    from ocr.engines.vlm.request import compose

    numpy = pytest.importorskip("numpy")
    model = run.model
    manifest = Path(run.sets.train)
    example = read_manifest(manifest)[0]
    trained = to_conversation(example, manifest.parent, model)
    with Image.open(manifest.parent / example.image) as image:
        asked = compose(model, Request(PageImage(1, numpy.asarray(image.convert("RGB")), 200.0)))
    assert trained["prompt"] == asked.messages
    assert trained["images"][0].tobytes() == asked.image.tobytes()


def test_dense_attention_gives_the_same_numbers(run: Run) -> None:
    model, processor = load_weights(run.base, run.recipe, run.recipe.general), load_processor(catalog.resolve(run.base))
    images = [Image.new("RGB", (160, 32), (number * 60, 128, 255 - number * 60)) for number in range(3)]
    pixels = processor.image_processor(images=images, return_tensors="pt")
    with torch.no_grad():
        dense = model.model.visual(pixels["pixel_values"], pixels["image_grid_thw"]).pooler_output
        plain = type(model).from_pretrained(run.base).eval()
        expected = plain.model.visual(pixels["pixel_values"], pixels["image_grid_thw"]).pooler_output
        attend_densely(plain)
    assert torch.allclose(dense, expected, atol=1e-5)


def test_qlora_trains_adapters_on_a_base_in_four_bits(run: Run, tmp_path: Path) -> None:
    bitsandbytes = pytest.importorskip("bitsandbytes", reason="the extra train is not installed")
    laid = replace(run, recipe=read_recipe("miniature", [*SETTINGS, "general.method=qlora", "general.steps=3"]))
    model = load_weights(laid.base, laid.recipe, laid.recipe.general)
    kinds = {type(module) for name, module in model.named_modules() if name.endswith("q_proj")}
    assert kinds == {bitsandbytes.nn.Linear4bit}

    folder = tmp_path / run.name
    RunDir(folder).save(laid)
    process.train(RunDir(folder))
    steps = read_log(folder / "losses.jsonl")
    assert [logged.step for logged in steps] == [1, 2, 3]
    assert steps[-1].loss < steps[0].loss
    assert (folder / "learned/adapter_model.safetensors").is_file()

    merge_weights(laid, RunDir(folder))
    before, after = load_file(Path(run.base) / "model.safetensors"), load_file(folder / "model.safetensors")
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved, "the adapter is in the merged weights"
    assert not [name for name in moved if "visual" in name or "norm" in name]
