"""HTML: one self-contained file a scan, the picture of each page beside its text, for looking through by a person.

Words of low confidence are tinted and underlined, pages to look at are listed at the end. The file opens from disk,
loads nothing, runs no script, and can be used with the keyboard and with a screen reader.
"""

import base64
from collections.abc import Iterator

from ocr.core.document import Line, Page, Table
from ocr.core.errors import ScanError
from ocr.formats.line_blocks import Block, blocks_of
from ocr.formats.page_blocks import body_of, notice_of
from ocr.formats.page_pictures import PagePictures, as_jpeg
from ocr.formats.scan_job import ScanJob
from ocr.formats.xml.markup import text_node
from ocr.text.text_places import words_of

DOUBTFUL, UNSURE = 0.6, 0.85
"""Confidences below which a word is marked strongly, and lightly."""
_WIDTH = 900
"""Pixels of a page's picture: small print can still be read."""
_QUALITY = 60
_DPI = 110
_STYLE = """
:root { color-scheme: light dark; --line: #8888; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 100rem; padding: 0 1rem; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
section { border-top: 2px solid var(--line); display: grid; gap: 1rem 2rem; grid-template-columns: 1fr 1fr;
  padding: 1rem 0; }
section h2, .notice { grid-column: 1 / -1; margin: 0; font-size: 1.1rem; }
.notice { background: #f5d76e; color: #222; padding: .4rem .8rem; border-left: .5rem solid #a60; }
figure { margin: 0; } figure img { max-width: 100%; height: auto; border: 1px solid var(--line); }
.side, .caption { font-style: italic; opacity: .85; }
.footnote { font-size: .85rem; border-top: 1px solid var(--line); } .item { margin: .3rem 0 .3rem 1.5rem; }
h3, h4 { margin: .8rem 0 .4rem; }
table { border-collapse: collapse; } td { border: 1px solid var(--line); padding: .1rem .5rem; }
mark { background: #ffe9a8; color: #222; text-decoration: underline dotted #a60; }
mark.low { background: #ffb3a0; text-decoration: underline wavy #b00; }
@media (max-width: 60rem) { section { grid-template-columns: 1fr; } }
"""


def write_html(job: ScanJob) -> Iterator[str]:
    """Yield the document a page at a time."""
    name = text_node(job.source.path)
    pages = f"{job.source.pages:,} page{'s' * (job.source.pages != 1)}"
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#look">Skip to the list of pages to look at</a>\n'
        f"<header>\n<h1>{name}</h1>\n<p>{pages}, read by {text_node(job.engine.name)}. "
        f'<mark>Words under {UNSURE:.0%} confidence</mark> and <mark class="low">under {DOUBTFUL:.0%}</mark> are '
        'marked. <a href="#look">Pages to look at</a></p>\n</header>\n<main>\n'
    )
    noticed: list[tuple[int, str]] = []
    with PagePictures(job.scan, job.passwords, dpi=_DPI) as pictures:
        for page in job.pages:
            notice = notice_of(page)
            noticed += [(page.number, notice)] if notice else []
            yield _section(page, notice, pictures)
    yield '</main>\n<footer>\n<h2 id="look" tabindex="-1">Pages to look at</h2>\n'
    rows = "".join(f'<li><a href="#page-{number}">{text_node(notice)}</a></li>\n' for number, notice in noticed)
    yield f"<ul>\n{rows}</ul>\n" if rows else "<p>None.</p>\n"
    yield "</footer>\n</body>\n</html>\n"


def _section(page: Page, notice: str, pictures: PagePictures) -> str:
    number = page.number
    told = f'<p class="notice" role="note">{text_node(notice)}</p>\n' if notice else ""
    return (
        f'<section id="page-{number}" aria-labelledby="head-{number}">\n'
        f'<h2 id="head-{number}" tabindex="-1">Page {number}{_doubts(page)}</h2>\n{told}'
        f'<figure>{_picture(page, pictures)}</figure>\n<div lang="pt-BR">\n{"".join(_body(page))}</div>\n</section>\n'
    )


def _doubts(page: Page) -> str:
    low = [word for line in page.lines for word in words_of(line) if _level(word.confidence) is not None]
    return f": {len(low):,} words marked" if low else ""


def _picture(page: Page, pictures: PagePictures) -> str:
    if page.status in ("unreadable", "skipped"):
        return "<figcaption>No picture.</figcaption>"
    try:
        content = as_jpeg(pictures.render(page.number), _QUALITY, width=_WIDTH, rotation=page.rotation)
    except ScanError as problem:
        return f"<figcaption>No picture: {text_node(problem.message)}</figcaption>"
    data = base64.b64encode(content).decode("ascii")
    return f'<img alt="Scan of page {page.number}" loading="lazy" src="data:image/jpeg;base64,{data}">'


def _body(page: Page) -> Iterator[str]:
    if not page.lines:
        for part in body_of(page):
            yield _table(part) if isinstance(part, Table) else f"<p>{text_node(part)}</p>\n"
        return
    tables = iter(page.tables)
    for block in blocks_of(page):
        table = next(tables, None) if block.kind == "table" else None
        yield _paragraph(block) if table is None else _table(table)
    yield from map(_table, tables)


def _paragraph(block: Block) -> str:
    side = "" if block.kind == "paragraph" else ' class="side"'
    name, start = _ELEMENTS.get(block.role or "paragraph", ("p", f"p{side}"))
    return f"<{start}>" + "<br>\n".join(map(_line, block.lines)) + f"</{name}>\n"


_ELEMENTS = {
    "title": ("h3", "h3"),
    "heading": ("h4", "h4"),
    "list-item": ("p", 'p class="item"'),
    "footnote": ("p", 'p role="doc-footnote" class="footnote"'),
    "caption": ("p", 'p class="caption"'),
}
"""Elements of roles: name, and start tag with its attributes."""


def _line(line: Line) -> str:
    return " ".join(_marked(word.text, word.confidence) for word in words_of(line))


def _marked(text: str, confidence: float | None) -> str:
    level = _level(confidence)
    if level is None or confidence is None:
        return text_node(text)
    return f'<mark{level} title="confidence {confidence:.0%}">{text_node(text)}</mark>'


def _level(confidence: float | None) -> str | None:
    """Return the class of a word's mark; None where it needs none."""
    if confidence is None or confidence >= UNSURE:
        return None
    return ' class="low"' if confidence < DOUBTFUL else ""


def _table(table: Table) -> str:
    rows = "".join("<tr>" + "".join(f"<td>{text_node(cell)}</td>" for cell in row) + "</tr>\n" for row in table.rows)
    return f"<table>\n{rows}</table>\n"
