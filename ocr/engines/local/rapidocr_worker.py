"""What a worker of the engine rapid does: load the networks once, then turn pixels into a `EngineOutput`.

The functions here are targets of `ocr.core.worker_pool`.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ocr.core.errors import EngineError
from ocr.core.worker_pool import Handler, Parcel
from ocr.engines.local.detectors.detector_selection import DetectorChoice
from ocr.engines.local.detectors.fast_detector import FastDetector
from ocr.engines.local.ink.ink_layers import ink_layers
from ocr.engines.local.line_reader import PpocrPageReader, shrunk
from ocr.engines.local.orientation import read_page
from ocr.engines.local.ppocr import Detector, holds_much, return_freed_memory
from ocr.engines.local.recognizers.cascade import CascadeReader
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.selection import RecognizerChoice


def openvino(recognizer: str = "", detector: str = "") -> Handler:
    """Load the networks on OpenVINO; `recognizer` is a `RecognizerChoice` as text, `detector` a
    `DetectorChoice`; "" for the stock ones."""
    return _handler("openvino", recognizer, detector)


def onnxruntime(recognizer: str = "", detector: str = "") -> Handler:
    """Load the networks on onnxruntime."""
    return _handler("onnxruntime", recognizer, detector)


def load_detector(detector: str, backend: str) -> Detector | FastDetector:
    """Load the detector of a `DetectorChoice` as text, or of "", the stock one. Raises `EngineError` as these do."""
    choice = DetectorChoice.from_text(detector) if detector else DetectorChoice()
    return (
        FastDetector(Path(choice.file), backend) if choice.file else Detector(backend, fitted=choice.name == "fitted")
    )


def _handler(backend: str, recognizer: str, detector: str) -> Handler:
    cv2.setNumThreads(1)
    choice = RecognizerChoice.from_text(recognizer) if recognizer else RecognizerChoice()
    lines = load_recognizer(choice, backend)
    reader = PpocrPageReader(backend, lines, load_detector(detector, backend))

    def handle(request: Parcel) -> Parcel:
        if request.pixels is None:
            raise EngineError("the engine rapid was sent a page without pixels")
        pixels = np.asarray(request.pixels)
        small = shrunk(pixels)
        output = read_page(reader, *ink_layers(small), enlarged=pixels.shape[1] / small.shape[1])
        turned = pixels.shape[1::-1] if output.rotation in (90, 270) else pixels.shape[:2]
        output = replace(output, height=turned[0], width=turned[1])
        if isinstance(lines, CascadeReader):
            output = replace(output, lines_reread=lines.take_reread())
        if holds_much():
            return_freed_memory()
        return Parcel(output)

    return handle
