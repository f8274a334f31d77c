from dataclasses import replace

from ocr.layout.learned.line_chains import CELL, TEXT, PrintedLine
from ocr.layout.learned.page_edges import FIELD_NAMES, with_edges

HEADER, FOOTER = FIELD_NAMES.index("header"), FIELD_NAMES.index("footer")
SURE_HEAD, SURE_BODY = (1.0, 0.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0, 0.0)


def line(place: int, field: int, fields: tuple[float, ...]) -> PrintedLine:
    return PrintedLine((place,), (0.0, 2.0 * place, 9.0, 2.0 * place + 1), field, CELL, fields)


def test_what_is_certainly_body_ends_the_header_that_rules_find() -> None:
    unsure = (0.4, 0.6, 0.0, 0.0, 0.0)
    lines = [line(0, HEADER, SURE_HEAD), line(1, TEXT, unsure), line(2, TEXT, SURE_BODY), line(3, TEXT, unsure)]
    found = with_edges(lines, ["header"] * 4)
    assert [one.field for one in found] == [HEADER, HEADER, TEXT, TEXT]


def test_what_is_certainly_body_is_in_no_footer_by_rules() -> None:
    """A table in small type at the foot of the page looks like notes."""
    foot = line(3, FOOTER, (0.0, 0.0, 0.0, 1.0, 0.0))
    lines = [*(line(place, TEXT, SURE_BODY) for place in range(3)), foot]
    assert [one.field for one in with_edges(lines, ["text", "footer", "footer", "footer"])] == [
        TEXT,
        TEXT,
        TEXT,
        FOOTER,
    ]
    # One of two is no reason.
    found = with_edges(lines[1:], ["text", "text", "footer", "footer"])
    assert [one.field for one in found] == [TEXT, FOOTER, FOOTER]


def test_an_unsure_header_is_body_and_no_line_is_noise() -> None:
    unsure, noise = (0.8, 0.2, 0.0, 0.0, 0.0), (0.1, 0.2, 0.0, 0.0, 0.7)
    found = with_edges([line(0, HEADER, unsure), line(1, FIELD_NAMES.index("noise"), noise)], ["text", "text"])
    assert [one.field for one in found] == [TEXT, TEXT]


def test_no_page_is_all_header() -> None:
    heads = [replace(line(place, HEADER, SURE_HEAD)) for place in range(2)]
    assert [one.field for one in with_edges(heads, ["header"] * 2)] == [TEXT, TEXT]


def test_what_lies_over_many_lines_is_in_the_margin() -> None:
    lines = [line(place, TEXT, SURE_BODY) for place in range(8)]
    mark, high = (
        PrintedLine((8,), box, TEXT, CELL, SURE_BODY) for box in ((0.0, 1.0, 9.0, 13.0), (20.0, 0.0, 22.0, 9.0))
    )
    found = with_edges([*lines, mark, replace(high, pieces=(9,))], ["text"] * 10)
    assert [one.field for one in found] == [TEXT] * 8 + [FIELD_NAMES.index("margin"), TEXT]
    # What lies in a ruled table stays there.
    assert with_edges([*lines, replace(mark, fields=())], ["text"] * 9)[8].field == TEXT


def test_print_that_shows_through_or_lies_over_two_columns_is_in_the_margin() -> None:
    columns = [
        PrintedLine((n,), (x, y, x + 12, y + 1), TEXT, CELL, SURE_BODY)
        for n, (x, y) in enumerate((x, 1.2 * y) for y in range(4) for x in (0.0, 13.0))
    ]
    over = PrintedLine((8,), (2.0, 1.4, 24.0, 2.4), TEXT, CELL, SURE_BODY)
    whole = replace(over, box=(0.0, 6.0, 25.0, 7.0))
    margin = FIELD_NAMES.index("margin")
    for line, field in ((over, margin), (whole, TEXT), (replace(over, box=(2.0, 1.4, 11.0, 2.4)), TEXT)):
        assert with_edges([*columns, line], ["text"] * 9)[8].field == field
    # One of two lines at one place is noise, but not even the network knows which.
    noise = replace(over, field=FIELD_NAMES.index("noise"), fields=(0.0, 0.0, 0.0, 0.0, 1.0), box=(2.0, 1.9, 9.0, 2.9))
    assert with_edges([*columns, noise], ["text"] * 9)[8].field == TEXT
