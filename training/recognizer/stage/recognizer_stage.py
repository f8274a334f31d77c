"""`ocr finetune --part recognizer`: plan, train, compare and promote one stage of a recognizer.

Each step leaves its result in the run's folder: a run that was killed goes on where it stopped, and a finished stage is
not run twice.
"""

import hashlib
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from data.lines.corrected.accepted_output import correction_files, is_output_folder
from ocr.core.environment import load, package_version
from ocr.core.errors import DataError, GateError, UsageError
from ocr.core.files import hash_file, write_atomic
from ocr.engines.local.recognizers.selection import shipped_file
from training.recognizer.bases import NOTHING, base_file
from training.recognizer.ctc.line_scores import score
from training.recognizer.stage.recognizer_recipe import (
    RECOGNIZER_STAGES,
    RecognizerRecipe,
    Stage,
    read_recognizer_recipe,
)
from training.recognizer.stage.recognizer_regression import compare_lines, describe_comparison, worse_wears
from training.recognizer.stage.recognizer_run import (
    RecognizerMetrics,
    RecognizerRun,
    load_run,
    recognizer_runs,
    save_run,
    write_recognizer_card,
)
from training.run_dir import RunDir, free_name

COMPOSED = "composed"
WEIGHTS = "recognizer.onnx"
PACKAGES = ("lusocr", "torch", "onnx", "onnxruntime", "opencv-python-headless")
CLEAN_LINES = 400
"""Lines of clean print in the regression check."""
_TEXTS: TypeAdapter[dict[str, list[str]]] = TypeAdapter(dict[str, list[str]])


@dataclass(frozen=True, slots=True)
class RecognizerRequest:
    """What the user asked for."""

    stage: str
    home: Path = Path("runs")
    data: str = COMPOSED
    """`composed`, or the folder of an archive's own lines."""
    base: str = ""
    """stock, pt, none, a run or an ONNX file; by default the newest promoted run, else pt, else stock."""
    recipe: str = ""
    assignments: tuple[str, ...] = ()
    seed: int = 0
    force: bool = False


def plan_recognizer(request: RecognizerRequest) -> RecognizerRun:
    """Return the run that fulfills a request; nothing is written.

    Raises `UsageError` for an unknown stage, recipe or key, and `DataError` for a base or data that is not there.
    """
    stage = _stage(request.stage)
    recipe = read_recognizer_recipe(request.recipe, stage, list(request.assignments))
    base, parent = _base(request, stage, recipe)
    file = _file_of(base, recipe)
    run = RecognizerRun(
        name=free_name(request.home, f"recognizer-{stage}"),
        stage=stage,
        base=base,
        base_digest=hash_file(file) if file else "",
        recipe=recipe,
        parent=parent,
        data=_digests(request, recipe),
        packages={name: version for name in PACKAGES if (version := package_version(name))},
        command=_command(request),
        seed=request.seed,
        started=datetime.now(UTC).isoformat(),
    )
    earlier = next((other for other in recognizer_runs(request.home) if other.key == run.key), None)
    return replace(earlier, base=run.base, data=run.data) if earlier else run


def finetune_recognizer(request: RecognizerRequest) -> RecognizerRun:
    """Carry out one stage and return the promoted run.

    Raises `GateError` where the regression check fails, and `TrainingError`, `DataError` as training does.
    """
    load("torch", extra="train")
    load("onnx", extra="train")
    run = plan_recognizer(request)
    directory = RunDir(request.home / run.name)
    if not (run.state == "promoted" or (run.state == "refused" and not request.force)):
        with directory.lock():
            save_run(run, directory.path)
            run = _trained(run, request, directory.path)
            run = _promoted(run, request, directory.path)
    return _concluded(run, directory.path)


def describe_recognizer_plan(request: RecognizerRequest) -> str:
    """Return the plan in words."""
    run = plan_recognizer(request)
    recipe = run.recipe
    budget = [f"{recipe.lines:,} lines"] * bool(recipe.lines) + [f"{recipe.minutes:g} minutes"] * bool(recipe.minutes)
    own = f", {recipe.own_share:.0%} of them from {request.data}" if request.data != COMPOSED else ""
    return "\n".join(
        (
            f"{run.name}: recognizer, stage {run.stage}, from {run.base}, recipe {recipe.name}",
            f"trains for {' or '.join(budget)}, learning rate {recipe.learning_rate:g}, anchor {recipe.anchor:g}",
            f"lines of {recipe.columns:,} pixel columns a batch{own}; {recipe.processes} composing processes",
            f"is judged by {recipe.held_out} composed lines and {CLEAN_LINES} clean ones"
            + (f", and by {recipe.own_held_out:.0%} of {request.data}" if own else ""),
        )
    )


def _stage(name: str) -> Stage:
    if name not in RECOGNIZER_STAGES:
        raise UsageError(f"no such stage of the recognizer: {name}", hint="--stage general or --stage domain")
    return next(stage for stage in RECOGNIZER_STAGES if stage == name)


