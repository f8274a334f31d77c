"""Train one run to its end, in a process of its own: `python -m training.trainer.process RUN_FOLDER [DESCRIPTOR]`.

A process of its own, because memory that training took is given back for certain only when it ends, and because
several GPUs are several processes (`accelerate launch`). A killed run goes on from its last whole checkpoint. What was
learned lies in `learned/`: an adapter, or the whole model where the recipe moves all weights. With the descriptor of a
pipe from its parent, it ends when its parent does.
"""

import json
import shutil
import sys
from pathlib import Path

from ocr.core import process_tree
from ocr.core.environment import load
from ocr.core.errors import OcrError, TrainingError
from ocr.core.files import write_atomic
from training import run_dir
from training.trainer import dpo, sft
from training.trainer.monitor import Watcher, draw_curves

LEARNED = "learned"
FAILURE = "failure.json"
"""Why a run stopped, for the parent process to say: there may be several processes, and one message is enough."""


def train(folder: Path) -> None:
    """Train the run in `folder`.

    Raises `TrainingError` when the loss is no number or explodes, and when memory does not suffice.
    """
    torch = load("torch", extra="train")
    run = run_dir.load(folder)
    trainer, names = (dpo if run.stage == "dpo" else sft).build_trainer(run, folder)
    Watcher(folder, names, sys.stderr).follow(trainer)
    try:
        trainer.train(resume_from_checkpoint=_last_checkpoint(folder))
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as cause:
        if isinstance(cause, RuntimeError) and "memory" not in str(cause):
            raise
        raise _out_of_memory(run) from cause
    if trainer.is_world_process_zero():
        # Under another name until it is whole: what stands in `learned` is not trained again.
        draft = folder / f"{LEARNED}.part"
        trainer.save_model(str(draft))
        shutil.rmtree(folder / LEARNED, ignore_errors=True)
        draft.rename(folder / LEARNED)
        draw_curves(folder)
    # Several processes part in order: one that leaves while its links to the others are open dies of it now and then.
    trainer.accelerator.wait_for_everyone()
    trainer.accelerator.end_training()


def _out_of_memory(run: run_dir.Run) -> TrainingError:
    """Which settings to lower, those first that cost the result nothing."""
    numbers, pixels = run.recipe.optimisation(run.stage), run.recipe.image.max_pixels
    lower = []
    if numbers.batch > 1:
        half = numbers.batch // 2
        lower.append(f"--set {run.stage}.batch={half} --set {run.stage}.accumulate={2 * numbers.accumulate}")
    if not run.recipe.gradient_checkpointing:
        lower.append("--set gradient_checkpointing=true")
    lower.append(f"--set image.max_pixels={pixels // 2}")
    if numbers.method != "qlora":
        lower.append(f"--set {run.stage}.method={'lora' if numbers.method == 'full' else 'qlora'}")
    return TrainingError(
        f"out of memory in stage {run.stage}: batch {numbers.batch}, {pixels:,} pixels a page, {numbers.method}",
        hint="lower one: " + "; or ".join(lower),
    )


def _last_checkpoint(folder: Path) -> str | None:
    """The last whole checkpoint; broken ones go, for the trainer would take the newest by its name."""
    whole = run_dir.checkpoints(folder)
    for path in (folder / "checkpoints").glob("checkpoint-*"):
        if path not in whole:
            shutil.rmtree(path, ignore_errors=True)
    return str(whole[-1]) if whole else None


def main() -> None:
    """Entry of the training process: an expected failure is left in the run's folder, and its exit code."""
    folder = Path(sys.argv[1])
    if len(sys.argv) > 2:
        process_tree.hold(int(sys.argv[2]))
    try:
        train(folder)
    except OcrError as failure:
        said = {"code": int(failure.exit_code), "message": failure.message, "hint": failure.hint}
        write_atomic(folder / FAILURE, json.dumps(said).encode("utf-8"))
        sys.exit(int(failure.exit_code))


if __name__ == "__main__":
    main()
