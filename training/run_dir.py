"""Runs and their lineage: `runs/NAME/run.json` says what was made from what, how, and whether it was promoted.

A run's folder is also a checkpoint that `ocr extract --model runs/NAME` reads: merged weights, processor and
`reading.toml` lie beside `run.json` once its training is over.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from ocr.core.errors import TrainingError
from ocr.core.files import write_atomic
from training.recipe import STAGES, Recipe, StageName

RUN_FILE = "run.json"
LEARNED_FROM = "learned_from.json"
"""SHA-256 of every image that the run learns from: a manifest may be split anew, and no longer tell."""

State = Literal["training", "trained", "promoted", "refused"]


@dataclass(frozen=True, slots=True)
class Sets:
    """The pages of a run, as manifests: one that it learns from, two that it is judged by and never sees."""

    train: str
    held_out: str
    general: str
    """The frozen general set: held-out pages of the general stage, or composed ones."""


@dataclass(frozen=True, slots=True)
class Run:
    """One stage of one model."""

    name: str
    stage: StageName
    base: str
    """Path or id of the model that it started from."""
    base_digest: str
    recipe: Recipe
    sets: Sets
    parent: str = ""
    """Name of the run that it started from; empty at the foot of the hierarchy."""
    state: State = "training"
    data: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each manifest by its path."""
    packages: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    processes: int = 1
    """Training processes; a step takes a batch of each."""
    started: str = ""
    seconds: float = 0.0
    tokens: int = 0
    """Tokens of the answers trained on."""
    metrics: dict[str, Any] = field(default_factory=dict)
    """loss: steps, that of the first and the mean of the last tenth. gate: the verdict on each frozen set. lost: what
    reads worse than before."""
    forced: bool = False
    """Promoted by hand against the gate."""

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two runs the same work."""
        return (
            self.stage,
            self.base_digest,
            self.recipe.model_dump_json(),
            tuple(sorted(self.data.values())),
            self.seed,
            self.processes,
        )


_RUN: TypeAdapter[Run] = TypeAdapter(Run)


def save(run: Run, folder: Path) -> None:
    """Write `folder/run.json`, whole or not at all. Raises `OutputError` where it cannot be written."""
    write_atomic(folder / RUN_FILE, _RUN.dump_json(run, indent=2) + b"\n")


def load(folder: Path) -> Run:
    """Read `folder/run.json`. Raises `TrainingError` where it is absent or not of this form."""
    try:
        return _RUN.validate_json((folder / RUN_FILE).read_bytes())
    except OSError as cause:
        raise TrainingError(f"{folder} is no run: {cause.strerror}", hint="ls the folder that --runs names") from cause
    except ValidationError as cause:
        raise TrainingError(
            f"{folder / RUN_FILE} is damaged: {cause.errors()[0]['msg']}",
            hint="put it right, or move that folder out of the folder of runs",
        ) from cause


def save_pages(images: Iterable[str], folder: Path) -> None:
    """Keep the SHA-256 of the images that a run learns from."""
    write_atomic(folder / LEARNED_FROM, json.dumps(sorted(set(images)), indent=0).encode("utf-8"))


def learned_from(run: Run, home: Path) -> dict[str, str]:
    """SHA-256 of the images that the runs below `run` have learned from -> which of them did."""
    found: dict[str, str] = {}
    while run.parent and (home / run.parent / RUN_FILE).is_file():
        run = load(home / run.parent)
        file = home / run.name / LEARNED_FROM
        if file.is_file():
            found |= dict.fromkeys(json.loads(file.read_bytes()), run.name)
    return found


def all_runs(home: Path) -> list[Run]:
    """The runs under `home`, oldest first."""
    found = [load(file.parent) for file in sorted(home.glob(f"*/{RUN_FILE}"))]
    return sorted(found, key=lambda run: run.started)


def parent_of(stage: StageName, home: Path) -> Run | None:
    """The newest promoted run that `stage` builds on: of the stage below it, or of one further down."""
    below = STAGES[: STAGES.index(stage)]
    promoted = [run for run in all_runs(home) if run.state == "promoted" and run.stage in below]
    return max(promoted, key=lambda run: (STAGES.index(run.stage), run.started), default=None)


def same_work(run: Run, home: Path) -> Run | None:
    """An earlier run that does the same as `run` would: finished ones are not repeated, others are resumed."""
    return next((other for other in all_runs(home) if other.key == run.key), None)


def name_for(stage: StageName, home: Path) -> str:
    """A free name: the stage and a number."""
    number = 1
    while (home / f"{stage}-{number}").exists():
        number += 1
    return f"{stage}-{number}"


def now() -> str:
    """The time that `started` holds: UTC, ISO 8601, to the microsecond so that runs sort."""
    return datetime.now(UTC).isoformat()


def marked(run: Run, state: State, **changes: Any) -> Run:
    """The run in another state."""
    return replace(run, state=state, **changes)


def checkpoints(folder: Path) -> list[Path]:
    """Whole checkpoints of a run, oldest first: the trainer writes `trainer_state.json` last."""
    found = [path.parent for path in (folder / "checkpoints").glob("checkpoint-*/trainer_state.json")]
    whole = [path for path in found if (path / "trainer_state.json").stat().st_size]
    return sorted(whole, key=lambda path: int(path.name.rpartition("-")[2]))
