"""`ocr finetune`, the story of a stage: plan, train, merge, read before and after, and promote only what is no worse.

Every step leaves its result in the run's folder, so that a run that was killed goes on where it stopped, and a stage
that is finished is not run twice.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from pydantic import TypeAdapter

from data.examples import Example
from ocr.core.document import EngineOutput
from ocr.core.errors import EngineError, GateError, OutputError, TrainingError, UsageError
from ocr.core.files import write_atomic
from ocr.engines.vlm.request import find_checkpoint
from ocr.models import catalog
from ocr.storage.output_dir import held
from training import run_dir
from training.evaluation import promotion
from training.evaluation.model_card import describe_gate, describe_lost, write_card
from training.plan import StageRequest, check_disk, estimate, held_out_images, plan, read_sets
from training.preferences.from_ledger import take_pairs
from training.preferences.mining import find_pairs
from training.preferences.pairs import Pair, weigh, write_pairs
from training.preferences.sampling import Sampled, read_pages
from training.recipe import STAGES, StageName, change, read_recipe
from training.run_dir import Run
from training.trainer import dpo
from training.trainer.launcher import train_apart
from training.trainer.merge import merge
from training.trainer.model_loading import reading_model
from training.trainer.monitor import read_log
from training.trainer.process import LEARNED
from training.trainer.tiny_model import CHAT, TinyModelConfig, build

AFTER = "after.json"
"""A run's own answers to the frozen sets."""
_READINGS: TypeAdapter[list[tuple[EngineOutput, ...]]] = TypeAdapter(list[tuple[EngineOutput, ...]])


DEFAULT_RECIPE = "nanonets-ocr2-3b-24gb"
"""The base of the published specialist, on the GPU that most people have."""


def make_wish(stage: str, home: Path, recipe: str, assignments: list[str], base: str) -> StageRequest:
    """What was typed, with the recipe that was meant: the one named, else the parent run's, else the default.

    Raises `UsageError` for an unknown stage, recipe or key.
    """
    if stage not in STAGES:
        raise UsageError(f"no such stage: {stage}", hint=f"stages: {', '.join(STAGES)}")
    known: StageName = next(name for name in STAGES if name == stage)
    parent = run_dir.parent_of(known, home)
    if parent and not recipe:
        return StageRequest(known, home, change(parent.recipe, assignments), base=base)
    return StageRequest(known, home, read_recipe(recipe or DEFAULT_RECIPE, assignments), base=base)


def finetune(wish: StageRequest) -> Run:
    """Carry out one stage; answers the run, promoted. Raises `GateError` when it is refused."""
    run = plan(wish)
    earlier = run_dir.same_work(run, wish.home)
    if earlier is not None:
        # What was typed now says where the model and the pages lie: they may have been moved since.
        run = replace(earlier, base=run.base, sets=run.sets, data=run.data)
    folder = wish.home / run.name
    if run.state in ("promoted", "refused") and not (wish.force and run.state == "refused"):
        return conclude(run, folder)
    if run.base:
        find_checkpoint(catalog.resolve(run.base))
    if run.state == "training":
        check_disk(_existing(wish.home), estimate(run.recipe, run.stage).disk - _occupied(folder))
    training, frozen = read_sets(run, wish.home)  # last, since a general set may be composed for it
    with claimed(folder):
        run = _lay_foundation(run, folder, training)
        if run.state == "training":
            run_dir.save_pages((example.sha256 for example in training), folder)
            if run.stage == "dpo":
                _find_pairs(run, folder, training, wish)
            run = _train(run, folder)
        run = pass_gate(run, folder, frozen, wish)
    return conclude(run, folder)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other processes out of the run's folder. Raises `OutputError` where one is at work there."""
    with ExitStack() as stack:
        try:
            stack.enter_context(held(folder, create=True))
        except OutputError as cause:
            raise OutputError(
                cause.message, hint="wait for it to end; other work beside it is welcome, here or with --runs DIR"
            ) from cause
        yield


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)


def _occupied(folder: Path) -> float:
    """GB that stand in a folder already, of a run that was interrupted."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9


def _lay_foundation(run: Run, folder: Path, training: Sequence[Example]) -> Run:
    """Make the run's folder; a recipe that starts from nothing gets its untrained model there."""
    scratch = run.recipe.scratch
    if scratch is not None and not run.base:
        run = replace(run, base=str((folder / "base").resolve()))
        if not (folder / "base" / "config.json").is_file():
            texts = (text for example in training for text in (*CHAT, *example.fields.values()))
            build(folder / "base", TinyModelConfig(**scratch.model_dump()), seed=run.seed, texts=texts)
            catalog.save(reading_model(run.base, run.recipe), folder / "base")
    run_dir.save(run, folder)
    return run


