"""The JSON form of a document, and the JSON Schema that describes it.

Both come from the dataclasses of `ocr.core.document`, so the files and their schema cannot differ.
"""

from itertools import product
from typing import Any

from pydantic import TypeAdapter

from ocr.core.document import Document, EngineIdentity, Page, Source

SCHEMA_VERSION = 1
"""Raised when a field changes its meaning or is removed; a new field does not raise it."""
ADDED: dict[str, dict[str, object]] = {
    "Page": {"unplaced_words": 0, "gaps": []},
    "Line": {"role": None, "block": None},
    "Table": {"header_rows": 0, "spans": []},
}
"""Keys that came later, and the value that says nothing, such as "not known": they are left out then.

So a page that was arranged before these keys were known is written as it was then, byte for byte.
"""

_DOCUMENT: TypeAdapter[Document] = TypeAdapter(Document)
_PAGE: TypeAdapter[Page] = TypeAdapter(Page)


def to_json(value: Document | Page) -> dict[str, Any]:
    """Return JSON-ready values of a page, or of a document with `schema_version` in front."""
    if isinstance(value, Page):
        return _known_only(_PAGE.dump_python(value, mode="json"))
    document = _DOCUMENT.dump_python(value, mode="json")
    return {"schema_version": SCHEMA_VERSION, **document, "pages": [_known_only(page) for page in document["pages"]]}


def _known_only(page: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON of a page without the added keys whose values are not known."""
    for kind, parts in (("Page", [page]), ("Line", page["lines"]), ("Table", page["tables"])):
        for part, (key, unknown) in product(parts, ADDED[kind].items()):
            if part[key] == unknown:
                del part[key]
    return page


def head_of(source: Source, engine: EngineIdentity) -> dict[str, Any]:
    """Return what a document says before its pages: schema version, source and engine."""
    return {
        "schema_version": SCHEMA_VERSION,
        "source": {"path": source.path, "sha256": source.sha256, "pages": source.pages, "reason": source.reason},
        "engine": {"name": engine.name, "fingerprint": engine.fingerprint},
    }


def document_from_json(values: dict[str, Any]) -> Document:
    """Return the document that `to_json` was given; raises `pydantic.ValidationError` for other values."""
    return _DOCUMENT.validate_python({key: value for key, value in values.items() if key != "schema_version"})


def output_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one `.json` output file."""
    schema = _DOCUMENT.json_schema(mode="serialization")
    schema["properties"] = {"schema_version": {"const": SCHEMA_VERSION}, **schema["properties"]}
    schema["required"] = ["schema_version", *schema["required"]]
    for kind, added in ADDED.items():
        part = schema["$defs"][kind]
        part["required"] = [key for key in part["required"] if key not in added]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lusocr document",
        **{key: value for key, value in schema.items() if key != "title"},
    }
