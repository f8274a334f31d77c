"""Run `training.trainer.process` in a child process, or in several through accelerate, and report failures."""

import json
import os
import signal
import subprocess
import sys

from ocr.core.errors import OcrError, TrainingError
from training.run_dir import RunDir

ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TRIM_THRESHOLD_": str(2**34)}
"""glibc keeps freed memory instead of asking the kernel for it anew at every step: halves the steps on a CPU."""


def train_apart(directory: RunDir, processes: int) -> None:
    """Train the run in `directory` in child processes, unless it is trained; they end when this process is stopped.

    Raises what the training raised, or `TrainingError` where it died without a message.
    """
    if directory.is_trained:
        return
    directory.failure.unlink(missing_ok=True)
    # Descriptor 0 is the pipe from this process; the children end when it closes.
    command = [*_launcher(processes), "-m", "training.trainer.process", str(directory.path), "0"]
    environment = ALLOCATOR | os.environ | {"PYTHONSAFEPATH": "1"}
    # A group of its own: Ctrl-C reaches this process alone, and the training process ends without a traceback.
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, process_group=0) as child:
        try:
            code = child.wait()
        except BaseException:
            child.kill()
            raise
    if code:
        raise _failure(directory, code)


def _launcher(processes: int) -> list[str]:
    if processes == 1:
        return [sys.executable]
    # Without GPUs `--multi_gpu` starts the processes all the same, and they use the CPU; `--cpu` would need MPI.
    # Port 0 takes a free one.
    options = ["--multi_gpu", f"--num_processes={processes}", "--num_machines=1", "--main_process_port=0"]
    return [sys.executable, "-m", "accelerate.commands.launch", *options, "--mixed_precision=no", "--dynamo_backend=no"]


def _failure(directory: RunDir, code: int) -> OcrError:
    if directory.failure.is_file():
        said = json.loads(directory.failure.read_bytes())
        kinds = {kind.exit_code: kind for kind in OcrError.__subclasses__()}
        return kinds.get(said["code"], TrainingError)(said["message"], hint=said["hint"])
    again = "type the same command again: it continues from the last checkpoint"
    if code == -signal.SIGKILL:
        return TrainingError(
            f"training {directory.path.name} was killed: by hand, or because the machine ran out of memory",
            hint=f"{again}; if it was memory, lower batch, image.max_pixels or gradient_checkpointing with --set",
        )
    return TrainingError(
        f"training {directory.path.name} stopped with exit code {code}; see the messages above", hint=again
    )
