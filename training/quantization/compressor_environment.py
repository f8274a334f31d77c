"""Find or make the environment of llm-compressor, and run the worker in it.

llm-compressor and vLLM pin different versions of transformers and compressed-tensors, so one environment cannot hold
both.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ocr.core.errors import DependencyError, TrainingError

VERSION = "0.14.0.1"
REQUIREMENTS = (f"llmcompressor=={VERSION}", "torch==2.13.0")
VARIABLE = "OCR_QUANTIZE_ENV"
"""Names another folder for the environment."""
SIZE = "1.5 GB with a CPU build of torch, several times that with CUDA"
WORKER = Path(__file__).with_name("quantize_worker.py")


def find_folder() -> Path:
    """Return the folder of the environment, made or not."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "lusocr" / f"llmcompressor-{VERSION}"


def is_ready(folder: Path) -> bool:
    """Return whether the environment in `folder` has the tested version."""
    asked = "import importlib.metadata as m; print(m.version('llmcompressor'))"
    try:
        said = subprocess.run([_python(folder), "-c", asked], capture_output=True, encoding="utf-8", check=False)
    except OSError:
        return False
    return said.stdout.strip() == VERSION


def obtain(*, agreed: bool, ask: Callable[[str], bool]) -> None:
    """Make the environment where it is missing, after one question that gives its size.

    Raises `DependencyError`, with what to type, when the answer is no or it cannot be made.
    """
    folder = find_folder()
    if is_ready(folder):
        return
    words = f"quantizing needs an environment of its own in {folder}: {SIZE}"
    commands = [[sys.executable, "-m", "venv", str(folder)], [str(_python(folder)), "-m", "pip", "install"]]
    commands[1] += REQUIREMENTS
    by_hand = " && ".join(" ".join(command) for command in commands)
    if not agreed and not ask(f"{words}. Make it?"):
        raise DependencyError(words, hint=f"--yes makes it; or: {by_hand}; or name an existing one: {VARIABLE}=DIR")
    for command in commands:
        if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
            raise DependencyError(f"the environment for quantizing cannot be made in {folder}", hint=by_hand)


def run_worker(job: Path, log: Path) -> None:
    """Run the job file in the environment; its output goes to `log`.

    Raises `TrainingError` with its last line when it fails.
    """
    # The environment must not import from this one: its packages have other versions.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {"PYTHONSAFEPATH": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    with log.open("w", encoding="utf-8") as said:
        command = [_python(find_folder()), WORKER, job]
        code = subprocess.run(command, env=environment, stdout=said, stderr=said, check=False).returncode
    if code:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "no output")
        raise TrainingError(f"llm-compressor stopped with exit code {code}: {last.strip()}", hint=f"all of it: {log}")


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"
