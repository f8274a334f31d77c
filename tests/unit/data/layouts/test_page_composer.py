"""Composed pages: the truth is whole, ordered, on the page, where the ink is, and the same for the same request."""

import itertools

import pytest

pytest.importorskip("fontTools")

from data.layouts.features.feature_catalog import FEATURES, choose_features
from data.layouts.page_composer import KINDS, PageRequest, compose_page
from data.layouts.page_truth import LINE_FIELDS, ROLES, LayoutPage, dump_page, parse_page
from ocr.core.errors import DataError, UsageError

DPI = 60


def check_truth(page: LayoutPage) -> None:
    """Assert what holds on every page."""
    assert [line.order for line in page.lines] == list(range(len(page.lines)))
    fields = [LINE_FIELDS.index(line.field) for line in page.lines]
    assert fields == sorted(fields)
    finished: set[int] = set()
    for above, line in zip((None, *page.lines), page.lines, strict=False):
        if above is None or above.block != line.block:
            assert line.block not in finished, f"block {line.block} is torn at {line.text!r}"
            finished.add(line.block)
        left, top, right, bottom = line.box
        assert 0 <= left < right <= page.width and 0 <= top < bottom <= page.height, line
        assert line.text and line.role in ROLES
        assert (line.cell is not None) == (line.role == "table_cell")
    tables = {table.id: table for table in page.tables}
    for line in page.lines:
        if line.cell:
            table = tables[line.cell.table]
            assert line.cell.row + line.cell.row_span <= table.rows
            assert line.cell.column + line.cell.column_span <= table.columns
            assert line.cell.header == (line.cell.row < table.header_rows)
    labels = {line.block for line in page.lines if line.role == "form_label"}
    assert all(line.label in labels for line in page.lines if line.label is not None)


@pytest.mark.parametrize("kind", KINDS)
def test_truth_of_a_page_is_whole(kind: str) -> None:
    page = compose_page(PageRequest(kind, "whole", dpi=DPI)).truth
    assert len(page.lines) > 5
    check_truth(page)
    assert parse_page(dump_page(page)) == page


@pytest.mark.parametrize("name", FEATURES)
def test_truth_of_a_feature_is_whole(name: str) -> None:
    """Each feature alone, on a kind that it suits, adds or changes lines."""
    kind = sorted(FEATURES[name].kinds or {"contract"})[0]
    bare = compose_page(PageRequest(kind, "alone", (), dpi=DPI)).truth
    page = compose_page(PageRequest(kind, "alone", (name,), dpi=DPI)).truth
    check_truth(page)
    assert page.features == (name,)
    assert page.lines != bare.lines or page.shapes != bare.shapes


def test_equal_requests_give_equal_pages() -> None:
    request = PageRequest("gazette", "same", dpi=DPI)
    assert compose_page(request) == compose_page(request)
    assert compose_page(request).truth.lines != compose_page(PageRequest("gazette", "other", dpi=DPI)).truth.lines


def test_resolution_changes_only_the_scale() -> None:
    small, large = (compose_page(PageRequest("ruling", "scale", (), dpi=dpi)).truth for dpi in (50, 200))
    assert [line.text for line in small.lines] == [line.text for line in large.lines]
    box = large.lines[3].box
    assert small.lines[3].box == pytest.approx([side / 4 for side in box], abs=0.6)


def test_columns_are_read_one_after_the_other() -> None:
    page = compose_page(PageRequest("gazette", "columns", ("many_columns",), dpi=DPI)).truth
    body = [line for line in page.lines if line.role in ("paragraph", "heading")]
    back = sum(below.box[1] < above.box[1] - 40 for above, below in itertools.pairwise(body))
    assert back >= 2  # the eye jumps up once for each column after the first


def test_side_stamp_stands_in_the_margin_line_by_line() -> None:
    page = compose_page(PageRequest("ruling", "stamp", ("side_stamp",), dpi=DPI)).truth
    stamps = [line for line in page.lines if line.role == "stamp" and line.direction in (90.0, 270.0)]
    assert 1 <= len(stamps) <= 3 and all(line.field == "margin" for line in stamps)
    assert all(line.box[3] - line.box[1] > 5 * (line.box[2] - line.box[0]) for line in stamps)


def test_held_out_features_are_never_chosen() -> None:
    import random

    chosen = {name for seed in range(200) for name in choose_features("gazette", random.Random(seed), frozenset())}
    assert {"side_stamp", "masthead", "many_columns"} <= chosen
    without = frozenset({"side_stamp"})
    assert not any("side_stamp" in choose_features("gazette", random.Random(s), without) for s in range(200))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UsageError, match="no layout of the kind 'cordel'"):
        compose_page(PageRequest("cordel", "1"))
    with pytest.raises(UsageError, match="no layout feature 'glitter'"):
        compose_page(PageRequest("ruling", "1", ("glitter",)))
    with pytest.raises(DataError, match="not a layout page: lines"):
        parse_page('{"kind": "ruling", "seed": "1", "features": [], "dpi": 72, "width": 9, "height": 9, "lines": 3}')
