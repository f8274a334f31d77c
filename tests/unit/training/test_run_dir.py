from dataclasses import replace
from pathlib import Path

import pytest

from ocr.core.errors import TrainingError
from training import run_dir
from training.recipe import StageName, read_recipe
from training.run import Metrics, Run, Sets, State
from training.run_dir import RunDir


def run(name: str, stage: StageName = "general", state: State = "promoted") -> Run:
    recipe = read_recipe("miniature", [])
    return Run(name, stage, "base", "digest", recipe, Sets("t", "h", "g"), state=state, started=name)


def keep(home: Path, *kept: Run) -> None:
    for one in kept:
        RunDir(home / one.name).save(one)


def test_a_run_comes_back_as_it_went(tmp_path: Path) -> None:
    one = replace(run("general-1"), metrics=Metrics(lost={"domain: accent ã": "3 -> 2 of 4"}), data={"t": "0" * 64})
    keep(tmp_path, one)
    assert RunDir(tmp_path / "general-1").load() == one


def test_a_stage_finds_its_parent_among_promoted_runs_below_it(tmp_path: Path) -> None:
    assert run_dir.parent_of("dpo", tmp_path) is None
    keep(tmp_path, run("a"), run("b"), run("c", state="refused"), run("d", "dpo"))
    parent = run_dir.parent_of("dpo", tmp_path)
    assert parent is not None
    assert parent.name == "b", "the newest promoted one"
    keep(tmp_path, run("e", "domain"))
    found = run_dir.parent_of("dpo", tmp_path)
    assert found is not None
    assert found.name == "e", "the nearest stage"
    assert run_dir.parent_of("general", tmp_path) is None


def test_the_same_work_is_known_again(tmp_path: Path) -> None:
    keep(tmp_path, run("general-1"))
    moved = Sets("t2", "h2", "g2")
    found = run_dir.named(replace(run(""), state="training", base="moved", sets=moved), tmp_path)
    assert found == replace(run("general-1"), base="moved", sets=moved), "with the paths of the request"
    assert run_dir.named(replace(run(""), seed=1), tmp_path).name == "general-2"


def test_only_whole_checkpoints_count(tmp_path: Path) -> None:
    for step, state in ((20, "{}"), (100, "{}"), (200, "")):
        folder = tmp_path / "checkpoints" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "trainer_state.json").write_text(state, encoding="utf-8")
    (tmp_path / "checkpoints/checkpoint-300").mkdir()
    assert [path.name for path in RunDir(tmp_path).whole_checkpoints()] == ["checkpoint-20", "checkpoint-100"]


def test_a_damaged_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="is no run"):
        RunDir(tmp_path).load()
    (tmp_path / "run.json").write_text('{"name": 1}', encoding="utf-8")
    with pytest.raises(TrainingError, match="damaged"):
        RunDir(tmp_path).load()
