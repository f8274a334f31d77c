"""ALTO, PAGE XML and hOCR are valid by what is published, and foreign programs read our words in our order."""

import contextlib
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from boxed_pages import FIRST, LOST, READER, SOURCE, UNPLACED, WITH_ROLES
from lxml import etree

from ocr.core.document import CellSpan, Page, Source
from ocr.formats.line_blocks import blocks_of
from ocr.formats.writers import FORMATS
from ocr.text.text_places import words_of

SCHEMAS = Path(__file__).resolve().parents[1] / "fixtures/schemas"
XLINK = """<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">
<attributeGroup name="simpleLink"/></schema>"""
"""In place of the schema of XLink, which ALTO imports from the network and our files do not use."""
SPANNED = replace(
    FIRST,
    tables=(
        replace(
            FIRST.tables[0],
            rows=(("Item", "Valor"), ("Custas R$ 10,00", "")),
            header_rows=1,
            spans=(CellSpan(1, 0, columns=2),),
        ),
    ),
)
CASES = (FIRST, WITH_ROLES, UNPLACED, LOST, SPANNED, replace(FIRST, status="failed", reason="a\x00b -- c", width=0))


class _Local(etree.Resolver):
    def resolve(self, url: str | None, _: str | None, context: Any) -> Any:
        return self.resolve_string(XLINK, context) if url and url.endswith("xlink.xsd") else None


@pytest.fixture(scope="module")
def schemas() -> dict[str, etree.XMLSchema]:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    files = {"alto": "alto-4-4.xsd", "page": "page-2019-07-15.xsd"}
    return {form: etree.XMLSchema(etree.parse(SCHEMAS / name, parser)) for form, name in files.items()}


def written(form: str, pages: Sequence[Page], source: Source = SOURCE) -> bytes:
    return b"".join(FORMATS[form].render(source, READER, pages))


def page_files(pages: Sequence[Page]) -> Iterator[bytes]:
    for _, content in FORMATS["page"].render_parts(SOURCE, READER, pages):
        yield content


@pytest.mark.parametrize("page", CASES)
def test_alto_is_valid(page: Page, schemas: dict[str, etree.XMLSchema]) -> None:
    for source, pages in ((SOURCE, [page]), (replace(SOURCE, pages=0, reason="is <damaged>"), [])):
        tree = etree.fromstring(written("alto", pages, source))
        assert schemas["alto"].validate(tree), schemas["alto"].error_log


@pytest.mark.parametrize("page", CASES)
def test_page_xml_is_valid(page: Page, schemas: dict[str, etree.XMLSchema]) -> None:
    for content in page_files([page]):
        assert schemas["page"].validate(etree.fromstring(content)), schemas["page"].error_log


def test_the_schemas_refuse_what_is_not_valid(schemas: dict[str, etree.XMLSchema]) -> None:
    alto = written("alto", [FIRST])
    (page,) = page_files([FIRST])
    for form, content, right, wrong in (
        ("alto", alto, b'WC="0.97"', b'WC="97"'), ("alto", alto, b"<Tags>", b"<Tags><Other/>"),
        ("page", page, b'conf="0.97"', b'conf="97"'), ("page", page, b'regionRef="r2"', b'regionRef="r 2"'),
    ):  # fmt: skip
        assert right in content
        assert not schemas[form].validate(etree.fromstring(content.replace(right, wrong)))


def optional(name: str, package: str) -> ModuleType:
    """A package that reads one of the formats."""
    return pytest.importorskip(name, reason=f"pip install {package}")


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_hocr_follows_its_specification(tmp_path: Path) -> None:
    validate = optional("hocr_spec.validate", "hocr-spec")
    for number, page in enumerate(CASES):
        path = tmp_path / f"{number}.hocr"
        path.write_bytes(written("hocr", [page]))
        report = validate.HocrValidator("standard").validate(str(path))
        # The specification leaves names with `x_` to each engine; the checker knows those of two engines only.
        assert [item for item in report.items if item.level in ("ERROR", "FATAL") and "x_role" not in str(item)] == []
    path.write_bytes(written("hocr", [FIRST]).replace(b"bbox 100 ", b"bbox a "))
    assert not validate.HocrValidator("standard").validate(str(path)).is_valid()


def our_words(page: Page, *, in_blocks: bool = True) -> list[str]:
    lines = [line for block in blocks_of(page) for line in block.lines] if in_blocks else page.lines
    return [word.text for line in lines for word in words_of(line)]


def test_alto_tools_reads_our_words() -> None:
    reader = optional("alto_tools.alto_tools", "alto-tools")
    for page in (FIRST, WITH_ROLES, UNPLACED):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            _, tree, namespace = reader.alto_parse(io.BytesIO(written("alto", [page])))
            reader.alto_text(tree, namespace)
        # ALTO has margins before the print space; IDNEXT gives the order, which this program does not follow.
        assert sorted(printed.getvalue().split()) == sorted(our_words(page))
        body = [word.text for line in page.lines if line.field == "text" for word in line.words]
        assert " ".join(body) in " ".join(printed.getvalue().split())


def test_ocrmypdf_reads_our_words_from_hocr(tmp_path: Path) -> None:
    reader = optional("ocrmypdf.hocrtransform.hocr_parser", "ocrmypdf")
    for page in (FIRST, WITH_ROLES, UNPLACED):
        path = tmp_path / "a.hocr"
        path.write_bytes(written("hocr", [page]))
        lines = [line for paragraph in reader.HocrParser(path).parse().children for line in paragraph.children]
        words = [word.text for line in lines for word in line.children]
        assert words == [unicodedata.normalize("NFKC", word) for word in our_words(page)]


def test_pagexml_tools_reads_our_words(tmp_path: Path) -> None:
    reader = optional("pagexml.parser", "pagexml-tools")
    for page in (replace(FIRST, tables=()), WITH_ROLES, UNPLACED):  # it leaves out the text inside tables
        path = tmp_path / "a.xml"
        path.write_bytes(b"".join(page_files([page])))
        scan = reader.parse_pagexml_file(str(path))
        regions = {region.id: region for region in scan.get_all_text_regions()}
        order = [regions[name] for _, name in sorted(scan.reading_order.items())]
        found = [word.text for region in order for line in region.lines for word in line.words]
        assert found == our_words(page)
