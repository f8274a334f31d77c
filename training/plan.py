"""Plan a stage before anything is loaded: what it starts from, which pages it reads and which run it continues."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from data.examples import Example, for_training, read_manifest
from ocr.core.environment import package_version
from ocr.core.errors import DataError, TrainingError, UsageError
from ocr.core.files import hash_bytes, hash_checkpoint, hash_file
from ocr.engines.vlm.decoding.modes import DecodingSettings, check_decoding
from ocr.engines.vlm.request import find_checkpoint
from ocr.models.catalog import resolve
from ocr.models.prompts import RESIZE
from training import run_dir
from training.evaluation import general_set
from training.preferences.from_ledger import digest_source
from training.recipe import STAGES, Recipe, StageName, change, read_recipe
from training.resources import check_disk, compare_memory, device_memory, estimate
from training.run import PromotionReport, Run, Sets
from training.run_dir import RunDir

TRAIN_FILE, HELD_OUT_FILE, TEST_FILE = "train.jsonl", "validation.jsonl", "test.jsonl"
"""As `ocr data split` names them."""
PACKAGES = ("lusocr", "torch", "transformers", "trl", "peft", "vllm")
LEAST_PAGES = 100
"""Pages of a frozen set: fewer cannot resolve the bounds of the regression check."""
DEFAULT_RECIPE = "nanonets-ocr2-3b-24gb"
"""The base of the published specialist, on the GPU that most people have."""


@dataclass(frozen=True, slots=True)
class StageRequest:
    """What the user asked for."""

    stage: str
    """`general`, `domain`, `dpo` or `drafter`."""
    home: Path = Path("runs")
    """The folder of runs."""
    recipe: Recipe | str = ""
    """A recipe, its name, or the path of its TOML file; the parent run's by default, else `DEFAULT_RECIPE`."""
    assignments: Sequence[str] = ()
    """`key=value` changes to the recipe."""
    data: Path | None = None
    """Folder or manifest of the training pages; stages `dpo` and `drafter` take their parent's."""
    base: str = ""
    """Start from this model instead of the parent run."""
    held_out: Path | None = None
    """Manifest of held-out pages; by default `validation.jsonl` beside the training manifest."""
    general: Path | None = None
    """Manifest of the frozen general set. The default is that of the parent, else the held-out pages of a stage
    `general` and composed pages for the others."""
    seed: int = 0
    force: bool = False
    """Promote the run although the regression check fails, and record that."""
    processes: int = 1
    """Training processes, one for each GPU."""
    pairs_from: Path | None = None
    """Take the pairs of this file, or of the ledger in this output folder, instead of mining them."""
    engine: str = "vllm"
    """The engine that reads the frozen sets and the pages that pairs are mined from."""


@dataclass(frozen=True, slots=True)
class StageContext:
    """The values that the steps of one stage share. Each step returns a changed copy."""

    request: StageRequest
    run: Run
    directory: RunDir
    training: Sequence[Example] = ()
    frozen: Mapping[str, Sequence[Example]] = field(default_factory=dict)
    """The frozen sets by manifest; one where held-out and general pages are the same."""
    report: PromotionReport | None = None

    @property
    def is_finished(self) -> bool:
        """Return whether nothing is left to do: promoted, or refused and not to be forced."""
        return self.run.state == "promoted" or (self.run.state == "refused" and not self.request.force)


Step = Callable[[StageContext], StageContext]
"""A step of a stage. Its result is in the run's folder once it returns, so that a killed run continues after it."""


def plan(request: StageRequest) -> StageContext:
    """Return the context of the run that fulfills `request`: a new one, or an earlier one that does the same work.

    Nothing is written and no page is read. Raises `UsageError` for an unknown stage, recipe or key, `TrainingError`
    with the commands that come first, and `DataError` for pages that a parent had and that are gone.
    """
    stage = _stage(request)
    parent = run_dir.parent_of(stage, request.home)
    recipe = _recipe(request, parent)
    named = str(Path(request.base).resolve()) if request.base and Path(request.base).is_dir() else request.base
    base = named or (str((request.home / parent.name).resolve()) if parent else recipe.base)
    if parent is None and not named and (stage in ("dpo", "drafter") or (stage == "domain" and not base)):
        raise _no_parent(stage, request.home, recipe)
    sets = _sets(stage, request, parent if not request.base else None)
    run = Run(
        name="",
        stage=stage,
        base=base,
        base_digest=_digest_base(base, recipe),
        recipe=recipe,
        sets=sets,
        parent=parent.name if parent and not named else "",
        data=_digest_data(sets, request.pairs_from),
        packages=_versions(),
        seed=request.seed,
        processes=request.processes,
        started=datetime.now(UTC).isoformat(),
        page_resize=RESIZE,
    )
    run = run_dir.named(run, request.home)
    return StageContext(request, run, RunDir(request.home / run.name))