def _train(run: Run, folder: Path) -> Run:
    """Run `training.trainer.process` in a process of its own, or in several, and merge what it learned."""
    if not any((folder / LEARNED).glob("*.safetensors")):
        train_apart(folder, run.processes)
    merge(run, folder)
    steps = read_log(folder)
    tail = steps[-max(1, len(steps) // 10) :]
    losses = {"steps": len(steps), "first": steps[0]["loss"], "last": sum(step["loss"] for step in tail) / len(tail)}
    run = run_dir.marked(
        run,
        "trained",
        seconds=max(step["seconds"] for step in steps),
        tokens=sum(step.get("tokens", 0) for step in steps),
        metrics={"loss": losses},
    )
    run_dir.save(run, folder)
    return run


def _find_pairs(run: Run, folder: Path, training: Sequence[Example], wish: StageRequest) -> None:
    """Leave `pairs.jsonl` in the run's folder: mined from the parent's own readings, or taken from a file."""
    target = folder / dpo.PAIRS_FILE
    if target.is_file():
        return
    kept = folder / "readings.jsonl"
    pairs = (
        _mine(run, training, wish.engine, kept) if wish.pairs_from is None else _harvest(run, folder, wish.pairs_from)
    )
    write_pairs(target, pairs)
    kept.unlink(missing_ok=True)
    write_atomic(folder / "balance.json", json.dumps(asdict(weigh(pairs)), indent=1).encode("utf-8"))


def _harvest(run: Run, folder: Path, source: Path) -> list[Pair]:
    """The pairs of a file or a ledger, none of them of a page that is held out; what was left out is said."""
    taken = take_pairs(source, reading_model(run.base, run.recipe), folder / "pages", held_out_images(run))
    left_out = "\n".join(f"left out: {line}" for line in taken.left_out)
    if not taken.pairs:
        raise TrainingError(
            f"{source} gives no pair\n{left_out}".rstrip(),
            hint=f"read more scans with the model: ocr extract scans/ --model {run.base} --to DIR",
        )
    print(f"{len(taken.pairs)} pairs from {source}\n{left_out}".rstrip(), file=sys.stderr)
    return taken.pairs


def _mine(run: Run, training: Sequence[Example], engine: str, kept: Path) -> list[Pair]:
    """Pairs from the parent's own readings of training pages, which go to the file `kept` as they come."""
    preference = run.recipe.dpo
    pages = list(training)[: preference.pages]
    manifest = Path(run.sets.train).parent
    sampled = Sampled(preference.samples, preference.temperature, run.seed)
    model = reading_model(run.base, run.recipe)
    readings = read_pages(engine, Path(run.base), [manifest / page.image for page in pages], sampled, kept)
    pairs = list(find_pairs(pages, readings, manifest, model))
    if not pairs:
        raise TrainingError(
            f"{len(pages)} pages were read {sampled.count} times and no reading was wrong in kind: there is no pair",
            hint="the model needs no dpo stage on these pages; or give others: --data DIR",
        )
    return pairs


def pass_gate(run: Run, folder: Path, frozen: Mapping[str, Sequence[Example]], wish: StageRequest) -> Run:
    """Read the frozen sets with the model before and after, compare, and mark the run promoted or refused."""
    model = reading_model(str(folder), run.recipe)
    images = [Path(manifest).parent / example.image for manifest, examples in frozen.items() for example in examples]
    before = _readings(wish.engine, Path(run.base), _before(run, folder, wish.home), images)
    after = _readings(wish.engine, folder, folder / AFTER, images)
    verdicts: dict[str, promotion.Verdict] = {}
    lost: dict[str, str] = {}
    start = 0
    for name, examples in zip(("domain", "general"), frozen.values(), strict=False):
        part = slice(start, start + len(examples))
        start += len(examples)
        verdicts[name] = promotion.compare(examples, model, before[part], after[part], seed=run.seed)
        found = promotion.losses(examples, model, before[part], after[part])
        lost |= {f"{name}: {what}": change for what, change in found.items()}
    passed = all(verdict.passed for verdict in verdicts.values())
    metrics = run.metrics | {"gate": {name: asdict(verdict) for name, verdict in verdicts.items()}, "lost": lost}
    run = run_dir.marked(
        run, "promoted" if passed or wish.force else "refused", metrics=metrics, forced=wish.force and not passed
    )
    run_dir.save(run, folder)
    write_card(run, folder)
    return run


def _before(run: Run, folder: Path, home: Path) -> Path:
    """Where the base's answers lie: with the parent run, if its own gate asked it for the same pages."""
    answers = home / run.parent / AFTER
    if run.parent and answers.is_file():
        parent = run_dir.load(home / run.parent)
        frozen = (run.sets.held_out, run.sets.general)
        if frozen == (parent.sets.held_out, parent.sets.general) and all(
            run.data[path] == parent.data[path] for path in frozen
        ):
            return answers
    return folder / "before.json"


def _readings(engine: str, model: Path, file: Path, images: Sequence[Path]) -> list[EngineOutput]:
    """First answers to the frozen sets, kept beside the run so that a killed gate reads nothing twice."""
    if not file.is_file():
        kept = file.with_suffix(".jsonl")
        readings = read_pages(engine, model, images, Sampled(), kept)
        if failed := [place for place, (reading,) in enumerate(readings) if reading.finish == "error"]:
            raise EngineError(
                f"{len(failed)} of {len(images)} frozen pages could not be read with {model.name}, "
                f"e.g. {images[failed[0]]}: {readings[failed[0]][0].reason}",
                hint="type the same command again, what was read is kept; or leave the page out of the manifest",
            )
        write_atomic(file, _READINGS.dump_json(readings))
        kept.unlink(missing_ok=True)
    return [answers[0] for answers in _READINGS.validate_json(file.read_bytes())]


def conclude(run: Run, folder: Path) -> Run:
    """The run, if it is promoted. Raises `GateError` that says why it is not."""
    if run.state == "promoted":
        return run
    complaints = [
        f"{name}: {complaint}" for name, verdict in run.metrics["gate"].items() for complaint in verdict["complaints"]
    ]
    hint = f"look at {folder}; --force-promote keeps it all the same, and says so in run.json"
    if run.stage != "dpo" and all("degeneration" in complaint for complaint in complaints):
        hint += "; then ocr finetune --stage dpo is made to mend what loops"
    raise GateError(
        "\n".join([f"{run.name} is refused", *complaints, describe_gate(run), "", *describe_lost(run)]).rstrip(),
        hint=hint,
    )
