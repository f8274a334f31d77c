from pathlib import Path

import pytest

from ocr.core.errors import TrainingError, UsageError
from ocr.layout.learned.doubt.page_doubt import FIRST, SECOND
from ocr.layout.learned.structure_network import read_weights
from training.layout.layout_recipe import layout_recipes, read_layout_recipe
from training.layout.layout_run import describe_layout_run, layout_runs, load_layout_run, save_layout_run
from training.layout.layout_stage import LayoutRequest, describe_layout_plan, finetune_layout, plan_layout


def test_the_recipe_and_its_changes() -> None:
    recipe = read_layout_recipe("", ["steps=7"])
    assert (recipe.name, recipe.steps) == ("layout-cpu", 7)
    assert "layout-cpu" in layout_recipes() and len(recipe.without) == 6


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (LayoutRequest(stage="domain"), "no such stage"),
        (LayoutRequest(recipe="layout-gpu"), "no such recipe"),
        (LayoutRequest(assignments=("stepz=7",)), "unknown key"),
        (LayoutRequest(assignments=('without=["nothing"]',)), "no layout feature"),
        (LayoutRequest(base="nowhere"), "does not exist"),
    ],
)
def test_what_is_not_there_is_said(request_: LayoutRequest, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_layout(request_)


def test_a_plan_is_the_run_that_was_begun(tmp_path: Path) -> None:
    request = LayoutRequest(home=tmp_path, assignments=("steps=7",))
    run = plan_layout(request)
    assert run.name == "layout-1" and "7 steps" in describe_layout_plan(request)
    (tmp_path / run.name).mkdir()
    save_layout_run(run, tmp_path / run.name)
    assert plan_layout(request) == run == load_layout_run(tmp_path / run.name)
    assert layout_runs(tmp_path) == [run]
    assert run.command in describe_layout_run(run)
    with pytest.raises(TrainingError, match="is no run"):
        load_layout_run(tmp_path / "other")


@pytest.mark.slow
def test_a_small_run_from_pages_to_promotion(tmp_path: Path) -> None:
    changes = ("pages=20", "steps=2", "held_out=20", "doubt_pages=20")
    run = finetune_layout(LayoutRequest(home=tmp_path, assignments=changes, force=True))
    assert run.state == "promoted" and run.forced and set(run.gate) == {"other documents", "features left out"}
    assert {FIRST, SECOND} <= read_weights(tmp_path / run.name / "structure.npz").keys()
    assert "Regression check" in (tmp_path / run.name / "README.md").read_text(encoding="utf-8")
    assert finetune_layout(LayoutRequest(home=tmp_path, assignments=changes, force=True)) == run
