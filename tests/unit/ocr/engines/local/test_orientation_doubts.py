"""What a reading cannot show is told from the pixels: very small type, and print that an edge cuts."""

import numpy as np
import pytest

from ocr.core.document import VERY_SMALL_TYPE, Line
from ocr.engines.local import orientation
from ocr.engines.local.orientation import read_page
from ocr.engines.local.skew import Affine, Gray


class SureReader:
    """Reads one line in a place, surely."""

    def __init__(self, box: tuple[float, float, float, float] = (40.0, 40.0, 500.0, 60.0)) -> None:
        self.box = box

    def lines(self, gray: Gray, placement: Affine, ink: object = None) -> tuple[Line, ...]:  # noqa: ARG002
        return (Line(f"{gray.size} pixels", orientation.placed(self.box, placement), 0.99),)

    def confidence(self, gray: Gray) -> float:
        return 0.99 if gray.size else 0.0


def page(height: int, top: int = 40) -> Gray:
    pixels = np.full((400, 600), 250, np.uint8)
    for row in range(top, 360, 3 * height):
        for column in range(40, 560, height):
            pixels[row : row + height, column : column + height // 2] = 20
    return pixels


@pytest.mark.parametrize(("height", "told"), [(6, True), (7, True), (9, False), (16, False)])
def test_very_small_type_is_told_however_surely_it_reads(height: int, told: bool) -> None:
    assert (VERY_SMALL_TYPE in read_page(SureReader(), page(height)).doubts) is told


def test_a_line_that_the_edge_cuts_is_told() -> None:
    cut = page(12)[46:]
    doubts = read_page(SureReader((40.0, 0.0, 560.0, 12.0)), cut).doubts
    assert doubts == ("the top edge of the image cuts through a line of print",)
    assert read_page(SureReader(), page(12)).doubts == ()
