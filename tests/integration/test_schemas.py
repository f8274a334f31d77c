"""PAGE XML is valid against the published schema, in the copy that OCR-D's validators ship."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from boxed_pages import FIRST, LOST, READER, SOURCE, UNPLACED, WITH_ROLES
from lxml import etree

from ocr.formats.writers import FORMATS

PLACE = find_spec("ocrd_validators")
"""Looked up without an import: only its schema file is used."""


@pytest.mark.skipif(PLACE is None, reason="needs the schema in ocrd_validators: pip install --no-deps ocrd_validators")
@pytest.mark.parametrize("page", [FIRST, WITH_ROLES, UNPLACED, LOST])
def test_page_xml_is_valid(page: object) -> None:
    assert PLACE is not None and PLACE.submodule_search_locations is not None
    schema = etree.XMLSchema(etree.parse(Path(PLACE.submodule_search_locations[0]) / "page.xsd"))
    for _, content in FORMATS["page"].render_parts(SOURCE, READER, [page]):  # type: ignore[list-item]
        assert schema.validate(etree.fromstring(content)), schema.error_log
