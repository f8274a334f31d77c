"""The stage `drafter`: an adapter that drafts is trained, checked on held-out pages, and promoted or refused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from drawn import TEXTS, draw_lines

from data.examples import read_manifest
from ocr.core.errors import EngineError, GateError
from ocr.models import catalog
from ocr.models.catalog import Diffusion

torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

from ocr.engines.vlm.decoding.modes import DecodingSettings, check_decoding  # noqa: E402
from training.evaluation.model_card import describe_gate  # noqa: E402
from training.joint import drafter_check  # noqa: E402
from training.joint.joint_trainer import find_mask_token  # noqa: E402
from training.plan import StageContext, StageRequest  # noqa: E402
from training.recipe import read_recipe  # noqa: E402
from training.run import Run, Sets  # noqa: E402
from training.run_dir import RunDir  # noqa: E402
from training.stages import conclude, evaluate, merge, promote, run_steps  # noqa: E402
from training.trainer import process  # noqa: E402
from training.trainer.monitor import read_log  # noqa: E402
from training.trainer.tiny_model import build, build_tokenizer, smallest  # noqa: E402

SETTINGS = ("precision=fp32", "drafter.steps=40", "drafter.batch=4", "drafter.warmup=0", "drafter.rank=8")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A model with random weights that says that it fills in masked tokens."""
    folder, config = tmp_path / "base", smallest(architecture="mistral3", hidden=64, vocabulary=320, gain=4.0)
    build(folder, config, seed=0, texts=TEXTS)
    diffusion = Diffusion(mask=find_mask_token(build_tokenizer(config, TEXTS)), block=8)
    catalog.save(catalog.Model(prompt="image-only", diffusion=diffusion, max_tokens=24), folder)
    return folder


def train(folder: Path, name: str, base: Path, *settings: str) -> RunDir:
    """Train an adapter on four drawn lines, or go on from the checkpoint that lies there; return its run."""
    manifest = folder / "train.jsonl" if (folder / "train.jsonl").is_file() else draw_lines(folder)
    recipe = read_recipe("qwen2.5-vl-3b-24gb", [*SETTINGS, *settings])
    directory = RunDir(folder / "runs" / name)
    directory.path.mkdir(parents=True, exist_ok=True)
    directory.save(Run(name, "drafter", str(base), "", recipe, Sets(*[str(manifest)] * 3), page_resize="blur-cubic"))
    process.train(directory)
    return directory


def start(folder: Path, base: Path, *settings: str) -> StageContext:
    """Train an adapter; the lines that it learns from also judge it, since a random model reads none of them."""
    directory = train(folder, "drafter-1", base, *settings)
    run = directory.load()
    context = StageContext(StageRequest("drafter", folder / "runs"), run, directory)
    frozen = {run.sets.held_out: read_manifest(Path(run.sets.held_out))}
    return run_steps(replace(context, frozen=frozen), (merge,))


def test_an_adapter_that_drafts_better_is_promoted(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = (base / "model.safetensors").read_bytes()
    context = run_steps(start(tmp_path, base, "drafter.learning_rate=3e-2"), (evaluate, promote))
    run = conclude(context)
    assert (base / "model.safetensors").read_bytes() == weights
    found = run.metrics.drafts
    assert found is not None
    assert (found.pages, found.different_before, found.different_after) == (4, 0, 0)
    assert found.after > found.before
    assert f"{found.before:.2f} -> {found.after:.2f}" in describe_gate(run)
    folder = context.directory.path
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert str(base) not in card, "a card says nothing of the machine"
    assert "--decoding self-speculation --set decoding.drafter=runs/drafter-1" in card
    assert json.loads((folder / "run.json").read_bytes())["metrics"]["drafts"]["pages"] == 4
    check_decoding(DecodingSettings(mode="self-speculation", drafter=str(folder)), catalog.resolve(str(base)))

    for place in (folder, context.directory.learned):
        with pytest.raises(EngineError, match="only drafts") as refused:
            catalog.resolve(str(place))
        assert refused.value.hint == f"--model {base} --decoding self-speculation --set decoding.drafter={place}"

    def never(*_: object) -> None:
        raise AssertionError("a kept page is read again")

    monkeypatch.setattr(drafter_check.TransformersEngine, "start", never)
    assert evaluate(context).report == context.report, "a killed check goes on from what it kept"


def test_an_adapter_that_has_learned_nothing_is_refused(tmp_path: Path, base: Path) -> None:
    context = run_steps(start(tmp_path, base, "drafter.learning_rate=1e-12"), (evaluate, promote))
    with pytest.raises(GateError, match="no more tokens per pass"):
        conclude(context)
    assert context.directory.load().state == "refused"


def test_other_tokens_than_those_of_ar_are_refused(tmp_path: Path) -> None:
    examples = read_manifest(draw_lines(tmp_path))
    ways = {
        way: [drafter_check.DraftedPage(way, place, ids, passes) for place in range(len(examples))]
        for way, ids, passes in (("ar", (1, 2), 3), ("alone", (1, 2), 2), ("adapted", (1, 3), 1))
    }
    found = drafter_check.compare_drafts(examples, ways, seed=0)
    assert (found.before, found.after, found.change.low) == (1.0, 2.0, 1.0)
    assert found.complaints == ("4 pages have other tokens than ar, 0 without the adapter",)


def test_a_killed_training_goes_on_as_if_it_had_not_been(tmp_path: Path, base: Path) -> None:
    settings = ("drafter.steps=6", "drafter.save_every=3", "drafter.learning_rate=1e-2")
    whole = train(tmp_path, "whole", base, *settings)
    shutil.copytree(whole.checkpoints / "checkpoint-3", tmp_path / "runs/resumed/checkpoints/checkpoint-3")
    resumed = train(tmp_path, "resumed", base, *settings)
    losses = [[logged.loss for logged in read_log(directory.losses)] for directory in (whole, resumed)]
    assert losses[1] == losses[0][3:]
    weights = [(directory.learned / "adapter_model.safetensors").read_bytes() for directory in (whole, resumed)]
    assert weights[0] == weights[1]
