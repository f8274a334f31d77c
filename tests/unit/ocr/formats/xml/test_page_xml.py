from xml.etree import ElementTree

from boxed_pages import FIRST, PAGES, READER, SOURCE

from data.importers.alto_page_xml import parse_xml
from ocr.formats.writers import FORMATS

NAMESPACE = {"p": "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"}


def written() -> dict[str, bytes]:
    return dict(FORMATS["page"].render_parts(SOURCE, READER, PAGES))


def test_there_is_one_file_a_page() -> None:
    assert list(written()) == [".page-1", ".page-2", ".page-3"]


def test_our_importer_reads_the_same_lines_in_the_same_order() -> None:
    document = parse_xml(written()[".page-1"])
    assert (document.form, document.image) == ("page-xml", SOURCE.path)
    assert [(one.text, one.box, one.field) for one in document.pages[0]] == [
        (one.text, one.box, one.field) for one in FIRST.lines
    ]
    (unplaced,) = parse_xml(written()[".page-2"]).pages
    assert [one.text for one in unplaced] == ["Texto de um modelo,", "sem caixas."]
    assert parse_xml(written()[".page-3"]).pages == ((),)


def test_words_confidences_and_origin() -> None:
    root = ElementTree.fromstring(written()[".page-1"])
    words = root.findall(".//p:Word", NAMESPACE)
    assert [word.findtext("p:TextEquiv/p:Unicode", namespaces=NAMESPACE) for word in words] == [
        word.text for one in FIRST.lines for word in one.words
    ]
    confidences = {word.find("p:TextEquiv", NAMESPACE).get("conf") for word in words}  # type: ignore[union-attr]
    assert confidences == {"0.97", "0.4", "0.8", None}
    label = root.find(".//p:Label", NAMESPACE)
    assert label is not None
    assert label.get("value") == READER.fingerprint
    assert root.findtext(".//p:Comments", namespaces=NAMESPACE) == "ok; low confidence"
    ids = [part.get("id") for part in root.iter() if part.get("id")]
    assert len(ids) == len(set(ids))
    assert {ref.get("regionRef") for ref in root.iterfind(".//p:RegionRefIndexed", NAMESPACE)} <= set(ids)
