"""The default engine: small networks of our own and PP-OCRv6 on the CPU, offline, one single-threaded worker a core.

What a worker does with a page stands in `ocr.engines.local.rapidocr_worker`.
"""

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Literal

from ocr.core.environment import package_version
from ocr.core.errors import DependencyError
from ocr.core.settings import Settings, check
from ocr.engines.backend_speed import BACKENDS, remembered, usual_backends
from ocr.engines.local.detectors.detector_selection import choose_detector
from ocr.engines.local.detectors.stock_models import DETECTOR, RECOGNIZER, model_file
from ocr.engines.local.pool_engine import PoolEngine
from ocr.engines.local.recognizers.selection import choose_recognizer

DEFAULT_RECOGNIZER = "cascade"
DEFAULT_DETECTOR = "fast"
READING_VERSION = 9
"""Raised whenever a change of ours (turning, levelling, columns, strips, decoding) can change what is read."""


class RapidSettings(Settings):
    """Options of the engine."""

    workers: int = 0
    """Worker processes; 0 means one a core."""
    backend: Literal["auto", "openvino", "onnxruntime"] = "auto"
    """What runs the networks; auto takes what `ocr doctor --speed` found faster here, else OpenVINO on processors with
    AVX-512 and onnxruntime on others, if installed."""
    recognizer: str = ""
    """What reads lines: stock, pt, fast, cascade, an ONNX file, or the folder of a training run. The default is
    cascade."""
    model: str = ""
    """Another name of `recognizer`: what `--model` sets."""
    detector: str = DEFAULT_DETECTOR
    """What finds lines: full (PP-OCR's detector at the page's size), fitted (the same, with the page reduced so far as
    the height of its letters allows), fast, an ONNX file, or the folder of a training run."""
    threshold: float | None = None
    """Expected character error rate (0 to 1) above which the cascade reads a line again with the large recognizer."""


def create(options: Mapping[str, Any]) -> PoolEngine:
    """Make the engine. Raises `UsageError` for an option that does not exist, `DependencyError` for a missing part."""
    settings = check(RapidSettings, options, where="engine rapid")
    backend = choose_backend(settings.backend)
    choice = choose_recognizer(settings.recognizer or settings.model or DEFAULT_RECOGNIZER, settings.threshold)
    detector = choose_detector(settings.detector)
    fingerprint = " ".join(part for part in (_fingerprint(backend), choice.fingerprint, detector.fingerprint) if part)
    target = f"ocr.engines.local.rapidocr_worker:{backend}"
    return PoolEngine("rapid", fingerprint, target, settings.workers, arguments=(choice.to_text(), detector.to_text()))


def model_digest() -> str:
    """First 12 hex digits of the SHA-256 over both model files."""
    digest = hashlib.sha256()
    for name in (DETECTOR, RECOGNIZER):
        digest.update(model_file(name).read_bytes())
    return digest.hexdigest()[:12]


def choose_backend(wanted: str) -> str:
    """Return what runs the networks: `wanted`, or for `auto` the faster one.

    That is the one that `ocr doctor --speed` found, or else the first of `usual_backends` that is installed. Raises
    `DependencyError` if none is.
    """
    candidates = (*filter(None, (remembered(),)), *usual_backends()) if wanted == "auto" else (wanted,)
    for name in candidates:
        if find_spec(name) is not None:
            return name
    names = BACKENDS if wanted == "auto" else candidates
    raise DependencyError(f"{' and '.join(names)} not installed", hint=f"pip install {names[0]}")


def _fingerprint(backend: str) -> str:
    """Package versions, models, backend and the version of our own part."""
    packages = ("rapidocr", backend, "opencv-python-headless", "numpy")
    parts = [f"{package}={package_version(package) or 'none'}" for package in packages]
    return " ".join(("rapid", *parts, f"models={model_digest()}", f"reading={READING_VERSION}"))
