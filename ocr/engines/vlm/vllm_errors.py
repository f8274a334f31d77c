"""Turn vLLM's failures to start and its crashes into one error with a hint.

Only vLLM's own processes know the reason; the exception says "see root cause above". So they log to a file, and the
last error in it is the reason. vLLM has no error codes, so this module, and no other, matches its text.
"""

import atexit
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ocr.core.errors import EngineError

_CONFIGURATION = "VLLM_LOGGING_CONFIG_PATH"
_LOG = "lusocr-errors.log"
_ERROR = re.compile(r"^[\w.]*(?:Error|Exception): .+", re.MULTILINE)

LESS_MEMORY = (
    "free the device's memory, or ask for less: --set options.concurrency=16, "
    "--set options.serving.max_model_len=8192, --set options.serving.gpu_memory_utilization=0.8; or take a smaller "
    "or quantized model"
)
_HINTS: Mapping[str, tuple[str, ...]] = {
    LESS_MEMORY: ("out of memory", "available memory", "kv cache", "free memory on device"),
    "vLLM needs a GPU that it can use (nvidia-smi shows it); without one --engine transformers reads slowly, "
    "--engine rapid at once": ("failed to infer device type", "no cuda gpus", "nvidia driver"),
    "merge the adapter into its base (peft: merge_and_unload) and name the merged folder": ("lora", "dora", "adapter"),
}
"""Hint -> words of vLLM, torch and CUDA that it answers, searched in this order."""


def collect() -> None:
    """Make vLLM log errors to a file, in this process and its children, unless the user configured its logging.

    Call it before the first import of vLLM. Errors of an earlier start are removed from the file.
    """
    if _CONFIGURATION not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="lusocr-vllm-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        handler = {"class": "logging.FileHandler", "filename": str(folder / _LOG), "encoding": "utf-8"}
        logger = {"handlers": ["file"], "level": "ERROR", "propagate": False}
        configuration = {"version": 1, "disable_existing_loggers": False, "handlers": {"file": handler}}
        path = folder / "logging.json"
        path.write_text(json.dumps({**configuration, "loggers": {"vllm": logger}}), encoding="utf-8")
        os.environ[_CONFIGURATION] = str(path)
    if (log := _log()).is_file():
        log.write_text("", encoding="utf-8")


def _log() -> Path:
    return Path(os.environ.get(_CONFIGURATION, "")).with_name(_LOG) if _CONFIGURATION in os.environ else Path()


def last_error() -> str:
    """Return the last error that vLLM's processes logged, on one line; "" if there is none."""
    try:
        errors = _ERROR.findall(_log().read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return str(errors[-1])[:600] if errors else ""


def explain(what: str, cause: BaseException, *, retryable: bool = False) -> EngineError:
    """Return the error to raise: what happened, vLLM's own reason, and the hint for it."""
    said = f"{type(cause).__name__}: {' '.join(str(cause).split())}"
    reason = last_error() or said
    words = f"{reason} {said}".lower()
    hints = [hint for hint, signs in _HINTS.items() if any(sign in words for sign in signs)]
    hint = hints[0] if hints else "--engine transformers with the same model shows whether it loads at all"
    return EngineError(f"{what}: {reason}", hint=hint, retryable=retryable)
