from dataclasses import replace
from pathlib import Path

import pytest

from data.examples import Example, write_manifest
from data.synthesis.composed_document import SynthesisConfig
from ocr.core.errors import DataError, EngineError, TrainingError, UsageError
from ocr.core.files import hash_bytes
from ocr.models.prompts import RESIZE
from training import plan
from training.evaluation import general_set
from training.plan import StageRequest, held_out_images
from training.recipe import StageName, read_recipe
from training.run import Run, Sets
from training.run_dir import RunDir


def page(name: str, document: str) -> Example:
    sha256 = hash_bytes(name.encode())
    return Example(name, document, 1, f"{name}.png", sha256, 9, 9, "line", "drawn", "none", text=name)


def write_pages(manifest: Path, examples: list[Example]) -> None:
    """A manifest whose images are there: their bytes are their names, as `page` says."""
    for example in examples:
        (manifest.parent / example.image).write_bytes(example.id.encode())
    write_manifest(manifest, examples)


def request(stage: StageName, home: Path, recipe: str = "miniature") -> StageRequest:
    return StageRequest(stage, home, read_recipe(recipe, []))


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A folder of split pages."""
    for name in ("train", "validation", "test"):
        write_manifest(tmp_path / f"{name}.jsonl", [page(f"{name}-1", name)])
    return tmp_path


def test_without_a_parent_the_commands_name_recipe_and_folder(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as missing:
        plan.plan(request("dpo", tmp_path / "my runs"))
    assert missing.value.hint.splitlines() == [
        f"ocr finetune --stage general --data DIR --recipe miniature --runs '{tmp_path}/my runs'",
        f"      ocr finetune --stage domain --data DIR --recipe miniature --runs '{tmp_path}/my runs'",
    ]
    with pytest.raises(TrainingError, match="--stage domain needs a promoted run"):
        plan.plan(request("domain", tmp_path))


def test_a_refused_run_is_no_parent_and_is_named(tmp_path: Path) -> None:
    run = Run("general-1", "general", "b", "d", read_recipe("miniature", []), Sets("t", "h", "g"), state="refused")
    RunDir(tmp_path / run.name).save(run)
    with pytest.raises(TrainingError, match="general-1 was refused"):
        plan.plan(request("dpo", tmp_path))


def test_a_run_records_how_pages_are_shrunk(pages: Path, tmp_path: Path) -> None:
    (pages / "config.json").write_text("{}", encoding="utf-8")
    run = plan.plan(replace(request("dpo", tmp_path / "runs"), data=pages, base=str(pages))).run
    assert run.page_resize == RESIZE
    RunDir(tmp_path / "run").save(run)
    assert RunDir(tmp_path / "run").load() == run


def test_other_pairs_are_other_work(pages: Path, tmp_path: Path) -> None:
    wanted = replace(request("dpo", tmp_path / "runs"), data=pages, base=str(pages))
    (pages / "config.json").write_text("{}", encoding="utf-8")
    mined = plan.plan(wanted).run
    (pages / "pairs.jsonl").write_text("{}", encoding="utf-8")
    given = plan.plan(replace(wanted, pairs_from=pages / "pairs.jsonl")).run
    assert mined.key != given.key
    assert given.key == plan.plan(replace(wanted, pairs_from=pages / "pairs.jsonl")).run.key


def test_pages_of_the_parent_that_are_gone_are_named(pages: Path, tmp_path: Path) -> None:
    sets = Sets(str(pages / "train.jsonl"), str(pages / "validation.jsonl"), str(pages / "gone.jsonl"))
    folder = tmp_path / "runs/general-1"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    RunDir(folder).save(Run("general-1", "general", "b", "d", read_recipe("miniature", []), sets, state="promoted"))
    with pytest.raises(DataError, match=r"gone\.jsonl: No such file"):
        plan.plan(request("domain", tmp_path / "runs"))


def test_frozen_and_test_pages_are_known_by_their_images(pages: Path) -> None:
    sets = Sets(*(str(pages / name) for name in ("train.jsonl", "validation.jsonl", "validation.jsonl")))
    run = Run("general-1", "general", "b", "d", read_recipe("miniature", []), sets)
    assert sorted(held_out_images(run).values()) == ["test-1", "validation-1"]
    assert hash_bytes(b"validation-1") in held_out_images(run)


def test_a_stage_without_a_general_parent_is_held_to_composed_pages(
    pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pages / "config.json").write_text("{}", encoding="utf-8")
    held_out = [page(f"held-out-{n}", f"held-out-{n}") for n in range(100)]
    write_pages(pages / "validation.jsonl", held_out)
    write_pages(pages / "train.jsonl", [page("train-1", "train")])
    wanted = replace(request("domain", tmp_path / "runs"), data=pages, base=str(pages))
    planned = plan.plan(wanted).run
    assert planned.sets.general == str(tmp_path / "runs/general-pages/manifest.jsonl")
    assert not (tmp_path / "runs").exists(), "a plan makes nothing"
    composed = []

    def compose(config: SynthesisConfig) -> None:
        composed.append(config)
        config.to.mkdir(parents=True)
        write_pages(config.to / "manifest.jsonl", [page("c", "train"), *held_out])

    monkeypatch.setattr(general_set, "compose", compose)
    with pytest.raises(DataError, match="1 documents are in training") as leak:
        plan.read_sets(planned, tmp_path / "runs")
    assert "do not train on pages composed with seed 0" in leak.value.hint
    assert [(config.count, config.seed, len(config.kinds) > 1) for config in composed] == [(200, 0, True)]
    assert plan.plan(wanted).run.key == planned.key, "the same work before and after the pages are there"
    assert plan.plan(replace(wanted, general=pages / "test.jsonl")).run.sets.general == str(pages / "test.jsonl")


def test_what_judges_was_never_learned_from_under_any_name_or_in_any_stage(pages: Path, tmp_path: Path) -> None:
    (pages / "config.json").write_text("{}", encoding="utf-8")
    held_out = [page(f"held-out-{n}", f"held-out-{n}") for n in range(100)]
    write_pages(pages / "validation.jsonl", held_out)
    home = tmp_path / "runs"
    wanted = replace(request("general", home), data=pages)
    write_pages(pages / "train.jsonl", [page("train-1", "train"), replace(held_out[3], id="other", document="other")])
    with pytest.raises(DataError, match=r"1 images are in training and, by other names, .* e\.g\. held-out-3"):
        plan.read_sets(plan.plan(wanted).run, home)
    write_pages(pages / "train.jsonl", [page("train-1", "train")])
    below = plan.plan(wanted).run
    plan.read_sets(below, home)
    (home / below.name).mkdir(parents=True)
    (home / below.name / "config.json").write_text("{}", encoding="utf-8")
    RunDir(home / below.name).save(replace(below, state="promoted"))
    RunDir(home / below.name).save_training_images([held_out[5].sha256])
    with pytest.raises(DataError, match=r"1 pages of a frozen set are pages that general-1 has trained on"):
        plan.read_sets(plan.plan(replace(wanted, stage="domain")).run, home)


def test_a_frozen_set_has_a_least_size(pages: Path, tmp_path: Path) -> None:
    write_pages(pages / "train.jsonl", [page("train-1", "train")])
    wanted = replace(request("general", tmp_path / "runs"), data=pages)
    held_out = [page(f"held-out-{n}", f"held-out-{n}") for n in range(100)]
    write_pages(pages / "validation.jsonl", held_out[:99])
    with pytest.raises(DataError, match="99 held-out pages; the regression check needs 100"):
        plan.prepare(wanted)
    write_pages(pages / "validation.jsonl", [replace(example, document="d") for example in held_out])
    with pytest.raises(DataError, match="all 100 held-out pages are of one document"):
        plan.prepare(wanted)
    write_pages(pages / "validation.jsonl", held_out)
    context = plan.prepare(wanted)
    assert (len(context.training), [len(examples) for examples in context.frozen.values()]) == (1, [100])


def test_pairs_are_for_the_stage_that_takes_them(pages: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--pairs-from is for --stage dpo"):
        plan.plan(replace(request("domain", tmp_path / "runs"), data=pages, pairs_from=pages / "pairs.jsonl"))


def test_another_number_of_processes_is_another_run(pages: Path, tmp_path: Path) -> None:
    wanted = replace(request("general", tmp_path / "runs"), data=pages)
    assert plan.plan(wanted).run.key != plan.plan(replace(wanted, processes=2)).run.key


def test_an_adapter_drafts_for_a_run_that_fills_in_masked_tokens(pages: Path, tmp_path: Path) -> None:
    wanted = replace(request("drafter", tmp_path / "runs"), recipe="")
    with pytest.raises(TrainingError, match="that was trained with objective=joint") as missing:
        plan.plan(wanted)
    assert missing.value.hint.endswith(f"--data DIR --set objective=joint --runs {tmp_path}/runs")
    sets = Sets(*(str(pages / f"{name}.jsonl") for name in ("train", "validation", "test")))
    for name, changes in (("general-1", ["objective=joint"]), ("domain-1", [])):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}", encoding="utf-8")
        stage: StageName = "domain" if name == "domain-1" else "general"
        RunDir(folder).save(
            Run(
                name,
                stage,
                "b",
                "d",
                read_recipe("miniature-joint", ["objective=ar", *changes]),
                sets,
                state="promoted",
            )
        )
    run = plan.plan(wanted).run
    assert (run.parent, run.name, run.numbers.batch) == ("general-1", "drafter-1", 8)
    assert run.sets == Sets(sets.train, sets.held_out, sets.held_out), "nothing but the drafts is checked"
    with pytest.raises(UsageError, match="--general is for stages that change what is read"):
        plan.plan(replace(wanted, general=pages / "test.jsonl"))
    with pytest.raises(EngineError, match="was not trained to fill in masked tokens"):
        plan.prepare(replace(wanted, data=pages, base=str(tmp_path / "runs/domain-1")))


def test_numbers_of_a_drafter_are_no_other_work_for_the_other_stages(pages: Path, tmp_path: Path) -> None:
    wanted = replace(request("general", tmp_path / "runs"), data=pages)
    assert plan.plan(wanted).run.key == plan.plan(replace(wanted, assignments=["drafter.rank=4"])).run.key
    (pages / "config.json").write_text("{}", encoding="utf-8")
    drafter = replace(request("drafter", tmp_path / "runs"), data=pages, base=str(pages))
    assert plan.plan(drafter).run.key != plan.plan(replace(drafter, assignments=["drafter.rank=4"])).run.key
