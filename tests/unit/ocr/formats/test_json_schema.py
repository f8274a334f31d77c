"""The JSON of an output file follows the schema that is published, and comes back as it went."""

from dataclasses import replace

import jsonschema
import pytest

from ocr.core.document import CellSpan, Document, EngineIdentity, Line, Page, Source, Table, Word
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


def test_keys_that_came_later_are_left_out_where_nothing_is_known() -> None:
    """So `ocr verify` finds files that were written before these keys were known as they were."""
    values = to_json(DOCUMENT)
    assert list(values["pages"][0]["lines"][0]) == ["text", "box", "confidence", "words", "field"]
    assert list(values["pages"][0]["tables"][0]) == ["box", "rows", "after"]


def test_known_roles_blocks_and_spans_are_written_and_come_back() -> None:
    line = Line("Nome", (0, 0, 9, 9), role="table-cell", block=0)
    table = Table((0, 0, 9, 9), (("Nome", ""),), header_rows=1, spans=(CellSpan(0, 0, columns=2),))
    known = replace(DOCUMENT, pages=(Page(1, "ok", text="Nome", lines=(line,), tables=(table,)),))
    values = to_json(known)
    jsonschema.validate(values, output_schema())
    assert (values["pages"][0]["lines"][0]["role"], values["pages"][0]["lines"][0]["block"]) == ("table-cell", 0)
    assert values["pages"][0]["tables"][0]["header_rows"] == 1
    assert document_from_json(values) == known
