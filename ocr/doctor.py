"""List what this machine can run, what is missing, and the command that installs it; compare the built-in backends.

Packages are looked up in their metadata and not imported, so the result comes at once. A package that is installed but
broken is found by the `start` of its engine.
"""

import asyncio
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from ocr.core.document import PageImage
from ocr.core.environment import count_cores, extra_packages, package_version, weaker_features
from ocr.core.errors import DependencyError, EngineError
from ocr.core.process_tree import cpu_seconds
from ocr.engines.backend_speed import BACKENDS, ROUNDS, BackendSpeed, installed_backends, measure
from ocr.engines.base import Engine, Request
from ocr.engines.base import create as create_engine
from ocr.engines.fallback import BUILT_IN_ENGINE

State = Literal["ready", "optional", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the machine; `state` is "missing" only for what plain `ocr extract` needs."""

    what: str
    state: State
    detail: str
    install: str = ""
    """The command that installs it; empty where none is needed."""


def examine() -> list[Finding]:
    """Return the state of each part of this machine, the most needed first."""
    return [
        _processors(),
        _built_in(),
        _packages("PDF by pdfium", ("pypdfium2",), "pip install lusocr", needed=True),
        _program("PDF by poppler", "pdftoppm", "apt-get install poppler-utils"),
        _packages("HEIC (pi-heif)", ("pi-heif",), "pip install --force-reinstall lusocr"),
        _program("DjVu by DjVuLibre", "ddjvu", "apt-get install djvulibre-bin"),
        _tesseract(),
        _limits(),
        _graphics_card(),
        _packages("vision-language model on a GPU (vllm)", ("vllm", "transformers"), "pip install 'lusocr[gpu]'"),
        _decoding(),
        _packages("training (trl, peft)", ("trl", "peft"), "pip install 'lusocr[train]'"),
        _extra("vendors in ocr bench", "bench"),
        _packages("cluster (ray)", ("ray",), "pip install 'lusocr[cluster]'"),
    ]


def _used_time() -> float:
    """Return the CPU time of this process and its children, or the time of a clock where that is not known."""
    used = cpu_seconds()
    return time.monotonic() if used is None else used


def compare_backends(
    page: PageImage,
    create: Callable[[str, Mapping[str, Any]], Engine] = create_engine,
    clock: Callable[[], float] = _used_time,
    rounds: int = ROUNDS,
) -> BackendSpeed:
    """Return how long one worker of the built-in engine takes for a page with each backend; it takes some seconds.

    `clock` counts seconds: by default CPU time, so that other programs of a busy machine matter little. Raises
    `DependencyError` where there are not two backends to compare, `EngineError` where one does not read.
    """
    names = installed_backends()
    if len(names) < len(BACKENDS):
        missing = " and ".join(name for name in BACKENDS if name not in names)
        raise DependencyError(f"there is nothing to compare: {missing} not installed", hint=f"pip install {missing}")
    with asyncio.Runner() as runner:
        engines = {name: create(BUILT_IN_ENGINE, {"backend": name, "workers": 1}) for name in names}
        try:
            for engine in engines.values():
                runner.run(engine.start())
            readers = {name: partial(_read, runner, engine, page, clock) for name, engine in engines.items()}
            return measure(readers, rounds)
        finally:
            for engine in engines.values():
                runner.run(engine.close())


def _read(runner: asyncio.Runner, engine: Engine, page: PageImage, clock: Callable[[], float]) -> float:
    """Read a page and return the time that it took. Raises `EngineError`."""
    began = clock()
    output = runner.run(engine.read(Request(page)))
    if output.finish in ("error", "timeout"):
        raise EngineError(f"the engine {engine.name} does not read a page of samples: {output.reason}")
    return clock() - began


def _processors() -> Finding:
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f", {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB of memory"
    return Finding(
        "machine",
        "ready",
        f"{platform.system()}, Python {platform.python_version()}, {count_cores()} cores{memory}",
    )


def _built_in() -> Finding:
    """Return the state of the built-in engine: it runs with either of two runtimes."""
    runtimes = [name for name in BACKENDS if package_version(name)] or ["openvino"]
    return _packages("built-in engine (rapid)", ("rapidocr", *runtimes), "pip install lusocr", needed=True)


def _packages(what: str, names: Sequence[str], install: str, *, needed: bool = False) -> Finding:
    absent = [name for name in names if not package_version(name)]
    if not absent:
        return Finding(what, "ready", ", ".join(f"{name} {package_version(name)}" for name in names))
    return Finding(what, "missing" if needed else "optional", f"not installed: {', '.join(absent)}", install)


def _decoding() -> Finding:
    """Return which engine has which decoding mode, with the versions that are here."""
    found = [f"{name} {version}" for name in ("vllm", "sglang") if (version := package_version(name))]
    said = (
        "every mode with --engine transformers; vLLM: ar only, it takes no draft from a request; "
        "SGLang: ar, and for NVIDIA's text models diffusion and self-speculation on a branch (ocr launch sglang)"
    )
    state: State = "ready" if package_version("transformers") else "optional"
    return Finding("decoding modes of models", state, "; ".join([said, *found]))


def _extra(what: str, extra: str) -> Finding:
    """Return whether the packages of an extra of lusocr are installed, by the list in its own metadata."""
    names = extra_packages(extra)
    if not names:
        return Finding(what, "optional", "the packages are not known: lusocr itself is not installed")
    return _packages(what, names, f"pip install 'lusocr[{extra}]'")


def _program(what: str, program: str, install: str) -> Finding:
    path = shutil.which(program)
    return Finding(what, "ready", path) if path else Finding(what, "optional", f"no {program} on the PATH", install)


def _tesseract() -> Finding:
    """Return the state of Tesseract, which needs its Portuguese data."""
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
        return Finding(what, "ready", "memory and time for a file are limited")
    return Finding(what, "optional", "; ".join(weaker))


def _graphics_card() -> Finding:
    what = "GPU"
    if not shutil.which("nvidia-smi"):
        return Finding(what, "optional", "no NVIDIA driver: the built-in engine reads pages on the CPU")
    cards = _output(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]).strip()
    return Finding(what, "ready" if cards else "optional", cards.replace("\n", "; ") or "the driver reports no GPU")


def _output(command: list[str]) -> str:
    """Return what a program printed, "" if it failed or did not end in time."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
