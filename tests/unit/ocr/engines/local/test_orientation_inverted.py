"""Light print on a dark ground is read where dark print is not found, and nowhere else."""

import numpy as np
import pytest

from ocr.core.document import Line
from ocr.engines.local import orientation
from ocr.engines.local.orientation import read_page
from ocr.engines.local.skew import Affine, Gray


class LightPaperReader:
    """Reads pages whose paper is light, and counts what it was given."""

    def __init__(self, confidence: float) -> None:
        self.on_light = confidence
        self.asked: list[bool] = []

    def lines(self, gray: Gray, placement: Affine, ink: object = None) -> tuple[Line, ...]:  # noqa: ARG002
        self.asked.append(float(np.median(gray)) > 128)
        box = orientation.placed((30.0, 30.0, 200.0, 50.0), placement)
        return (Line("some words", box, self.on_light),) if self.asked[-1] else ()

    def confidence(self, gray: Gray) -> float:
        return self.on_light if float(np.median(gray)) > 128 else 0.0


def page(paper: int, ink: int) -> Gray:
    pixels = np.full((400, 600), paper, np.uint8)
    for top in range(40, 360, 30):
        pixels[top : top + 12, 40:560:9] = ink
        pixels[top : top + 12, 41:560:9] = ink
    return pixels


@pytest.mark.parametrize("confidence", [0.99, 0.9])
def test_white_on_black_is_read_as_black_on_white(confidence: float) -> None:
    reader = LightPaperReader(confidence)
    assert [line.text for line in read_page(reader, page(10, 240)).lines or ()] == ["some words"]


def test_a_dark_page_that_reads_badly_both_ways_stays_as_it_was() -> None:
    lines = read_page(LightPaperReader(0.4), page(10, 240)).lines or ()
    assert not any(line.text for line in lines)


def test_a_light_page_is_read_once() -> None:
    reader = LightPaperReader(0.99)
    assert read_page(reader, page(240, 10)).lines
    assert reader.asked == [True]
