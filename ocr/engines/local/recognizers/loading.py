"""Load the recognizer that was chosen. Worker side only: networks are loaded here."""

from functools import partial
from pathlib import Path

from ocr.engines.local.ppocr import LineRecognizer, Reading, Recognizer
from ocr.engines.local.recognizers.cascade import Calibration, CascadeReader
from ocr.engines.local.recognizers.check_boxes import with_bars
from ocr.engines.local.recognizers.fast_reader import FastReader
from ocr.engines.local.recognizers.foreign_letters import with_marks
from ocr.engines.local.recognizers.lone_letters import without_phantoms
from ocr.engines.local.recognizers.selection import RecognizerChoice
from ocr.engines.local.skew import Gray

CALIBRATION = Calibration(scale=0.537, power=1.06)
"""Of the shipped fast weights, fitted by `benchmarks.accuracy.cascade_calibration` on 3,000 lines."""


def load_recognizer(choice: RecognizerChoice, backend: str) -> LineRecognizer:
    """Load the networks of `choice`; a cascade loads its large one when the first line needs it.

    Raises `EngineError` where a file does not load or holds another network.
    """

    def large() -> Recognizer:
        if not choice.large:
            return Recognizer(backend)
        recognizer = Recognizer(backend, Path(choice.large))
        recognizer.check = lambda reading, evidence: with_marks(
            reading, evidence, recognizer.characters, partial(_checked, line=evidence.pixels)
        )
        return recognizer

    if not choice.fast:
        return large()
    fast = FastReader(Path(choice.fast), backend)
    return CascadeReader(fast, large, choice.threshold, CALIBRATION) if choice.cascade else fast


def _checked(reading: Reading, line: Gray) -> Reading:
    """Return the reading with what the ink of its line decides."""
    return without_phantoms(with_bars(reading, line), line)
