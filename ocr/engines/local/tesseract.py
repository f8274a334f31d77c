"""The engine tesseract: one process for each page, one page for each core, words with boxes and confidences.

Tesseract finds columns by itself. Rotation and skew are corrected by `ocr.engines.local.orientation`, as for every
engine that reads lines. The code of a worker is in `ocr.engines.local.tesseract_worker`.
"""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ocr.core.errors import DependencyError
from ocr.core.settings import Settings, check
from ocr.engines.local.pool_engine import PoolEngine

LANGUAGE = "por"
INSTALL = "apt install tesseract-ocr tesseract-ocr-por (macOS: brew install tesseract tesseract-lang)"
READING_VERSION = 1
"""Increased when a change of this project can change the output."""


class TesseractSettings(Settings):
    """Options of the engine."""

    workers: int = 0
    """Pages read at once; 0 means one for each core."""


def create(options: Mapping[str, Any]) -> PoolEngine:
    """Make the engine. Raises `UsageError` for an option that does not exist, `DependencyError` for a missing part."""
    settings = check(TesseractSettings, options, where="engine tesseract")
    return PoolEngine("tesseract", _fingerprint(), "ocr.engines.local.tesseract_worker:load", settings.workers)


def _fingerprint() -> str:
    """Return the program's version, the hash of its Portuguese data and `READING_VERSION`."""
    if shutil.which("tesseract") is None:
        raise DependencyError("the program tesseract is not installed", hint=INSTALL)
    program = _say("--version").split()[1]
    listing = _say("--list-langs").splitlines()
    if LANGUAGE not in listing[1:]:
        raise DependencyError(f"tesseract has no data for the language {LANGUAGE!r}", hint=INSTALL)
    folder = re.search(r'"(.+)"', listing[0])
    data = Path(folder.group(1) if folder else "") / f"{LANGUAGE}.traineddata"
    digest = hashlib.sha256(data.read_bytes()).hexdigest()[:12] if data.is_file() else "unknown"
    return f"tesseract={program} {LANGUAGE}={digest} reading={READING_VERSION}"


def _say(question: str) -> str:
    ran = subprocess.run(["tesseract", question], capture_output=True, encoding="utf-8", errors="replace", check=False)
    if ran.returncode:
        raise DependencyError(f"the program tesseract does not run: {ran.stderr.strip()}", hint=INSTALL)
    return ran.stdout
