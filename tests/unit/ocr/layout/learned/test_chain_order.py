from ocr.layout.learned.chain_order import MOST, order_chains, part_chains, white_bands


def test_columns_are_read_one_after_the_other() -> None:
    assert order_chains([(21.0, 5.0, 40.0, 60.0), (0.0, 5.0, 20.0, 50.0), (41.0, 5.0, 60.0, 55.0)]) == [1, 0, 2]


def test_what_spans_the_columns_divides_them() -> None:
    head, table = (0.0, 0.0, 40.0, 2.0), (0.0, 30.0, 40.0, 40.0)
    upper = [(0.0, 3.0, 19.0, 29.0), (21.0, 3.0, 40.0, 29.0)]
    lower = [(0.0, 41.0, 19.0, 60.0), (21.0, 41.0, 40.0, 60.0)]
    assert order_chains([*lower, table, *upper[::-1], head]) == [5, 4, 3, 2, 0, 1]


def test_a_line_at_the_left_alone_makes_no_column() -> None:
    title, note, table = (15.0, 0.0, 30.0, 1.0), (0.0, 2.0, 10.0, 3.0), (0.0, 5.0, 30.0, 20.0)
    assert order_chains([note, title, table]) == [1, 0, 2]


def test_one_chain_none_and_very_many() -> None:
    assert order_chains([]) == [] and order_chains([(0.0, 0.0, 1.0, 1.0)]) == [0]
    assert order_chains([(0.0, float(-n), 1.0, 1.0 - n) for n in range(MOST + 50)]) == list(range(MOST + 49, -1, -1))


def test_a_heading_between_columns_parts_them_although_it_is_narrow() -> None:
    columns = [(0, 0, 10, 20), (12, 0, 22, 18), (24, 0, 34, 19), (0, 24, 10, 40), (12, 24, 22, 40), (24, 24, 34, 40)]
    heading = (13, 21.0, 21, 22.5)
    assert order_chains([heading, *columns]) == [1, 2, 3, 0, 4, 5, 6]
    # Without columns on both sides it is a heading of its own column.
    assert order_chains([heading, columns[0], (12, 24, 22, 40), (24, 0, 34, 40)]) == [1, 0, 2, 3]


def test_a_chain_is_cut_where_its_box_meets_other_lines() -> None:
    left = [(0, 2.0 * n, 10, 2.0 * n + 1) for n in range(4)]
    right = [(12, 2.0 * n, 22, 2.0 * n + 1) for n in range(4)]
    below = (5.0, 9.0, 17.0, 10.0)
    boxes = [*left, *right, below]
    assert part_chains([[0, 1, 2, 3], [4, 5, 6, 7, 8]], boxes) == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]
    assert part_chains([[0, 1, 2, 3]], left) == [[0, 1, 2, 3]]
    assert part_chains([], []) == []


def test_a_heading_with_columns_at_both_sides_is_cut_out_of_its_chain() -> None:
    rows = [n * 1.5 for n in range(4)]
    columns = [(x, y, x + 10, y + 1) for x in (0, 12, 24) for y in (*rows, *(12 + y for y in rows))]
    heading = (13.0, 8.0, 21.0, 9.0)
    middle = [8, 9, 10, 11, 24, 12, 13, 14, 15]
    assert part_chains([middle], [*columns, heading]) == [middle[:4], [24], middle[5:]]
    assert part_chains([middle], [*columns[:16], *columns[:8], heading]) == [middle]


def test_no_column_goes_on_past_a_large_heading_in_the_middle_of_the_page() -> None:
    rows = [n * 1.5 for n in range(4)]
    columns = [(x, y, x + 10, y + 1) for x in (0, 12, 24) for y in (*rows, *(12 + y for y in rows))]
    left = list(range(8))
    assert part_chains([left], [*columns, (13.0, 7.5, 21.0, 9.0)]) == [left[:4], left[4:]]
    # A line of usual size, or away from the middle, may stand in a column beside two gaps.
    assert part_chains([left], [*columns, (13.0, 8.0, 21.0, 9.0)]) == [left]
    assert part_chains([left], [*columns, (12.0, 7.5, 17.0, 9.0)]) == [left]


def test_the_second_line_of_a_heading_of_a_column_parts_nothing() -> None:
    rows = [n * 1.5 for n in range(4)]
    columns = [(x, y, x + 10, y + 1) for x in (0, 12, 24) for y in (*rows, *(12 + y for y in rows))]
    first, second = (13.0, 8.0, 21.0, 9.0), (15.0, 9.2, 19.0, 10.2)
    beside = (0.0, 8.0, 10.0, 9.0)
    chain = [8, 9, 10, 11, 24, 25, 12, 13, 14, 15]
    assert part_chains([chain], [*columns, first, second, beside]) == [chain]


