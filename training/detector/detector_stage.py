"""`ocr finetune --part fast-detector`: draw pages, train, compare and promote a detector of lines.

Each step leaves its result in the run's folder: a run that was killed goes on where it stopped, and a finished one is
not run twice.
"""

import shlex
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ocr.core.environment import load, package_version
from ocr.core.errors import GateError, UsageError
from ocr.core.files import write_atomic
from ocr.engines.local.detectors.detector_selection import RUN_FILE, DetectorChoice, choose_detector
from ocr.engines.local.recognizers.selection import digest_of
from training.detector.detector_recipe import read_detector_recipe
from training.detector.detector_run import (
    PART,
    DetectorRun,
    describe_detector_gate,
    describe_detector_run,
    detector_runs,
    save_detector_run,
)
from training.run_dir import RunDir, free_name

STAGE = "general"
PAGES = "pages"
"""The folder of drawn pages in that of a run."""
STOCK = "full"
PACKAGES = ("lusocr", "torch", "numpy", "opencv-python-headless", "rapidocr")


@dataclass(frozen=True, slots=True)
class DetectorRequest:
    """What the user asked for."""

    stage: str = STAGE
    home: Path = Path("runs")
    base: str = ""
    """What the run is compared with: full, fitted, fast, or the folder of a run; default: full. Training starts from
    the weights of a fast base; from random ones else."""
    recipe: str = ""
    assignments: tuple[str, ...] = ()
    seed: int = 0
    force: bool = False


def plan_detector(request: DetectorRequest) -> DetectorRun:
    """Return the run that fulfills a request; nothing is written.

    Raises `UsageError` for an unknown stage, recipe, key or base.
    """
    if request.stage != STAGE:
        raise UsageError(f"no such stage of the fast detector: {request.stage}", hint=f"--stage {STAGE}")
    recipe = read_detector_recipe(request.recipe, list(request.assignments))
    base = request.base or STOCK
    file = choose_detector(base).file
    run = DetectorRun(
        name=free_name(request.home, PART),
        recipe=recipe,
        base=base,
        base_digest=digest_of(Path(file)) if file else "",
        packages={name: version for name in PACKAGES if (version := package_version(name))},
        command=_command(request),
        seed=request.seed,
        started=datetime.now(UTC).isoformat(),
    )
    return next((other for other in detector_runs(request.home) if other.key == run.key), run)


def finetune_detector(request: DetectorRequest) -> DetectorRun:
    """Carry out a run and return it, promoted. Raises `GateError` where the regression check fails."""
    load("torch", extra="train")
    run = plan_detector(request)
    directory = RunDir(request.home / run.name)
    if not (run.state == "promoted" or (run.state == "refused" and not request.force)):
        with directory.lock():
            save_detector_run(run, directory.path)
            run = _trained(run, directory.path)
            run = _promoted(run, request, directory.path)
    if run.state != "promoted":
        complaints = [f"{name}: {seen.complaint}" for name, seen in run.gate.items() if seen.complaint]
        raise GateError(
            "\n".join([f"{run.name} fails the regression check", *complaints, describe_detector_gate(run)]),
            hint=f"look at {directory.path}; train longer with --set steps=20000; --force-promote promotes it all the "
            "same and records that in run.json",
        )
    return run


def describe_detector_plan(request: DetectorRequest) -> str:
    """Return the plan in words."""
    run = plan_detector(request)
    recipe = run.recipe
    return "\n".join(
        (
            f"{run.name}: fast detector, recipe {recipe.name}, compared with {run.base}",
            f"trains on {recipe.pages:,} composed pages for {recipe.steps:,} steps of {recipe.batch} crops, "
            f"learning rate {recipe.learning_rate:g}",
            f"is judged by {recipe.held_out} clean and {recipe.held_out} worn composed pages",
        )
    )


def _command(request: DetectorRequest) -> str:
    parts = ["ocr", "finetune", "--part", PART, "--stage", request.stage]
    parts += ["--base", request.base] if request.base else []
    parts += ["--recipe", request.recipe] if request.recipe else []
    parts += [part for assignment in request.assignments for part in ("--set", assignment)]
    return shlex.join([*parts, "--seed", str(request.seed)])


def _trained(run: DetectorRun, folder: Path) -> DetectorRun:
    """Train the weights, or go on with it. A trained run is left as it is."""
    if run.state != "training":
        return run
    from training.detector.detector_network import create_detector, shape_of
    from training.detector.detector_onnx import read_detector
    from training.detector.detector_trainer import DetectorTrainer, LoopSettings
    from training.detector.drawn.drawn_pages import DrawnSupply, draw_pages

    recipe = run.recipe
    drawn = DrawnSupply(PART if not run.seed else f"{PART}/{run.seed}", recipe.pages, (recipe.em[0], recipe.em[1]))
    for _ in draw_pages(drawn, folder / PAGES):
        pass
    settings = LoopSettings(
        recipe.steps, recipe.learning_rate, recipe.warmup, recipe.weight_decay, recipe.averaging, recipe.batch,
        recipe.side, run.seed, recipe.save_seconds,
    )  # fmt: skip
    base = choose_detector(run.base).file
    network = read_detector(Path(base)) if base else create_detector(shape_of(recipe.channels, recipe.blocks), run.seed)
    trainer = DetectorTrainer(network, settings, folder)
    trainer.resume()
    trainer.train(folder / PAGES, recipe.pages)
    trainer.write(folder / RUN_FILE)
    run = replace(run, state="trained", seconds=trainer.seconds, loss=trainer.loss)
    save_detector_run(run, folder)
    return run


def _promoted(run: DetectorRun, request: DetectorRequest, folder: Path) -> DetectorRun:
    """Find the lines of held-out pages with the base and with the run, compare, and mark it promoted or refused."""
    from ocr.engines.local.rapidocr_worker import load_detector
    from training.detector.detector_check import compare
    from training.detector.drawn.drawn_pages import DrawnSupply

    before = load_detector(choose_detector(run.base).to_text(), "openvino")
    after = load_detector(DetectorChoice("fast", str(folder / RUN_FILE)).to_text(), "openvino")
    held_out = DrawnSupply(f"held-out/{run.seed}", run.recipe.held_out)
    gate = {
        name: compare((held_out.scan(number, worn=worn) for number in range(held_out.count)), before, after, run.seed)
        for name, worn in (("clean", False), ("worn", True))
    }
    passed = not any(seen.complaint for seen in gate.values())
    forced = request.force and not passed
    run = replace(run, state="promoted" if passed or forced else "refused", gate=gate, forced=forced)
    save_detector_run(run, folder)
    write_atomic(RunDir(folder).card, describe_detector_run(run).encode("utf-8"))
    return run
