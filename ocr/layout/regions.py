"""Assign the lines of a page to its fields: header, footer, margin and text.

The fields are those of the DharmaOCR schema: running heads and page numbers at the top, footers, page numbers and notes
at the bottom, stamps and marks at the sides, and the body. A line at an edge leaves the body only if it is separated
from the body by white space and also reads, or is set, like such a line.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from ocr.core.document import Box, Field, Line
from ocr.layout.reading_order import Row, is_vertical, line_height, row_box, rows

APART = 1.25
"""Least distance from the body of what is separate, in line distances: gazettes leave 1.3 to 2.3 around their rules,
and lines of running text vary by 0.1."""
EDGE_ROWS = 5
"""Most rows of a running head or a footer; notes in small type may have any number."""
HEAD, FOOT = 0.2, 0.75
"""Shares of the page height: a header ends above the first, a footer starts below the second."""
SIDE = 0.08
"""Share of the page width at either side where level lines may be marks in the margin; twice as much for stamps."""
SMALL = 0.86
"""Largest type size of a footnote, as a share of the body's."""

_MONTH = "janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro"
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*\d{1,4}[-–—\s]*|(?:p[áa]g(?:ina|s?\.)?|fls?\.?|folhas?)\s*(?:n[ºo°.]*)?\s*:?\s*\d+(?:\s*(?:de|/)\s*\d+)?"
    r"|\d{1,4}\s*(?:/|de)\s*\d{1,4}|(?-i:[-–—\s]*[ivxlc]{1,6}[-–—\s]*)",
    re.IGNORECASE,
)
_RUNNING_HEAD = re.compile(
    rf"\bp[áa]gina\s*\d+$|^di[áa]rio (?:oficial|da justi[çc]a|do congresso|eletr[ôo]nico)"
    rf"|-feira,? .*\bde (?:{_MONTH}) de \d{{4}}|^(?:ano|vol\.?|tomo) [ivxlc\d]+\b.*\bn[.ºo°]*\s?\d",
    re.IGNORECASE,
)
_LETTERHEAD = re.compile(
    r"(?:PODER (?:JUDICI|EXECUTIV|LEGISLATIV)|(?:SUPREMO |SUPERIOR )?TRIBUNAL |MINIST[ÉE]RIO |GOVERNO D|ESTADO D[AEO] "
    r"|PREFEITURA |C[ÂA]MARA (?:MUNICIPAL|DOS)|SENADO |UNIVERSIDADE |REP[ÚU]BLICA |SERVI[ÇC]O P[ÚU]BLICO|PROCURADORIA"
    r"|DEFENSORIA|ASSEMBLEIA |JU[ÍI]ZO D|COMARCA D|CART[ÓO]RIO )",
    re.IGNORECASE,
)
_FOOT_MARK = re.compile(
    r"https?:|www\.|\w@\w+\.\w|assinad[oa] (?:digital|eletr[ôo]nica)mente|autenticidade|verificad[oa] no endere[çc]o"
    r"|c[óo]digo (?:verificador|de verifica|do documento)|\bCEP:?\s*\d|\b(?:tel|fone|fax)\b[.:]?\s*\(?\d"
    r"|\b(?:p[áa]g(?:ina|\.)|fls?\.)\s*\d",
    re.IGNORECASE,
)
_PROOF = re.compile(
    r"autenticidade|assinad[oa] (?:digital|eletr[ôo]nica)mente (?:conforme|nos termos|por)", re.IGNORECASE
)
_LIST_NUMBER = re.compile(r"\(?(?:\d{1,2}(?:\.\d{1,2})*|[IVXLC]{1,6}|[a-z])(?:[.)]|\s?[-–—])")
_STAMP = re.compile(
    r"^fls?\.?\s*\d|^num\.\s*\d|protocol|assinad[oa] (?:digital|eletr[ôo]nica)|confer[eê]ncia|c[óo]digo|rubrica"
    r"|recebid[oa]",
    re.IGNORECASE,
)


def assign(lines: Sequence[Line], size: tuple[int, int]) -> list[Field]:
    """Return the field of each level line of a page of `size` (width, height) pixels."""
    margin = _margin(lines, size[0])
    found: dict[int, Field] = {id(line): "margin" for line in margin}
    level = [line for line in lines if id(line) not in found]
    page_rows = rows(level)
    height, pitch = line_height(level), _pitch(page_rows)
    heads = _edge(page_rows, pitch, lambda block, first: _is_header(block, first, size))
    feet = _edge(page_rows[len(heads) :][::-1], pitch, lambda block, _: _is_footer(block, height, size)) or _proofs(
        page_rows
    )
    found |= {id(line): "header" for row in heads for line in row}
    found |= {id(line): "footer" for row in feet for line in row}
    return [found.get(id(line), "text") for line in lines]