def _base(request: RecognizerRequest, stage: Stage, recipe: RecognizerRecipe) -> tuple[str, str]:
    """Return the base, a name or the path of a file, and the name of the parent run where it is one."""
    if request.base:
        folder = Path(request.base)
        if folder.is_dir():
            load_run(folder)
            return str((folder / WEIGHTS).resolve()), folder.name if folder.parent == request.home else ""
        return request.base, ""
    below = RECOGNIZER_STAGES[: RECOGNIZER_STAGES.index(stage)]
    promoted = [
        run
        for run in recognizer_runs(request.home)
        if run.state == "promoted" and run.stage in below and run.recipe.network == recipe.network
    ]
    if promoted:
        return str((request.home / promoted[-1].name / WEIGHTS).resolve()), promoted[-1].name
    if recipe.network != "ppocr":
        return NOTHING, ""
    return ("pt" if stage == "domain" and shipped_file("pt") else "stock"), ""


def _file_of(base: str, recipe: RecognizerRecipe) -> Path | None:
    """Return the ONNX file of a base; None for random weights of a fast network."""
    if base == NOTHING and recipe.network != "ppocr":
        return None
    return base_file(base)


def _command(request: RecognizerRequest) -> str:
    parts = ["ocr", "finetune", "--part", "recognizer", "--stage", request.stage, "--data", str(request.data)]
    if request.base:
        parts += ["--base", request.base]
    if request.recipe:
        parts += ["--recipe", request.recipe]
    parts += [part for assignment in request.assignments for part in ("--set", assignment)]
    return shlex.join([*parts, "--seed", str(request.seed)])


def _digests(request: RecognizerRequest, recipe: RecognizerRecipe) -> dict[str, str]:
    """SHA-256 of every folder that lines are made from, by its path."""
    own = [] if request.data == COMPOSED else [Path(request.data)]
    folders = [*own, *recipe.texts, *recipe.fonts, *recipe.held_out_texts, *recipe.held_out_fonts]
    return {str(folder): _digest_folder(folder) for folder in folders}


def _digest_folder(folder: Path) -> str:
    if not folder.exists():
        raise DataError(f"{folder} does not exist", hint="name a folder that is here, or --data composed")
    files = [folder] if folder.is_file() else sorted(file for file in folder.rglob("*") if file.is_file())
    if is_output_folder(folder):  # opening it changes its ledger
        files = correction_files(folder)
    names = [f"{file.relative_to(folder)} {hash_file(file)}" for file in files]
    return hashlib.sha256("\n".join(names).encode("utf-8")).hexdigest()


# ---- the steps


def _trained(run: RecognizerRun, request: RecognizerRequest, folder: Path) -> RecognizerRun:
    """Train the weights, or go on with it. A trained run is left as it is."""
    if run.state != "training":
        return run
    from training.recognizer.stage import recognizer_session

    progress = recognizer_session.train_run(run, request.data, folder, CLEAN_LINES)
    metrics = RecognizerMetrics(progress.step, progress.lines, progress.again, progress.blend)
    run = replace(run, state="trained", seconds=progress.seconds, metrics=metrics)
    save_run(run, folder)
    return run


def _promoted(run: RecognizerRun, request: RecognizerRequest, folder: Path) -> RecognizerRun:
    """Read the frozen lines with the base and with the run, compare, and mark the run promoted or refused."""
    from training.recognizer.stage import recognizer_session

    frozen = recognizer_session.frozen_lines(run, request.data, CLEAN_LINES)
    before = _kept(folder / "before.json", lambda: recognizer_session.read_base(run, frozen))
    after = _kept(folder / "after.json", lambda: recognizer_session.read_file(folder / WEIGHTS, frozen))
    compared = {
        name: compare_lines(name, score(lines, before[name]), score(lines, after[name]), seed=run.seed)
        for name, lines in frozen.items()
    }
    passed = all(comparison.passed for comparison in compared.values())
    forced = request.force and not passed
    metrics = replace(run.metrics, gate=compared, lost=worse_wears(compared))
    run = replace(run, state="promoted" if passed or forced else "refused", metrics=metrics, forced=forced)
    save_run(run, folder)
    write_recognizer_card(run, folder / "README.md")
    return run


def _kept(file: Path, read: Callable[[], dict[str, list[str]]]) -> dict[str, list[str]]:
    """Return readings of the frozen lines by set; `file` keeps them, so that a killed check reads nothing twice."""
    if not file.is_file():
        write_atomic(file, json.dumps(read(), ensure_ascii=False).encode("utf-8"))
    return _TEXTS.validate_json(file.read_bytes())


def _concluded(run: RecognizerRun, folder: Path) -> RecognizerRun:
    if run.state == "promoted":
        return run
    complaints = [f"{name}: {seen.complaint}" for name, seen in run.metrics.gate.items() if seen.complaint]
    worse = [f"- {what}: {change}" for what, change in run.metrics.lost.items()]
    table = describe_comparison(run.metrics.gate)
    raise GateError(
        "\n".join([f"{run.name} fails the regression check", *complaints, table, *worse]),
        hint=f"look at {folder}; --force-promote promotes it all the same and records that in run.json; "
        "or train with more composed lines: --set own_share=0.3, or a stronger anchor: --set anchor=0.01",
    )
