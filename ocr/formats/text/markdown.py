"""Markdown: paragraphs and tables in their order; header, margin and footer in italics."""

from collections.abc import Iterable, Iterator

from ocr.core.document import EngineIdentity, Page, Source, Table
from ocr.formats.page_blocks import body_of, notice_of, one_line


def write_markdown(source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[str]:
    """Yield one section a page. Page numbers are comments; a notice about the page is a quote."""
    del engine
    if source.reason:
        yield f"> **This file could not be read:** {one_line(source.reason)}\n"
    separator = ""
    for page in pages:
        blocks = [f"<!-- page {page.number} -->"]
        notice = notice_of(page)
        if notice:
            blocks.append(f"> **{notice}**")
        blocks += [f"*{_escape(page.header)}*"] if page.header.strip() else []
        blocks += [_table(block) if isinstance(block, Table) else _escape(block) for block in body_of(page)]
        blocks += [f"*{_escape(part)}*" for part in (page.margin, page.footer) if part.strip()]
        yield separator + "\n\n".join(blocks) + "\n"
        separator = "\n"


def _escape(paragraph: str) -> str:
    """Return a paragraph that Markdown shows as printed: characters that would start markup are escaped."""
    text = one_line(paragraph).replace("\\", "\\\\")
    for sign in "*_`<|":
        text = text.replace(sign, "\\" + sign)
    if text[:1] in "#>+-=~" or (text[:1].isdigit() and text.lstrip("0123456789")[:1] in (".", ")")):
        digits = len(text) - len(text.lstrip("0123456789"))
        text = text[:digits] + "\\" + text[digits:]
    return text


def _table(table: Table) -> str:
    width = max((len(row) for row in table.rows), default=0)
    rows = [[one_line(cell).replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in table.rows]
    head, *body = rows
    lines = [head, ["---"] * width, *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
