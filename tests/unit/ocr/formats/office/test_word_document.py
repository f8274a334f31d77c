import io
import zipfile

import pytest
from boxed_pages import FIRST, PAGES, READER, SOURCE

from ocr.core.document import Page, Table
from ocr.formats.writers import FORMATS

docx = pytest.importorskip("docx")


def written(pages: tuple[Page, ...] = PAGES) -> bytes:
    return b"".join(FORMATS["docx"].render(SOURCE, READER, pages))


def test_word_reads_paragraphs_tables_and_styles() -> None:
    document = docx.Document(io.BytesIO(written((FIRST,))))
    shown = [(part.style.name, part.text) for part in document.paragraphs if part.text]
    assert shown == [
        ("Notice", "Page 1: look at this page again (low confidence)"),
        ("Header", "PODER JUDICIÁRIO"),
        ("Normal", FIRST.paragraphs[0]),
        ("Normal", FIRST.paragraphs[1]),
        ("Margin", "PROTOCOLO 123"),
        ("Footer", "fls. 2"),
    ]
    (table,) = document.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [list(row) for row in FIRST.tables[0].rows]
    assert table.style.name == "Table Grid"


def test_every_page_begins_a_page_and_signs_that_xml_lacks_are_replaced() -> None:
    with zipfile.ZipFile(io.BytesIO(written())) as package:
        assert package.testzip() is None
        text = package.read("word/document.xml").decode("utf-8")
    assert text.count('w:type="page"') == len(PAGES) - 1
    assert "is damaged\ufffd" in text


def test_the_same_document_gives_the_same_bytes_piece_by_piece() -> None:
    assert written() == written()
    many = (Page(number, "ok", paragraphs=("texto " * 2000,), text="x") for number in range(1, 200))
    pieces = [len(piece) for piece in FORMATS["docx"].render(SOURCE, READER, many)]
    assert max(pieces) < sum(pieces) / 3, "the file is not held as a whole"


def test_tables_side_by_side_stay_two_and_empty_ones_are_left_out() -> None:
    tables = tuple(Table((0, 0, 1, 1), rows) for rows in ((("a",),), (), (("b", "c"), ("d",))))
    document = docx.Document(io.BytesIO(written((Page(1, "ok", text="a", tables=tables),))))
    assert [len(table.columns) for table in document.tables] == [1, 2]
