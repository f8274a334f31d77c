"""Drawn pages: ink stands in the boxes, and boxes follow a page that leans or is degraded."""

import numpy as np
import pytest

pytest.importorskip("fontTools")
pytest.importorskip("PIL")

from data.layouts.page_composer import PageRequest, compose_page
from data.layouts.page_drawing import draw_page, lean, scan_page
from ocr.core.errors import UsageError

DPI = 80


def test_boxes_hold_the_ink() -> None:
    page = compose_page(PageRequest("contract", "ink", ("side_stamp",), dpi=DPI))
    dark = draw_page(page) < 140
    for line in page.truth.lines:
        for word in line.words:
            left, top, right, bottom = (round(side) for side in word.box)
            assert dark[max(0, top - 1) : bottom + 2, max(0, left - 1) : right + 2].any(), (line.text, word)
        left, top, right, bottom = (round(side) for side in line.box)
        dark[max(0, top - 2) : bottom + 3, max(0, left - 2) : right + 3] = False
    rules = sum(round(r.x1 - r.x0 + r.y1 - r.y0) * 3 for r in page.truth.rules)
    drawn = sum(round((s.box[2] - s.box[0]) * (s.box[3] - s.box[1])) for s in page.truth.shapes)
    assert dark.sum() <= rules + drawn, "ink stands outside all boxes, rules and shapes"


def test_a_leaning_page_keeps_its_lines() -> None:
    page = compose_page(PageRequest("certificate", "lean", (), dpi=DPI)).truth
    leaning = lean(page, 2.0)
    assert leaning.skew == pytest.approx(2.0, abs=0.01)
    assert [line.text for line in leaning.lines] == [line.text for line in page.lines]
    heights = [(a.box[3] - a.box[1], b.box[3] - b.box[1]) for a, b in zip(page.lines, leaning.lines, strict=True)]
    assert any(tilted > flat + 5 for flat, tilted in heights)
    back = lean(leaning, -2.0)
    words = [
        (a.box, b.box)
        for p, q in zip(page.lines, back.lines, strict=True)
        for a, b in zip(p.words, q.words, strict=True)
    ]
    centers = np.array([[(x[0] + x[2] - y[0] - y[2]) / 2, (x[1] + x[3] - y[1] - y[3]) / 2] for x, y in words])
    assert np.abs(centers).max() < 0.1


def test_a_scanned_page_has_its_truth() -> None:
    page = compose_page(PageRequest("receipt", "scan", (), dpi=DPI))
    scanned = scan_page(page, "photocopy", 1.0, (1, 2))
    again = scan_page(page, "photocopy", 1.0, (1, 2))
    assert scanned.content == again.content and scanned.suffix == ".jpg"
    assert scanned.pixels.shape == (page.truth.height, page.truth.width)
    assert scanned.truth.skew != 0.0
    with pytest.raises(UsageError, match="no degradation profile 'scanner'"):
        scan_page(page, "scanner", 1.0, (1,))
