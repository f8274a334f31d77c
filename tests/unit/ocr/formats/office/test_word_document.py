import io
import zipfile

import pytest
from boxed_pages import FIRST, PAGES, READER, SOURCE

from ocr.core.document import Page, Source, Table
from ocr.core.files import hash_bytes
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


def test_a_file_that_could_not_be_opened_says_why() -> None:
    closed = Source("a.pdf", "a" * 64, 0, "the PDF is encrypted")
    document = docx.Document(io.BytesIO(b"".join(FORMATS["docx"].render(closed, READER, ()))))
    assert [part.text for part in document.paragraphs] == ["This file could not be read: the PDF is encrypted"]


def noise(seed: int) -> str:
    return "".join(f"{hash_bytes(b'%d %d' % (seed, number))} " for number in range(100))


def test_the_same_document_gives_the_same_bytes_piece_by_piece() -> None:
    assert written() == written()
    many = (Page(number, "ok", paragraphs=(noise(number),), text="x") for number in range(1, 100))
    pieces = [len(piece) for piece in FORMATS["docx"].render(SOURCE, READER, many)]
    assert max(pieces) < sum(pieces) / 3, "the file is not held as a whole"


def test_rows_of_column_heads_are_repeated_on_every_page() -> None:
    table = Table((0, 0, 1, 1), (("Item", "Valor"), ("a", "1"), ("b", "2")), header_rows=1)
    document = docx.Document(io.BytesIO(written((Page(1, "ok", text="a", tables=(table,)),))))
    heads = [row._tr.xpath("./w:trPr/w:tblHeader") for row in document.tables[0].rows]
    assert [bool(found) for found in heads] == [True, False, False]


def test_tables_side_by_side_stay_two_and_empty_ones_are_left_out() -> None:
    tables = tuple(Table((0, 0, 1, 1), rows) for rows in ((("a",),), (), (("b", "c"), ("d",))))
    document = docx.Document(io.BytesIO(written((Page(1, "ok", text="a", tables=tables),))))
    assert [len(table.columns) for table in document.tables] == [1, 2]
