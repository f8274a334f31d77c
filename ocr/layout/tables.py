"""Find simple tables: consecutive rows of cells in the same columns.

By design it does not find tables with fewer than three rows, cells that span columns, and tables whose columns are as
close as words. Such rows stay text, as printed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ocr.core.document import Line, Table, box_around
from ocr.layout.reading_order import Row, line_height, row_box
from ocr.layout.ruled.blanks import MARK

CELL_GAP = 1.6
"""Least gap between two cells of one line, in line heights: justified text has no wider gaps in consecutive rows."""
ROWS = 3
"""Least rows of two or more cells."""
_MARKER = re.compile(r"\W{0,2}|\(?(?:\d{1,3}(?:\.\d{1,2})*|[IVXLC]{1,6}|[a-zA-Z])[.)º°ª]?\s*[-–—.]?|[1lI]-")
"""The markers of list items: a list is no table."""

Span = tuple[float, float]


def find_tables(column: Sequence[Row]) -> list[tuple[int, int, Table]]:
    """Return the tables in the rows of one column: first row, row after the last, and the table."""
    height = line_height([line for row in column for line in row])
    cells = [_cells(row, height) for row in column]
    found, start = [], 0
    while start < len(column):
        end = _run(cells, start)
        table = _table(cells[start:end], column[start:end]) if end > start else None
        if table is not None:
            found.append((start, end, table))
        start = max(end, start + 1)
    return found


def _cells(row: Row, height: float) -> list[Line]:
    """Return the cells of a row: its lines, divided where the gap between two words is wide; a form line is one."""
    if any(line.text == MARK for line in row):
        return [Line(" ".join(line.text for line in row), row_box(row))]
    parts: list[Line] = []
    for line in row:
        start = 0
        for place in range(1, len(line.words) + 1):
            whole = place == len(line.words)
            if whole or line.words[place].box[0] - line.words[place - 1].box[2] > CELL_GAP * height:
                words = line.words[start:place]
                boxes = [word.box for word in words]
                parts.append(Line(" ".join(word.text for word in words), box_around(boxes), words=words))
                start = place
        if not line.words:
            parts.append(line)
    return parts


def _run(cells: Sequence[Sequence[Line]], start: int) -> int:
    """Return where the run of rows with the same columns ends, from `start`; `start` itself where there is none."""
    if len(cells[start]) < 2:
        return start
    end = start + 1
    spans = _columns(cells[start])
    while end < len(cells):
        widened = _columns(cells[end], spans)
        if len(widened) < 2 or len(widened) < len(spans) - 1 or not _belongs(cells, end):
            break
        spans, end = widened, end + 1
    while end > start and len(cells[end - 1]) < 2:
        end -= 1
    return end if sum(len(row) > 1 for row in cells[start:end]) >= ROWS else start


def _belongs(cells: Sequence[Sequence[Line]], place: int) -> bool:
    """Return whether a row belongs to a table; a row of one cell does only as the second line of a cell."""
    return len(cells[place]) > 1 or any(len(row) > 1 for row in cells[place + 1 : place + 2])


def _columns(cells: Iterable[Line], known: Sequence[Span] = ()) -> list[Span]:
    """Return the columns of a run, left to right: the intervals that any cell, or a known column, covers."""
    spans: list[Span] = []
    for left, right in sorted([*known, *((cell.box[0], cell.box[2]) for cell in cells)]):
        if spans and left < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], right))
        else:
            spans.append((left, right))
    return spans


def _table(cells: Sequence[Sequence[Line]], column: Sequence[Row]) -> Table | None:
    """Return the cells as rows of text; None where the first column only holds list markers."""
    spans = _columns(cell for row in cells for cell in row)
    rows: list[list[str]] = []
    for row in cells:
        texts = [""] * len(spans)
        for cell in row:
            place = next(place for place, span in enumerate(spans) if span[0] <= cell.box[0] <= span[1])
            texts[place] = f"{texts[place]} {cell.text}".strip()
        rows.append(texts)
    first = [texts[0] for texts in rows if texts[0]]
    filled = Counter(sum(bool(text) for text in texts) for texts in rows)
    if all(_MARKER.fullmatch(text) for text in first) and len(spans) == 2:
        return None
    if len(spans) > 2 and all(_MARKER.fullmatch(text) for texts in rows for text in texts[:-1]):
        return None  # Numbers of several levels, each hanging at its own place.
    if sum(count for number, count in filled.items() if number > 1) < ROWS:
        return None
    return Table(box_around([row_box(row) for row in column]), tuple(map(tuple, rows)))
