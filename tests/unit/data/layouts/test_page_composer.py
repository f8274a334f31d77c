"""Composed pages: the truth is whole, ordered, on the page, where the ink is, and the same for the same request."""

import itertools
from collections import Counter

import pytest

pytest.importorskip("fontTools")

from data.layouts.features.feature_catalog import FEATURES, choose_features
from data.layouts.page_composer import KINDS, PageRequest, compose_page
from data.layouts.page_truth import LINE_FIELDS, ROLES, LayoutPage, PageLine, dump_page, parse_page
from data.synthesis.page_types import PAGE_TYPES
from data.text.generators import write_document
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


def lines_of(kind: str, *features: str, seed: str = "lines") -> list[PageLine]:
    return list(compose_page(PageRequest(kind, seed, features, dpi=DPI)).truth.lines)


def test_footnotes_follow_the_body_and_their_marks_stand_in_it() -> None:
    lines = lines_of("book", "footnotes")
    notes = [line for line in lines if line.role == "footnote"]
    body = [line for line in lines if line.role == "paragraph"]
    assert notes and min(n.order for n in notes) > max(b.order for b in body)
    assert min(n.box[1] for n in notes) > max(b.box[1] for b in body)
    assert any(word.glued for line in body for word in line.words)


def test_a_drop_cap_belongs_to_the_first_word() -> None:
    pages = [lines_of("book", "drop_cap", seed=seed) for seed in "abcd"]
    capped = [line for lines in pages for line in lines if line.size > 30 * DPI / 72]
    assert len(capped) >= 3
    for line in capped:
        assert len(line.words[0].text) == 1 and line.words[0].box[3] > line.words[1].box[3] + 5
    assert any(line.words[1].glued and " " not in line.text[:2] for line in capped)


def test_letters_of_a_spaced_heading_make_words() -> None:
    headings = [line for line in lines_of("proxy", "spaced_heading") if len(line.words) > len(line.text.split())]
    assert headings and all(len(word.text) == 1 for line in headings for word in line.words)


def test_two_languages_are_read_column_by_column() -> None:
    lines = lines_of("contract", "two_languages")
    middle = compose_page(PageRequest("contract", "lines", (), dpi=DPI)).truth.width / 2
    sides = [line.box[0] > middle for line in lines if line.role == "paragraph"]
    first = sides.index(True)
    last = len(sides) - 1 - sides[::-1].index(True)
    assert all(sides[first : last + 1])


def test_cells_of_a_spanned_table_tile_its_grid() -> None:
    page = compose_page(PageRequest("official-letter", "tile", ("spanned_table",), dpi=DPI)).truth
    table = next(table for table in page.tables if table.header_rows == 2)
    taken: set[tuple[int, int]] = set()
    blocks = {line.block: line.cell for line in page.lines if line.cell and line.cell.table == table.id}
    for cell in blocks.values():
        places = {(cell.row + r, cell.column + c) for r in range(cell.row_span) for c in range(cell.column_span)}
        assert not taken & places
        taken |= places
    assert any(cell.column_span > 1 for cell in blocks.values()) and any(cell.row_span > 1 for cell in blocks.values())
    assert len(taken) >= 0.8 * table.rows * table.columns


def test_comb_boxes_hold_a_letter_each() -> None:
    page = compose_page(PageRequest("form", "comb", ("comb_boxes",), dpi=DPI)).truth
    boxes = [shape.box for shape in page.shapes if shape.kind == "comb_box"]
    values = [line for line in page.lines if line.role == "form_value" and any(word.glued for word in line.words)]
    assert values
    for line in values:
        for word in line.words:
            x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
            assert sum(a <= x <= c and b <= y <= d for a, b, c, d in boxes) == 1


def test_check_boxes_say_their_state() -> None:
    pages = [lines_of("form", "check_boxes", seed=seed) for seed in "abcdefghijklmnop"]
    found = {word.text for lines in pages for line in lines for word in line.words}
    assert {"☐", "☒"} <= found and {"(", ")"} <= found


def test_a_receipt_has_a_line_for_each_printed_line() -> None:
    page = compose_page(PageRequest("receipt", "till", ("till_receipt",), dpi=100)).truth
    assert all(below.box[1] > above.box[1] for above, below in itertools.pairwise(page.lines))
    assert any(line.text.startswith("TOTAL R$") for line in page.lines)
    assert len({line.block for line in page.lines}) == len(page.lines)


def test_a_report_is_one_table() -> None:
    page = compose_page(PageRequest("invoice", "report", ("printer_report",), dpi=DPI)).truth
    assert len(page.tables) == 1 and page.tables[0].columns >= 4 and not page.tables[0].ruled
    assert {line.role for line in page.lines if line.field == "text"} == {"paragraph", "table_cell"}


def test_a_spread_is_read_from_the_left_page_to_the_right() -> None:
    page = compose_page(PageRequest("book", "spread", ("two_pages",), dpi=DPI)).truth
    assert page.width > page.height
    sides = [line.box[0] > page.width / 2 for line in page.lines if line.field == "text"]
    assert sides == sorted(sides) and len(set(sides)) == 2


