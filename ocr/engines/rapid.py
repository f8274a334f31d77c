"""The default engine: PP-OCRv6 on the CPU, offline, one single-threaded worker process a core.

What a worker does with a page stands in `ocr.engines.rapid_worker`.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Literal

from ocr.children import ChildDiedError, Parcel, Pool
from ocr.config import Settings, check
from ocr.document import Generation
from ocr.engines import Request
from ocr.errors import DependencyError, EngineError

READING_VERSION = 1
"""Raised whenever a change of ours (turning, levelling, columns, strips, decoding) can change what is read."""


class RapidSettings(Settings):
    """Options of the engine."""

    workers: int = 0
    """Worker processes; 0 means one a core."""
    backend: Literal["auto", "openvino", "onnxruntime"] = "auto"
    """What runs the networks; auto takes OpenVINO where it is installed, which is twice as fast."""


def make(options: Mapping[str, Any]) -> "RapidEngine":
    """Make the engine from its options. Raises `UsageError` for an option that does not exist."""
    return RapidEngine(check(RapidSettings, options, where="engine rapid"))


class RapidEngine:
    """Classical reading: `Generation.lines`, words with boxes and confidences."""

    name = "rapid"

    def __init__(self, settings: RapidSettings) -> None:
        self.concurrency = settings.workers or core_count()
        self._backend = _backend(settings.backend)
        self._pool: Pool | None = None

    @property
    def fingerprint(self) -> str:
        """Package versions, models, backend and the version of our own part."""
        from ocr.engines.networks import model_digest

        packages = ("rapidocr", self._backend, "opencv-python-headless", "numpy")
        parts = [f"{package}={_version(package)}" for package in packages]
        return " ".join(("rapid", *parts, f"models={model_digest()}", f"reading={READING_VERSION}"))

    async def start(self) -> None:
        """Load both networks in every worker."""
        self._pool = Pool(f"ocr.engines.rapid_worker:{self._backend}", self.concurrency)
        try:
            await self._pool.start()
        except (ChildDiedError, TimeoutError) as cause:
            raise EngineError(f"a worker of the engine rapid does not start: {cause}", hint="ocr doctor") from cause

    async def read(self, request: Request) -> Generation:
        """Read one page. Raises a retryable `EngineError` if the worker dies over it."""
        if self._pool is None:
            raise EngineError("the engine rapid is not started")
        started = time.monotonic()
        try:
            answer = await self._pool.ask(Parcel(None, request.image.pixels), request.seconds)
        except TimeoutError:
            reason = f"not read within {request.seconds:g} s"
            return Generation("timeout", reason=reason, seconds=time.monotonic() - started)
        except ChildDiedError as cause:
            raise EngineError(f"page {request.image.number}: {cause}", retryable=True) from cause
        generation: Generation = answer.value
        return replace(generation, seconds=time.monotonic() - started)

    async def close(self) -> None:
        """Kill the workers."""
        if self._pool is not None:
            self._pool.close()


def core_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _backend(wanted: str) -> str:
    """The backend to use. Raises `DependencyError` where the wanted one, or any, is missing."""
    candidates = ("openvino", "onnxruntime") if wanted == "auto" else (wanted,)
    for name in candidates:
        if find_spec(name) is not None:
            return name
    raise DependencyError(f"none of {', '.join(candidates)} is installed", hint=f"pip install {candidates[-1]}")
