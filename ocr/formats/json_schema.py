"""The JSON form of a document, and the JSON Schema that describes it.

Both come from the dataclasses of `ocr.core.document`, so the files and their schema cannot differ.
"""

from typing import Any

from pydantic import TypeAdapter

from ocr.core.document import Document, EngineIdentity, Page, Source

SCHEMA_VERSION = 2
"""Raised when keys are added, change their meaning or are removed. Files of earlier versions are read too.

2 adds `role` and `block` to lines, `header_rows` and `spans` to tables.
"""

_DOCUMENT: TypeAdapter[Document] = TypeAdapter(Document)
_PAGE: TypeAdapter[Page] = TypeAdapter(Page)


def to_json(value: Document | Page) -> dict[str, Any]:
    """Return JSON-ready values of a page, or of a document with `schema_version` in front."""
    if isinstance(value, Page):
        page: dict[str, Any] = _PAGE.dump_python(value, mode="json")
        return page
    return {"schema_version": SCHEMA_VERSION, **_DOCUMENT.dump_python(value, mode="json")}


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
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lusocr document",
        **{key: value for key, value in schema.items() if key != "title"},
    }