def test_level_articles_have_headings_side_by_side_and_columns_in_order() -> None:
    page = compose_page(PageRequest("gazette", "level", ("level_articles",), dpi=DPI)).truth
    tops = [round(line.box[3]) for line in page.lines if line.role == "heading"]
    assert len(set(tops)) <= len(tops) / 2 + 2  # each height has headings of several columns
    starts = [line.box[0] for line in page.lines if line.role == "heading"]
    assert sum(after > before + 20 for before, after in itertools.pairwise(starts)) <= 4


def test_header_and_footer_of_a_gazette_have_their_fields() -> None:
    page = compose_page(PageRequest("edict", "parts", ("three_part_header", "column_footer"), dpi=DPI)).truth
    header = [line for line in page.lines if line.field == "header"]
    footer = [line for line in page.lines if line.field == "footer"]
    assert len(header) == 3 and len({line.block for line in footer}) == 2
    body = [line for line in page.lines if line.field == "text"]
    assert max(line.box[3] for line in body) < min(line.box[1] for line in footer)


def test_dense_text_fills_all_columns() -> None:
    page = compose_page(PageRequest("gazette", "dense", ("dense_text",), dpi=DPI)).truth
    ends: dict[int, float] = {}
    for line in (line for line in page.lines if line.field == "text"):
        column = round(line.box[0] * 6 / page.width)
        ends[column] = max(ends.get(column, 0.0), line.box[3])
    assert len(ends) >= 2 and all(end > 0.8 * page.height for end in ends.values())


@pytest.mark.parametrize("kind", ["ruling", "invoice", "form", "letter"])
def test_the_text_of_the_truth_is_what_was_written(kind: str) -> None:
    """Every sign of the body is one of the document, none is doubled, and the header is whole."""
    page = compose_page(PageRequest(kind, "text", (), dpi=DPI)).truth
    blocks = write_document(PAGE_TYPES[kind].symbol, "layout/text")
    written = "".join("".join(text.replace("::", "").replace("//", "").split()) for _, text in blocks)
    left = Counter(written)
    placed = Counter("".join(line.text for line in page.lines if line.role not in ("page_header", "page_footer")))
    placed.subtract({sign: placed[sign] for sign in " -:"})  # hyphens of divided words, the colon after a label
    assert not placed - left
    heads = [text.replace(" :: ", " ") for style, text in blocks if style == "head"]
    assert "\n".join(heads).split() == page.text_of("header").split()


@pytest.mark.parametrize(("kind", "seed"), [("invoice", "big71"), ("receipt", "big96")])
def test_what_a_tear_or_an_edge_takes_leaves_a_whole_truth(kind: str, seed: str) -> None:
    """A value whose label is torn off has none, and a word cut by the edge of the paper keeps a box on the page."""
    check_truth(compose_page(PageRequest(kind, seed, dpi=100)).truth)


def test_an_annex_has_rules_between_its_columns_and_none_at_its_sides() -> None:
    pages = [compose_page(PageRequest("gazette", f"annex/{n}", ("annex_table",), dpi=DPI)).truth for n in range(12)]
    open_sided = 0
    for page in pages:
        check_truth(page)
        table = max(page.tables, key=lambda one: one.columns)
        down = [rule for rule in page.rules if rule.x0 == rule.x1 and rule.y0 < table.box[3] and rule.y1 > table.box[1]]
        inside = [rule.x0 for rule in down if table.box[0] + 3 < rule.x0 < table.box[2] - 3]
        open_sided += table.ruled and len(inside) == len(down) > 0
    assert open_sided


def test_a_list_with_leaders_is_a_table_of_two_columns_inside_its_column() -> None:
    pages = [compose_page(PageRequest("gazette", f"lead/{n}", ("leader_list",), dpi=DPI)).truth for n in range(6)]
    dotted = 0
    for page in pages:
        check_truth(page)
        lists = [table for table in page.tables if table.columns == 2 and not table.header_rows and not table.ruled]
        assert lists and all(table.box[2] - table.box[0] < page.width / 2 for table in lists)
        for table in lists:
            rows = [line for line in page.lines if line.cell and line.cell.table == table.id]
            assert len({line.cell.row for line in rows if line.cell and line.cell.column == 1}) == table.rows
            dotted += any("...." in line.text.replace(" ", "") for line in rows)
    assert dotted


def test_places_to_sign_side_by_side_are_read_from_left_to_right() -> None:
    page = compose_page(PageRequest("contract", "sign", ("signature_pairs",), dpi=DPI)).truth
    check_truth(page)
    pairs = [
        (one, other)
        for one, other in itertools.pairwise(page.lines)
        if one.field == other.field == "text" and other.box[0] > one.box[2] and other.box[1] <= one.box[3]
    ]
    assert pairs
