"""The verdict on which way is up, with a reader whose confidence is scripted."""

from collections.abc import Mapping

import numpy as np
import pytest

from ocr.core.document import Line
from ocr.engines.local import orientation
from ocr.engines.local.orientation import read_page
from ocr.engines.local.skew import Affine, Gray

MARK = 7


def page(turned: int) -> Gray:
    """An upright page has its mark in the top left corner; `turned` clockwise."""
    gray = np.full((1200, 900), 240, np.uint8)
    for top in range(150, 1100, 30):
        gray[top : top + 12, 80:820] = 40
    gray[0, 0] = MARK
    return orientation.turn(gray, turned)


class ScriptedReader:
    """Reads an upright page surely, others as `confidences` says by how far they are from upright."""

    def __init__(
        self, confidences: Mapping[int, float], box: tuple[float, float, float, float] = (0, 0, 99, 9)
    ) -> None:
        self.confidences = confidences
        self.box = box
        self.samples = 0

    def _turned(self, gray: Gray) -> int:
        corners = {0: gray[0, 0], 90: gray[0, -1], 180: gray[-1, -1], 270: gray[-1, 0]}
        return next(turn for turn, pixel in corners.items() if pixel == MARK)

    def lines(self, gray: Gray, placement: Affine, ink: object = None) -> tuple[Line, ...]:  # noqa: ARG002
        self.last = self._turned(gray)
        confidence = self.confidences[self.last]
        return (Line("some words", orientation.placed(self.box, placement), confidence),) if confidence else ()

    def confidence(self, gray: Gray) -> float:
        self.samples += 1
        return self.confidences[self._turned(gray)]


@pytest.fixture(autouse=True)
def whole_page_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mark must be in the sample for the script to know the turn."""
    monkeypatch.setattr(orientation, "busiest", lambda gray: gray)
    monkeypatch.setattr(orientation, "find_skew", lambda _: 0.0)


PRINT = {0: 0.97, 90: 0.0, 180: 0.6, 270: 0.0}
HAND = {0: 0.5, 90: 0.0, 180: 0.48, 270: 0.0}


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_print_is_turned_upright_from_every_side(turned: int) -> None:
    generation = read_page(ScriptedReader(PRINT), page(turned))
    assert generation.rotation == -turned % 360
    assert generation.lines is not None and generation.lines[0].confidence == 0.97
    assert (generation.width, generation.height) == (900, 1200)


def test_an_upright_page_that_reads_well_is_never_sampled() -> None:
    reader = ScriptedReader(PRINT)
    read_page(reader, page(0))
    assert reader.samples == 0


def test_a_hand_that_reads_badly_every_way_stays_as_it_is() -> None:
    assert read_page(ScriptedReader(HAND), page(0)).rotation == 0
    assert read_page(ScriptedReader(dict.fromkeys(PRINT, 0.0)), page(0)).rotation == 0


def test_text_that_stands_on_end_is_doubted_however_surely_it_reads() -> None:
    reader = ScriptedReader({0: 0.99, 90: 0.99, 180: 0.6, 270: 0.99}, box=(0, 0, 9, 300))
    read_page(reader, page(0))
    assert reader.samples == 4


def test_an_empty_page_costs_no_reading() -> None:
    reader = ScriptedReader(PRINT)
    generation = read_page(reader, np.full((50, 40), 255, np.uint8))
    assert (generation.finish, generation.lines) == ("stop", ())
    assert (generation.width, generation.height) == (40, 50)
    assert not hasattr(reader, "last")


def test_boxes_are_kept_to_the_page() -> None:
    generation = read_page(ScriptedReader(PRINT, box=(-3, -4, 950, 1210)), page(0))
    assert generation.lines is not None
    assert generation.lines[0].box == (0, 0, 900, 1200)
