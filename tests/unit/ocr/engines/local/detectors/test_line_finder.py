"""Strips from the map of a whole page, and the choice of a detector."""

from pathlib import Path

import numpy as np
import pytest

from ocr.core.errors import UsageError
from ocr.engines.local.detectors.detector_selection import DetectorChoice, choose_detector
from ocr.engines.local.detectors.fast_detector import MULTIPLE, bands
from ocr.engines.local.detectors.line_finder import LineFinder, PageMap
from ocr.engines.local.detectors.map_strips import FAST_RULE, STOCK_RULE, strips


class Seen:
    """A detector that gives a prepared map of the page."""

    def __init__(self, probability: np.ndarray, scale: float) -> None:
        self.map, self.letters = PageMap(probability, scale), list[float]()

    def see(self, gray: np.ndarray, letter: float) -> PageMap:  # noqa: ARG002
        self.letters.append(letter)
        return self.map


def page() -> tuple[np.ndarray, np.ndarray]:
    """A page of (800, 1200) pixels with print, and its map at a quarter of the size."""
    gray = np.full((800, 1200), 250, np.uint8)
    field = np.zeros((200, 300), np.float32)
    for top in range(60, 740, 40):
        for left, right in ((100, 560), (640, 1100)):
            for letter in range(left, right, 14):
                gray[top : top + 20, letter : letter + 7] = 20
            field[(top + 4) // 4 : (top + 16) // 4, left // 4 + 1 : right // 4 - 1] = 0.9
    return gray, field


def test_strips_of_a_region_lie_where_the_page_has_its_lines() -> None:
    gray, field = page()
    finder = LineFinder(Seen(field, 0.25))
    page_map = finder.page_map(gray, 15.0)
    halves = [(0, 0, 600, 800), (600, 0, 1200, 800)]
    found = finder.find(gray, halves, page_map)
    left, right = ([strip for area, strip in found if area == half] for half in halves)
    assert len(left) == len(right) == 17
    for strip, edges in ((left[3], (100, 560)), (right[3], (40, 500))):
        x0, y0, x1, y1 = strip.area()
        assert abs(x0 - edges[0]) < 8 and abs(x1 - edges[1]) < 8
        assert 172 < y0 < 184 and 196 < y1 < 208


def test_a_detector_that_sees_the_page_is_asked_once() -> None:
    gray, field = page()
    seen = Seen(field, 0.25)
    finder = LineFinder(seen)
    page_map = finder.page_map(gray, 15.0)
    assert finder.find(gray, [(0, 0, 600, 800), (600, 0, 1200, 800)], page_map)
    assert seen.letters == [15.0]


def test_an_area_beyond_the_map_has_no_strips() -> None:
    assert strips(np.zeros((0, 10), np.float32), (40, 1)) == []


@pytest.mark.parametrize("rule", [STOCK_RULE, FAST_RULE])
def test_each_rule_grows_its_kernels_by_its_own_measure(rule) -> None:  # type: ignore[no-untyped-def]
    field = np.zeros((200, 300), np.float32)
    field[100:110, 50:250] = 0.9
    (strip,) = strips(field, (300, 200), rule)
    grown = (strip.height - 10 - (rule.spread > 1)) / 2
    assert grown == pytest.approx(rule.unclip * 10 * 200 / (2 * 210), abs=1.0)


@pytest.mark.parametrize(("height", "width"), [(320, 320), (1408, 1024), (3520, 2560), (32, 4096)])
def test_bands_answer_for_every_row_once(height: int, width: int) -> None:
    cut = bands(height, width)
    assert [start for start, *_ in cut] == [0, *(end for _, end, *_ in cut[:-1])] and cut[-1][1] == height
    for start, end, above, below in cut:
        assert above <= start < end <= below
        assert not any(row % MULTIPLE for row in (start, end, above, below))
    assert len({below - above for _, _, above, below in cut[1:-2]}) <= 1


def test_the_choice_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    first, second = tmp_path / "a.onnx", tmp_path / "detector.onnx"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    prints = [choose_detector(option).fingerprint for option in ("full", "fitted", str(first), str(tmp_path))]
    assert prints[0] == "" and len(set(prints)) == 4
    choice = choose_detector(str(tmp_path))
    assert DetectorChoice.from_text(choice.to_text()) == choice and choice.file == str(second.resolve())


def test_what_is_no_detector_is_said() -> None:
    with pytest.raises(UsageError, match="nowhere is not a detector") as refusal:
        choose_detector("nowhere")
    assert refusal.value.hint == "full, fitted, fast, an ONNX file or runs/NAME"
