"""The sheet around a line, and what lies on it."""

import random

import numpy as np
import pytest

from data.lines import marks
from data.lines.ink import LineInk
from data.lines.marks import Margins, Sheet, lay_out


def sheet(neighbors: bool = False, above: float = 0.2) -> Sheet:
    ink = np.zeros((30, 300), np.uint8)
    ink[:, ::6] = 255
    margins = Margins(above, 0.2, 0.2, 0.2, 1.0 if neighbors else 0.0)
    seeded = (random.Random(1), np.random.default_rng(1))
    return lay_out(LineInk(ink, 30.0, 20.0, 29.0), 40.0, margins, seeded)


def test_the_strip_lies_around_the_ink() -> None:
    laid = sheet()
    left, top, right, bottom = laid.strip
    strip = laid.pixels[top:bottom, left:right]
    assert (strip < 100).sum() == (laid.pixels < 100).sum() == 30 * 50
    assert laid.pixels[round(laid.baseline) - 1].min() == 0
    assert laid.pixels[round(laid.baseline) + 1].min() == 255


def test_a_strip_may_cut_the_tops_of_letters() -> None:
    laid = sheet(above=-0.1)
    _, top, _, bottom = laid.strip
    assert (laid.pixels[top:bottom] < 100).sum() == 26 * 50


def test_neighbor_lines_come_above_and_below() -> None:
    alone, among = sheet(), sheet(neighbors=True)
    _, top, _, bottom = among.strip
    assert (among.pixels[:top] < 100).any()
    assert (among.pixels[bottom:] < 100).any()
    assert alone.pixels.shape == among.pixels.shape


@pytest.mark.parametrize(
    "name", ["underline", "rules", "strokes", "shapes", "highlighter", "bleed_through", "halftone"]
)
def test_marks_darken_the_paper_only(name: str) -> None:
    laid = sheet()
    for seed in range(8):
        seeded = Sheet(
            laid.pixels,
            laid.em,
            laid.baseline,
            laid.x_height,
            laid.ascender,
            laid.strip,
            random.Random(seed),
            laid.noise,
        )
        marked = getattr(marks, name)(seeded, 1.0)
        assert marked.shape == laid.pixels.shape
        assert marked.dtype == np.uint8
        if name != "halftone":
            assert (marked <= laid.pixels).all() or name in ("underline", "rules")
    assert any((marked != laid.pixels).ravel())


def test_inverse_turns_ink_light() -> None:
    laid = sheet()
    turned = marks.inverse(laid, 1.0)
    ink = laid.pixels == 0
    assert turned[ink].min() > turned[~ink].max() + 60
