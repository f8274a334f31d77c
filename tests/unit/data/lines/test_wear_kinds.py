"""Wears: named, repeatable, of the shape they were given, and stronger with their strength."""

import random

import numpy as np
import pytest

from data.lines.ink import LineInk
from data.lines.marks import Margins, Sheet, lay_out
from data.lines.wear_kinds import WEARS


def sheet(seed: int, columns: int = 300) -> Sheet:
    ink = np.zeros((30, columns), np.uint8)
    ink[4:, ::12] = ink[4:, 1::12] = ink[4:, 2::12] = 255
    ink[10:13] = 255
    margins = Margins(0.2, 0.2, 0.2, 0.2, 1.3)
    seeded = (random.Random(seed), np.random.Generator(np.random.SFC64(seed)))
    return lay_out(LineInk(ink, 30.0, 20.0, 26.0), 36.0, margins, seeded)


@pytest.mark.parametrize("name", sorted(WEARS))
def test_a_wear_is_repeatable_and_keeps_the_shape(name: str) -> None:
    for seed in range(6):
        before = sheet(seed)
        original = before.pixels.copy()
        first, second = WEARS[name].effect(before, 0.8), WEARS[name].effect(sheet(seed), 0.8)
        assert first.shape == before.pixels.shape
        assert first.dtype == np.uint8
        assert np.array_equal(first, second)
        assert np.array_equal(before.pixels, original), "the sheet that was given changed"


@pytest.mark.parametrize("name", sorted(WEARS))
def test_wears_work_on_the_smallest_strips(name: str) -> None:
    for seed in range(4):
        small = sheet(seed, columns=4)
        assert WEARS[name].effect(small, 1.25).shape == small.pixels.shape


@pytest.mark.parametrize(
    "name", ["scan", "photocopy", "bad-photocopy", "letterpress", "fax", "old-paper", "typewriter"]
)
def test_strength_matters(name: str) -> None:
    def change(strength: float) -> float:
        changes = []
        for seed in range(12):
            before = sheet(seed)
            worn = WEARS[name].effect(before, strength).astype(np.float32)
            changes.append(float(np.abs(worn - before.pixels).mean()))
        return float(np.mean(changes))

    assert change(1.2) > change(0.1)


def test_row_loss_takes_ink_from_the_upper_half() -> None:
    lost = 0.0
    for seed in range(20):
        before = sheet(seed)
        after = WEARS["row-loss"].effect(before, 1.0)
        _, top, _, _bottom = before.strip
        upper = slice(top, round(before.baseline - before.x_height / 2))
        dark_before, dark_after = (before.pixels[upper] < 128).sum(), (after[upper] < 128).sum()
        lost += float(dark_before - dark_after) / dark_before
    assert lost / 20 > 0.05
