"""Train one run to its end, in a process of its own: `python -m training.train RUN_FOLDER`.

A process of its own, because memory that training took is given back for certain only when it ends, and because
several GPUs are several processes (`accelerate launch`). A killed run goes on from its last whole checkpoint. What was
learned lies in `learned/`: an adapter, or the whole model where the recipe moves all weights.
"""

import shutil
import sys
from pathlib import Path

from ocr.errors import OcrError, TrainingError
from ocr.lazy import load
from training import dpo, runs, sft
from training.watch import Watcher, draw_curves

LEARNED = "learned"


def train(folder: Path) -> None:
    """Train the run in `folder`.

    Raises `TrainingError` when the loss is no number or explodes, and when memory does not suffice.
    """
    torch = load("torch", extra="train")
    run = runs.load(folder)
    numbers = run.recipe.optimisation(run.stage)
    trainer, names = (dpo if run.stage == "dpo" else sft).build_trainer(run, folder)
    Watcher(folder, names, sys.stderr).follow(trainer)
    try:
        trainer.train(resume_from_checkpoint=_last_checkpoint(folder))
    except (torch.OutOfMemoryError, MemoryError) as cause:
        pixels = run.recipe.image.max_pixels
        raise TrainingError(
            f"out of memory in stage {run.stage}: batch {numbers.batch}, {pixels} pixels a page, {numbers.method}",
            hint=f"lower one: --set {run.stage}.batch=1, --set image.max_pixels={pixels // 2}, "
            f"--set {run.stage}.method=qlora",
        ) from cause
    if trainer.is_world_process_zero():
        trainer.save_model(str(folder / LEARNED))
        draw_curves(folder)


def _last_checkpoint(folder: Path) -> str | None:
    """The last whole checkpoint; broken ones go, for the trainer would take the newest by its name."""
    whole = runs.checkpoints(folder)
    for path in (folder / "checkpoints").glob("checkpoint-*"):
        if path not in whole:
            shutil.rmtree(path)
    return str(whole[-1]) if whole else None


def main() -> None:
    """Entry of the training process: an expected failure is two lines on standard error and its exit code."""
    try:
        train(Path(sys.argv[1]))
    except OcrError as failure:
        print(f"error: {failure.message}\nhint: {failure.hint}", file=sys.stderr)
        sys.exit(int(failure.exit_code))


if __name__ == "__main__":
    main()
