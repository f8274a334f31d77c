"""What a stage will do, settled before anything is loaded: where it starts, on which pages, with how much memory."""

import os
import shlex
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from data.examples import Example, for_training, read_manifest
from ocr.core.environment import load, sees_gpu
from ocr.core.errors import DataError, TrainingError, UsageError
from ocr.core.files import hash_bytes, hash_checkpoint, hash_file
from ocr.models.catalog import resolve
from training import run_dir
from training.evaluation import general_set, promotion
from training.preferences.from_ledger import digest_source
from training.preferences.mining import LONGEST_LAPS
from training.recipe import Recipe, StageName
from training.run_dir import Run, Sets

TRAIN_FILE, HELD_OUT_FILE, TEST_FILE = "train.jsonl", "validation.jsonl", "test.jsonl"
"""As `ocr data split` names them."""
PACKAGES = ("lusocr", "torch", "transformers", "trl", "peft", "vllm")


@dataclass(frozen=True, slots=True)
class StageRequest:
    """What the user asked for."""

    stage: StageName
    home: Path
    """The folder of runs."""
    recipe: Recipe
    data: Path | None = None
    """Folder or manifest of the training pages; stage `dpo` takes its parent's."""
    base: str = ""
    """Start from this model instead of the parent run."""
    held_out: Path | None = None
    """Manifest of held-out pages; by default `validation.jsonl` beside the training manifest."""
    general: Path | None = None
    """Manifest of the frozen general set; by default that of the parent, else the held-out pages of a stage `general`
    and composed pages for the others."""
    seed: int = 0
    force: bool = False
    """Promote against the gate, and record it."""
    processes: int = 1
    """Training processes, one for each GPU."""
    pairs_from: Path | None = None
    """Take the pairs of this file, or of the ledger in this output folder, instead of mining them."""
    engine: str = "vllm"
    """What reads the frozen sets and the pages that pairs are mined from."""


def plan(wish: StageRequest) -> Run:
    """The run that fulfils `wish`, not yet on disk.

    Raises `TrainingError` with the commands that come first, and `DataError` for pages that a parent had and are gone.
    """
    if wish.pairs_from is not None and wish.stage != "dpo":
        raise UsageError(f"--pairs-from is for --stage dpo; --stage {wish.stage} learns from pages", hint="--data DIR")
    parent = run_dir.parent_of(wish.stage, wish.home)
    named = str(Path(wish.base).resolve()) if wish.base and Path(wish.base).is_dir() else wish.base
    base = named or (str((wish.home / parent.name).resolve()) if parent else wish.recipe.base)
    if parent is None and not named and (wish.stage == "dpo" or (wish.stage == "domain" and not base)):
        raise _no_parent(wish)
    sets = _sets(wish, parent if not wish.base else None)
    data = {path: _digest_pages(Path(path)) for path in dict.fromkeys((sets.train, sets.held_out, sets.general))}
    if wish.pairs_from is not None:
        data[str(wish.pairs_from.resolve())] = digest_source(wish.pairs_from)
    return Run(
        name=run_dir.name_for(wish.stage, wish.home),
        stage=wish.stage,
        base=base,
        base_digest=_digest(base, wish.recipe),
        recipe=wish.recipe,
        sets=sets,
        parent=parent.name if parent and not named else "",
        data=data,
        packages=_versions(),
        seed=wish.seed,
        processes=wish.processes,
        started=run_dir.now(),
    )


def _no_parent(wish: StageRequest) -> TrainingError:
    """Which commands come first, exactly as they are to be typed."""
    refused = [run.name for run in run_dir.all_runs(wish.home) if run.state == "refused"]
    there = f": {', '.join(refused)} was refused" if refused else ""
    where = "" if wish.home == Path("runs") else f" --runs {shlex.quote(str(wish.home))}"
    recipe = "" if wish.recipe.base else f" --recipe {wish.recipe.name}"
    stages = ("general", "domain") if wish.stage == "dpo" else ("general",)
    return TrainingError(
        f"--stage {wish.stage} needs a promoted run to start from, and there is none in {wish.home}{there}",
        hint="\n      ".join(f"ocr finetune --stage {stage} --data DIR{recipe}{where}" for stage in stages),
    )


