"""Plain text: header, paragraphs and tables in their order, margin and footer, with a blank line after each."""

from collections.abc import Iterable, Iterator

from ocr.core.document import EngineIdentity, Page, Source, Table
from ocr.formats.page_blocks import body_of, notice_of, one_line


def write_text(source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[str]:
    """Yield the text of each page. A form feed separates two pages, as pdftotext does it; cells have tabs between."""
    del engine
    if source.reason:
        yield f"[This file could not be read: {one_line(source.reason)}]\n"
    separator = ""
    for page in pages:
        notice = notice_of(page)
        blocks = [f"[{notice}]"] if notice else []
        blocks += [one_line(page.header)] if page.header.strip() else []
        blocks += [_table(block) if isinstance(block, Table) else one_line(block) for block in body_of(page)]
        blocks += [one_line(part) for part in (page.margin, page.footer) if part.strip()]
        yield separator + "".join(f"{block}\n\n" for block in blocks).removesuffix("\n")
        separator = "\f"


def _table(table: Table) -> str:
    return "\n".join("\t".join(map(one_line, row)) for row in table.rows)
