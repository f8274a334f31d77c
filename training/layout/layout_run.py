"""The record of a layout's training run, `runs/NAME/run.json`, and its model card.

The folder is what `ocr extract --set layout=runs/NAME` arranges pages with.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from ocr.core.files import write_atomic
from training.layout.layout_check import LayoutComparison
from training.layout.layout_recipe import LayoutRecipe
from training.run_dir import RUN_FILE, read_record, run_folders

PART = "layout"
State = Literal["training", "trained", "promoted", "refused"]


@dataclass(frozen=True, slots=True)
class LayoutRun:
    """One training of the network of the structure of pages."""

    name: str
    recipe: LayoutRecipe
    base: str = "rules"
    """What the regression check compares with: rules, learned, or a run; a run is also what training starts from."""
    base_digest: str = ""
    """SHA-256 of the weights of the base; empty for the rules."""
    part: Literal["layout"] = "layout"
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
    gate: dict[str, LayoutComparison] = field(default_factory=dict)
    forced: bool = False
    """Promoted by hand although the regression check failed."""

    @property
    def key(self) -> tuple[object, ...]:
        """The values that make two runs the same work."""
        return (self.recipe.model_dump_json(), self.base, self.base_digest, self.seed)


_RUN: TypeAdapter[LayoutRun] = TypeAdapter(LayoutRun)


def save_layout_run(run: LayoutRun, folder: Path) -> None:
    """Write `run.json` atomically. Raises `OutputError` where it cannot be written."""
    write_atomic(folder / RUN_FILE, _RUN.dump_json(run, indent=2) + b"\n")


def load_layout_run(folder: Path) -> LayoutRun:
    """Read `run.json`. Raises `TrainingError` where it is absent or not that of a layout."""
    return read_record(folder, _RUN, "not the record of a layout")


def layout_runs(home: Path) -> list[LayoutRun]:
    """Return the runs of layouts under `home`, oldest first."""
    return sorted((load_layout_run(folder) for folder in run_folders(home, PART)), key=lambda run: run.started)


def describe_gate(run: LayoutRun) -> str:
    """Return the regression check as a Markdown table."""
    rows = [
        "| pages | number | order error | change (95% interval) | field F1 | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for name, seen in run.gate.items():
        low, high = (f"{100 * edge:+.2f}" if edge is not None else "?" for edge in (seen.change.low, seen.change.high))
        rows.append(
            f"| {name} | {seen.pages} | {seen.before:.2%} -> {seen.after:.2%} | {100 * seen.change.value:+.2f} points"
            f" ({low} to {high}) | {seen.field_before:.3f} -> {seen.field_after:.3f} | {seen.complaint or 'no worse'} |"
        )
    return "\n".join(rows)


def describe_layout_run(run: LayoutRun) -> str:
    """Return the model card as Markdown."""
    recipe = run.recipe
    state = "promoted by force: the regression check failed" if run.forced else run.state
    use = f"Use it: `ocr extract scans/ --set layout=runs/{run.name}`"
    return "\n".join(
        (
            f"# {run.name}",
            "",
            f"A network of the structure of pages, {state}. It was trained on composed pages alone, on no real page.",
            "",
            "| | |",
            "|---|---|",
            f"| compared with | {Path(run.base).name} {run.base_digest[:16]} |",
            f"| recipe | {recipe.name}: {recipe.pages:,} pages, {recipe.views} readings each, {recipe.steps:,} steps |",
            f"| learning rate | {recipe.learning_rate:g} |",
            f"| layout features left out | {', '.join(recipe.without) or 'none'} |",
            f"| seed | {run.seed} |",
            f"| training took | {run.seconds:.0f} CPU seconds; loss {run.loss:.3f} |",
            *(f"| {name} | {version} |" for name, version in run.packages.items()),
            f"| command | `{run.command}` |",
            "",
            "## Regression check",
            "",
            describe_gate(run) if run.gate else "Not made yet.",
            "",
            use if run.state == "promoted" else "Do not use it: the regression check failed.",
            "",
        )
    )
