from ocr.core.document import CellSpan, Table
from ocr.formats.table_grid import GridCell, grid_of


def test_heads_and_cells_that_cover_others() -> None:
    table = Table(
        (0, 0, 9, 9),
        (("Votos", "", "Ano"), ("sim", "não", "")),
        header_rows=1,
        spans=(CellSpan(0, 0, columns=2), CellSpan(0, 2, rows=2)),
    )
    assert grid_of(table) == [
        [GridCell("Votos", True, columns=2), GridCell("Ano", True, rows=2)],
        [GridCell("sim", False), GridCell("não", False)],
    ]


def test_a_covered_cell_that_has_text_stays() -> None:
    table = Table((0, 0, 9, 9), (("a", "b"),), spans=(CellSpan(0, 0, columns=2),))
    assert [cell.text for row in grid_of(table) for cell in row] == ["a", "b"]
