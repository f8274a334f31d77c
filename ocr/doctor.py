"""What this machine can run, what is missing, and the command that installs it. Looks; changes nothing.

Packages are looked up by their metadata, not imported, so the answer comes at once and says nothing about a package
that is installed but broken: an engine's own `start` finds that.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ocr.core.environment import count_cores, package_version, weaker_features

State = Literal["ready", "optional", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `state` is "missing" only where plain `ocr extract` cannot do without it."""

    what: str
    state: State
    detail: str
    install: str = ""
    """What to type to get it; empty where nothing is to be done."""


def examine() -> list[Finding]:
    """Everything worth knowing about this machine, most needed first."""
    return [
        _processors(),
        _embedded(),
        _packages("PDF by pdfium", ("pypdfium2",), "pip install lusocr", needed=True),
        _program("PDF by poppler", "pdftoppm", "apt-get install poppler-utils"),
        _tesseract(),
        _limits(),
        _graphics_card(),
        _packages("specialist on a GPU (vllm)", ("vllm", "transformers"), "pip install 'lusocr[gpu]'"),
        _packages("training (trl, peft)", ("trl", "peft"), "pip install 'lusocr[train]'"),
        _packages("frontier systems in bench", ("anthropic", "openai", "google-genai"), "pip install 'lusocr[bench]'"),
        _packages("many machines (ray)", ("ray",), "pip install 'lusocr[cluster]'"),
    ]


def _processors() -> Finding:
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f", {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB of memory"
    return Finding(
        "machine",
        "ready",
        f"{platform.system()}, Python {platform.python_version()}, {count_cores()} cores{memory}",
    )


def _embedded() -> Finding:
    """RapidOCR with either of the runtimes that it can use."""
    runtimes = [name for name in ("openvino", "onnxruntime") if package_version(name)] or ["openvino"]
    return _packages("embedded engine (rapid)", ("rapidocr", *runtimes), "pip install lusocr", needed=True)


def _packages(what: str, names: Sequence[str], install: str, *, needed: bool = False) -> Finding:
    absent = [name for name in names if not package_version(name)]
    if not absent:
        return Finding(what, "ready", ", ".join(f"{name} {package_version(name)}" for name in names))
    return Finding(what, "missing" if needed else "optional", f"not installed: {', '.join(absent)}", install)


def _program(what: str, program: str, install: str) -> Finding:
    path = shutil.which(program)
    return Finding(what, "ready", path) if path else Finding(what, "optional", f"no {program} on the PATH", install)


def _tesseract() -> Finding:
    """Tesseract is of use only with its Portuguese data."""
    what, install = "Tesseract engine", "apt-get install tesseract-ocr tesseract-ocr-por"
    if not shutil.which("tesseract"):
        return Finding(what, "optional", "no tesseract on the PATH", install)
    languages = _output(["tesseract", "--list-langs"])
    if "por" not in languages.split():
        return Finding(what, "optional", "installed, but without Portuguese data", install)
    return Finding(what, "ready", _output(["tesseract", "--version"]).partition("\n")[0] + ", with Portuguese")


def _limits() -> Finding:
    what = "limits on decoders"
    weaker = weaker_features()
    if not weaker:
        return Finding(what, "ready", "memory and time of a hostile file are bounded")
    return Finding(what, "optional", "; ".join(weaker))


def _graphics_card() -> Finding:
    what = "GPU"
    if not shutil.which("nvidia-smi"):
        return Finding(what, "optional", "no NVIDIA driver: pages are read by the embedded engine")
    cards = _output(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]).strip()
    return Finding(what, "ready" if cards else "optional", cards.replace("\n", "; ") or "the driver answers nothing")


def _output(command: list[str]) -> str:
    """What a program printed, or nothing where it failed or hung: doctor itself never fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
