"""At which size the fast detector is shown a page, and where its map lies on it."""

from pathlib import Path

import numpy as np
import pytest

from ocr.engines.local.detectors import fast_detector
from ocr.engines.local.detectors.fast_detector import KIND, FastDetector, shown_factor


@pytest.mark.parametrize(
    ("letter", "factor"), [(0, 1.0), (7, 1.5), (11, 1.5), (12, 1.0), (18, 1.0), (36, 0.5), (90, 0.3)]
)
def test_letters_are_brought_near_the_height_that_the_network_knows(letter: float, factor: float) -> None:
    assert shown_factor(letter) == pytest.approx(factor)


class EverySecondPixel:
    """A network whose map is the ink of every second pixel."""

    released = 0

    def __call__(self, ink: np.ndarray) -> np.ndarray:
        return ink[:, :, ::2, ::2]

    def release(self) -> None:
        self.released += 1


@pytest.mark.parametrize("letter", [0.0, 7.0, 14.0, 36.0])
def test_the_map_has_the_ink_where_the_page_has_it(letter: float, monkeypatch: pytest.MonkeyPatch) -> None:
    network = EverySecondPixel()
    monkeypatch.setitem(fast_detector.NETWORKS, "fake", lambda _file: (network, {"kind": KIND}))
    page = np.full((600, 400), 255, np.uint8)
    page[200:240, 100:300] = 0
    page_map = FastDetector(Path("any.onnx"), "fake").see(page, letter)
    rows, columns = np.nonzero(page_map.probability > 0.5)
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / page_map.scale
    assert box == pytest.approx([100, 200, 300, 240], abs=1.5 / page_map.scale)
    assert network.released == 1
    assert page_map.probability.shape == pytest.approx([600 * page_map.scale, 400 * page_map.scale], abs=1)
