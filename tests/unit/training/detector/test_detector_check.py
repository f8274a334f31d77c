"""The shipped fast detector finds the lines of composed pages, and none on paper."""

from pathlib import Path

import numpy as np
import pytest

from data.layouts.page_composer import PageRequest, compose_page
from data.layouts.page_drawing import draw_page
from data.synthesis.degradation import Placement
from ocr.engines.local.detectors.detector_selection import choose_detector
from ocr.engines.local.detectors.fast_detector import FastDetector
from training.detector.detector_check import compare, find_strips, score
from training.detector.drawn.drawn_pages import Scan

STILL = Placement(np.eye(3), np.zeros((0, 5)))


@pytest.fixture(scope="module")
def detector() -> FastDetector:
    return FastDetector(Path(choose_detector("fast").file), "openvino")


def scan(kind: str, seed: str, *features: str) -> Scan:
    composed = compose_page(PageRequest(kind, seed, features))
    return Scan(composed.truth, draw_page(composed), STILL)


@pytest.mark.parametrize(
    ("kind", "features"), [("contract", ()), ("book", ()), ("gazette", ("many_columns",)), ("ruling", ("open_table",))]
)
def test_lines_of_a_clean_page_are_found_one_by_one(
    detector: FastDetector, kind: str, features: tuple[str, ...]
) -> None:
    page = scan(kind, "shipped", *features)
    found = score(page, find_strips(detector, page))
    assert found.error < 0.03
    assert found.joined < 0.02 * found.printed


def test_paper_has_no_lines(detector: FastDetector) -> None:
    for level in (255, 180):
        page = np.full((1200, 900), level, np.uint8)
        assert not (detector.see(page, 0.0).probability > 0.5).any()


def test_one_word_on_a_page_is_found_at_any_place(detector: FastDetector) -> None:
    letter = scan("letter", "shipped").pixels
    rows = np.flatnonzero((letter < 128).any(axis=1))
    word = letter[rows[0] : rows[0] + 40]
    for top in (200, 1100, 1900):
        page = np.full((2339, 1654), 255, np.uint8)
        page[top : top + 40] = word
        assert detector.see(page, 15.0).probability.max() > 0.9


def test_a_detector_is_no_worse_than_itself(detector: FastDetector) -> None:
    same = compare([scan("letter", "a"), scan("book", "b")], detector, detector, seed=0)
    assert same.before == same.after and same.change.high == 0 and not same.complaint
