"""The text of each page of a corrected ALTO, PAGE XML, hOCR or DOCX output, as a person reads it."""

import io
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from data.importers.alto_page_xml import XmlLine, parse_xml
from ocr.core.document import FIELDS

MOST_BYTES = 1 << 30
"""Size of the text of a DOCX file past which it is no text: a small archive can unpack to any size."""
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BROKEN = "\f"


def library_pages(content: bytes) -> list[str]:
    """Return the text of each page of an ALTO or PAGE XML file. Raises `ValueError` where it is neither."""
    return ["\n".join(line.text for line in sorted(page, key=_field)) for page in parse_xml(content).pages]


def hocr_pages(content: bytes) -> list[str]:
    """Return the text of each page of an hOCR file. Raises `ValueError` where it is no well-formed XHTML."""
    root = _parsed(content)
    return ["\n".join(_hocr_lines(part)) for part in root.iter() if "ocr_page" in _classes(part)]


def docx_pages(content: bytes) -> list[str]:
    """Return the text of each page of a DOCX file, divided at its page breaks. Raises `ValueError` where it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            if package.getinfo("word/document.xml").file_size > MOST_BYTES:
                raise ValueError("its text is too large")
            root = _parsed(package.read("word/document.xml"))
    except (zipfile.BadZipFile, KeyError) as cause:
        raise ValueError(f"is no DOCX file: {cause}") from cause
    paragraphs = (_paragraph(part) for part in root.iter(f"{_WORD}p") if _style(part) != "Notice")
    return [page.strip() for page in "\n".join(paragraphs).split(_BROKEN)]


def _field(line: XmlLine) -> int:
    return FIELDS.index(line.field)


def _parsed(content: bytes) -> Element:
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as cause:
        raise ValueError(f"is not well-formed: {cause}") from cause


def _hocr_lines(page: Element) -> Iterator[str]:
    for part in page.iter():
        if "ocr_line" in _classes(part):
            yield " ".join("".join(part.itertext()).split())


def _classes(part: Element) -> list[str]:
    return part.get("class", "").split()


def _style(paragraph: Element) -> str:
    style = paragraph.find(f"{_WORD}pPr/{_WORD}pStyle")
    return "" if style is None else style.get(f"{_WORD}val", "")


def _paragraph(paragraph: Element) -> str:
    """Return the text of a paragraph; a break of the page is a form feed, of a line and a tab a space."""
    pieces = []
    for part in paragraph.iter():
        if part.tag == f"{_WORD}t":
            pieces.append(part.text or "")
        elif part.tag == f"{_WORD}br":
            pieces.append(_BROKEN if part.get(f"{_WORD}type") == "page" else " ")
        elif part.tag == f"{_WORD}tab":
            pieces.append(" ")
    return "".join(pieces)
