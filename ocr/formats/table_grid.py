"""The cells of a table as markup writes them: column heads, and cells that cover more than one row or column."""

from dataclasses import dataclass

from ocr.core.document import Table


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell of a table."""

    text: str
    is_head: bool
    """It is the head of a column."""
    rows: int = 1
    """How many rows it covers."""
    columns: int = 1
    """How many columns it covers."""


def grid_of(table: Table) -> list[list[GridCell]]:
    """Return the cells of each row from left to right, without those that a larger cell covers."""
    spans = {(span.row, span.column): span for span in table.spans}
    covered = {
        (row, column)
        for span in table.spans
        for row in range(span.row, span.row + span.rows)
        for column in range(span.column, span.column + span.columns)
    } - spans.keys()
    grid = []
    for row, cells in enumerate(table.rows):
        kept = []
        for column, text in enumerate(cells):
            if (row, column) in covered and not text.strip():
                continue
            span = spans.get((row, column))
            size = (span.rows, span.columns) if span is not None else (1, 1)
            kept.append(GridCell(text, row < table.header_rows, *size))
        grid.append(kept)
    return grid
