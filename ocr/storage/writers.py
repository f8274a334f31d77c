"""A document in each output format, as a stream of text: the same document gives the same bytes, always.

A writer is a function in `WRITERS`. It takes the source, the reader and the pages in order, one at a time, so that a
scan of 5,000 pages needs the memory of one. It adds no dates, hosts or paths of this machine to what the source says
(whose path is the whole path of a scan only where another one has the short one: see `ocr.rendering.discovery`).
"""

import json
from collections.abc import Callable, Iterable, Iterator

from ocr.core.document import EngineIdentity, Page, Source, Table
from ocr.storage.json_schema import SCHEMA_VERSION, to_json

Writer = Callable[[Source, EngineIdentity, Iterable[Page]], Iterator[str]]


def write_json(source: Source, reader: EngineIdentity, pages: Iterable[Page]) -> Iterator[str]:
    """The document as `ocr schema` describes it, one page a line."""
    head = _compact({"schema_version": SCHEMA_VERSION, **_origin(source, reader)})
    yield head.removesuffix("}") + ',"pages":['
    separator = "\n"
    for page in pages:
        yield separator + _compact(to_json(page))
        separator = ",\n"
    yield "\n]}\n"


def write_jsonl(source: Source, reader: EngineIdentity, pages: Iterable[Page]) -> Iterator[str]:
    """One line a page, each complete in itself: what the document says of its source and engine, and `page`.

    A scan that could not be opened gives one line without `page`.
    """
    head = {"schema_version": SCHEMA_VERSION, **_origin(source, reader)}
    if source.reason:
        yield _compact(head) + "\n"
    for page in pages:
        yield _compact({**head, "page": to_json(page)}) + "\n"


def write_markdown(source: Source, reader: EngineIdentity, pages: Iterable[Page]) -> Iterator[str]:
    """For people: header in italics, paragraphs and tables in their order, margin and footer in italics.

    Page numbers are comments; what is not whole says so in a quote.
    """
    del reader
    if source.reason:
        yield f"> **This file could not be read:** {_one_line(source.reason)}\n"
    separator = ""
    for page in pages:
        blocks = [f"<!-- page {page.number} -->"]
        notice = notice_of(page)
        if notice:
            blocks.append(f"> **{notice}**")
        blocks += [f"*{_markdown_text(page.header)}*"] if page.header.strip() else []
        blocks += [
            _markdown_table(block) if isinstance(block, Table) else _markdown_text(block) for block in _body(page)
        ]
        blocks += [f"*{_markdown_text(part)}*" for part in (page.margin, page.footer) if part.strip()]
        yield separator + "\n\n".join(blocks) + "\n"
        separator = "\n"


def write_text(source: Source, reader: EngineIdentity, pages: Iterable[Page]) -> Iterator[str]:
    """Header, paragraphs and tables in their order, margin and footer, with an empty line after each.

    A form feed parts two pages, as pdftotext does it.
    """
    del reader
    if source.reason:
        yield f"[This file could not be read: {_one_line(source.reason)}]\n"
    separator = ""
    for page in pages:
        notice = notice_of(page)
        blocks = [f"[{notice}]"] if notice else []
        blocks += [_one_line(page.header)] if page.header.strip() else []
        blocks += [_text_table(block) if isinstance(block, Table) else _one_line(block) for block in _body(page)]
        blocks += [_one_line(part) for part in (page.margin, page.footer) if part.strip()]
        yield separator + "".join(f"{block}\n\n" for block in blocks).removesuffix("\n")
        separator = "\f"


WRITERS: dict[str, Writer] = {
    "json": write_json,
    "jsonl": write_jsonl,
    "md": write_markdown,
    "txt": write_text,
}


def notice_of(page: Page) -> str:
    """What a reader has to be told before the text of a page; "" where it is whole or simply blank."""
    words = {
        "degenerate": "reading ran into a loop, do not trust this text",
        "truncated": "reading stopped before the end of the page",
        "refused": "the engine declined to read this page",
        "failed": "the engine could not read this page",
        "unreadable": "this page could not be opened",
        "skipped": "this page was not asked for",
    }.get(page.status)
    if words is None:
        return f"Page {page.number}: look at this page again ({', '.join(page.flags)})" if page.flags else ""
    reason = f" ({_one_line(page.reason)})" if page.reason else ""
    return f"Page {page.number}: {words}{reason}"


def _origin(source: Source, reader: EngineIdentity) -> dict[str, object]:
    return {
        "source": {"path": source.path, "sha256": source.sha256, "pages": source.pages, "reason": source.reason},
        "engine": {"name": reader.name, "fingerprint": reader.fingerprint},
    }


def _compact(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _body(page: Page) -> Iterator[str | Table]:
    """Paragraphs with the tables between them; the text as printed where there are neither."""
    if page.text.strip() and not page.paragraphs and not page.tables:
        yield page.text
    # One step past the last paragraph, for the tables that stand below it.
    for place, paragraph in enumerate((*page.paragraphs, "")):
        yield from (table for table in page.tables if min(table.after, len(page.paragraphs)) == place)
        if paragraph:
            yield paragraph


def _text_table(table: Table) -> str:
    return "\n".join("\t".join(map(_one_line, row)) for row in table.rows)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _markdown_text(paragraph: str) -> str:
    """A paragraph that Markdown shows as it was printed: signs that would start markup at its head are escaped."""
    text = _one_line(paragraph).replace("\\", "\\\\")
    for sign in "*_`<|":
        text = text.replace(sign, "\\" + sign)
    if text[:1] in "#>+-=~" or (text[:1].isdigit() and text.lstrip("0123456789")[:1] in (".", ")")):
        digits = len(text) - len(text.lstrip("0123456789"))
        text = text[:digits] + "\\" + text[digits:]
    return text


def _markdown_table(table: Table) -> str:
    width = max((len(row) for row in table.rows), default=0)
    rows = [[_one_line(cell).replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in table.rows]
    head, *body = rows
    lines = [head, ["---"] * width, *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
