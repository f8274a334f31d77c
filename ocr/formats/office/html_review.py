"""HTML: one self-contained file a scan, the picture of each page beside its text, for looking through by a person.

Words of low confidence are tinted and underlined; each is a link to its place in the picture, and that place is a link
back. Pages to look at are listed at the end. The file opens from disk, loads nothing and runs no script. It can be used
with the keyboard and with a screen reader: Tab goes from one doubtful word to the next.
"""

import base64
import re
from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import quoteattr

from ocr.core.document import Box, Page, Table, Word
from ocr.core.errors import ScanError
from ocr.formats.line_blocks import Block, blocks_of
from ocr.formats.page_blocks import body_of, notice_of, one_line
from ocr.formats.page_pictures import PagePictures, as_jpeg
from ocr.formats.scan_job import ScanJob
from ocr.formats.table_grid import GridCell, grid_of
from ocr.formats.xml.markup import text_node, whole
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
figure { margin: 0; } figure img { display: block; width: 100%; height: auto; outline: 1px solid var(--line); }
.sheet { position: relative; align-self: start; } .spot { position: absolute; border-bottom: 2px solid #a60; }
.spot:hover, .spot:focus, .spot:target { background: #f5d76e66; outline: 3px solid #a60; }
.side, .caption { font-style: italic; opacity: .85; }
.footnote { font-size: .85rem; border-top: 1px solid var(--line); }
ul { list-style: none; margin: .8rem 0; padding-left: 1.5rem; } li { margin: .3rem 0; }
h3, h4 { margin: .8rem 0 .4rem; }
.wide { margin: .8rem 0; overflow-x: auto; } table { border-collapse: collapse; }
td, th { border: 1px solid var(--line); padding: .1rem .5rem; text-align: left; } .number { text-align: right; }
a.word { color: inherit; text-decoration: none; scroll-margin: 5rem; } a.word:target mark { outline: 3px solid #a60; }
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
        'marked, and lead to their places in the picture. <a href="#look">Pages to look at</a></p>\n</header>\n<main>\n'
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
    picture = _picture(page, pictures)
    doubts = Doubts(page, has_picture=picture.startswith("<img"))
    body = "".join(_body(page, doubts))
    count = f": {doubts.count:,} words marked" if doubts.count else ""
    spots = "".join(doubts.spots)
    return (
        f'<section id="page-{number}" aria-labelledby="head-{number}">\n'
        f'<h2 id="head-{number}" tabindex="-1">Page {number}{count}</h2>\n{told}'
        f'<figure class="sheet">{picture}{spots}</figure>\n<div lang="pt-BR">\n{body}</div>\n</section>\n'
    )


class Doubts:
    """The doubtful words of one page: their marks in the text, and the links over its picture."""

    def __init__(self, page: Page, *, has_picture: bool = True) -> None:
        self._page = page
        self._has_picture = has_picture
        self.count = 0
        self.spots: list[str] = []

    def mark(self, word: Word) -> str:
        """Return a word as HTML, marked where its confidence is low."""
        level = _level(word.confidence)
        text = text_node(word.text)
        if level is None or word.confidence is None:
            return text
        self.count += 1
        name = f"{self._page.number}-{self.count}"
        told = f"confidence {word.confidence:.0%}"
        mark = f'<mark{level} title="{told}">{text}</mark>'
        if not self._has_picture:
            return mark
        self.spots.append(
            f'<a class="spot" id="place-{name}" href="#word-{name}" style="{self._place(word.box)}" lang="pt-BR" '
            f"aria-label={quoteattr(f'{one_line(word.text)}, {told}')}></a>\n"
        )
        return f'<a class="word" id="word-{name}" href="#place-{name}">{mark}</a>'

    def _place(self, box: Box) -> str:
        """Return where a box stands on the picture, in percent of its width and height."""
        page = self._page
        left, top, right, bottom = whole(box, page.width, page.height)
        across, down = 100 / max(1, page.width), 100 / max(1, page.height)
        places = {"left": left * across, "top": top * down}
        places |= {"width": (right - left) * across, "height": (bottom - top) * down}
        return ";".join(f"{key}:{value:.2f}%" for key, value in places.items())


def _picture(page: Page, pictures: PagePictures) -> str:
    if page.status in ("unreadable", "skipped"):
        return "<figcaption>No picture.</figcaption>"
    try:
        content = as_jpeg(pictures.render(page.number), _QUALITY, width=_WIDTH, rotation=page.rotation)
    except ScanError as problem:
        return f"<figcaption>No picture: {text_node(problem.message)}</figcaption>"
    data = base64.b64encode(content).decode("ascii")
    return f'<img alt="Scan of page {page.number}" loading="lazy" src="data:image/jpeg;base64,{data}">'


def _body(page: Page, doubts: Doubts) -> Iterator[str]:
    if not page.lines:
        for part in body_of(page):
            yield _table(part) if isinstance(part, Table) else f"<p>{text_node(part)}</p>\n"
        return
    tables = iter(page.tables)
    for is_item, blocks in groupby(blocks_of(page), key=lambda block: block.role == "list-item"):
        if is_item:
            yield "<ul>\n" + "".join(f"<li>{_lines(block, doubts)}</li>\n" for block in blocks) + "</ul>\n"
            continue
        for block in blocks:
            table = next(tables, None) if block.kind == "table" else None
            yield _paragraph(block, doubts) if table is None else _table(table)
    yield from map(_table, tables)


def _paragraph(block: Block, doubts: Doubts) -> str:
    side = "" if block.kind == "paragraph" else ' class="side"'
    name, start = _ELEMENTS.get(block.role or "paragraph", ("p", f"p{side}"))
    return f"<{start}>{_lines(block, doubts)}</{name}>\n"


def _lines(block: Block, doubts: Doubts) -> str:
    return "<br>\n".join(" ".join(map(doubts.mark, words_of(line))) for line in block.lines)


_ELEMENTS = {
    "title": ("h3", "h3"),
    "heading": ("h4", "h4"),
    "footnote": ("p", 'p role="doc-footnote" class="footnote"'),
    "caption": ("p", 'p class="caption"'),
}
"""Elements of roles: name, and start tag with its attributes."""


def _level(confidence: float | None) -> str | None:
    """Return the class of a word's mark; None where it needs none."""
    if confidence is None or confidence >= UNSURE:
        return None
    return ' class="low"' if confidence < DOUBTFUL else ""


def _table(table: Table) -> str:
    rows = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>\n" for row in grid_of(table))
    return f'<div class="wide" lang="pt-BR"><table>\n{rows}</table></div>\n'


def _cell(cell: GridCell) -> str:
    sizes = "".join(f' {key}="{size}"' for key, size in (("rowspan", cell.rows), ("colspan", cell.columns)) if size > 1)
    if cell.is_head:
        return f'<th scope="col"{sizes}>{text_node(cell.text)}</th>'
    kind = ' class="number"' if _NUMBER.fullmatch(cell.text.strip()) else ""
    return f"<td{kind}{sizes}>{text_node(cell.text)}</td>"


_NUMBER = re.compile(r"(?:R\$|Cr\$|US\$)?\s*[-(]?\d[\d.]*(?:,\d+)?\s*%?\)?")
"""An amount: it stands at the right edge of its cell, as in print."""
