from ocr.core.document import Box, Line
from ocr.layout.ruled.ruled_grids import find_ruled_tables

HEIGHT = 30.0


def cell(text: str, left: float, top: float, wide: float = 80) -> Line:
    return Line(text, (left, top, left + wide, top + HEIGHT), 0.99)


def grid(xs: list[float], ys: list[float]) -> list[Box]:
    level = [(xs[0], y, xs[-1], y + 2) for y in ys]
    return [*level, *((x, ys[0], x + 2, ys[-1]) for x in xs)]


def test_text_belongs_to_the_cell_that_holds_it() -> None:
    lines = [cell(f"{row}{column}", 110 + 200 * column, 106 + 50 * row) for row in range(3) for column in range(2)]
    (found,) = find_ruled_tables([*lines, cell("fora", 110, 400)], grid([100, 300, 500], [100, 150, 200, 250]), HEIGHT)
    assert found.table.rows == (("00", "01"), ("10", "11"), ("20", "21"))
    assert found.rows == ((0, 1), (2, 3), (4, 5))


def test_a_watermark_over_a_table_is_in_none_of_its_cells() -> None:
    lines = [cell(f"{row}{column}", 110 + 200 * column, 106 + 50 * row) for row in range(3) for column in range(2)]
    mark = Line("CÓPIA", (150, -200, 450, 550), 0.9)
    (found,) = find_ruled_tables([*lines, mark], grid([100, 300, 500], [100, 150, 200, 250]), HEIGHT)
    assert found.rows == ((0, 1), (2, 3), (4, 5)) and found.table.box == (110, 106, 390, 236)


def test_rows_between_other_vertical_lines_are_tables_of_their_own() -> None:
    upper, lower = grid([100, 300, 500], [100, 150]), grid([100, 200, 350, 500], [150, 200, 250])
    lines = [cell("A", 110, 106), cell("B", 310, 106)]
    lines += [
        cell(f"{row}{column}", left, 156 + 50 * row) for row in range(2) for column, left in enumerate((110, 210, 360))
    ]
    tables = find_ruled_tables(lines, [*upper, *lower], HEIGHT)
    assert [table.table.rows for table in tables] == [(("A", "B"),), (("00", "01", "02"), ("10", "11", "12"))]


def test_a_cell_over_two_rows_is_a_span() -> None:
    rulings = [(100, 100, 500, 102), (300, 150, 500, 152), (100, 200, 500, 202)]
    rulings += [(x, 100, x + 2, 200) for x in (100.0, 300.0, 500.0)]
    lines = [cell("ambas", 110, 130), cell("um", 310, 106), cell("dois", 310, 160)]
    (found,) = find_ruled_tables(lines, rulings, HEIGHT)
    assert found.table.rows == (("ambas", "um"), ("", "dois"))
    assert [(span.row, span.column, span.rows, span.columns) for span in found.table.spans] == [(0, 0, 2, 1)]


def test_rows_whose_ruling_lines_were_not_found_are_divided_at_their_amounts() -> None:
    rulings = grid([100, 300, 500], [100, 220])
    lines = [cell(text, 110, 104 + 38 * n) for n, text in enumerate(("Item", "Papel", "Caneta"))]
    lines += [cell(text, 310, 104 + 38 * n) for n, text in enumerate(("Valor", "24,90", "1,15"))]
    (found,) = find_ruled_tables(lines, rulings, HEIGHT)
    assert found.table.rows == (("Item", "Valor"), ("Papel", "24,90"), ("Caneta", "1,15"))


def test_columns_of_text_between_rules_and_frames_are_no_tables() -> None:
    text = [
        cell("linha de texto corrido", 110 + 400 * column, 110 + 36 * row, 360)
        for row in range(12)
        for column in range(2)
    ]
    assert find_ruled_tables(text, grid([100, 500, 900], [100, 600]), HEIGHT) == []
    assert find_ruled_tables(text, grid([100, 900], [100, 600]), HEIGHT) == []
    assert find_ruled_tables([], grid([100, 500, 900], [100, 150, 200]), HEIGHT) == []


def test_broken_lines_are_joined() -> None:
    rulings = [*grid([100, 300, 500], [100, 200]), (100, 150, 290, 152), (300, 151, 500, 153)]
    lines = [cell(f"{row}{column}", 110 + 200 * column, 106 + 50 * row) for row in range(2) for column in range(2)]
    (found,) = find_ruled_tables(lines, rulings, HEIGHT)
    assert found.table.rows == (("00", "01"), ("10", "11"))


def test_a_cell_without_an_inner_line_is_a_span_of_its_row() -> None:
    rulings = [*((100.0, y, 700.0, y + 2) for y in (100.0, 150.0, 200.0)), (500.0, 100.0, 502.0, 150.0)]
    rulings += [(x, 100.0, x + 2, 200.0) for x in (100.0, 300.0, 700.0)]
    lines = [
        cell("a", 110, 106),
        cell("b", 310, 106),
        cell("c", 510, 106),
        cell("d", 110, 156),
        cell("todo", 310, 156, 300),
    ]
    (found,) = find_ruled_tables(lines, rulings, HEIGHT)
    assert found.table.rows == (("a", "b", "c"), ("d", "todo", ""))
    assert [(span.row, span.column, span.rows, span.columns) for span in found.table.spans] == [(1, 1, 1, 2)]


def test_rows_are_divided_at_two_columns_of_amounts_beside_text_of_several_lines() -> None:
    lines = [cell(text, 110, 104 + 30 * n, 150) for n, text in enumerate(("Cadastro", "imobiliário", "Plantão"))]
    lines += [cell(text, left, 119 + 45 * n) for left in (310, 510) for n, text in enumerate(("94", "82"))]
    (found,) = find_ruled_tables(lines, grid([100, 300, 500, 700], [100, 200]), HEIGHT)
    assert found.table.rows == (("Cadastro imobiliário", "94", "94"), ("Plantão", "82", "82"))
