import re
from xml.etree import ElementTree

from boxed_pages import FIRST, PAGES, READER, SOURCE

from ocr.core.document import Source
from ocr.formats.writers import FORMATS

NAMESPACE = {"h": "http://www.w3.org/1999/xhtml"}


def written(source: Source = SOURCE) -> ElementTree.Element:
    return ElementTree.fromstring(b"".join(FORMATS["hocr"].render(source, READER, PAGES if source.pages else ())))


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [part for part in root.iter() if name in part.get("class", "").split()]


def test_words_stand_in_lines_paragraphs_areas_and_pages() -> None:
    first = of_class(written(), "ocr_page")[0]
    assert first.get("title") == f'image "{SOURCE.path}"; bbox 0 0 600 800; ppageno 0'
    words = of_class(first, "ocrx_word")
    assert [word.text for word in words] == [word.text for one in FIRST.lines for word in one.words]
    assert words[0].get("title") == "bbox 200 20 250 40; x_wconf 97"
    lines = of_class(first, "ocr_line")
    assert [re.findall(r"\d+", line.get("title", "")) for line in lines] == [
        [f"{round(value)}" for value in one.box] for one in FIRST.lines
    ]
    kinds = {name: len(of_class(first, name)) for name in ("ocr_carea", "ocr_par", "ocr_header", "ocr_table")}
    assert kinds == {"ocr_carea": 6, "ocr_par": 6, "ocr_header": 1, "ocr_table": 1}


def test_every_class_that_is_used_is_declared() -> None:
    root = written()
    declared = next(m.get("content", "") for m in root.iter() if m.get("name") == "ocr-capabilities")
    used = {name for part in root.iter() for name in part.get("class", "").split()}
    assert used <= set(declared.split())
    assert any(READER.fingerprint in m.get("content", "") for m in root.iter() if m.get("name") == "ocr-system")


def test_pages_that_are_not_whole_are_announced() -> None:
    text = b"".join(FORMATS["hocr"].render(SOURCE, READER, PAGES)).decode()
    assert "<!-- Page 3: this page could not be opened (is damaged\ufffd) -->" in text
    closed = Source("a.pdf", "a" * 64, 0, "the PDF is encrypted")
    assert "the PDF is encrypted" in "".join(written(closed).itertext())
