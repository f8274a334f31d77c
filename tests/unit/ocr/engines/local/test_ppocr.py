"""The detector gives memory back where the process holds much, and finds the same afterwards."""

import numpy as np
import pytest

from ocr.engines.local import ppocr
from ocr.engines.local.ppocr import Detector


def region() -> np.ndarray:
    gray = np.full((320, 640), 250, np.uint8)
    for left in range(60, 560, 14):
        gray[100:130, left : left + 7] = 20
    return gray


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_the_map_is_the_same_after_memory_was_given_back(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = Detector(backend)
    monkeypatch.setattr(ppocr, "MOST_HELD", 1 << 60)
    kept = detector(region()).copy()
    monkeypatch.setattr(ppocr, "MOST_HELD", 0)
    assert np.array_equal(detector(region()), kept)
    assert np.array_equal(detector(region()), kept)
