"""Find cells that cover several rows or columns where no ruling line shows it."""

from collections.abc import Mapping, Sequence

from ocr.core.document import CellSpan
from ocr.layout.learned.line_chains import PrintedLine

STUBS, CENTERED = 1, 0.4
"""First columns whose cells may cover several rows, and line heights between the middle of such a cell and that of the
rows, at most."""


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
        others = [
            [lines[place].box for (at, c), places in cells.items() if at == row and c != column for place in places]
            for row in range(size[0])
        ]
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
    known: dict[tuple[int, int], tuple[float, list[tuple[int, int]]] | None] = {}

    def best(number: int, first: int) -> tuple[float, list[tuple[int, int]]] | None:
        """Return how far the cells from `number` on are away from the middle of rows from `first` on, and these."""
        if number == len(cells):
            return (0.0, []) if first == len(rows) else None
        if (number, first) in known:
            return known[number, first]
        row, middle = cells[number]
        after = cells[number + 1][0] if number + 1 < len(cells) else len(rows)
        found = []
        for last in range(row, after) if first <= row else ():
            away = abs((rows[first][0] + rows[last][1]) / 2 - middle)
            rest = best(number + 1, last + 1) if away < CENTERED or first == last else None
            if rest:
                found.append((min(away, CENTERED) + rest[0], [(first, last), *rest[1]]))
        known[number, first] = min(found, default=None)
        return known[number, first]

    fitting = best(0, 0)
    return fitting[1] if fitting else []


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
