import io
import zipfile

import pytest
from boxed_pages import FIRST, PAGES, READER, SOURCE, UNPLACED

from data.lines.corrected.markup_texts import docx_pages, hocr_pages, library_pages
from ocr.formats.writers import FORMATS

LINES = [line.text for line in FIRST.lines]
PLAIN = ["Texto de um modelo,", "sem caixas."]


def written(form: str) -> bytes:
    return b"".join(FORMATS[form].render(SOURCE, READER, PAGES))


@pytest.mark.parametrize(("form", "read"), [("alto", library_pages), ("hocr", hocr_pages)])
def test_lines_of_each_page(form: str, read: object) -> None:
    pages = read(written(form))  # type: ignore[operator]
    assert [page.split("\n") for page in pages] == [LINES, PLAIN, [""]]


def test_a_file_of_page_xml_has_one_page() -> None:
    files = [content for _, content in FORMATS["page"].render_parts(SOURCE, READER, [FIRST, UNPLACED])]
    assert [library_pages(content) for content in files] == [["\n".join(LINES)], ["\n".join(PLAIN)]]


def test_docx_is_divided_at_its_page_breaks_and_notices_are_no_text() -> None:
    first, second, third = docx_pages(written("docx"))
    assert first.split() == [
        "PODER",
        "JUDICIÁRIO",
        "O",
        "réu",
        "interpôs",
        "apelação",
        "à",
        "2ª",
        "Câmara",
        "<sic>.",
        "Item",
        "Valor",
        "Custas",
        "R$",
        "10,00",
        "Nova",
        "linha",
        "&",
        "fim.",
        "PROTOCOLO",
        "123",
        "fls.",
        "2",
    ]
    assert (second.split("\n"), third) == (["Texto de um modelo, sem caixas."], "")


@pytest.mark.parametrize(
    ("read", "content"),
    [(library_pages, b"<alto"), (hocr_pages, b"<html><br></html>"), (docx_pages, b"PK"), (docx_pages, b"")],
)
def test_what_is_no_such_file_is_refused(read: object, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"well-formed|no DOCX|parse|XML"):
        read(content)  # type: ignore[operator]


def test_a_package_without_text_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("other.xml", "<a/>")
    with pytest.raises(ValueError, match="no DOCX"):
        docx_pages(file.getvalue())