def read_sets(run: Run, home: Path) -> tuple[list[Example], dict[str, list[Example]]]:
    """The training pages and, by manifest, the frozen ones: one set where held-out and general are the same pages.

    Checked for what may be trained on, for their number, and for documents and images on both sides, or that a run
    below has learned from. A general set that is to be composed is composed here, after the pages that were given have
    been checked.
    """
    training = for_training(read_manifest(Path(run.sets.train)))
    frozen: dict[str, list[Example]] = {}
    for path in dict.fromkeys((run.sets.held_out, run.sets.general)):
        if general_set.is_composed(Path(path)):
            general_set.prepare(Path(path))
        frozen[path] = read_manifest(Path(path))
        promotion.check_size(frozen[path], Path(path))
    judging = [example for pages in frozen.values() for example in pages]
    composed = general_set.is_composed(Path(run.sets.general))
    hint = f"ocr data split {run.sets.train} --by document --to DIR"
    hint += ", and train on no pages composed with seed 0: they judge" if composed else ""
    if shared := {example.document for example in training} & {example.document for example in judging}:
        raise DataError(f"{len(shared)} documents are in training and in a frozen set, e.g. {min(shared)}", hint=hint)
    known = {example.sha256: example.id for example in training}
    if twice := [example.id for example in judging if example.sha256 in known]:
        raise DataError(
            f"{len(twice)} images are in training and, by other names, in a frozen set, e.g. {twice[0]}",
            hint=f"leave them out of one: ocr data check {' '.join((run.sets.train, *frozen))} names them",
        )
    before = run_dir.learned_from(run, home)
    if learned := [example for example in judging if example.sha256 in before]:
        raise DataError(
            f"{len(learned)} pages of a frozen set are pages that {before[learned[0].sha256]} has learned from, "
            f"e.g. {learned[0].id}",
            hint="hold out pages that no stage has seen: other documents, or the split of the stage before",
        )
    return training, frozen


def held_out_images(run: Run) -> dict[str, str]:
    """Id by SHA-256 of every image that must not be trained on: the frozen sets, and test pages that lie beside them.

    Raises `DataError` for a manifest that is not right.
    """
    manifests = {Path(run.sets.held_out), Path(run.sets.general)}
    manifests |= {path.with_name(TEST_FILE) for path in (*manifests, Path(run.sets.train))}
    standing = [path for path in sorted(manifests) if path.is_file()]
    return {example.sha256: example.id for path in standing for example in read_manifest(path, images=False)}


def _sets(wish: StageRequest, parent: Run | None) -> Sets:
    """Where the pages come from: what was named, else what the parent run used."""
    if wish.data is None and parent is None:
        raise TrainingError(f"--stage {wish.stage} needs pages", hint=f"ocr finetune --stage {wish.stage} --data DIR")
    inherited = parent.sets if parent else None
    train = _manifest(wish.data) if wish.data else Path(inherited.train if inherited else "")
    held_out = wish.held_out or (train.with_name(HELD_OUT_FILE) if wish.data else None)
    if held_out is None and inherited:
        held_out = Path(inherited.held_out)
    if held_out is None or not held_out.is_file():
        raise TrainingError(
            f"no held-out pages for the gate: {held_out} does not exist",
            hint=f"ocr data split {train} --by document --to DIR, then --data DIR",
        )
    unrelated = held_out if wish.stage == "general" else general_set.general_manifest(wish.home)
    general = wish.general or (Path(inherited.general) if inherited else unrelated)
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


def _digest(base: str, recipe: Recipe) -> str:
    """What the base is, by content where it lies here; a model from nothing is its shape."""
    if not base:
        return "" if recipe.scratch is None else hash_bytes(recipe.scratch.model_dump_json().encode())
    model = resolve(base)
    return hash_checkpoint(Path(model.id)) if model.is_local else f"{model.id}@{model.revision}"


