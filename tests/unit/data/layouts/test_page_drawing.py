"""Drawn pages: ink stands in the boxes, and boxes follow a page that leans or is degraded."""

import numpy as np
import pytest

pytest.importorskip("fontTools")
pytest.importorskip("PIL")

from data.layouts.page_composer import PageRequest, compose_page
from data.layouts.page_drawing import draw_page, lean, move_page, random_placement, scan_page
from data.synthesis.degradation import lay
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


@pytest.mark.parametrize("feature", ["watermark", "round_seal", "torn_corner", "show_through", "check_boxes"])
def test_marks_over_the_print_are_drawn(feature: str) -> None:
    kind = "form" if feature == "check_boxes" else "proxy"
    bare, marked = (draw_page(compose_page(PageRequest(kind, "over", names, dpi=60))) for names in ((), (feature,)))
    assert (bare != marked).mean() > 0.001


def test_a_torn_corner_takes_its_words() -> None:
    pages = [compose_page(PageRequest("gazette", f"tear{n}", ("torn_corner",), dpi=60)).truth for n in range(6)]
    for page in pages:
        left, top, right, bottom = next(shape.box for shape in page.shapes if shape.kind == "tear")
        centers = [((w.box[0] + w.box[2]) / 2, (w.box[1] + w.box[3]) / 2) for line in page.lines for w in line.words]
        assert not any(left <= x <= right and top <= y <= bottom for x, y in centers)


def test_a_random_placement_moves_boxes_with_the_pixels() -> None:
    page = compose_page(PageRequest("letter", "warp", (), dpi=DPI))
    placement = random_placement(page.truth, (5,))
    assert (placement.matrix == random_placement(page.truth, (5,)).matrix).all()
    dark = lay(draw_page(page), placement) < 215  # thin print gets pale as it is turned
    moved = move_page(page.truth, placement)
    assert abs(moved.skew) > 0.1
    for line in moved.lines:
        for word in line.words:
            left, top, right, bottom = (round(side) for side in word.box)
            assert dark[max(0, top - 2) : bottom + 2, max(0, left - 1) : right + 2].any(), line.text
