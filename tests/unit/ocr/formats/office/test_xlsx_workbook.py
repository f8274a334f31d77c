import io

import openpyxl
from boxed_pages import FIRST, PAGES, READER, SOURCE, UNPLACED

from ocr.core.document import Page, Table
from ocr.formats.office.xlsx_workbook import write_xlsx


def test_a_foreign_reader_finds_a_sheet_for_each_table() -> None:
    content = b"".join(write_xlsx(SOURCE, READER, PAGES))
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["page 1, table 1"]
    rows = [tuple(cell.value for cell in row) for row in book.worksheets[0].rows]
    assert rows == [tuple(row) for row in FIRST.tables[0].rows]
    assert content == b"".join(write_xlsx(SOURCE, READER, PAGES))


def test_a_scan_without_tables_has_an_empty_sheet() -> None:
    book = openpyxl.load_workbook(io.BytesIO(b"".join(write_xlsx(SOURCE, READER, [UNPLACED]))))
    assert book.sheetnames == ["no table"]
    assert [cell.value for row in book.worksheets[0].rows for cell in row] in ([], [None])


def test_rows_of_column_heads_stay_in_sight() -> None:
    rows = (("Município", "Zona rural"), ("", "2020"), ("Sobral", "12"))
    tables = (Table((0, 0, 1, 1), rows, header_rows=2), Table((0, 0, 1, 1), rows))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(write_xlsx(SOURCE, READER, [Page(1, "ok", tables=tables)]))))
    assert [sheet.freeze_panes for sheet in book.worksheets] == ["A3", None]
