"""`ocr finetune`: plan one stage, lay out its run, train, merge, evaluate and promote.

Each step takes the context of the stage and returns a changed one. A step leaves its result in the run's folder, so
that a killed run continues where it stopped and a finished stage is not run twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from ocr.core.document import EngineOutput
from ocr.core.errors import EngineError, GateError
from ocr.core.files import write_atomic
from ocr.models import catalog
from training.evaluation.model_card import describe_gate, describe_lost, write_card
from training.evaluation.model_regression import compare_sets
from training.joint.drafter_check import compare_drafts, write_held_out
from training.plan import StageContext, StageRequest, Step, prepare
from training.preferences.sampling import Sampled, read_pages
from training.preferences.stage_pairs import write_stage_pairs
from training.run import Metrics, PromotionReport, Run
from training.run_dir import RunDir
from training.trainer.launcher import train_apart
from training.trainer.model_loading import merge_weights
from training.trainer.monitor import summarize
from training.trainer.tiny_model import CHAT, build

_OUTPUTS: TypeAdapter[list[tuple[EngineOutput, ...]]] = TypeAdapter(list[tuple[EngineOutput, ...]])


def finetune(request: StageRequest, *, obtain: Callable[[str], None] | None = None) -> Run:
    """Carry out one stage and return the promoted run.

    `obtain` may download the base; it is called with the base's name. Raises `GateError` where the regression check
    fails, and whatever the steps raise: see docs/reference/exit-codes.md.
    """
    context = prepare(request, obtain)
    if not context.is_finished:
        with context.directory.lock():
            context = run_steps(context, STEPS)
    return conclude(context)


def run_steps(context: StageContext, steps: Sequence[Step]) -> StageContext:
    """Run the steps in order and write `run.json` after each one. The run's folder must be locked."""
    for step in steps:
        context = step(context)
        context.directory.save(context.run)
    return context


def lay_out_run(context: StageContext) -> StageContext:
    """Write what training starts from: the untrained model of a recipe with `scratch`, and the pairs of stage `dpo`."""
    run, directory = context.run, context.directory
    if run.recipe.scratch is not None and not run.base:
        context = replace(context, run=replace(run, base=str(directory.base.resolve())))
        if not (directory.base / "config.json").is_file():
            texts = (text for example in context.training for text in (*CHAT, *example.fields.values()))
            build(directory.base, run.recipe.scratch, seed=run.seed, texts=texts)
            catalog.save(context.run.model, directory.base)
    if run.state == "training":
        directory.save_training_images([example.sha256 for example in context.training])
        if run.stage == "dpo":
            write_stage_pairs(context)
    return context


def train(context: StageContext) -> StageContext:
    """Train in child processes, unless that is done."""
    if context.run.state == "training":
        train_apart(context.directory, context.run.processes)
    return context


def merge(context: StageContext) -> StageContext:
    """Merge what was trained into a checkpoint in the run's folder, unless that is done."""
    if context.run.state != "training":
        return context
    merge_weights(context.run, context.directory)
    loss, seconds, tokens = summarize(context.directory)
    run = replace(context.run, state="trained", seconds=seconds, tokens=tokens, metrics=Metrics(loss=loss))
    return replace(context, run=run)


def evaluate(context: StageContext) -> StageContext:
    """Read the frozen sets with the base and with the run, and compare the outputs."""
    run, directory, frozen = context.run, context.directory, context.frozen
    if run.stage == "drafter":
        return _evaluate_drafts(context)
    images = [Path(manifest).parent / example.image for manifest, examples in frozen.items() for example in examples]
    before, after = (
        _frozen_outputs(context.request.engine, model, file, images)
        for model, file in ((Path(run.base), _base_outputs(context)), (directory.path, directory.after))
    )
    report = compare_sets(frozen.values(), run.model, before, after, seed=run.seed)
    return replace(context, report=report)


def _evaluate_drafts(context: StageContext) -> StageContext:
    """Write the held-out pages with the base, and draft them without and with the adapter."""
    run, directory = context.run, context.directory
    examples = context.frozen[run.sets.held_out]
    images = [Path(run.sets.held_out).parent / example.image for example in examples]
    drafted = write_held_out(run.base, directory.path, images, directory.drafts)
    report = PromotionReport({}, {}, compare_drafts(examples, drafted, seed=run.seed))
    return replace(context, report=report)


def promote(context: StageContext) -> StageContext:
    """Mark the run promoted or refused by the regression check, and write its model card."""
    run, report = context.run, context.report
    if report is None:
        raise ValueError("promote follows evaluate")
    forced = context.request.force and not report.passed
    run = replace(
        run,
        state="promoted" if report.passed or forced else "refused",
        metrics=replace(run.metrics, gate=report.sets, lost=report.lost, drafts=report.drafts),
        forced=forced,
    )
    write_card(run, context.directory.card)
    return replace(context, run=run)


STEPS: tuple[Step, ...] = (lay_out_run, train, merge, evaluate, promote)
"""The steps of a stage after its plan, for a vision-language model."""


def _base_outputs(context: StageContext) -> Path:
    """Return the file for the outputs of the base: the parent run's own, where it read the same frozen pages."""
    run, parent = context.run, RunDir(context.request.home / context.run.parent)
    if run.parent and parent.after.is_file():
        below = parent.load()
        frozen = (run.sets.held_out, run.sets.general)
        if frozen == (below.sets.held_out, below.sets.general) and all(
            run.data[path] == below.data[path] for path in frozen
        ):
            return parent.after
    return context.directory.before


def _frozen_outputs(engine: str, model: Path, file: Path, images: Sequence[Path]) -> list[EngineOutput]:
    """Return the greedy output for each frozen page; `file` keeps them, so that nothing is read twice after a kill."""
    if not file.is_file():
        kept = file.with_suffix(".jsonl")
        outputs = read_pages(engine, model, images, Sampled(), kept)
        if failed := [place for place, (output,) in enumerate(outputs) if output.finish == "error"]:
            raise EngineError(
                f"{len(failed)} of {len(images)} frozen pages could not be read with {model.name}, "
                f"e.g. {images[failed[0]]}: {outputs[failed[0]][0].reason}",
                hint="type the same command again, finished pages are kept; or delete the page from the manifest",
            )
        write_atomic(file, _OUTPUTS.dump_json(outputs))
        kept.unlink(missing_ok=True)
    return [answers[0] for answers in _OUTPUTS.validate_json(file.read_bytes())]


def conclude(context: StageContext) -> Run:
    """Return the run where it is promoted. Raises `GateError` that says why it is not."""
    run, folder = context.run, context.directory.path
    if run.state == "promoted":
        return run
    complaints = [
        f"{name}: {complaint}" for name, compared in run.metrics.gate.items() for complaint in compared.complaints
    ]
    complaints += run.metrics.drafts.complaints if run.metrics.drafts else ()
    hint = f"look at {folder}; --force-promote promotes it all the same and records that in run.json"
    if run.stage in ("general", "domain") and all("degeneration" in complaint for complaint in complaints):
        hint += "; then ocr finetune --stage dpo can reduce the repetition"
    raise GateError(
        "\n".join(
            [f"{run.name} fails the regression check", *complaints, describe_gate(run), "", *describe_lost(run)]
        ).rstrip(),
        hint=hint,
    )
