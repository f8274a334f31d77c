"""The record of a detector's training run, `runs/NAME/run.json`, and its model card.

The folder is what `ocr extract --set options.detector=runs/NAME` finds lines with.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from ocr.core.files import write_atomic
from training.detector.detector_check import DetectorComparison
from training.detector.detector_recipe import DetectorRecipe
from training.run_dir import RUN_FILE, read_record, run_folders

PART = "fast-detector"
State = Literal["training", "trained", "promoted", "refused"]


@dataclass(frozen=True, slots=True)
class DetectorRun:
    """One training of the fast detector."""

    name: str
    recipe: DetectorRecipe
    base: str = "full"
    """What the regression check compares with: full, fitted, fast, or a run; training starts from a fast one."""
    base_digest: str = ""
    """First digits of the SHA-256 of the weights of a fast base."""
    part: Literal["fast-detector"] = "fast-detector"
    state: State = "training"
    packages: dict[str, str] = field(default_factory=dict)
    command: str = ""
    """What was typed."""
    seed: int = 0
    started: str = ""
    seconds: float = 0.0
    """CPU seconds of training."""
    loss: float = 0.0
    """Mean of the last 100 steps."""
    gate: dict[str, DetectorComparison] = field(default_factory=dict)
    forced: bool = False
    """Promoted by hand although the regression check failed."""

    @property
    def key(self) -> tuple[object, ...]:
        """The values that make two runs the same work."""
        return (self.recipe.model_dump_json(), self.base_digest or self.base, self.seed)


_RUN: TypeAdapter[DetectorRun] = TypeAdapter(DetectorRun)


def save_detector_run(run: DetectorRun, folder: Path) -> None:
    """Write `run.json` atomically. Raises `OutputError` where it cannot be written."""
    write_atomic(folder / RUN_FILE, _RUN.dump_json(run, indent=2) + b"\n")


def load_detector_run(folder: Path) -> DetectorRun:
    """Read `run.json`. Raises `TrainingError` where it is absent or not that of a detector."""
    return read_record(folder, _RUN, "not the record of a detector")


def detector_runs(home: Path) -> list[DetectorRun]:
    """Return the runs of detectors under `home`, oldest first."""
    return sorted((load_detector_run(folder) for folder in run_folders(home, PART)), key=lambda run: run.started)


def describe_detector_gate(run: DetectorRun) -> str:
    """Return the regression check as a Markdown table."""
    rows = ["| pages | number | error | change (95% interval) | joined lines | verdict |", "|---|---|---|---|---|---|"]
    for name, seen in run.gate.items():
        low, high = (f"{100 * edge:+.2f}" if edge is not None else "?" for edge in (seen.change.low, seen.change.high))
        rows.append(
            f"| {name} | {seen.pages} | {seen.before:.2%} -> {seen.after:.2%} | {100 * seen.change.value:+.2f} points"
            f" ({low} to {high}) | {seen.joined_before:.2%} -> {seen.joined_after:.2%}"
            f" | {seen.complaint or 'no worse'} |"
        )
    return "\n".join(rows)


def describe_detector_run(run: DetectorRun) -> str:
    """Return the model card as Markdown."""
    recipe = run.recipe
    state = "promoted by force: the regression check failed" if run.forced else run.state
    use = f"Use it: `ocr extract scans/ --set options.detector=runs/{run.name}`"
    return "\n".join(
        (
            f"# {run.name}",
            "",
            f"A detector of lines, {state}. It was trained on composed pages alone, on no real page.",
            "",
            "| | |",
            "|---|---|",
            f"| compared with | {Path(run.base).name} {run.base_digest} |",
            f"| recipe | {recipe.name}: {recipe.pages:,} pages, {recipe.steps:,} steps of {recipe.batch} crops of"
            f" {recipe.side} x {recipe.side} pixels |",
            f"| channels, blocks | {recipe.channels}, {recipe.blocks} |",
            f"| learning rate | {recipe.learning_rate:g} |",
            f"| seed | {run.seed} |",
            f"| training took | {run.seconds:.0f} CPU seconds; loss {run.loss:.3f} |",
            *(f"| {name} | {version} |" for name, version in run.packages.items()),
            f"| command | `{run.command}` |",
            "",
            "## Regression check",
            "",
            "Error: 1 - F1 of the length of print in strips that hold one line.",
            "",
            describe_detector_gate(run) if run.gate else "Not made yet.",
            "",
            use if run.state == "promoted" else "Do not use it: the regression check failed.",
            "",
        )
    )
