from ocr.core.document import CellSpan
from ocr.layout.learned.cells.cell_spans import find_spans, raise_tall_cells
from ocr.layout.learned.line_chains import CELL, PrintedLine

ROWS = [n * 1.5 for n in range(5)]


def cell(left: float, top: float) -> PrintedLine:
    return PrintedLine((0,), (left, top, left + 4, top + 1), 1, CELL)


FIGURES = [cell(x, y) for x in (10.0, 20.0) for y in ROWS]


def test_a_name_in_the_middle_of_its_rows_covers_them() -> None:
    """A head between two rows, and a name beside the middle one of three: both are read before their rows."""
    lines = [*FIGURES, cell(0, (ROWS[0] + ROWS[1]) / 2), cell(0, ROWS[3])]
    cells = {(n % 5, 1 + n // 5): [n] for n in range(10)} | {(1, 0): [10], (3, 0): [11]}
    tall = raise_tall_cells(cells, (5, 3), lines)
    assert tall == {(0, 0): 2, (2, 0): 3}
    assert cells[0, 0] == [10] and cells[2, 0] == [11] and (1, 0) not in cells
    columns = [[10, 11], [*range(5)], [*range(5, 10)]]
    assert find_spans(sorted(cells.items()), columns, lines, tall) == (CellSpan(0, 0, 2, 1), CellSpan(2, 0, 3, 1))


def test_names_at_the_top_of_their_rows_stay_there() -> None:
    lines = [*FIGURES, cell(0, ROWS[0]), cell(0, ROWS[2])]
    cells = {(n % 5, 1 + n // 5): [n] for n in range(10)} | {(0, 0): [10], (2, 0): [11]}
    assert raise_tall_cells(cells, (5, 3), lines) == {} and cells[0, 0] == [10] and cells[2, 0] == [11]


def test_a_cell_that_reaches_over_an_empty_column_spans_it() -> None:
    wide = PrintedLine((0,), (10.0, -2.0, 24.0, -1.0), 1, CELL)
    lines = [*FIGURES, wide]
    cells = {(1 + n % 5, n // 5): [n] for n in range(10)} | {(0, 0): [10]}
    columns = [[*range(5), 10], [*range(5, 10)]]
    assert find_spans(sorted(cells.items()), columns, lines, {}) == (CellSpan(0, 0, 1, 2),)


def test_a_cell_of_two_lines_in_the_last_row_does_not_hide_what_the_others_cover() -> None:
    """It stands a little below the text of its row, which is shorter."""
    low = PrintedLine((0,), (0.0, ROWS[4], 4.0, ROWS[4] + 2.2), 1, CELL)
    lines = [*FIGURES, cell(0, ROWS[1] + 0.75), cell(0, ROWS[0]), low]
    cells = {(n % 5, 1 + n // 5): [n] for n in range(10)} | {(0, 0): [11], (2, 0): [10], (4, 0): [12]}
    lines[10] = cell(0, ROWS[2])
    assert raise_tall_cells(cells, (5, 3), lines) == {(1, 0): 3}
    assert [row for row, column in sorted(cells) if column == 0] == [0, 1, 4]


def test_a_column_may_have_more_cells_than_functions_may_call_each_other() -> None:
    count = 2000
    lines = [cell(10, 1.5 * n) for n in range(2 * count)] + [cell(0, 3.0 * n + 0.75) for n in range(count)]
    cells = {(n, 1): [n] for n in range(2 * count)} | {(2 * n, 0): [2 * count + n] for n in range(count)}
    assert raise_tall_cells(cells, (2 * count, 2), lines) == {(2 * n, 0): 2 for n in range(count)}
