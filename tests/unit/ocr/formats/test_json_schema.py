"""The JSON of an output file follows the schema that is published, and comes back as it went."""

import jsonschema
import pytest

from ocr.core.document import Document, EngineIdentity, Line, Page, Source, Table, Word
from ocr.formats.json_schema import document_from_json, output_schema, to_json

DOCUMENT = Document(
    Source("autos/fl 1.pdf", "0" * 64, 2),
    EngineIdentity("rapid", "rapid;1"),
    (
        Page(
            1,
            "ok",
            text="São José,\nfar-se-á",
            paragraphs=("São José, far-se-á",),
            lines=(Line("São José,", (1, 2, 30, 12), 0.9, (Word("São", (1, 2, 10, 12), 0.9),)),),
            tables=(Table((0, 0, 9, 9), (("a", "b"), ("c", ""))),),
            flags=("low confidence: 0.51",),
            confidence=0.51,
        ),
        Page(2, "unreadable", reason="page 2 cannot be decoded"),
    ),
)


def test_a_document_comes_back_as_it_went() -> None:
    assert document_from_json(to_json(DOCUMENT)) == DOCUMENT


def test_what_is_written_follows_the_schema() -> None:
    values = to_json(DOCUMENT)
    assert next(iter(values)) == "schema_version"
    jsonschema.Draft202012Validator.check_schema(output_schema())
    jsonschema.validate(values, output_schema())


@pytest.mark.parametrize("path", ["schema_version", "source", "pages"])
def test_the_schema_refuses_a_document_without_its_parts(path: str) -> None:
    values = to_json(DOCUMENT)
    del values[path]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values, output_schema())


def test_the_schema_refuses_an_unknown_status() -> None:
    values = to_json(DOCUMENT)
    values["pages"][0]["status"] = "fine"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(values, output_schema())


def test_a_document_of_schema_version_1_is_read() -> None:
    values = to_json(DOCUMENT)
    values["schema_version"] = 1
    for line in values["pages"][0]["lines"]:
        del line["role"], line["block"]
    for table in values["pages"][0]["tables"]:
        del table["header_rows"], table["spans"]
    assert document_from_json(values) == DOCUMENT
