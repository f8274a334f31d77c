"""The record of a recognizer's training run, `runs/NAME/run.json`, and its model card.

The file has the keys of a model's run where they mean the same, and `part: recognizer`, by which the two are told
apart. The folder is what `ocr extract --engine rapid --model runs/NAME` reads with.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from ocr.core.files import write_atomic
from training.recognizer.stage.recognizer_recipe import RecognizerRecipe, Stage
from training.recognizer.stage.recognizer_regression import LineComparison, describe_comparison
from training.run_dir import RUN_FILE, read_record, run_folders

PART = "recognizer"
State = Literal["training", "trained", "promoted", "refused"]
NOTICE = (
    "The network and its first weights are PP-OCRv6 recognition (small) of PaddleOCR, Copyright (c) PaddlePaddle "
    "Authors (Baidu), licensed under the Apache License 2.0 (https://www.apache.org/licenses/LICENSE-2.0). This file "
    "was changed: its alphabet was cut and extended, and its weights were trained further as said here."
)


@dataclass(frozen=True, slots=True)
class RecognizerMetrics:
    """What was measured, once it was."""

    steps: int = 0
    lines: int = 0
    """Lines trained on, those that came again included."""
    again: int = 0
    blend: float = 1.0
    """Share of the way from the base's weights to the tuned ones at which the saved ones lie."""
    gate: dict[str, LineComparison] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    """What reads worse than before."""


@dataclass(frozen=True, slots=True)
class RecognizerRun:
    """One stage of one recognizer."""

    name: str
    stage: Stage
    base: str
    """stock, pt, none, or the path of an ONNX file."""
    base_digest: str
    """SHA-256 of the base's file."""
    recipe: RecognizerRecipe
    part: Literal["recognizer"] = "recognizer"
    parent: str = ""
    """Name of the run that it started from."""
    state: State = "training"
    data: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each folder of lines, texts or fonts by its path."""
    packages: dict[str, str] = field(default_factory=dict)
    command: str = ""
    """What was typed."""
    seed: int = 0
    started: str = ""
    seconds: float = 0.0
    metrics: RecognizerMetrics = RecognizerMetrics()
    forced: bool = False
    """Promoted by hand although the regression check failed."""

    @property
    def key(self) -> tuple[object, ...]:
        """The values that make two runs the same work."""
        return (
            *(self.stage, self.base_digest, self.base == "none", self.recipe.model_dump_json()),
            *(tuple(sorted(self.data.values())), self.seed),
        )


_RUN: TypeAdapter[RecognizerRun] = TypeAdapter(RecognizerRun)


def save_run(run: RecognizerRun, folder: Path) -> None:
    """Write `run.json` atomically. Raises `OutputError` where it cannot be written."""
    write_atomic(folder / RUN_FILE, _RUN.dump_json(run, indent=2) + b"\n")


def load_run(folder: Path) -> RecognizerRun:
    """Read `run.json`. Raises `TrainingError` where it is absent or not that of a recognizer."""
    return read_record(folder, _RUN, "not the record of a recognizer")


def recognizer_runs(home: Path) -> list[RecognizerRun]:
    """Return the recognizers' runs under `home`, oldest first."""
    return sorted((load_run(folder) for folder in run_folders(home, PART)), key=lambda run: run.started)


def write_recognizer_card(run: RecognizerRun, card: Path) -> None:
    """Write the model card."""
    write_atomic(card, describe_recognizer(run).encode("utf-8"))


def describe_recognizer(run: RecognizerRun) -> str:
    """Return the model card as Markdown."""
    recipe, metrics = run.recipe, run.metrics
    state = "promoted by force: the regression check failed" if run.forced else run.state
    use = f"Use it: `ocr extract scans/ --engine rapid --model runs/{run.name}`"
    lost = [f"- {what}: {change}" for what, change in metrics.lost.items()]
    lines = [
        f"# {run.name}",
        "",
        f"A recognizer of lines, stage `{run.stage}`, {state}.",
        "",
        "| | |",
        "|---|---|",
        f"| started from | {_short(run.base)} ({run.base_digest[:16]}) |",
        f"| parent run | {run.parent or 'none'} |",
        f"| recipe | {recipe.name}, learning rate {recipe.learning_rate:g}, anchor {recipe.anchor:g} |",
        f"| seed | {run.seed} |",
        f"| training took | {run.seconds:.0f} s, {metrics.steps} steps, {metrics.lines:,} lines"
        f" ({metrics.again:,} again, with new noise) |",
        *([f"| weights | {metrics.blend:.0%} of the way from the base to the tuned ones |"] * (metrics.blend < 1)),
        *(f"| data | {_short(path)} ({digest[:16]}) |" for path, digest in run.data.items()),
        *(f"| {name} | {version} |" for name, version in run.packages.items()),
        f"| command | `{run.command}` |",
        "",
        "## Regression check",
        "",
        describe_comparison(metrics.gate) if metrics.gate else "Not made yet.",
        "",
        *(["Worse in:", "", *lost, ""] if lost else []),
        use if run.state == "promoted" else "Do not use it: the regression check failed.",
        "",
        "## Licence",
        "",
        NOTICE,
        "",
    ]
    return "\n".join(lines)


def _short(path: str) -> str:
    """Return the last two parts of a path, which name no machine."""
    return "/".join(Path(path).parts[-2:]) or "nothing"
