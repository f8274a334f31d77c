"""The detector gives memory back where the process holds much, and finds the same afterwards."""

from pathlib import Path

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


@pytest.mark.parametrize("tuned", [True, False])
@pytest.mark.parametrize(("width", "padded"), [(60, 320), (300, 320), (330, 384)])
def test_short_lines_are_padded_to_what_the_network_knows(
    width: int, padded: int, tuned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def network(batch: np.ndarray) -> np.ndarray:
        seen.append(batch.shape[3])
        return np.tile(np.array([0.1, 0.9], np.float32), (1, batch.shape[3] // 8, 1))

    monkeypatch.setitem(ppocr.BACKENDS, "fake", lambda _file, _alphabet: (network, ("", "a")))
    recognizer = ppocr.Recognizer("fake", Path("tuned.onnx") if tuned else None)
    assert recognizer(np.zeros((48, width), np.uint8)).text == "a"
    assert seen == [padded]
