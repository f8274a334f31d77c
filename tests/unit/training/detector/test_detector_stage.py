"""`ocr finetune --part fast-detector`: plan, refusal and the record of a run."""

from pathlib import Path

import pytest

from ocr.core.errors import GateError, TrainingError, UsageError
from training.detector.detector_recipe import detector_recipes, read_detector_recipe
from training.detector.detector_run import (
    describe_detector_run,
    detector_runs,
    load_detector_run,
    save_detector_run,
)
from training.detector.detector_stage import (
    DetectorRequest,
    describe_detector_plan,
    finetune_detector,
    plan_detector,
)


def test_the_recipe_and_its_changes() -> None:
    recipe = read_detector_recipe("", ["steps=7"])
    assert (recipe.name, recipe.steps, len(recipe.channels)) == ("fast-detector-cpu", 7, 4)
    assert "fast-detector-cpu" in detector_recipes()


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (DetectorRequest(stage="domain"), "no such stage"),
        (DetectorRequest(recipe="fast-detector-gpu"), "no such recipe"),
        (DetectorRequest(assignments=("stepz=7",)), "unknown key"),
        (DetectorRequest(assignments=("side=100",)), "multiple of 32"),
        (DetectorRequest(base="nowhere"), "is not a detector"),
    ],
)
def test_what_is_not_there_is_said(request_: DetectorRequest, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_detector(request_)


def test_a_plan_is_the_run_that_was_begun(tmp_path: Path) -> None:
    request = DetectorRequest(home=tmp_path, assignments=("steps=7",))
    run = plan_detector(request)
    assert run.name == "fast-detector-1" and "7 steps" in describe_detector_plan(request)
    (tmp_path / run.name).mkdir()
    save_detector_run(run, tmp_path / run.name)
    assert plan_detector(request) == run == load_detector_run(tmp_path / run.name)
    assert detector_runs(tmp_path) == [run]
    assert run.command in describe_detector_run(run)
    with pytest.raises(TrainingError, match="is no run"):
        load_detector_run(tmp_path / "other")


@pytest.mark.slow
def test_a_run_that_learned_nothing_is_refused_and_can_be_forced(tmp_path: Path) -> None:
    changes = ("pages=4", "steps=2", "held_out=4", "side=96")
    with pytest.raises(GateError, match="fails the regression check"):
        finetune_detector(DetectorRequest(home=tmp_path, assignments=changes))
    (refused,) = detector_runs(tmp_path)
    assert refused.state == "refused" and set(refused.gate) == {"clean", "worn"}
    run = finetune_detector(DetectorRequest(home=tmp_path, assignments=changes, force=True))
    assert run.state == "promoted" and run.forced and run.name == refused.name
    assert "Regression check" in (tmp_path / run.name / "README.md").read_text(encoding="utf-8")
