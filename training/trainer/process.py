"""Train one run to its end, in a process of its own: `python -m training.trainer.process RUN_FOLDER [DESCRIPTOR]`.

Memory that training took is certain to be free only when its process ends, and several GPUs are several processes
(`accelerate launch`). A killed run continues from its last whole checkpoint. `learned/` holds the result: an adapter,
or the whole model where the recipe trains all weights. With the descriptor of a pipe from its parent, the process ends
when its parent does.
"""

import json
import shutil
import sys
from pathlib import Path

from ocr.core import process_tree
from ocr.core.environment import load
from ocr.core.errors import OcrError, TrainingError
from ocr.core.files import write_atomic
from training.run import Run
from training.run_dir import RunDir
from training.trainer.monitor import Watcher, draw_curves
from training.trainer.trainers import build_trainer


def train(directory: RunDir) -> None:
    """Train the run in `directory`.

    Raises `TrainingError` when the loss is not finite or explodes, and when memory does not suffice.
    """
    torch = load("torch", extra="train")
    run = directory.load()
    stage = build_trainer(run, directory)
    trainer = stage.trainer
    Watcher(directory, stage.names, sys.stderr).follow(trainer)
    checkpoint = directory.last_checkpoint()
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as cause:
        if isinstance(cause, RuntimeError) and "memory" not in str(cause):
            raise
        raise _out_of_memory(run) from cause
    if trainer.is_world_process_zero():
        # Under another name until it is whole: a run with weights in `learned` is not trained again.
        trainer.save_model(str(directory.learned_draft))
        shutil.rmtree(directory.learned, ignore_errors=True)
        directory.learned_draft.rename(directory.learned)
        draw_curves(directory)
    # Processes end together: one that ends while its connections to the others are open may crash.
    trainer.accelerator.wait_for_everyone()
    trainer.accelerator.end_training()


def _out_of_memory(run: Run) -> TrainingError:
    """Return the error with the settings to lower, first those that do not change the result."""
    numbers, pixels = run.numbers, run.recipe.image.max_pixels
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


def main() -> None:
    """Run the training process. An expected failure is written into the run's folder and sets the exit code."""
    directory = RunDir(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        process_tree.hold(int(sys.argv[2]))
    try:
        train(directory)
    except OcrError as failure:
        said = {"code": int(failure.exit_code), "message": failure.message, "hint": failure.hint}
        write_atomic(directory.failure, json.dumps(said).encode("utf-8"))
        sys.exit(int(failure.exit_code))


if __name__ == "__main__":
    main()