def _margin(lines: Sequence[Line], width: int) -> list[Line]:
    """Return the lines in the side margins: vertical, or level and outside all long lines."""
    level = [line for line in lines if not is_vertical(line)]
    if 2 * sum(len(line.text) for line in level) < sum(len(line.text) for line in lines):
        return []  # Most of the page is vertical: that is its body.
    longest = max((line.box[2] - line.box[0] for line in level), default=0.0)
    body = [line.box for line in level if line.box[2] - line.box[0] >= 0.5 * longest]
    left, right = min((box[0] for box in body), default=0.0), max((box[2] for box in body), default=float(width))
    found = []
    for line in lines:
        outside = line.box[2] <= left or line.box[0] >= right
        if is_vertical(line) or (outside and _is_at_side(line, width) and not _in_body(line, level)):
            found.append(line)
    return found


def _is_at_side(line: Line, width: int) -> bool:
    reach = SIDE * (2 if _STAMP.search(line.text) else 1) * width
    return line.box[2] < reach or line.box[0] > width - reach


def _in_body(line: Line, level: Sequence[Line]) -> bool:
    """Return whether a short line at a side belongs to the body: a list number beside it, or the end of a paragraph.

    The last line of a paragraph starts where the lines above it do, and follows at their distance.
    """
    left, top, right, bottom = line.box
    high = bottom - top
    if _LIST_NUMBER.fullmatch(line.text.strip()):
        beside = (other.box for other in level if other is not line and other.box[0] > right)
        return any(abs(box[1] + box[3] - top - bottom) < high and box[0] - right < 5 * high for box in beside)
    above = [
        other.box
        for other in level
        if abs(other.box[0] - left) < 0.6 * high and 0 < (top + bottom - other.box[1] - other.box[3]) / 2 < 1.8 * high
    ]
    return any(box[2] - box[0] > 2.5 * (right - left) for box in above)


def _pitch(page_rows: Sequence[Row]) -> float:
    """Return the median distance between the middles of a line and of the next one below it in its column."""
    distances = []
    for place, row in enumerate(page_rows):
        # Columns need not share their lines: the next line of this column may be a few rows below.
        below = [line for following in page_rows[place + 1 : place + 4] for line in following]
        for line in row:
            under = next((other for other in below if _overlap(line.box, other.box) > 0), None)
            if under is not None:
                distances.append(_middle(under.box) - _middle(line.box))
    return median(distances) if distances else 0.0


def _edge(page_rows: Sequence[Row], pitch: float, accept: Callable[[list[Row], bool], bool]) -> list[Row]:
    """Return the rows at an edge of the page, from the edge inwards, that `accept` takes block by block.

    A block is a run of rows that is separated from what follows it. A page is never all edge.
    """
    taken: list[Row] = []
    for block in _blocks(page_rows, pitch):
        if not accept(block, not taken):
            break
        taken += block
    return taken if len(taken) < len(page_rows) else []


def _blocks(page_rows: Sequence[Row], pitch: float) -> Iterator[list[Row]]:
    """Yield runs of rows from an edge inwards, each separated from the next; the rest comes last."""
    block: list[Row] = []
    for place, row in enumerate(page_rows, start=1):
        block.append(row)
        if place == len(page_rows) or _distance(row, page_rows[place]) > APART * pitch:
            yield block
            block = []


def _distance(row: Row, other: Row) -> float:
    """Return the distance between the middles of two rows, less what tall letters add to it."""
    first, second = sorted((row_box(row), row_box(other)), key=lambda box: box[1])
    return min(_middle(second) - _middle(first), second[1] - first[3] + min(_height(first), _height(second)))


def _is_header(block: Sequence[Row], first: bool, size: tuple[int, int]) -> bool:
    """Return whether a block at the top reads like a running head, a letterhead or a page number."""
    if len(block) > EDGE_ROWS or max(row_box(row)[3] for row in block) > HEAD * size[1]:
        return False
    if _has_page_number(block) or any(_RUNNING_HEAD.search(line.text) for row in block for line in row):
        return True
    return first and bool(_LETTERHEAD.match(block[0][0].text.strip()))


def _is_footer(block: Sequence[Row], height: float, size: tuple[int, int]) -> bool:
    """Return whether a block at the bottom reads, or is set, like a footer, a page number or notes."""
    if min(row_box(row)[1] for row in block) < FOOT * size[1]:
        return False
    lines = [line for row in block for line in row]
    if len(block) <= EDGE_ROWS and (_has_page_number(block) or any(_FOOT_MARK.search(line.text) for line in lines)):
        return True
    return len(block) > 1 and line_height(lines) <= SMALL * height


def _proofs(page_rows: Sequence[Row]) -> list[Row]:
    """Return the last rows from the note on how to verify the document: only footers end so, separate or not."""
    last = page_rows[-EDGE_ROWS:]
    marked = [place for place, row in enumerate(last) if any(_PROOF.search(line.text) for line in row)]
    return list(last[marked[0] :]) if marked and len(page_rows) > EDGE_ROWS else []


def _has_page_number(block: Sequence[Row]) -> bool:
    """Return whether a row is a number alone, or beside a running head; a row of several numbers is a table's."""
    texts = [[line.text.strip() for line in row] for row in block]
    return any(sum(bool(_PAGE_NUMBER.fullmatch(text)) for text in row) == 1 and len(row) <= 3 for row in texts)


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def _height(box: Box) -> float:
    return box[3] - box[1]


def _overlap(box: Box, other: Box) -> float:
    return min(box[2], other[2]) - max(box[0], other[0])