def test_a_white_band_across_the_page_parts_what_is_above_from_what_is_below() -> None:
    """A picture as wide as the page stands between: no chain goes on over it, and both columns above come first."""
    rows = [n * 1.5 for n in range(4)]
    left, right = ([(x, y, x + 10, y + 1) for y in (*rows, *(20 + y for y in rows))] for x in (0.0, 12.0))
    boxes = [*left, *right]
    assert part_chains([list(range(8)), list(range(8, 16))], boxes) == [
        [0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]
    ]  # fmt: skip
    units = [(0, 0, 10, 5.5), (0, 20, 10, 25.5), (12, 0, 22, 5.5), (12, 20, 22, 25.5)]
    assert order_chains(units) == [0, 2, 1, 3]
    book = [(0, 0, 30, 5.5), (0, 20, 30, 25.5), (40, 0, 70, 5.5), (40, 20, 70, 25.5)]
    assert order_chains(book) == [0, 1, 2, 3]


def test_signatures_side_by_side_are_read_row_by_row() -> None:
    rows = (0.0, 6.0)
    left, right = ([(x, y + n, x + 9, y + n + 0.9) for y in rows for n in range(3)] for x in (0.0, 20.0))
    wide = (0.0, 12.0, 40.0, 50.0)
    boxes = [*left, *right, wide]
    parts = part_chains([[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11], [12]], boxes)
    assert parts == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11], [12]]
    units = [(0, 0, 9, 2.9), (0, 6, 9, 8.9), (20, 0, 29, 2.9), (20, 6, 29, 8.9), wide]
    assert order_chains(units) == [0, 2, 1, 3, 4]
    # Columns that fill the page are read one after the other, although both have white at the same place.
    full = [(x, y, x + 19, y + 2.9) for x in (0.0, 21.0) for y in (0.0, 6.0)]
    assert order_chains([*full, wide]) == [0, 1, 2, 3, 4]


def test_what_stands_close_under_signatures_is_read_after_all_of_them() -> None:
    """A caption or a date under the first of three signatures, below the space to sign, belongs to what follows."""
    above, below = (0.0, 0.0, 40.0, 1.0), (0.0, 12.0, 40.0, 20.0)
    signatures = [(0.0, 5.0, 10.0, 7.0), (12.0, 4.9, 23.0, 9.0), (25.0, 5.1, 36.0, 8.0)]
    caption = (0.0, 9.9, 16.0, 10.9)
    assert order_chains([above, *signatures, caption, below]) == [0, 1, 2, 3, 4, 5]
    # One box of several signatures does not hide the space between rows of them.
    lines = [
        box for y in (0.0, 6.0) for x in (0.0, 15.0, 30.0) for box in ((x, y, x + 10, y + 1), (x, y + 1, x + 10, y + 2))
    ]
    chains = [(0.0, 0.0, 25.0, 2.0), (0.0, 6.0, 10.0, 8.0), (15.0, 6.0, 25.0, 8.0), (30.0, 0.0, 40.0, 2.0)]
    assert order_chains([*chains, (30.0, 6.0, 40.0, 8.0)], white_bands(lines)) == [0, 3, 1, 2, 4]
    # A sparse page is wider than high, and no open book.
    date, names, stamp = (
        (17.0, 0.0, 22.0, 1.0),
        [(0.0, 5.0, 11.0, 7.0), (19.0, 5.0, 28.0, 8.0)],
        (15.0, 9.8, 23.0, 10.8),
    )
    assert order_chains([date, *names, stamp]) == [0, 1, 2, 3]


def test_a_column_that_reaches_over_its_gutter_a_little_stays_beside_the_other() -> None:
    assert order_chains(
        [(0.0, 0.0, 10.0, 30.0), (9.0, 12.0, 20.0, 13.0), (10.5, 0.0, 20.0, 11.0), (10.5, 14.0, 20.0, 30.0)]
    ) == [0, 2, 1, 3]


def test_a_column_between_wide_lines_is_cut_out_of_its_chain() -> None:
    """The left of two columns goes on to the wide lines below them: the right one is read before these."""
    left, right = ([(x, 2.0 * n, x + 10, 2.0 * n + 1) for n in range(1, 4)] for x in (0.0, 12.0))
    above, below = (0.0, 0.0, 22.0, 1.0), (0.0, 8.0, 22.0, 9.0)
    boxes = [above, *left, below, *right]
    assert part_chains([[0, 1, 2, 3, 4], [5, 6, 7]], boxes) == [[0], [1, 2, 3], [4], [5, 6, 7]]


def test_a_heading_is_read_with_what_it_heads() -> None:
    columns, table = [(0.0, 0.0, 10.0, 20.0), (12.0, 0.0, 22.0, 18.0)], (0.0, 23.0, 22.0, 30.0)
    caption = (0.5, 21.0, 8.0, 22.0)
    assert order_chains([caption, *columns, table]) == [1, 2, 0, 3]
    # The last line of a column stands close below the others; a heading of one column is as wide as that.
    assert order_chains([(0.5, 20.2, 8.0, 21.2), *columns, table]) == [1, 0, 2, 3]
    assert order_chains([caption, *columns, (0.0, 23.0, 10.0, 30.0)]) == [1, 0, 3, 2]
    # The first line of the page stands over what is below it.
    assert order_chains([(8.0, -2.0, 21.0, -1.0), *columns]) == [0, 1, 2]