def _digest_pages(path: Path) -> str:
    if general_set.is_composed(path):
        return general_set.digest_order(path)
    try:
        return hash_file(path)
    except OSError as cause:
        raise DataError(
            f"{path}: {cause.strerror}", hint="name pages that are here: --data DIR, --general MANIFEST"
        ) from cause


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a stage asks of its machine; all in GB."""

    trained: float
    """Millions of parameters that move."""
    weights: float
    optimiser: float
    """Gradients, moments and 32-bit copies of the weights that move."""
    activations: float
    disk: float

    @property
    def memory(self) -> float:
        return self.weights + self.optimiser + self.activations


def estimate(recipe: Recipe, stage: StageName) -> Estimate:
    """Memory and disk of one stage, from the recipe alone; good to about a third.

    Weights: 2 bytes each in bf16, 4 in fp32, about 0.6 in four bits with their scales. Moving weights: 16 bytes each
    (weight, gradient and two Adam moments in 32 bits). Activations: with checkpointing, one hidden state a layer and
    token, and the vocabulary's logits in 32 bits twice; a page is its image tokens (28 x 28 pixels) and its answer, a
    quarter of the longest one. A pair is the page twice, with answers as long as
    `training.preferences.mining` lets the rejected one be. Disk: three checkpoints while the oldest is being
    replaced, and the merged model.
    """
    numbers = recipe.optimisation(stage)
    total = recipe.parameters * 1e9
    full = numbers.method == "full"
    # A decoder of P parameters is about 36 layers of hidden width sqrt(P / 36 / 12); rank r on its seven projections.
    # For a Qwen2.5-VL-3B with rank 32 that gives 61 million, where its real widths give 60.
    hidden = (total / 36 / 12) ** 0.5
    moving = total if full else 36 * recipe.lora.rank * hidden * 18
    per_weight = {"qlora": 0.6, "lora": 2.0 if recipe.precision == "bf16" else 4.0, "full": 0.0}[numbers.method]
    vocabulary = 152_000 if recipe.scratch is None else recipe.scratch.vocabulary
    page, text = recipe.image.max_pixels / 784, recipe.max_tokens / 4
    tokens = numbers.batch * (2 * (page + LONGEST_LAPS * text) if stage == "dpo" else page + text)
    layers = 36 if recipe.gradient_checkpointing else 36 * 16
    activations = tokens * (2 * hidden * layers + 8 * vocabulary)
    saved = moving * 12 * 3 + total * (8 if full else 2)
    return Estimate(moving / 1e6, total * per_weight / 1e9, moving * 16 / 1e9, activations / 1e9, saved / 1e9)


def device_memory() -> float:
    """GB of the first GPU, or of the machine where there is none; 0 where the system does not tell."""
    if sees_gpu():
        return float(load("torch", extra="train").cuda.get_device_properties(0).total_memory) / 1e9
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return 0.0
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def describe_plan(wish: StageRequest) -> str:
    """The plan and what it needs, in words."""
    run, needs = plan(wish), estimate(wish.recipe, wish.stage)
    numbers = wish.recipe.optimisation(wish.stage)
    frozen = " and ".join(dict.fromkeys((run.sets.held_out, run.sets.general)))
    return "\n".join(
        (
            f"{run.name}: stage {run.stage}, from {run.base or 'nothing'}, recipe {wish.recipe.name}",
            f"trains {needs.trained:,.1f} million parameters ({numbers.method}), {numbers.batch} x "
            f"{numbers.accumulate} pages a step on each of {wish.processes} devices, "
            f"learning rate {numbers.learning_rate:g}",
            f"needs about {needs.memory:.1f} GB on a device (weights {needs.weights:.1f}, optimiser "
            f"{needs.optimiser:.1f}, activations {needs.activations:.1f}); "
            f"the recipe is for {wish.recipe.device_gb:g} GB; {_compare_memory(needs, device_memory())}",
            f"needs about {needs.disk:.1f} GB of disk in {wish.home}",
            f"learns from {run.sets.train}, is judged by {frozen}",
        )
    )


def _compare_memory(needs: Estimate, device: float) -> str:
    if not device:
        return "how much this machine has is not known"
    what = "the GPU here" if sees_gpu() else "this machine, without a GPU,"
    fits = "enough" if needs.memory < device else "too little: lower batch or image.max_pixels with --set"
    return f"{what} has {device:.0f} GB: {fits}"


def check_disk(folder: Path, needed: float) -> None:
    """Raise `TrainingError` where `folder` has less than `needed` GB free."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed:
        raise TrainingError(
            f"{folder}: {free:.1f} GB free, the run needs about {needed:.1f} GB",
            hint="free space, or --runs DIR elsewhere",
        )
