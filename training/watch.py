"""Watch a stage while it trains: losses to a file and a picture, and a stop before nonsense is saved."""

import json
import math
import time
from collections import deque
from pathlib import Path
from typing import Any, TextIO

from ocr.errors import TrainingError
from ocr.lazy import load

LOG_FILE = "losses.jsonl"
EXPLODED = 10.0
"""A loss so many times its median over the last `MEMORY` steps has exploded; ordinary batches vary by a factor of 3."""
MEMORY = 50


class Watcher:
    """Sees every batch that goes in and every loss that comes out of one trainer."""

    def __init__(self, folder: Path, names: list[str], out: TextIO) -> None:
        self._folder = folder
        self._names = names
        self._out = out
        self._batch: deque[list[str]] = deque()
        self._losses: deque[float] = deque(maxlen=MEMORY)
        self._started = time.monotonic()

    def follow(self, trainer: Any) -> None:
        """Hook into `trainer`: its collator, to know the rows of a batch, and its log."""
        collate = trainer.data_collator
        self._batch = deque(maxlen=trainer.args.gradient_accumulation_steps)

        def remember(rows: list[dict[str, Any]]) -> Any:
            self._batch.append([self._names[row.pop("row")] for row in rows])
            return collate(rows)

        trainer.data_collator = remember
        trainer.remove_callback(load("transformers", extra="train").PrinterCallback)
        trainer.add_callback(_callback(self))

    def see(self, step: int, steps: int, logged: dict[str, float]) -> None:
        """Record one step. Raises `TrainingError` naming the batch where the loss is no number or explodes."""
        loss = logged.get("loss")
        if loss is None:
            return
        usual = sorted(self._losses)[len(self._losses) // 2] if len(self._losses) == MEMORY else math.inf
        if not math.isfinite(loss) or loss > EXPLODED * max(usual, 0.1):
            pages = ", ".join(name for batch in self._batch for name in batch)
            raise TrainingError(
                f"the loss is {loss} at step {step} (usual: {usual:.3g}); its batch: {pages}",
                hint="look at these pages with `ocr data show`; or lower the learning rate with --set",
            )
        self._losses.append(loss)
        line = json.dumps(
            {"step": step, "steps": steps, "seconds": round(time.monotonic() - self._started, 1), **logged}
        )
        with (self._folder / LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        self._tell(step, steps, loss)

    def _tell(self, step: int, steps: int, loss: float) -> None:
        spent = time.monotonic() - self._started
        left = spent / max(1, step) * (steps - step)
        print(f"step {step}/{steps}  loss {loss:.4f}  {left / 60:.0f} min left", file=self._out, flush=True)


def draw_curves(folder: Path) -> Path:
    """Draw loss and learning rate over the steps to `folder/losses.png`; answers its path."""
    matplotlib = load("matplotlib", extra="train")
    matplotlib.use("Agg")
    pyplot = load("matplotlib.pyplot", extra="train")
    rows = [json.loads(line) for line in (folder / LOG_FILE).read_text(encoding="utf-8").splitlines()]
    figure, left = pyplot.subplots(figsize=(8, 4.5))
    steps = [row["step"] for row in rows]
    left.plot(steps, [row["loss"] for row in rows], color="#1f5f8b", linewidth=0.9)
    left.set(xlabel="step", ylabel="loss", title=folder.name)
    left.set_yscale("log")
    right = left.twinx()
    right.plot(steps, [row.get("learning_rate") for row in rows], color="#b0763a", linewidth=0.9)
    right.set_ylabel("learning rate")
    figure.tight_layout()
    figure.savefig(folder / "losses.png", dpi=120)
    pyplot.close(figure)
    return folder / "losses.png"


def _callback(watcher: Watcher) -> Any:
    """A transformers callback that hands the log to `watcher`; the class exists only once transformers is loaded."""
    transformers = load("transformers", extra="train")

    class Log(transformers.TrainerCallback):  # type: ignore[misc, name-defined]
        def on_log(self, _arguments: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
            if state.is_world_process_zero:
                watcher.see(state.global_step, state.max_steps, dict(logs or {}))

    return Log()
