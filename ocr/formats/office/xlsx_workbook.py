"""XLSX: one workbook a scan, one sheet a table, every cell as text, as it is printed.

The file is written as a stream, a table at a time. Source: ECMA-376, part 1 (SpreadsheetML) and part 2 (packages).
"""

import zipfile
from collections.abc import Iterable, Iterator

from ocr.core.document import EngineIdentity, Page, Source, Table
from ocr.formats.office.zip_stream import Outlet, entry
from ocr.formats.page_blocks import one_line
from ocr.formats.xml.markup import text_node

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_MOST_SHEETS = 10_000
"""Sheets after which further tables are left out: programs that open workbooks stop far below."""


def write_xlsx(source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[bytes]:
    """Yield the bytes of a workbook; without a table its only sheet is empty."""
    del source, engine
    out, names, frozen = Outlet(), list[str](), False
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, table in _tables(pages):
            names.append(name)
            frozen = frozen or bool(table.header_rows)
            package.writestr(entry(f"xl/worksheets/sheet{len(names)}.xml"), _XML + _sheet(table))
            yield out.drained()
        if not names:
            names.append("no table")
            package.writestr(entry("xl/worksheets/sheet1.xml"), _XML + _sheet(Table((0, 0, 0, 0), ())))
        for part, content in _parts(names, frozen=frozen).items():
            package.writestr(entry(part), _XML + content)
    yield out.drained()


def _tables(pages: Iterable[Page]) -> Iterator[tuple[str, Table]]:
    """Yield the name of a sheet and its table."""
    count = 0
    for page in pages:
        for number, table in enumerate(page.tables, start=1):
            if count < _MOST_SHEETS:
                yield f"page {page.number}, table {number}", table
            count += 1


def _sheet(table: Table) -> str:
    rows = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in table.rows)
    return f'<worksheet xmlns="{_MAIN}">{_view(table.header_rows)}<sheetData>{rows}</sheetData></worksheet>'


def _view(heads: int) -> str:
    """Return the view of a sheet whose rows of column heads stay in sight; nothing without heads."""
    if not heads:
        return ""
    pane = f'<pane ySplit="{heads}" topLeftCell="A{heads + 1}" activePane="bottomLeft" state="frozen"/>'
    return f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'


def _cell(text: str) -> str:
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text_node(one_line(text))}</t></is></c>'


def _parts(names: list[str], *, frozen: bool) -> dict[str, str]:
    """Return the parts of the package beside its sheets. `frozen` says that a sheet has rows that stay in sight."""
    views = "<bookViews><workbookView/></bookViews>" if frozen else ""
    numbered = list(enumerate(names, start=1))
    sheets = "".join(f'<sheet name="{text_node(name)}" sheetId="{n}" r:id="rId{n}"/>' for n, name in numbered)
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_CONTENT}.worksheet+xml"/>'
        for n, _ in numbered
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.sheet.main+xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{views}<sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}</Relationships>',
    }
