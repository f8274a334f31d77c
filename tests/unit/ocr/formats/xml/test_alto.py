from xml.etree import ElementTree

from boxed_pages import FIRST, PAGES, READER, SOURCE

from data.importers.alto_page_xml import parse_xml
from ocr.core.document import FIELDS, Source
from ocr.formats.writers import FORMATS

NAMESPACE = {"a": "http://www.loc.gov/standards/alto/ns-v4#"}


def written(source: Source = SOURCE) -> bytes:
    return b"".join(FORMATS["alto"].render(source, READER, PAGES if source.pages else ()))


def test_our_importer_reads_the_same_lines() -> None:
    document = parse_xml(written())
    assert (document.form, document.image, document.unit, len(document.pages)) == ("alto", SOURCE.path, "pixel", 3)
    for field in FIELDS:
        read = [(one.text, one.box) for one in document.pages[0] if one.field == field]
        assert read == [(one.text, one.box) for one in FIRST.lines if one.field == field]
    assert [one.text for one in document.pages[1]] == ["Texto de um modelo,", "sem caixas."]
    assert document.pages[2] == ()


def test_structure_order_and_origin() -> None:
    root = ElementTree.fromstring(written())
    page = root.find(".//a:Page", NAMESPACE)
    assert page is not None
    assert [space.tag.rpartition("}")[2] for space in page] == [
        "TopMargin",
        "RightMargin",
        "BottomMargin",
        "PrintSpace",
    ]
    blocks = {block.get("ID"): block.get("IDNEXT") for block in page.iter() if block.get("ID", "").count("_") == 1}
    assert blocks == {f"p1_b{n}": f"p1_b{n + 1}" if n < 6 else None for n in range(1, 7)}
    assert [table.get("TYPE") for table in page.iterfind(".//a:ComposedBlock", NAMESPACE)] == ["table"]
    words = list(page.iterfind(".//a:String", NAMESPACE))
    assert len(words) == sum(len(one.words) for one in FIRST.lines)
    assert {word.get("WC") for word in words} == {"0.97", "0.4", "0.8", None}
    assert root.findtext(".//a:processingStepSettings", namespaces=NAMESPACE) == READER.fingerprint


def test_every_id_is_unique_and_every_reference_leads_somewhere() -> None:
    root = ElementTree.fromstring(written())
    ids = [part.get("ID") for part in root.iter() if part.get("ID")]
    assert len(ids) == len(set(ids))
    following = {part.get("IDNEXT") for part in root.iter() if part.get("IDNEXT")}
    assert following <= set(ids)


def test_a_file_that_could_not_be_opened_has_one_empty_page_as_the_schema_wants() -> None:
    root = ElementTree.fromstring(written(Source("a.pdf", "a" * 64, 0, "the PDF is encrypted")))
    (page,) = root.iterfind(".//a:Page", NAMESPACE)
    assert page.attrib == {"ID": "p0", "PHYSICAL_IMG_NR": "0"} and len(page) == 0
    assert root.findtext(".//a:processingStepDescription", namespaces=NAMESPACE) == "the PDF is encrypted"
