"""The shape of an output file, in one place: JSON values of a Document, and the JSON Schema of the same.

Both come from the dataclasses of `ocr.core.document`, so that what is written and what is promised cannot drift apart.
"""

from typing import Any

from pydantic import TypeAdapter

from ocr.core.document import Document, Page

SCHEMA_VERSION = 1
"""Raised when a field changes its meaning or goes away; a new field does not raise it."""


_DOCUMENT: TypeAdapter[Document] = TypeAdapter(Document)
_PAGE: TypeAdapter[Page] = TypeAdapter(Page)


def to_json(value: Document | Page) -> dict[str, Any]:
    """JSON-ready values of a page, or of a document with `schema_version` in front."""
    if isinstance(value, Page):
        page: dict[str, Any] = _PAGE.dump_python(value, mode="json")
        return page
    return {"schema_version": SCHEMA_VERSION, **_DOCUMENT.dump_python(value, mode="json")}


def document_from_json(values: dict[str, Any]) -> Document:
    """The inverse of `to_json` for a document; raises `pydantic.ValidationError` on another shape."""
    return _DOCUMENT.validate_python({key: value for key, value in values.items() if key != "schema_version"})


def output_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one `.json` output file."""
    schema = _DOCUMENT.json_schema(mode="serialization")
    schema["properties"] = {"schema_version": {"const": SCHEMA_VERSION}, **schema["properties"]}
    schema["required"] = ["schema_version", *schema["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "lusocr document",
        **{key: value for key, value in schema.items() if key != "title"},
    }