def prepare(request: StageRequest, obtain: Callable[[str], None] | None = None) -> StageContext:
    """Plan, check the base and the disk, and read the pages. A finished run is returned as it is.

    `obtain` is called with the name of the base, so that it can be downloaded. Raises what `plan` and
    `read_sets` raise, `EngineError` for a base that is no vision-language model, and `TrainingError` where the disk is
    too small.
    """
    context = plan(request)
    run = context.run
    if context.is_finished:
        return context
    if run.stage == "drafter":
        check_decoding(DecodingSettings(mode="self-speculation"), resolve(run.base))
    if run.base:
        if obtain is not None:
            obtain(run.base)
        find_checkpoint(resolve(run.base))
    if run.state == "training":
        check_disk(context.directory, run)
    training, frozen = read_sets(run, request.home)  # last, since a general set may be composed for it
    return replace(context, training=training, frozen=frozen)


def _stage(request: StageRequest) -> StageName:
    for stage in STAGES:
        if stage == request.stage:
            if request.pairs_from is not None and stage != "dpo":
                raise UsageError(
                    f"--pairs-from is for --stage dpo; --stage {stage} trains on pages", hint="name them: --data DIR"
                )
            if request.general is not None and stage == "drafter":
                raise UsageError(
                    "--general is for stages that change what is read; an adapter that drafts does not",
                    hint="leave it out",
                )
            return stage
    raise UsageError(f"no such stage: {request.stage}", hint=f"stages: {', '.join(STAGES)}")


def _recipe(request: StageRequest, parent: Run | None) -> Recipe:
    """Return the recipe that was named, else the parent run's, else the default, with the changes of the request."""
    start = request.recipe or (parent.recipe if parent else DEFAULT_RECIPE)
    assignments = list(request.assignments)
    return read_recipe(start, assignments) if isinstance(start, str) else change(start, assignments)


def _no_parent(stage: StageName, home: Path, recipe: Recipe) -> TrainingError:
    """Return the error that gives the commands that come first, exactly as they are to be typed."""
    refused = [run.name for run in run_dir.all_runs(home) if run.state == "refused"]
    there = f"; {', '.join(refused)} was refused" if refused else ""
    where = "" if home == Path("runs") else f" --runs {shlex.quote(str(home))}"
    named = "" if recipe.base else f" --recipe {recipe.name}"
    stages = ("general", "domain") if stage == "dpo" else ("general",)
    kind = "promoted run"
    if stage == "drafter":
        named += "" if recipe.objective == "joint" else " --set objective=joint"
        kind += " that was trained with objective=joint"
    return TrainingError(
        f"--stage {stage} needs a {kind} to start from, and there is none in {home}{there}",
        hint="\n      ".join(f"ocr finetune --stage {first} --data DIR{named}{where}" for first in stages),
    )


def read_sets(run: Run, home: Path) -> tuple[list[Example], dict[str, list[Example]]]:
    """Return the training pages and, by manifest, the frozen ones: one set where held-out and general are the same.

    Raises `DataError` for pages that are for testing only, for a frozen set that is too small, and for documents or
    images of a frozen set that the run or an ancestor trains on. A general set that is to be composed is composed here,
    after the given pages have been checked.
    """
    sets = run.sets
    pages: dict[str, list[Example]] = {}
    for name in dict.fromkeys((sets.train, sets.held_out, sets.general)):
        if _is_composed(Path(name)):
            general_set.prepare(Path(name))
        pages[name] = read_manifest(Path(name))
        if name == sets.train:
            for_training(pages[name])
        else:
            _check_size(pages[name], name)
    training, frozen = pages[sets.train], {name: pages[name] for name in (sets.held_out, sets.general)}
    held_out = [example for examples in frozen.values() for example in examples]
    hint = f"ocr data split {sets.train} --by document --to DIR"
    if _is_composed(Path(sets.general)):
        hint += "; and do not train on pages composed with seed 0: they are the frozen general set"
    if shared := {example.document for example in training} & {example.document for example in held_out}:
        raise DataError(f"{len(shared)} documents are in training and in a frozen set, e.g. {min(shared)}", hint=hint)
    known = {example.sha256 for example in training}
    if twice := [example.id for example in held_out if example.sha256 in known]:
        raise DataError(
            f"{len(twice)} images are in training and, by other names, in a frozen set, e.g. {twice[0]}",
            hint=f"delete them from one manifest: ocr data check {' '.join((sets.train, *frozen))} names them",
        )
    _check_ancestors(held_out, run_dir.images_below(run, home))
    return training, frozen


def _check_size(examples: Sequence[Example], manifest: str) -> None:
    """Raise `DataError` where a frozen set is too small, or of one document: documents are the resampling unit."""
    if len(examples) < LEAST_PAGES:
        raise DataError(
            f"{manifest}: {len(examples)} held-out pages; the regression check needs {LEAST_PAGES}",
            hint="give validation a larger share: ocr data split MANIFEST --shares 0.8,0.2,0; or add pages: "
            "ocr data compose --kind all --count 1000 --to pages/",
        )
    if len({example.document for example in examples}) == 1:
        raise DataError(
            f"{manifest}: all {len(examples)} held-out pages are of one document, which says nothing about others",
            hint="add documents, then split again: ocr data split MANIFEST --by document",
        )


