"""Find cells that cover several rows or columns where no ruling line shows it."""

from collections.abc import Iterator, Mapping, Sequence

from ocr.core.document import Box, CellSpan
from ocr.layout.learned.line_chains import PrintedLine

STUBS, CENTERED = 1, 0.4
"""First columns whose cells may cover several rows, and line heights between the middle of such a cell and that of the
rows, at most."""

Ways = dict[int, tuple[float, list[tuple[int, int]]]]
"""By the first row that is free: how far the cells so far stand from the middles of their rows, and these rows."""


def raise_tall_cells(
    cells: dict[tuple[int, int], list[int]], size: tuple[int, int], lines: Sequence[PrintedLine]
) -> dict[tuple[int, int], int]:
    """Move cells that stand in the middle of several rows to the first of these; return how many rows each covers.

    A column is taken so only if its cells, each in the middle of its rows, cover all rows of the table (rows, columns).
    """
    tall = {}
    for column in range(min(STUBS, size[1])):
        filled = [row for row in range(size[0]) if (row, column) in cells]
        if not 1 < len(filled) < size[0]:
            continue
        others: list[list[Box]] = [[] for _ in range(size[0])]
        for (row, other), places in cells.items():
            if other != column:
                others[row] += [lines[place].box for place in places]
        if not all(others):
            continue
        rows = [(min(box[1] for box in boxes), max(box[3] for box in boxes)) for boxes in others]
        reach = _covered([(row, _half_height(cells[row, column], lines)) for row in filled], rows)
        for row, (first, last) in zip(filled, reach, strict=False):
            if last > first:
                cells[first, column] = cells.pop((row, column))
                tall[first, column] = last - first + 1
    return tall


def _covered(cells: Sequence[tuple[int, float]], rows: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """Return the first and last row that each cell (row, middle) of a column covers; none where they do not fit.

    `rows` are the upper and lower ends of the rows. A cell stands in the middle of its rows, or in its one row.
    """
    ways: Ways = {0: (0.0, [])}
    for number, (row, middle) in enumerate(cells):
        after = cells[number + 1][0] if number + 1 < len(cells) else len(rows)
        following: Ways = {}
        for first, (cost, spans) in ways.items():
            for last, away in _ends(first, range(row, after), middle, rows):
                way = cost + away, [*spans, (first, last)]
                following[last + 1] = min(way, following.get(last + 1, way))
        ways = following
    return ways[len(rows)][1] if len(rows) in ways else []


def _ends(first: int, lasts: range, middle: float, rows: Sequence[tuple[float, float]]) -> Iterator[tuple[int, float]]:
    """Yield the last rows that a cell may cover from `first` on, and how far it then stands from their middle."""
    for last in lasts if first <= lasts.start else ():
        away = abs((rows[first][0] + rows[last][1]) / 2 - middle)
        if away < CENTERED or first == last:
            yield last, min(away, CENTERED)


def _half_height(places: Sequence[int], lines: Sequence[PrintedLine]) -> float:
    """Return the middle between the upper and the lower end of a cell."""
    return (min(lines[place].box[1] for place in places) + max(lines[place].box[3] for place in places)) / 2


def find_spans(
    cells: Sequence[tuple[tuple[int, int], Sequence[int]]],
    columns: Sequence[Sequence[int]],
    lines: Sequence[PrintedLine],
    tall: Mapping[tuple[int, int], int],
) -> tuple[CellSpan, ...]:
    """Return the cells that reach over later columns which are empty in their rows, and those of several rows."""
    covered = {(row + n, column) for (row, column), _ in cells for n in range(tall.get((row, column), 1))}
    starts = [min(lines[place].box[0] for place in column) for column in columns]
    spans = []
    for (row, column), places in cells:
        rows = tall.get((row, column), 1)
        right = max(lines[place].box[2] for place in places)
        end = column + 1
        while end < len(columns) and right > starts[end] + 0.5:
            if any((row + n, end) in covered for n in range(rows)):
                break
            end += 1
        if end > column + 1 or rows > 1:
            spans.append(CellSpan(row, column, rows, end - column))
    return tuple(spans)
