"""DOCX: paragraphs, tables, and header, margin and footer in styles of their own; a page of the scan begins a page.

The file is written as a stream, so a scan of any length needs the memory of one page. Source: ECMA-376, part 1
(WordprocessingML) and part 2 (packages).
"""

import zipfile
from collections.abc import Iterable, Iterator, Sequence

from ocr.core.document import EngineIdentity, Page, Role, Source, Table
from ocr.formats.office.zip_stream import Outlet, entry
from ocr.formats.page_blocks import notice_of, one_line, parts_of
from ocr.formats.xml.markup import text_node

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml"

_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_CONTENT}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_CONTENT}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
    "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
}


def _style(kind: str, name: str, shown: str, inside: str) -> str:
    default = ' w:default="1"' if name in ("Normal", "TableNormal") else ""
    return f'<w:style w:type="{kind}"{default} w:styleId="{name}"><w:name w:val="{shown}"/>{inside}</w:style>'


_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)
_ON_NORMAL = '<w:basedOn w:val="Normal"/>'
_OUTLINE = '<w:pPr><w:outlineLvl w:val="0"/></w:pPr>'
_ROLE_STYLES: dict[Role | None, str] = {
    "title": "Title", "heading": "Heading1", "list-item": "ListParagraph", "footnote": "FootnoteText",
    "caption": "Caption",
}  # fmt: skip
_STYLES = (
    f'<w:styles xmlns:w="{_MAIN}"><w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="22"/><w:lang w:val="pt-BR"/></w:rPr>'
    '</w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="120"/></w:pPr></w:pPrDefault></w:docDefaults>'
    + _style("paragraph", "Normal", "Normal", "")
    + _style("paragraph", "Header", "header", '<w:basedOn w:val="Normal"/><w:pPr><w:jc w:val="center"/></w:pPr>')
    + _style("paragraph", "Footer", "footer", '<w:basedOn w:val="Normal"/><w:pPr><w:jc w:val="center"/></w:pPr>')
    + _style("paragraph", "Margin", "Margin", '<w:basedOn w:val="Normal"/><w:rPr><w:i/></w:rPr>')
    + _style("paragraph", "Notice", "Notice", '<w:basedOn w:val="Normal"/><w:rPr><w:b/></w:rPr>')
    + _style("paragraph", "Title", "Title", f'{_ON_NORMAL}<w:rPr><w:b/><w:sz w:val="32"/></w:rPr>')
    + _style("paragraph", "Heading1", "heading 1", f'{_ON_NORMAL}{_OUTLINE}<w:rPr><w:b/><w:sz w:val="26"/></w:rPr>')
    + _style("paragraph", "ListParagraph", "List Paragraph", f'{_ON_NORMAL}<w:pPr><w:ind w:left="425"/></w:pPr>')
    + _style("paragraph", "FootnoteText", "footnote text", f'{_ON_NORMAL}<w:rPr><w:sz w:val="18"/></w:rPr>')
    + _style("paragraph", "Caption", "caption", f"{_ON_NORMAL}<w:rPr><w:i/></w:rPr>")
    + _style("table", "TableGrid", "Table Grid", f"<w:tblPr><w:tblBorders>{_BORDERS}</w:tblBorders></w:tblPr>")
    + "</w:styles>"
)


def write_docx(source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[bytes]:
    """Yield the bytes of a DOCX package, a page at a time."""
    del engine
    out = Outlet()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in {**_PARTS, "word/styles.xml": _STYLES}.items():
            package.writestr(entry(name), _XML + content)
        with package.open(entry("word/document.xml"), "w") as part:
            for piece in _document(source, pages):
                part.write(piece.encode("utf-8"))
                yield out.drained()
    yield out.drained()


def _document(source: Source, pages: Iterable[Page]) -> Iterator[str]:
    yield f'{_XML}<w:document xmlns:w="{_MAIN}"><w:body>'
    if source.reason:
        yield _paragraph(f"This file could not be read: {one_line(source.reason)}", "Notice")
    begins_page = False
    for page in pages:
        yield "".join(_page(page, begins_page))
        begins_page = True
    yield '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>'


def _page(page: Page, begins_page: bool) -> Iterator[str]:
    yield '<w:p><w:r><w:br w:type="page"/></w:r></w:p>' if begins_page else ""
    notice = notice_of(page)
    yield _paragraph(notice, "Notice") if notice else ""
    yield _paragraph(one_line(page.header), "Header") if page.header.strip() else ""
    for role, part in parts_of(page):
        yield _table(part) if isinstance(part, Table) else _paragraph(one_line(part), _ROLE_STYLES.get(role, ""))
    yield _paragraph(one_line(page.margin), "Margin") if page.margin.strip() else ""
    yield _paragraph(one_line(page.footer), "Footer") if page.footer.strip() else ""


def _paragraph(text: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{text_node(text)}</w:t></w:r></w:p>'


def _row(cells: Sequence[str], *, is_head: bool) -> str:
    """Return a row of a table; rows of column heads are repeated on every page that the table goes on to."""
    repeated = "<w:trPr><w:tblHeader/></w:trPr>" if is_head else ""
    return f"<w:tr>{repeated}{''.join(f'<w:tc>{_paragraph(one_line(cell))}</w:tc>' for cell in cells)}</w:tr>"


def _table(table: Table) -> str:
    columns = max((len(row) for row in table.rows), default=0)
    if not columns:
        return ""
    rows = [[*row, *[""] * (columns - len(row))] for row in table.rows]
    body = "".join(_row(row, is_head=number < table.header_rows) for number, row in enumerate(rows))
    grid = "<w:gridCol/>" * columns
    properties = '<w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="0" w:type="auto"/></w:tblPr>'
    # A table must be followed by a paragraph before the next one, else both become one table.
    return f"<w:tbl>{properties}<w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl><w:p/>"
