"""JSON lines: one line a page, each complete in itself."""

from collections.abc import Iterable, Iterator

from ocr.core.document import EngineIdentity, Page, Source
from ocr.formats.json_schema import head_of, to_json
from ocr.formats.text.json_document import compact


def write_json_lines(source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[str]:
    """Yield one line a page: the document's source and engine, and `page`.

    A scan that could not be opened gives one line without `page`.
    """
    head = head_of(source, engine)
    if source.reason:
        yield compact(head) + "\n"
    for page in pages:
        yield compact({**head, "page": to_json(page)}) + "\n"
