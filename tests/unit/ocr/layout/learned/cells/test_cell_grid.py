from dataclasses import replace

from ocr.core.document import Table
from ocr.layout.learned.cells.cell_grid import find_cells
from ocr.layout.learned.cells.table_parts import Cells, Relations, holds, without_parts
from ocr.layout.learned.line_chains import CELL, Pairs, PrintedLine


def cell(left: float, top: float, right: float, bottom: float) -> PrintedLine:
    return PrintedLine((0,), (left, top, right, bottom), 1, CELL)


CAPTION, STAMP = 4, 9
NAMES = [cell(0, 1.2 * n, 8, 1.2 * n + 1) for n in range(4)]
AMOUNTS = [cell(12, 2.4 * n, 15, 2.4 * n + 1) for n in range(2)]
LINES = [*NAMES, *AMOUNTS]
TEXTS = ["01.02", "PESSOAL", "01.03", "CUSTEIO", "1.000", "25"]
ROWS: Pairs = {(0, 4): 0.9, (4, 0): 0.9, (2, 5): 0.9, (5, 2): 0.9}


def both(*pairs: tuple[int, int]) -> Pairs:
    return {pair: 0.9 for one, other in pairs for pair in ((one, other), (other, one))}


ALL = both(*((one, other) for one in range(6) for other in range(one)))
RELATIONS = Relations(ALL, ROWS, both((0, 1), (1, 2), (2, 3), (4, 5)), both((0, 1), (1, 2), (2, 3)))


def test_names_are_divided_at_the_amounts_beside_them() -> None:
    """The network takes all names for one block: each amount still has a row of its own."""
    (table,) = find_cells(LINES, [True] * 6, RELATIONS, TEXTS.__getitem__)
    assert table.table.rows == (("01.02 PESSOAL", "1.000"), ("01.03 CUSTEIO", "25"))


def test_a_cell_inside_a_table_belongs_to_it() -> None:
    """The last amount has no relation to any other cell."""
    alone = Relations({pair: 0.9 for pair in ALL if 5 not in pair}, ROWS, RELATIONS.column, RELATIONS.block)
    lines = [*LINES, cell(12, 6, 15, 7)]
    texts = [*TEXTS, "3"]
    related = Relations(alone.table | both((4, 6), (0, 6)), alone.row, alone.column | both((4, 6)), alone.block)
    (table,) = find_cells(lines, [True] * 7, related, texts.__getitem__)
    assert 5 in table.lines


def test_a_ruled_grid_gives_way_to_the_larger_table_around_it() -> None:
    (whole,) = find_cells(LINES, [True] * 6, RELATIONS, TEXTS.__getitem__)
    inner = Cells((4, 5), ((4,), (5,)), whole.table)
    assert without_parts([inner], LINES, RELATIONS) == []
    assert without_parts([whole], LINES, RELATIONS) == [whole]


def test_a_table_holds_a_ruled_grid_that_stands_among_its_lines() -> None:
    """The first column, whose cells reach over several rows, is no part of the grid."""
    (whole,) = find_cells(LINES, [True] * 6, RELATIONS, TEXTS.__getitem__)
    inner = Cells((3, 5), ((3,), (5,)), whole.table)
    assert holds(whole, inner, LINES)
    below = [replace(line, box=(0, 20, 5, 21)) if place in inner.lines else line for place, line in enumerate(LINES)]
    assert not holds(whole, inner, below)


def test_a_ruled_grid_gives_way_where_its_rules_miss() -> None:
    """Three names and three amounts between two rules: the network says that they stand in rows of their own."""
    lines = [
        *(cell(0, 1.2 * n, 8, 1.2 * n + 1) for n in range(4)),
        *(cell(12, 1.2 * n, 15, 1.2 * n + 1) for n in range(4)),
    ]
    grid = Table((0, 0, 15, 5), (("a b c d", "1 2 3 4"),))
    merged = Cells(tuple(range(8)), (tuple(range(8)),), grid, ((0,) * 4 + (1,) * 4,))
    table = both(*((one, other) for one in range(8) for other in range(one)))
    rows = both(*((n, n + 4) for n in range(4)))
    assert without_parts([merged], lines, Relations(table, rows, {}, {})) == []
    assert without_parts([merged], lines, Relations(table, table, {}, {})) == [merged]


def test_a_ruled_grid_gives_way_where_two_columns_share_a_cell() -> None:
    lines = [
        *(cell(0, 1.2 * n, 3, 1.2 * n + 1) for n in range(4)),
        *(cell(5, 1.2 * n, 8, 1.2 * n + 1) for n in range(4)),
    ]
    rows = tuple((n, n + 4) for n in range(4))
    grid = Table((0, 0, 8, 5), tuple((f"{n} {n + 4}",) for n in range(4)))
    merged = Cells(tuple(range(8)), rows, grid, ((0, 0),) * 4)
    table = both(*((one, other) for one in range(8) for other in range(one)))
    assert without_parts([merged], lines, Relations(table, both(*rows), {}, {})) == []
    assert without_parts([merged], lines, Relations(table, both(*rows), both(*rows), {})) == [merged]


def test_two_tables_are_parted_by_a_caption_between_them() -> None:
    """The network takes them for one; what is no print of the body, such as a stamp, parts nothing."""
    columns = (0.0, 12.0)
    cells = [cell(x, y, x + 5, y + 1) for y in (0, 1.5, 8, 9.5) for x in columns]
    texts = ["a", "b", "c", "d", "e", "f", "g", "h", "Tabela 2"]
    rows = both((0, 1), (2, 3), (4, 5), (6, 7))
    down = both((0, 2), (2, 4), (4, 6), (1, 3), (3, 5), (5, 7))
    related = Relations(rows | down, rows, down, {})
    for role, tables in ((CAPTION, 2), (STAMP, 1)):
        between = PrintedLine((8,), (3, 5, 14, 6), 1, role)
        found = find_cells([*cells, between], [True] * 9, related, texts.__getitem__)
        assert len(found) == tables
        assert all(8 not in table.lines for table in found)


def test_a_cell_of_several_lines_covers_the_rows_beside_it() -> None:
    """Both lines of a name are level with amounts, but each amount has a text of its own between."""
    lines = [*NAMES, *(cell(x, 2.4 * n, x + 4, 2.4 * n + 1) for x in (10, 18) for n in range(2))]
    lines[1:4] = [cell(0, 2.4, 8, 3.4), cell(0, 4.8, 8, 5.8), cell(0, 7.2, 8, 8.2)]
    lines += [cell(x, 2.4 * n, x + 4, 2.4 * n + 1) for x in (10, 18) for n in (2, 3)]
    texts = ["Secretaria", "de Obras", "Gerência", "de Frota", "lote", "placa", "1", "2", "ata", "termo", "3", "4"]
    table = both(*((one, other) for one in range(12) for other in range(one)))
    rows = [(0, 4), (4, 6), (5, 7), (1, 5), (2, 8), (8, 10), (9, 11), (3, 9)]
    columns = [(0, 1), (1, 2), (2, 3), (4, 5), (5, 8), (8, 9), (6, 7), (7, 10), (10, 11)]
    relations = Relations(table, both(*rows), both(*columns), both((0, 1), (2, 3)))
    (found,) = find_cells(lines, [True] * 12, relations, texts.__getitem__)
    assert [row[0] for row in found.table.rows] == ["Secretaria de Obras", "", "Gerência de Frota", ""]
    assert [row[2] for row in found.table.rows] == ["1", "2", "3", "4"]
