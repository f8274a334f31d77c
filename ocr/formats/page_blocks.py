"""The parts of a page in reading order, and the notice above its text: what the formats for people share."""

from collections.abc import Iterator

from ocr.core.document import Page, Role, Status, Table

NOTICES: dict[Status, str] = {
    "degenerate": "reading ran into a loop, do not trust this text",
    "truncated": "reading stopped before the end of the page",
    "refused": "the engine declined to read this page",
    "failed": "the engine could not read this page",
    "unreadable": "this page could not be opened",
    "skipped": "this page was not asked for",
}
"""What a person must know of a page that is not whole."""


def notice_of(page: Page) -> str:
    """Return the notice for the top of a page; "" where the page is whole or blank."""
    words = NOTICES.get(page.status)
    if words is None:
        return f"Page {page.number}: look at this page again ({', '.join(page.flags)})" if page.flags else ""
    reason = f" ({one_line(page.reason)})" if page.reason else ""
    return f"Page {page.number}: {words}{reason}"


def body_of(page: Page) -> Iterator[str | Table]:
    """Yield the paragraphs with the tables between them; the text as printed where there are neither."""
    if page.text.strip() and not page.paragraphs and not page.tables:
        yield page.text
    # One step past the last paragraph, for the tables below it.
    for place, paragraph in enumerate((*page.paragraphs, "")):
        yield from (table for table in page.tables if min(table.after, len(page.paragraphs)) == place)
        if paragraph:
            yield paragraph


def roles_of(page: Page) -> tuple[Role | None, ...]:
    """Return the role of each paragraph; None for all where lines have no blocks, as in pages of a model.

    Blocks are numbered in reading order, so the blocks of the body that are no table are the paragraphs.
    """
    roles = {
        line.block: line.role
        for line in sorted(page.lines, key=lambda line: -1 if line.block is None else line.block)
        if line.field == "text" and line.block is not None and line.role != "table-cell"
    }
    return tuple(roles.values()) if len(roles) == len(page.paragraphs) else (None,) * len(page.paragraphs)


def parts_of(page: Page) -> Iterator[tuple[Role | None, str | Table]]:
    """Yield what `body_of` yields, each paragraph with its role."""
    roles = iter(roles_of(page))
    for part in body_of(page):
        yield (None if isinstance(part, Table) else next(roles, None)), part


def one_line(text: str) -> str:
    """Return the text on one line, with single spaces."""
    return " ".join(text.split())
