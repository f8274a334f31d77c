"""Markdown: paragraphs and tables in their order; header, margin and footer in italics."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from ocr.core.document import EngineIdentity, Page, Role, Source, Table
from ocr.formats.page_blocks import notice_of, one_line, parts_of


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
        blocks += [f"*{_escape(page.header, emphasized=True)}*"] if page.header.strip() else []
        blocks += [_table(part) if isinstance(part, Table) else _paragraph(part, role) for role, part in parts_of(page)]
        blocks += [f"*{_escape(part, emphasized=True)}*" for part in (page.margin, page.footer) if part.strip()]
        yield separator + "\n\n".join(blocks) + "\n"
        separator = "\n"


_MARK = re.compile(r"[-+*•–—]\s+(?=\S)")
_NUMBER = re.compile(r"\d{1,9}[.)]\s+(?=\S)")


def _paragraph(text: str, role: Role | None) -> str:
    """Return a paragraph: titles and headings as such, items with a mark or a number that Markdown knows as items."""
    plain = one_line(text)
    if role in ("title", "heading"):
        return f"{'#' if role == 'title' else '##'} {_escape(plain, at_line_start=False).rstrip('#').rstrip()}"
    if role == "list-item" and (found := _MARK.match(plain)):
        return f"- {_escape(plain[found.end() :])}"
    if role == "list-item" and (found := _NUMBER.match(plain)):
        return f"{found[0].rstrip()} {_escape(plain[found.end() :])}"
    return _escape(plain)


_ALWAYS = re.compile(
    r"""
    \\(?=[!-/:-@\[-`{-~])                                          # a backslash that would escape what follows
    | <(?=[A-Za-z/!?])                                              # an HTML tag, a comment, an address in brackets
    | &(?=\#[0-9]{1,7};|\#[xX][0-9a-fA-F]{1,6};|[A-Za-z][0-9A-Za-z]*;)  # an entity
    | \](?=\()                                                      # a link
    """,
    re.VERBOSE,
)
_HEADS = tuple(
    map(
        re.compile,
        (
            r"(?=#{1,6}(?: |$))",  # a heading
            r"(?=>)",  # a quotation
            r"(?=[-+*](?: |$))",  # an item of a list
            r"\d{1,9}(?=[.)](?: |$))",  # an item of a numbered list
            r"(?=([-*_])(?: ?\1){2,}$)",  # a rule
            r"(?=\[[^\]]+\]:)",  # the target of a link
        ),
    )
)
_FENCE = re.compile(r"(?:`{3,}|~{3,})")


def _escape(paragraph: str, *, emphasized: bool = False, at_line_start: bool = True) -> str:
    """Return a paragraph that Markdown shows as printed. Only characters that it would misread are escaped.

    `emphasized` is for text between two asterisks. Source: CommonMark 0.31.2, and GitHub's strikethrough and tables.
    """
    text = one_line(paragraph)
    places = {match.start() for match in _ALWAYS.finditer(text)}
    if emphasized:
        places |= {place for place, letter in enumerate(text) if letter in "*\\"}
    places |= _emphasis(text, "*") | _emphasis(text, "_")
    for sign in "`~":
        runs = [match.span() for match in re.finditer(f"{sign}+", text)]
        if len(runs) > 1 or _FENCE.match(text):
            places |= {place for start, end in runs for place in range(start, end)}
    if at_line_start and not emphasized:
        places |= {found.end() for head in _HEADS if (found := head.match(text))}
    return "".join("\\" + letter if place in places else letter for place, letter in enumerate(text))


def _emphasis(text: str, sign: str) -> set[int]:
    """Return the places of the signs that could begin or end emphasis, if one could begin and a later one end it."""
    openers, closers = [], []
    for run in re.finditer(re.escape(sign) + "+", text):
        before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
        left = _flanks(after, before)
        right = _flanks(before, after)
        if left and (sign == "*" or not right or _is_punctuation(before)):
            openers.append(run)
        if right and (sign == "*" or not left or _is_punctuation(after)):
            closers.append(run)
    if not openers or not closers or openers[0].start() >= closers[-1].start():
        return set()
    return {place for run in (*openers, *closers) for place in range(*run.span())}


def _flanks(inside: str, outside: str) -> bool:
    """Return whether a run of signs stands at a word, with `inside` the character on the side of the word."""
    if not inside or inside.isspace():
        return False
    return not _is_punctuation(inside) or not outside or outside.isspace() or _is_punctuation(outside)


def _is_punctuation(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] in "PS"


def _table(table: Table) -> str:
    width = max((len(row) for row in table.rows), default=0)
    rows = [[_cell(cell) for cell in row] + [""] * (width - len(row)) for row in table.rows]
    head, *body = rows
    lines = [head, ["---"] * width, *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    return _escape(text, at_line_start=False).replace("|", "\\|")
