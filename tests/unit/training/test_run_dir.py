import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from paths import ROOT

from data.examples import Example, write_manifest
from ocr.core.errors import TrainingError
from ocr.core.files import hash_bytes
from training import run_dir
from training.plan import StageRequest, plan
from training.recipe import StageName, read_recipe
from training.run import LossSummary, Metrics, Run, Sets, State
from training.run_dir import RunDir


def run(name: str, stage: StageName = "general", state: State = "promoted") -> Run:
    recipe = read_recipe("miniature", [])
    return Run(name, stage, "base", "digest", recipe, Sets("t", "h", "g"), state=state, started=name)


def keep(home: Path, *kept: Run) -> None:
    for one in kept:
        RunDir(home / one.name).save(one)


def test_a_run_comes_back_as_it_went(tmp_path: Path) -> None:
    one = replace(run("general-1"), metrics=Metrics(LossSummary(40, 6.5, 0.25)), data={"t": "0" * 64})
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


OLD_RUNS = ROOT / "tests/fixtures/runs_before_packages"


@pytest.mark.parametrize("name", ["general-1", "domain-1", "domain-1-fp8"])
def test_a_run_of_the_first_version_keeps_every_key_and_value(name: str, tmp_path: Path) -> None:
    written = (OLD_RUNS / f"{name}.json").read_bytes()
    directory = RunDir(tmp_path)
    directory.record.write_bytes(written)
    old = directory.load()
    directory.save(old)
    assert json.loads(directory.record.read_bytes()) == json.loads(written)
    assert old.metrics.loss == (None if old.metrics.quantised else LossSummary(40, 6.5, 0.25))


def test_a_run_of_the_first_version_is_the_same_work(tmp_path: Path) -> None:
    pages, home = tmp_path / "pages", tmp_path / "runs"
    pages.mkdir()
    for name in ("train", "validation"):
        example = Example(
            f"{name}-1", name, 1, f"{name}-1.png", hash_bytes(f"{name}-1".encode()), 9, 9, "line", "drawn", "none",
            text=f"{name}-1",
        )  # fmt: skip
        write_manifest(pages / f"{name}.jsonl", [example])
    (pages / "config.json").write_text("{}", encoding="utf-8")
    for name in ("general-1", "domain-1"):
        (home / name).mkdir(parents=True)
        shutil.copy(OLD_RUNS / f"{name}.json", home / name / "run.json")
    scratch = StageRequest("general", home, "miniature", ["scratch.hidden=64"], pages)
    on_a_base = StageRequest("domain", home, "miniature", data=pages, base=str(pages))
    assert [plan(request).run.name for request in (scratch, on_a_base)] == ["general-1", "domain-1"]
    assert plan(on_a_base).is_finished
    assert plan(replace(scratch, seed=1)).run.name == "general-2"
