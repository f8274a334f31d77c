"""Tables and blanks that no page has: rows of ever more cells or without end, tables in tables, leaders without end.

A model that loops in a table may invent new numbers for ever, so that nothing in it is a copy. But a page has a size:
its rows are all of about one width, there is room for so many of them, and tables stand in tables once or twice. These
are counted from one new word to the next: whatever a row is called, its numbers say nothing. What is empty (leaders,
rules, blank cells, zeros) is counted from one new word or number to the next.
"""

from typing import Literal

WIDEST_ROW, MOST_ROWS, DEEPEST = 64, 100, 5
"""Cells in a row (a month of days has 31, a year of weeks 52), rows without a new word, and tables in one another."""
RAGGED, GROWING = 4, 16
"""A row of so many cells is too wide if so many rows before were each wider than all before, and it doubles the last
but three: triangles of distances and of Pascal grow, but by a cell a row."""
MOST_RECORDS = 32
"""Rows each wider than all before: a triangle of distances has 26, between 27 capitals."""
DROUGHT = 6000
"""Tokens without a new word: a full page of numbers is 65 rows of 13 sums; the longest in real text was 472."""
MOST_KNOWN = 250
"""Words said again without a new one, whatever numbers stand between: labels of three words in 80 rows; the
most in real text was 160."""
EMPTY_LINE, EMPTY_LINES, EMPTY_PAGE = 200, 80, 4500
"""Most characters in one line, lines, and characters of leaders, rules, zeros and blanks between two pieces of news. On
half 0 a line has 134, but for nine lines of dots that were joined; a list of zeros 61 lines; a ruled page 3,900."""
LINE_ENDS = frozenset(("\n", "\\n", "</tr>"))
CELLS = frozenset(("|", "<td>", "</td>"))
CELL_SIZE = 2
"""Characters of paper that a mark of a cell takes at most: a month of blank days is a row of 31."""
Mark = Literal["cell", "tag cell", "row", "tag row", "opens", "closes"]
MARKS: dict[str, Mark] = {
    "|": "cell", "&": "cell", "<td": "tag cell", "<th": "tag cell",
    "\n": "row", "\\n": "row", "\\\\": "row", "<tr": "tag row", "</tr": "tag row",
    "<table": "opens", "<div": "opens", "<ul": "opens", "<ol": "opens", "<span": "opens",
    "</table": "closes", "</div": "closes", "</ul": "closes", "</ol": "closes", "</span": "closes",
}  # fmt: skip
"""What marks do in a table; a tag stands here without its attributes."""


class Table:
    """What stands since the last new word, whatever its numbers, as rows of cells; places are indexes of tokens."""

    __slots__ = (
        "bare",
        "cells",
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
    peak_laps = 1.0

    def __init__(self) -> None:
        self.start = self.stop = 1
        self.fresh = self.row = 1
        """Where the last new word and the row under way stand."""
        self.known = 0
        """Words copied since the last new one."""
        self.cells = self.numbers = self.bare = self.rows = self.depth = 0
        """Of `numbers`, `bare` stand right after a number: each is a cell for sure."""
        self.tagged = False
        self.limit = WIDEST_ROW
        self.records: list[int] = []
        """The widths of rows wider than all before."""

    def add_number(self, place: int, *, bare: bool) -> None:
        if self.fresh > self.stop:
            self.cells = self.numbers = self.bare = 0
        self.numbers += 1
        self.bare += bare
        self.stop = place

    def add_mark(self, token: str, place: int) -> None:
        if self.fresh > self.stop:
            self.cells = self.numbers = self.bare = 0
        self.stop = place
        mark = MARKS.get(token.rstrip(">").partition(" ")[0] if token[0] == "<" else token)
        if mark is None:
            return
        if mark == "cell" or mark == "tag cell":
            self.cells += 1
            self.tagged = mark == "tag cell"
        elif mark == "tag row" or (mark == "row" and not self.tagged):  # tagged rows may run over lines
            self._end_row()
            self.row = place
        elif mark == "opens":
            self.depth += 1
        elif mark == "closes":
            self.depth = max(0, self.depth - 1)

    def _end_row(self) -> None:
        width = self.cells or self.numbers // 2  # of a plain row: a sum or a date is two or three numbers
        if self.fresh >= self.row:
            self.rows = self.depth = 0
            self.records, self.limit = [], WIDEST_ROW
        elif width:
            self.rows += (
                self.cells > 1 or self.bare > 2 or width > 3
            )  # a few bare numbers may be a column, read after another
            if not self.records or width > self.records[-1]:
                self.records.append(width)
            if len(self.records) >= RAGGED:
                self.limit = max(GROWING, min(WIDEST_ROW, 2 * self.records[-RAGGED]))
        self.cells = self.numbers = self.bare = 0
        self.tagged = False

    @property
    def is_loop(self) -> bool:
        if self.cells > self.limit or self.rows > MOST_ROWS or self.depth > DEEPEST:
            return True
        ragged = len(self.records) > MOST_RECORDS or (len(self.records) >= RAGGED and self.numbers > 2 * self.limit)
        return ragged or self.known > MOST_KNOWN or self.stop - self.fresh > DROUGHT


class Empty:
    """Leaders, rules, zeros and blank cells with nothing new between them, neither a word nor a number."""

    __slots__ = ("line", "lines", "size", "start", "stop")
    kind: Literal["empty"] = "empty"
    peak_laps = 1.0

    def __init__(self, start: int) -> None:
        self.begin(start)

    def begin(self, start: int) -> None:
        """Forget all; the next token stands at place `start`."""
        self.start = self.stop = start
        self.size = self.line = self.lines = 0

    def add(self, token: str, place: int, after: str) -> None:
        """Add a token behind the token `after`."""
        self.stop = place
        size = min(len(token), CELL_SIZE) if token in CELLS else len(token)
        self.size += size
        if token not in LINE_ENDS:
            self.line += size
        else:
            self.line = 0
            self.lines += after[:1] != "<"  # a row that ends with the line is one row, and a cell is none

    @property
    def is_loop(self) -> bool:
        return self.line > EMPTY_LINE or self.lines > EMPTY_LINES or self.size > EMPTY_PAGE
