"""CSV: one file a table, as RFC 4180 describes it, in UTF-8."""

import csv
import io
from collections.abc import Iterable, Iterator

from ocr.core.document import EngineIdentity, Page, Source
from ocr.formats.page_blocks import one_line


def write_csv_tables(source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[tuple[str, str]]:
    """Yield (label, rows) for each table. The label is `.page-`, the page, `-table-`, and the table of that page."""
    del source, engine
    for page in pages:
        for number, table in enumerate(page.tables, start=1):
            buffer = io.StringIO()
            csv.writer(buffer).writerows([one_line(cell) for cell in row] for row in table.rows)
            yield f".page-{page.number}-table-{number}", buffer.getvalue()
