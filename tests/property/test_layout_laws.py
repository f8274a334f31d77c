"""Laws of layout: whatever an engine gives and however a page looks, nothing is lost and nothing is said twice."""

from collections import Counter
from math import isfinite

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.core.document import Box, EngineOutput, Line, Word
from ocr.layout.columns import cut
from ocr.layout.page import LEARNED, RULES, arrange
from ocr.layout.ruled.blanks import MARK
from ocr.text.hyphenation import join

WORDS = st.text("abcdefghijklmnopqrstuvwxyzáéãç0123456789°-.§", min_size=1, max_size=12)
TEXTS = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(st.floats(-50, 2000)), draw(st.floats(-50, 3000))
    return (left, top, left + draw(st.floats(0, 1500)), top + draw(st.floats(0, 400)))


LINES = st.lists(st.builds(Line, TEXTS, boxes(), st.none() | st.floats(0, 1)), max_size=40)


@given(LINES, st.floats(-10, 10), st.sampled_from((RULES, LEARNED)))
@settings(max_examples=200, deadline=None)
def test_every_line_comes_out_once(lines: list[Line], skew: float, layout: str) -> None:
    page = arrange(EngineOutput("stop", lines=tuple(lines), width=1240, height=1754, skew=skew), 1, layout)
    assert Counter(line.box for line in page.lines) == Counter(line.box for line in lines)
    printed = "\n".join((page.header, page.text, page.margin, page.footer)).split()
    assert Counter(printed) == Counter(word for line in page.lines for word in line.text.split())
    assert page.confidence is None or 0 <= page.confidence <= 1


ANY = st.floats() | st.sampled_from((float("nan"), float("inf"), 0.0, 100.0, 120.0, -1e300))
ANY_BOXES = st.tuples(ANY, ANY, ANY, ANY)
ANY_WORDS = st.lists(st.builds(Word, st.just("x") | st.just(""), ANY_BOXES), max_size=3).map(tuple)
ANY_LINES = st.lists(
    st.builds(
        Line, st.sampled_from(("uma linha", "12", "Total:")), ANY_BOXES | boxes(), st.none(), st.just(()) | ANY_WORDS
    ),
    max_size=12,
)


@given(ANY_LINES, st.lists(ANY_BOXES, max_size=5), ANY, st.sampled_from((RULES, LEARNED)))
@settings(max_examples=60, deadline=None)
def test_boxes_that_no_page_has_lose_no_line(lines: list[Line], rulings: list[Box], skew: float, layout: str) -> None:
    output = EngineOutput("stop", lines=tuple(lines), width=0, height=0, skew=skew, rulings=tuple(rulings))
    page = arrange(output, 1, layout)
    assert all(isfinite(edge) for line in page.lines for edge in line.box)
    assert all(isfinite(edge) for table in page.tables for edge in table.box)
    if not any(line.words for line in lines):
        texts = [line.text for line in page.lines if line.text != MARK]
        assert Counter(" ".join(texts).split()) == Counter(" ".join(line.text for line in lines).split())


@pytest.mark.parametrize("layout", [RULES, LEARNED])
@pytest.mark.parametrize(
    "wide", [4, pytest.param(1, marks=pytest.mark.slow), pytest.param(500, marks=pytest.mark.slow)]
)
def test_a_broadsheet_of_five_thousand_lines(wide: int, layout: str) -> None:
    width = 12000 // wide
    boxes_of = [
        (width * (n % wide), 30.0 * (n // wide), width * (n % wide + 0.9), 30.0 * (n // wide) + 24) for n in range(5000)
    ]
    lines = tuple(Line(f"linha {n}", box) for n, box in enumerate(boxes_of))
    page = arrange(EngineOutput("stop", lines=lines, width=12000, height=150000), 1, layout)
    assert Counter(line.text for line in page.lines) == Counter(line.text for line in lines)


@given(LINES, st.sampled_from((RULES, LEARNED)))
@settings(max_examples=100, deadline=None)
def test_paragraphs_and_tables_hold_the_letters_of_the_body(lines: list[Line], layout: str) -> None:
    page = arrange(EngineOutput("stop", lines=tuple(lines), width=1240, height=1754), 1, layout)
    cells = [cell for table in page.tables for row in table.rows for cell in row]
    given_out = Counter("".join([*page.paragraphs, *cells]).replace("-", ""))
    body = Counter(page.text.replace("-", ""))
    del given_out[" "], body[" "], body["\n"]
    assert given_out == body


@given(st.permutations(range(24)), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_the_order_in_which_lines_come_does_not_matter(places: list[int], columns: int) -> None:
    width = 1000 // (columns + 1)
    lines = [
        Line(
            f"linha {n}",
            (100 + width * (n % (columns + 1)), 100 + 40 * n, 60 + width * (n % (columns + 1) + 1), 130 + 40 * n),
        )
        for n in range(24)
    ]
    page = arrange(EngineOutput("stop", lines=tuple(lines), width=1240, height=1754), 1)
    shuffled = arrange(EngineOutput("stop", lines=tuple(lines[n] for n in places), width=1240, height=1754), 1)
    assert shuffled == page


@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.integers(1, 400), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_regions_tile_the_page(seed: int, width: int, height: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    gray = np.where(rng.random((height, width)) < share, 0, 255).astype(np.uint8)
    for left in range(0, width, 90):
        gray[:, left : left + 20] = 255
    covered = np.zeros((height, width), int)
    for left, top, right, bottom in cut(gray):
        covered[int(top) : int(bottom), int(left) : int(right)] += 1
    assert (covered == 1).all()


@given(TEXTS, TEXTS)
def test_joining_lines_loses_at_most_the_hyphen(first: str, second: str) -> None:
    joined = join(first, second)
    assert joined.replace("-", "").replace(" ", "") == (first + second).replace("-", "").replace(" ", "")
    assert joined in (f"{first} {second}", first + second, first[:-1] + second)
