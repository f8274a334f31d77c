"""The folders of runs: the files of one run, and the lineage of all runs in a folder.

`runs/NAME/run.json` says what a run was made from and how, and whether it was promoted. The folder is also a checkpoint
that `ocr extract --model runs/NAME` loads: merged weights, processor and `reading.toml` lie beside `run.json` once
training is over.
"""

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from ocr.core.errors import OutputError, TrainingError
from ocr.core.files import write_atomic
from ocr.storage.output_dir import held
from training.recipe import STAGES, StageName
from training.run import Run

RUN_FILE = "run.json"
MODEL = "model"
"""The part that a run trains where its record names none: a vision-language model."""
_RUN: TypeAdapter[Run] = TypeAdapter(Run)


Record = TypeVar("Record")


def read_record(folder: Path, adapter: TypeAdapter[Record], problem: str) -> Record:
    """Read the `run.json` of a folder, for whatever part of the program the run trains.

    Raises `TrainingError` where it is absent, or has another form: it is then said to be `problem`, such as "damaged".
    """
    record = folder / RUN_FILE
    try:
        return adapter.validate_json(record.read_bytes())
    except OSError as cause:
        raise TrainingError(f"{folder} is no run: {cause.strerror}", hint="ls the folder that --runs names") from cause
    except ValidationError as cause:
        raise TrainingError(
            f"{record} is {problem}: {cause.errors()[0]['msg']}",
            hint="correct it, or move that folder out of the folder of runs",
        ) from cause


class RunDir:
    """The folder of one run. Every file name of a run stands here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / RUN_FILE
        """What `load` and `save` read and write."""
        self.base = path / "base"
        """The untrained model, where the recipe has one built from scratch."""
        self.training_images = path / "learned_from.json"
        """SHA-256 of every training image. A manifest may be split again later and no longer tell."""
        self.checkpoints = path / "checkpoints"
        self.learned = path / "learned"
        """What training leaves: an adapter, or the whole model where the recipe trains all weights."""
        self.learned_draft = path / "learned.part"
        self.losses = path / "losses.jsonl"
        self.curves = path / "losses.png"
        self.failure = path / "failure.json"
        """Why training stopped, for the parent process: of several processes, one message is enough."""
        self.pairs = path / "pairs.jsonl"
        self.pair_pages = path / "pages"
        """Images of pairs that come from a ledger."""
        self.pair_outputs = path / "readings.jsonl"
        """Outputs that pairs are mined from, kept until the pairs are written."""
        self.balance = path / "balance.json"
        self.before = path / "before.json"
        """Outputs of the base on the frozen sets."""
        self.after = path / "after.json"
        """Outputs of the run itself on the frozen sets."""
        self.drafts = path / "drafts.jsonl"
        """Held-out pages as the base writes them, and as it drafts without and with the adapter of stage `drafter`."""
        self.card = path / "README.md"

    def save(self, run: Run) -> None:
        """Write `run.json` atomically. Raises `OutputError` where it cannot be written."""
        unknown = None if run.page_resize else {"page_resize"}  # an old run keeps the keys that it has
        write_atomic(self.record, _RUN.dump_json(run, indent=2, exclude=unknown) + b"\n")

    def load(self) -> Run:
        """Read `run.json`. Raises `TrainingError` where it is absent or not of this form."""
        return read_record(self.path, _RUN, "damaged")

    def save_training_images(self, digests: Iterable[str]) -> None:
        """Keep the SHA-256 of the images that the run trains on."""
        write_atomic(self.training_images, json.dumps(sorted(set(digests)), indent=0).encode("utf-8"))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes out of the folder. Raises `OutputError` where one works in it."""
        with ExitStack() as stack:
            try:
                stack.enter_context(held(self.path, create=True))
            except OutputError as cause:
                raise OutputError(
                    cause.message, hint="wait for it to end; another run may go on at the same time, with --runs DIR"
                ) from cause
            yield

    @property
    def is_trained(self) -> bool:
        """Return whether training has ended and left its weights."""
        return any(self.learned.glob("*.safetensors"))

    def last_checkpoint(self) -> Path | None:
        """Return the last whole checkpoint and delete broken ones: the trainer would take the newest by its name."""
        whole = self.whole_checkpoints()
        for path in self.checkpoints.glob("checkpoint-*"):
            if path not in whole:
                shutil.rmtree(path, ignore_errors=True)
        return whole[-1] if whole else None

    def whole_checkpoints(self) -> list[Path]:
        """Return the whole checkpoints, oldest first: the trainer writes `trainer_state.json` last."""
        found = [path.parent for path in self.checkpoints.glob("checkpoint-*/trainer_state.json")]
        whole = [path for path in found if (path / "trainer_state.json").stat().st_size]
        return sorted(whole, key=lambda path: int(path.name.rpartition("-")[2]))

    @property
    def size(self) -> float:
        """GB that the folder takes, which an interrupted run has already written."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file()) / 1e9


def images_below(run: Run, home: Path) -> dict[str, str]:
    """Return the SHA-256 of the images that the ancestors of `run` trained on -> the name of the ancestor."""
    found: dict[str, str] = {}
    while run.parent and RunDir(home / run.parent).record.is_file():
        ancestor = RunDir(home / run.parent)
        run = ancestor.load()
        if ancestor.training_images.is_file():
            found |= dict.fromkeys(json.loads(ancestor.training_images.read_bytes()), run.name)
    return found


def all_runs(home: Path) -> list[Run]:
    """Return the runs of vision-language models under `home`, oldest first."""
    return sorted((RunDir(folder).load() for folder in run_folders(home, MODEL)), key=lambda run: run.started)


def run_folders(home: Path, part: str) -> list[Path]:
    """Return the folders of the runs under `home` that train this part, by name."""
    return [file.parent for file in sorted(home.glob(f"*/{RUN_FILE}")) if part_of(file) == part]


def part_of(record: Path) -> str:
    """Return what a `run.json` says was trained: `MODEL`, or another part of the program such as the recognizer."""
    try:
        content = json.loads(record.read_bytes())
    except (OSError, ValueError):
        return MODEL  # loading it says what is wrong
    return str(content.get("part", MODEL)) if isinstance(content, dict) else MODEL


def parent_of(stage: StageName, home: Path) -> Run | None:
    """Return the newest promoted run that `stage` builds on: of the stage below it, else of one further down.

    An adapter can draft for a model only that fills in masked tokens.
    """
    below = STAGES[: STAGES.index(stage)]
    promoted = [run for run in all_runs(home) if run.state == "promoted" and run.stage in below]
    if stage == "drafter":
        promoted = [run for run in promoted if run.recipe.objective == "joint"]
    return max(promoted, key=lambda run: (STAGES.index(run.stage), run.started), default=None)


def named(run: Run, home: Path) -> Run:
    """Return an earlier run of the same work, so that it is continued or not repeated; else `run` with a free name.

    The pages and the base of an earlier run may have been moved since: their paths are those of `run`.
    """
    for earlier in all_runs(home):
        if earlier.key == run.key:
            return replace(earlier, base=run.base, sets=run.sets, data=run.data)
    return replace(run, name=free_name(home, run.stage))


def free_name(home: Path, stem: str) -> str:
    """Return `stem` with the first number whose folder is free, such as general-1."""
    number = 1
    while (home / f"{stem}-{number}").exists():
        number += 1
    return f"{stem}-{number}"
