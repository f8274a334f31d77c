"""What looks like print and cannot be read is said: it neither vanishes nor passes for a blank page."""

import numpy as np

from ocr.core.document import EngineOutput, Line
from ocr.engines.local import orientation
from ocr.engines.local.orientation import read_page
from ocr.engines.local.skew import Affine, Gray
from ocr.layout.page import arrange
from ocr.pipeline.page_builder import classify


class BlindReader:
    """Finds no line on any page."""

    def lines(self, gray: Gray, placement: Affine, ink: object = None) -> tuple[Line, ...]:  # noqa: ARG002
        return ()

    def confidence(self, gray: Gray) -> float:  # noqa: ARG002
        return 0.0


def striped(share: float) -> Gray:
    """A white page of which `share` is dark, in stripes as of text."""
    page = np.full((1600, 1200), 255, np.uint8)
    page[:, 100:1100][:: max(1, round(1000 / 1200 / share))] = 40
    return page


def test_a_dark_page_on_which_nothing_is_read_deserves_a_look() -> None:
    generation = read_page(BlindReader(), striped(0.2))
    page = arrange(generation, 1)
    assert page.text == ""
    assert page.flags == ("1 place that looks like print could not be read",)


def test_a_page_with_punch_holes_is_blank_and_nothing_else() -> None:
    page = np.full((1600, 1200), 255, np.uint8)
    page[200:240, 30:70] = page[900:940, 30:70] = 0
    generation = read_page(BlindReader(), page)
    assert not orientation.looks_printed(page)
    assert classify(generation) == ("blank", "")
    assert arrange(generation, 1).flags == ()


def test_unread_places_are_weighed_against_what_was_read() -> None:
    read = tuple(Line("lido com toda a clareza", (0, 30.0 * row, 900, 30.0 * row + 24), 0.99) for row in range(30))
    stamp = Line("", (700, 1000, 900, 1040), 0.2)
    half = tuple(Line("", (0, 900 + 30.0 * row, 900, 924 + 30.0 * row), 0.2) for row in range(15))
    assert arrange(EngineOutput("stop", lines=(*read, stamp), width=1000, height=1500), 1).flags == ()
    page = arrange(EngineOutput("stop", lines=(*read, *half), width=1000, height=1500), 1)
    assert page.flags == ("15 places that look like print could not be read",)
    assert len(page.lines) == 30
