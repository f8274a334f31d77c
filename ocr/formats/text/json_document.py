"""JSON: the document as `ocr schema` describes it, one page a line."""

import json
from collections.abc import Iterable, Iterator

from ocr.core.document import EngineIdentity, Page, Source
from ocr.formats.json_schema import head_of, to_json


def write_json(source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[str]:
    """Yield the document as one JSON object, with a line for each page."""
    yield compact(head_of(source, engine)).removesuffix("}") + ',"pages":['
    separator = "\n"
    for page in pages:
        yield separator + compact(to_json(page))
        separator = ",\n"
    yield "\n]}\n"


def compact(values: object) -> str:
    """Return JSON without spaces between its parts; letters with accents stay as they are."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
