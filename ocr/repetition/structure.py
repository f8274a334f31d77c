"""Find tables and blanks that no page has: ever wider rows, endless rows, nested tables, endless leaders.

A model that repeats itself in a table may invent new numbers, so that nothing is a copy. But a page has a size: its
rows are of about the same width, their number is limited, and tables are nested once or twice. All of this is counted
from one new word to the next; numbers do not count as new. Empty content (leaders, rules, blank cells, zeros) is
counted from one new word or number to the next.
"""

from typing import Literal

from ocr.repetition.config import StructureConfig
from ocr.repetition.tokens import CELLS, LINE_ENDS

Mark = Literal["cell", "tag cell", "row", "tag row", "opens", "closes"]
MARKS: dict[str, Mark] = {
    "|": "cell", "&": "cell", "<td": "tag cell", "<th": "tag cell",
    "\n": "row", "\\n": "row", "\\\\": "row", "<tr": "tag row", "</tr": "tag row",
    "<table": "opens", "<div": "opens", "<ul": "opens", "<ol": "opens", "<span": "opens",
    "</table": "closes", "</div": "closes", "</ul": "closes", "</ol": "closes", "</span": "closes",
}  # fmt: skip
"""What marks do in a table. A tag stands here without its attributes."""


class Table:
    """The content since the last new word, as rows of cells; places are indexes of tokens."""

    __slots__ = (
        "bare",
        "cells",
        "config",
        "depth",
        "fresh",
        "known",
        "limit",
        "numbers",
        "records",
        "row",
        "rows",
        "start",
        "stop",
        "tagged",
    )
    kind: Literal["endless"] = "endless"
    peak_periods = 1.0

    def __init__(self, config: StructureConfig) -> None:
        self.config = config
        self.start = self.stop = 1
        self.fresh = self.row = 1
        """The places of the last new word and of the start of the current row."""
        self.known = 0
        """Words copied since the last new one."""
        self.cells = self.numbers = self.bare = self.rows = self.depth = 0
        """Of `numbers`, `bare` stand right after a number: each of those is a cell for sure."""
        self.tagged = False
        self.limit = config.widest_row
        self.records: list[int] = []
        """The widths of rows that are wider than all before."""

    def add_number(self, place: int, *, bare: bool) -> None:
        """Add a number; `bare` says that the token before it is a number too."""
        if self.fresh > self.stop:
            self.cells = self.numbers = self.bare = 0
        self.numbers += 1
        self.bare += bare
        self.stop = place

    def add_mark(self, token: str, place: int) -> None:
        """Add a mark or a tag."""
        if self.fresh > self.stop:
            self.cells = self.numbers = self.bare = 0
        self.stop = place
        mark = MARKS.get(token.rstrip(">").partition(" ")[0] if token[0] == "<" else token)
        if mark is None:
            return
        if mark == "cell" or mark == "tag cell":
            self.cells += 1
            self.tagged = mark == "tag cell"
        elif mark == "tag row" or (mark == "row" and not self.tagged):  # Tagged rows may run over lines.
            self._end_row()
            self.row = place
        elif mark == "opens":
            self.depth += 1
        elif mark == "closes":
            self.depth = max(0, self.depth - 1)

    def _end_row(self) -> None:
        config = self.config
        width = self.cells or self.numbers // 2  # In a plain row a sum or a date is two or three numbers.
        if self.fresh >= self.row:
            self.rows = self.depth = 0
            self.records, self.limit = [], config.widest_row
        elif width:
            # A few bare numbers may be one column, which is read after another.
            self.rows += self.cells > 1 or self.bare > 2 or width > 3
            if not self.records or width > self.records[-1]:
                self.records.append(width)
            if len(self.records) >= config.ragged_rows:
                self.limit = max(config.growing_row, min(config.widest_row, 2 * self.records[-config.ragged_rows]))
        self.cells = self.numbers = self.bare = 0
        self.tagged = False

    @property
    def is_repetition(self) -> bool:
        """Return whether no page has a table of this shape or size."""
        config = self.config
        if self.cells > self.limit or self.rows > config.most_rows or self.depth > config.deepest:
            return True
        records = len(self.records)
        ragged = records > config.most_records or (records >= config.ragged_rows and self.numbers > 2 * self.limit)
        return ragged or self.known > config.most_known_words or self.stop - self.fresh > config.most_tokens


class Empty:
    """Leaders, rules, zeros and blank cells with neither a new word nor a new number between them."""

    __slots__ = ("config", "line", "lines", "size", "start", "stop")
    kind: Literal["empty"] = "empty"
    peak_periods = 1.0

    def __init__(self, start: int, config: StructureConfig) -> None:
        self.config = config
        self.begin(start)

    def begin(self, start: int) -> None:
        """Reset; the next token stands at place `start`."""
        self.start = self.stop = start
        self.size = self.line = self.lines = 0

    def add(self, token: str, place: int, after: str) -> None:
        """Add a token that stands behind the token `after`."""
        self.stop = place
        size = min(len(token), self.config.cell_size) if token in CELLS else len(token)
        self.size += size
        if token not in LINE_ENDS:
            self.line += size
        else:
            self.line = 0
            self.lines += after[:1] != "<"  # A row that ends with the line is one row; a cell is none.

    @property
    def is_repetition(self) -> bool:
        """Return whether no page has so much empty content in a row."""
        config = self.config
        return self.line > config.empty_line or self.lines > config.empty_lines or self.size > config.empty_page