def _check_ancestors(held_out: Sequence[Example], trained: Mapping[str, str]) -> None:
    if found := [example for example in held_out if example.sha256 in trained]:
        raise DataError(
            f"{len(found)} pages of a frozen set are pages that {trained[found[0].sha256]} has trained on, "
            f"e.g. {found[0].id}",
            hint="hold out pages that no stage has trained on: other documents, or the split of the stage before",
        )


def held_out_images(run: Run) -> dict[str, str]:
    """Return by SHA-256 the id of every image that must not be trained on: frozen sets and test pages beside them.

    Raises `DataError` for a manifest that is not right.
    """
    manifests = {Path(run.sets.held_out), Path(run.sets.general)}
    manifests |= {path.with_name(TEST_FILE) for path in (*manifests, Path(run.sets.train))}
    present = [path for path in sorted(manifests) if path.is_file()]
    return {example.sha256: example.id for path in present for example in read_manifest(path, images=False)}


def _sets(stage: StageName, request: StageRequest, parent: Run | None) -> Sets:
    """Return the manifests that were named, else those of the parent run."""
    if request.data is None and parent is None:
        raise TrainingError(f"--stage {stage} needs pages", hint=f"ocr finetune --stage {stage} --data DIR")
    inherited = parent.sets if parent else None
    train = _manifest(request.data) if request.data else Path(inherited.train if inherited else "")
    held_out = request.held_out or (train.with_name(HELD_OUT_FILE) if request.data else None)
    if held_out is None and inherited:
        held_out = Path(inherited.held_out)
    if held_out is None or not held_out.is_file():
        raise TrainingError(
            f"no held-out pages for the regression check: {held_out} does not exist",
            hint=f"ocr data split {train} --by document --to DIR, then --data DIR",
        )
    if stage == "drafter":
        return Sets(*(str(path.resolve()) for path in (train, held_out, held_out)))
    unrelated = held_out if stage == "general" else general_set.general_manifest(request.home)
    general = request.general or (Path(inherited.general) if inherited else unrelated)
    return Sets(str(train.resolve()), str(held_out.resolve()), str(general.resolve()))


def _manifest(data: Path) -> Path:
    if data.is_file():
        return data
    found = data / TRAIN_FILE
    if not found.is_file():
        makes = (
            ""
            if (data / "manifest.jsonl").is_file()
            else f"ocr data compose --kind all --count 2000 --to {data}; then "
        )
        raise TrainingError(
            f"{data} holds no {TRAIN_FILE}",
            hint=f"{makes}ocr data split {data / 'manifest.jsonl'} --by document --to {data}",
        )
    return found


def _digest_base(base: str, recipe: Recipe) -> str:
    """Identify the base: by content where it is on this machine; a model built from scratch by its configuration."""
    if not base:
        return "" if recipe.scratch is None else hash_bytes(recipe.scratch.model_dump_json().encode())
    model = resolve(base)
    return hash_checkpoint(Path(model.id)) if model.is_local else f"{model.id}@{model.revision}"


def _digest_data(sets: Sets, pairs_from: Path | None) -> dict[str, str]:
    data = {path: _digest_pages(Path(path)) for path in dict.fromkeys((sets.train, sets.held_out, sets.general))}
    if pairs_from is not None:
        data[str(pairs_from.resolve())] = digest_source(pairs_from)
    return data


def _digest_pages(path: Path) -> str:
    if _is_composed(path):
        return general_set.digest_config(path)
    try:
        return hash_file(path)
    except OSError as cause:
        raise DataError(
            f"{path}: {cause.strerror}", hint="name pages that are here: --data DIR, --general MANIFEST"
        ) from cause


def _is_composed(manifest: Path) -> bool:
    return manifest.parent.name == general_set.FOLDER


def _versions() -> dict[str, str]:
    return {package: version for package in PACKAGES if (version := package_version(package))}


def describe_plan(request: StageRequest) -> str:
    """Return the plan and its needs in words."""
    run = plan(request).run
    needs, numbers = estimate(run), run.numbers
    frozen = " and ".join(dict.fromkeys((run.sets.held_out, run.sets.general)))
    return "\n".join(
        (
            f"{run.name}: stage {run.stage}, from {run.base or 'scratch'}, recipe {run.recipe.name}",
            f"trains {needs.trained:,.1f} million parameters ({numbers.method}), {numbers.batch} x "
            f"{numbers.accumulate} pages a step on each of {run.processes} devices, "
            f"learning rate {numbers.learning_rate:g}",
            f"needs about {needs.memory:.1f} GB on a device (weights {needs.weights:.1f}, optimiser "
            f"{needs.optimiser:.1f}, activations {needs.activations:.1f}); "
            f"the recipe is for {run.recipe.device_gb:g} GB; {compare_memory(needs, device_memory())}",
            f"needs about {needs.disk:.1f} GB of disk in {request.home}",
            f"trains on {run.sets.train}, regression check on {frozen}",
        )
    )
