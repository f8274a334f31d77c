"""Monitor a stage while it trains: write its losses, draw them, and stop it when the loss is not finite or explodes."""

import json
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pydantic import TypeAdapter

from ocr.core.environment import load
from ocr.core.errors import TrainingError
from ocr.core.files import append_line, read_jsonl
from training.run import LossSummary
from training.run_dir import RunDir

EXPLODED = 10.0
"""A loss so many times its median over the last `MEMORY` steps has exploded. Batches vary by a factor of 3."""
MEMORY = 50


class Watcher:
    """Sees every batch and its loss, in each process of a run."""

    def __init__(self, directory: RunDir, names: Sequence[str], out: TextIO) -> None:
        self._losses_file = directory.losses
        self._names = names
        self._out = out
        self._batch: list[str] = []
        self._tokens = 0
        self._losses: deque[float] = deque(maxlen=MEMORY)
        self._started = time.monotonic()
        self._earlier = max((logged.seconds for logged in read_log(directory.losses)), default=0.0)
        """Seconds that the run was trained for before it was resumed."""
        self._made = 0
        """Steps that this process has made, to estimate the time left."""

    def follow(self, trainer: Any) -> None:
        """Hook into the collator, the step and the log of `trainer`, to know the rows of each batch."""
        torch = load("torch", extra="train")
        collate, make_step = trainer.data_collator, trainer.training_step

        def number(rows: list[dict[str, Any]]) -> Any:
            numbers = [row.pop("row") for row in rows]
            batch = collate(rows)
            batch["row"] = torch.tensor(numbers)
            return batch

        def step(model: Any, inputs: Any, *more: Any) -> Any:
            # Not in the collator: the loader collates one batch ahead of the one that is trained on.
            self._batch += [self._names[row] for row in inputs.pop("row").tolist()]
            answers = inputs["completion_mask"] if "completion_mask" in inputs else inputs["labels"] != -100
            self._tokens += int(answers.sum())
            return make_step(model, inputs, *more)

        trainer.data_collator, trainer.training_step = number, step
        trainer.remove_callback(load("transformers", extra="train").PrinterCallback)
        trainer.add_callback(_callback(self, trainer.accelerator))

    def take(self) -> tuple[list[str], int]:
        """Return the pages that this process has trained on since the last call, and their answer tokens."""
        taken = self._batch, self._tokens
        self._batch, self._tokens = [], 0
        return taken

    def is_nonsense(self, logged: dict[str, float]) -> bool:
        """Return whether the loss or the gradient is not finite, or the loss has exploded."""
        known = sorted(self._losses)
        usual = known[len(known) // 2] if len(known) == MEMORY else max(known, default=math.inf)
        numbers = (logged["loss"], logged.get("grad_norm", 0.0))
        return not all(map(math.isfinite, numbers)) or logged["loss"] > EXPLODED * max(usual, 0.1)

    def see(self, step: int, logged: dict[str, float], pages: Sequence[str]) -> None:
        """Check one step on these pages. Raises `TrainingError` that names them where training must stop."""
        if self.is_nonsense(logged):
            raise TrainingError(
                f"the loss is {logged['loss']:.4g}, its gradient {logged.get('grad_norm', 0.0):.4g} at step {step}; "
                f"its batch: {', '.join(pages)}",
                hint="look at these pages with `ocr data show`; or lower the learning rate with --set",
            )
        self._losses.append(logged["loss"])

    def write(self, step: int, steps: int, logged: dict[str, float]) -> None:
        """Log one step to `losses.jsonl`, with the seconds of the run so far, and print it."""
        seconds = self._earlier + time.monotonic() - self._started
        line = json.dumps({"step": step, "steps": steps, "seconds": round(seconds, 1), **logged})
        append_line(self._losses_file, line.encode("utf-8"))
        self._made += 1
        self._tell(step, steps, logged["loss"])

    def _tell(self, step: int, steps: int, loss: float) -> None:
        spent = time.monotonic() - self._started
        left = spent / self._made * (steps - step)
        print(f"step {step}/{steps}  loss {loss:.4f}  {left / 60:.0f} min left", file=self._out, flush=True)


@dataclass(frozen=True, slots=True)
class LoggedStep:
    """One line of `losses.jsonl`."""

    step: int
    loss: float
    seconds: float
    """Training time so far, over all starts of the run."""
    tokens: int = 0
    """Answer tokens of the step."""
    learning_rate: float | None = None


_STEP: TypeAdapter[LoggedStep] = TypeAdapter(LoggedStep)


def read_log(losses: Path) -> list[LoggedStep]:
    """Return the steps of a run in order, none where there is no file; of a step made again after a kill, the last.

    A line that a full disk has cut short is left out: the run stopped there and continued from before it.
    """
    if not losses.is_file():
        return []
    steps, _ = read_jsonl(losses, _STEP.validate_json)
    return list({logged.step: logged for logged in steps}.values())


def summarize(directory: RunDir) -> tuple[LossSummary, float, int]:
    """Return the losses of a finished training, its seconds and its answer tokens."""
    steps = read_log(directory.losses)
    tail = steps[-max(1, len(steps) // 10) :]
    losses = LossSummary(len(steps), steps[0].loss, sum(logged.loss for logged in tail) / len(tail))
    return losses, max(logged.seconds for logged in steps), sum(logged.tokens for logged in steps)


def draw_curves(directory: RunDir) -> None:
    """Draw loss and learning rate over the steps to `losses.png`."""
    matplotlib = load("matplotlib", extra="train")
    matplotlib.use("Agg")
    pyplot = load("matplotlib.pyplot", extra="train")
    rows = read_log(directory.losses)
    figure, left = pyplot.subplots(figsize=(8, 4.5))
    steps = [logged.step for logged in rows]
    left.plot(steps, [logged.loss for logged in rows], color="#1f5f8b", linewidth=0.9)
    left.set(xlabel="step", ylabel="loss", title=directory.path.name)
    left.set_yscale("log")
    right = left.twinx()
    right.plot(steps, [logged.learning_rate for logged in rows], color="#b0763a", linewidth=0.9)
    right.set_ylabel("learning rate")
    figure.tight_layout()
    figure.savefig(directory.curves, dpi=120)
    pyplot.close(figure)


def _callback(watcher: Watcher, accelerator: Any) -> Any:
    """Return a transformers callback that passes the log to `watcher`; its class needs transformers loaded.

    Every process sees the same loss and stops by itself. One process gathers the pages of all and writes.
    """
    torch, transformers = load("torch", extra="train"), load("transformers", extra="train")
    gather = load("accelerate.utils", extra="train").gather_object

    class Log(transformers.TrainerCallback):  # type: ignore[misc, name-defined]
        def on_log(self, _arguments: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
            if "loss" not in (logs or {}):
                return
            pages, tokens = watcher.take()
            if watcher.is_nonsense(logs):
                pages = gather(pages)
            watcher.see(state.global_step, logs, pages)
            total = int(accelerator.reduce(torch.tensor(tokens, device=accelerator.device), "sum"))
            if state.is_world_process_zero:
                watcher.write(state.global_step, state.max_steps, {**logs, "tokens": total})

    return Log()
