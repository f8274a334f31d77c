"""Say what each line of a page is for, from its field, its block and its type size.

The rules name only what they can know: running heads, footers, page numbers, footnotes, margin notes, cells of tables,
list items, captions and headings in larger type or in capitals. Everything else is a paragraph.
"""

import re
from collections.abc import Sequence

from ocr.core.document import Field, Line, Role
from ocr.layout.paragraphs import Paragraph
from ocr.layout.reading_order import is_vertical, line_height, row_box

LARGER = 1.15
"""Least type size of a heading, as a share of the body's; smaller differences come from ascenders."""
MUCH_LARGER = 1.5
"""Least type size of a title at the top of a page."""
HEADING_ROWS = 3
"""Most rows of a heading."""
TOP = 0.4
"""Share of the page height above which a title may stand."""
_ITEM = re.compile(
    r"(?:[-–—•·▪●◦*]\s+\S|[IVXLC]+\s*[-–—.)]\s|[a-z]\s*\)\s|\d+(?:\.\d+)*\s*[-–—)]\s|\d+\.\s+\S|\d+(?:\.\d+)+\.?\s+\S)"
)
_CAPTION = re.compile(
    r"(?:figura|fig\.|tabela|tab\.|quadro|gr[áa]fico|foto|mapa)\s*n?[º.]?\s*[\dIVX]+\b", re.IGNORECASE
)
_FOOTNOTE = re.compile(r"[(\[]?(?:\d{1,3}|[*†‡¹²³⁴⁵⁶⁷⁸⁹]+)[)\]]?[.\s]\s*\S")
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:(?:p[áa]g(?:ina|\.)?|fls?\.?)\s*:?\s*)?\d{1,4}(?:\s*(?:de|/)\s*\d{1,4})?[-–—\s]*|[ivxlc]{1,6}",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.;,:]$")


def role_outside(line: Line, field: Field) -> Role:
    """Return the role of a line of the header, the footer or the margin."""
    text = line.text.strip()
    if field == "margin":
        if text.isdigit() and len(text) <= 3:
            return "line-number"
        return "stamp" if is_vertical(line) else "side-note"
    if _PAGE_NUMBER.fullmatch(text):
        return "page-number"
    if field == "footer" and _FOOTNOTE.match(text):
        return "footnote"
    return "header" if field == "header" else "footer"


def role_of_paragraph(paragraph: Paragraph, body: float, page_height: float, *, first: bool) -> Role:
    """Return the role of a paragraph of the body, whose lines are usually `body` pixels high.

    `first` says that nothing of the body stands before it.
    """
    text = paragraph.text.strip()
    lines = [line for row in paragraph.rows for line in row]
    if _CAPTION.match(text):
        return "caption"
    height = line_height(lines)
    if _is_heading(text, paragraph.rows, height / body if body else 1.0):
        at_top = row_box(paragraph.rows[0])[3] < TOP * page_height
        return "title" if first and at_top and height >= MUCH_LARGER * body else "heading"
    return "list-item" if _ITEM.match(text) else "paragraph"


def _is_heading(text: str, rows: Sequence[Sequence[Line]], size: float) -> bool:
    """Return whether a paragraph is set as a heading: short, no sentence, in larger type or in capitals."""
    letters = [letter for letter in text if letter.isalpha()]
    if len(rows) > HEADING_ROWS or len(letters) < 3 or _SENTENCE_END.search(text):
        return False
    capitals = sum(letter.isupper() for letter in letters)
    return size >= LARGER or capitals >= 0.9 * len(letters)
