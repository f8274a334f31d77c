"""`ocr finetune --part recognizer` with training and reading replaced: plans, records, promotion and refusal."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("onnx", reason="training needs the extra 'train'")

from cli import app
from ocr.core.errors import DataError, GateError, UsageError
from training import run_dir
from training.recognizer.ctc.loop_settings import Progress
from training.recognizer.line_supply.line_farm import Sample
from training.recognizer.stage import recognizer_session
from training.recognizer.stage.recognizer_recipe import read_recognizer_recipe, shipped_recipes
from training.recognizer.stage.recognizer_run import NOTICE, load_run, recognizer_runs
from training.recognizer.stage.recognizer_stage import (
    RecognizerRequest,
    describe_recognizer_plan,
    finetune_recognizer,
    plan_recognizer,
)

Session = dict[str, Any]


def lines(count: int, wear: str) -> list[Sample]:
    return [Sample(np.zeros((48, 100), np.uint8), f"linha de texto {place:04d}", wear) for place in range(count)]


def misread(text: str) -> str:
    return text.replace("linha", "1inha")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    """What training and the engine would do: the base misreads a fifth of the lines, the run what `after` says."""
    state: Session = {"trained": 0, "after": lambda _, text: text}
    frozen = {"general": lines(200, "scan"), "clean": lines(100, "clean")}

    def train(_run: Any, _data: str, folder: Path, _clean: int) -> Progress:
        state["trained"] += 1
        (folder / "recognizer.onnx").write_bytes(b"weights")
        return Progress(step=7, lines=70, again=5, seconds=3.0, blend=0.75)

    def read_base(_: Any, sets: Any) -> dict[str, list[str]]:
        return {name: [misread(s.text) if k % 5 == 0 else s.text for k, s in enumerate(v)] for name, v in sets.items()}

    def read_file(file: Path, sets: Any) -> dict[str, list[str]]:
        assert file.read_bytes() == b"weights"
        return {name: [state["after"](k, s.text) for k, s in enumerate(v)] for name, v in sets.items()}

    monkeypatch.setattr(recognizer_session, "train_run", train)
    monkeypatch.setattr(recognizer_session, "frozen_lines", lambda *_: frozen)
    monkeypatch.setattr(recognizer_session, "read_base", read_base)
    monkeypatch.setattr(recognizer_session, "read_file", read_file)
    return state


def request(tmp_path: Path, **changes: Any) -> RecognizerRequest:
    return RecognizerRequest(**{"stage": "general", "home": tmp_path / "runs", "recipe": "recognizer-cpu"} | changes)


@pytest.mark.usefixtures("session")
def test_a_run_that_reads_better_is_promoted_with_its_lineage(tmp_path: Path) -> None:
    run = finetune_recognizer(request(tmp_path, base="stock", seed=3, assignments=("minutes=2",)))
    folder = tmp_path / "runs" / "recognizer-general-1"
    assert run.state == "promoted"
    assert load_run(folder) == run
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["part"] == "recognizer"
    assert record["seed"] == 3
    assert len(record["base_digest"]) == 64
    assert record["recipe"]["minutes"] == 2
    assert "--set minutes=2" in record["command"]
    assert record["metrics"]["lines"] == 70
    assert record["metrics"]["blend"] == 0.75
    assert record["metrics"]["gate"]["general"]["after"] == 0
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert NOTICE in card
    assert "75% of the way from the base to the tuned ones" in card
    assert "Apache License 2.0" in card
    assert "--engine rapid --model runs/recognizer-general-1" in card


def test_a_finished_stage_is_not_run_twice(session: Session, tmp_path: Path) -> None:
    first = finetune_recognizer(request(tmp_path, base="stock"))
    assert finetune_recognizer(request(tmp_path, base="stock")) == first
    assert session["trained"] == 1
    other = finetune_recognizer(request(tmp_path, base="stock", seed=1))
    assert other.name == "recognizer-general-2"


@pytest.mark.parametrize(
    ("after", "complaint"),
    [
        (lambda place, text: misread(text) if place % 2 == 0 else text, "general: more errors"),
        # Better where print is worn, worse where it is clean: a tenth of the lines instead of none.
        (lambda place, text: misread(misread(text)) if place % 3 == 0 else text, "clean: more errors"),
    ],
)
def test_a_run_that_reads_worse_is_refused(
    session: Session, tmp_path: Path, after: Callable[[int, str], str], complaint: str
) -> None:
    session["after"] = after
    with pytest.raises(GateError) as raised:
        finetune_recognizer(request(tmp_path, base="stock"))
    assert complaint in raised.value.message
    (run,) = recognizer_runs(tmp_path / "runs")
    assert run.state == "refused"
    assert run.metrics.lost
    forced = finetune_recognizer(request(tmp_path, base="stock", force=True))
    assert (forced.state, forced.forced) == ("promoted", True)
    assert session["trained"] == 1


@pytest.mark.usefixtures("session")
def test_the_stage_domain_starts_from_the_promoted_run(tmp_path: Path) -> None:
    finetune_recognizer(request(tmp_path, base="stock"))
    plan = plan_recognizer(request(tmp_path, stage="domain"))
    assert plan.parent == "recognizer-general-1"
    assert plan.base.endswith("recognizer-general-1/recognizer.onnx")
    assert "stage domain" in describe_recognizer_plan(request(tmp_path, stage="domain"))


@pytest.mark.usefixtures("session")
def test_runs_of_models_and_of_recognizers_share_a_folder(tmp_path: Path) -> None:
    finetune_recognizer(request(tmp_path, base="stock"))
    assert run_dir.all_runs(tmp_path / "runs") == []
    assert len(recognizer_runs(tmp_path / "runs")) == 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"stage": "dpo"}, UsageError, "no such stage of the recognizer: dpo"),
        ({"recipe": "recognizer-cpo"}, UsageError, "no such recipe"),
        ({"assignments": ("minuts=3",)}, UsageError, "minuts"),
        ({"assignments": ("minutes=0",)}, UsageError, "no budget"),
        ({"assignments": ("learning_rate=-1",)}, UsageError, "learning_rate"),
        ({"base": "gone.onnx"}, DataError, r"gone\.onnx"),
        ({"data": "gone"}, DataError, "gone does not exist"),
    ],
)
def test_what_was_typed_wrongly_is_named(tmp_path: Path, changes: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        plan_recognizer(request(tmp_path, **changes))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", shipped_recipes())
@pytest.mark.parametrize("stage", ["general", "domain"])
def test_recipes_that_ship_are_whole(name: str, stage: Any) -> None:
    recipe = read_recognizer_recipe(name, stage, [])
    assert recipe.name == name
    assert recipe.minutes > 0
    assert recipe.sources


@pytest.mark.usefixtures("session")
def test_the_command(tmp_path: Path) -> None:
    arguments = ["finetune", "--part", "recognizer", "--stage", "general", "--base", "stock", "--runs", str(tmp_path)]
    planned = CliRunner().invoke(app, [*arguments, "--dry-run"])
    assert "recognizer-general-1: recognizer, stage general, from stock" in planned.output
    assert not list(tmp_path.iterdir())
    done = CliRunner().invoke(app, arguments)
    assert "is promoted: ocr extract scans/ --engine rapid --model" in done.output
    wrong = CliRunner().invoke(app, ["finetune", "--part", "detector", "--stage", "general"])
    assert isinstance(wrong.exception, UsageError)


def test_planning_loads_no_torch() -> None:
    code = "import sys; import training.recognizer.stage.recognizer_stage; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
