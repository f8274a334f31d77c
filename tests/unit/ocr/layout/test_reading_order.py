from ocr.core.document import Line
from ocr.layout.reading_order import is_vertical, line_height, read_order, rows


def line(text: str, left: float, top: float, right: float, height: float = 30) -> Line:
    return Line(text, (left, top, right, top + height), 0.99)


def column(name: str, left: float, right: float, count: int, top: float = 200, pitch: float = 32) -> list[Line]:
    """Justified lines, the last of each five short."""
    return [
        line(f"{name}{n}", left, top + n * pitch, left + (right - left) * (0.5 if n % 5 == 4 else 1))
        for n in range(count)
    ]


def read(lines: list[Line]) -> list[str]:
    return [part.text for group in read_order(lines[::-1]) for row in group for part in row]


def names(lines: list[Line]) -> list[str]:
    return [part.text for part in lines]


def test_no_lines_no_columns() -> None:
    assert read_order([]) == []


def test_one_column_is_read_downwards() -> None:
    lines = column("a", 100, 1100, 30)
    assert read(lines) == names(lines)


def test_two_columns_are_read_one_after_the_other() -> None:
    left, right = column("a", 100, 580, 30), column("b", 610, 1100, 30)
    assert read([*right, *left]) == names([*left, *right])


def test_columns_off_each_others_grid_with_a_gutter_of_a_few_pixels() -> None:
    left, right = column("a", 100, 595, 30), column("b", 610, 1100, 28, top=215)
    assert read([*right, *left]) == names([*left, *right])


def test_three_columns_under_a_headline() -> None:
    head = [line("HEADLINE ACROSS THE PAGE", 150, 100, 1050, 60)]
    body = [column("a", 100, 410, 30), column("b", 440, 750, 30), column("c", 780, 1100, 30)]
    lines = [part for group in [head, *body] for part in group]
    assert read(lines) == names(lines)


def test_a_headline_between_two_pairs_of_columns() -> None:
    first = [*column("a", 100, 580, 12), *column("b", 610, 1100, 12)]
    head = [line("HEADLINE ACROSS", 150, 620, 1050, 50)]
    second = [*column("c", 100, 580, 12, top=700), *column("d", 610, 1100, 12, top=700)]
    lines = [*first, *head, *second]
    assert read(lines) == names(lines)


def test_a_table_inside_a_column_is_read_row_by_row() -> None:
    left = column("a", 100, 580, 30)
    above, below = column("b", 610, 1100, 8), column("c", 610, 1100, 12, top=780)
    table = [
        line(f"t{row}{cell}", x, 470 + 36 * row, x + 90) for row in range(8) for cell, x in enumerate((610, 800, 980))
    ]
    lines = [*left, *above, *table, *below]
    assert read(lines) == names(lines)


def test_rows_hold_what_stands_side_by_side() -> None:
    cells = [line("b", 300, 102, 400), line("a", 100, 100, 200), line("c", 100, 140, 400)]
    assert [[part.text for part in row] for row in rows(cells)] == [["a", "b"], ["c"]]


def test_overlapping_lines_of_tight_print_are_rows_of_their_own() -> None:
    tight = [line(str(n), 100, 100 + 22 * n, 1000, height=30) for n in range(5)]
    assert [len(row) for row in rows(tight)] == [1] * 5


def test_line_height_is_that_of_most_text() -> None:
    assert line_height([line("TITLE", 0, 0, 500, 90), *column("text of the body ", 100, 900, 5)]) == 30
    assert line_height([]) == 0


def test_text_that_runs_up_the_page() -> None:
    assert is_vertical(Line("fls. 12", (10, 100, 30, 400)))
    assert not is_vertical(Line("I", (10, 100, 20, 140)))
