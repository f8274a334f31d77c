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


@pytest.mark.parametrize("most", [0, 1 << 60])
def test_the_map_is_the_same_after_memory_was_given_back(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ppocr, "MOST_HELD", most)
    detector = Detector("openvino")
    before = detector(region()).copy()
    detector.release()
    assert np.array_equal(detector(region()), before)


def test_a_backend_without_it_keeps_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ppocr, "MOST_HELD", 0)
    detector = Detector("onnxruntime")
    before = detector(region()).copy()
    detector.release()
    assert np.array_equal(detector(region()), before)
