"""The one parser of ALTO and PAGE XML: what is read of a file, and what is refused."""

import pytest

from data.importers.alto_page_xml import parse_xml

ALTO = """<alto><Layout><Page><PrintSpace><TextLine ID="a" HPOS="1" VPOS="2" WIDTH="3" HEIGHT="4">
<String CONTENT="pala"/>{hyphen}</TextLine><TextLine HPOS="x"><String CONTENT="vra"/><String/></TextLine>
</PrintSpace></Page><Page><BottomMargin><TextLine><String CONTENT="2"/></TextLine></BottomMargin></Page></Layout>
</alto>"""


@pytest.mark.parametrize(
    ("hyphen", "text"),
    [('<HYP CONTENT="-"/>', "pala-"), ("<HYP/>", "pala-"), ('<HYP CONTENT="⸗"/>', "pala⸗"), ("", "pala")],
)
def test_alto_without_a_namespace(hyphen: str, text: str) -> None:
    document = parse_xml(ALTO.format(hyphen=hyphen).encode())
    assert (document.form, document.unit, document.image) == ("alto", "pixel", "")
    (first, second), (third,) = document.pages
    assert (first.id, first.text, first.box) == ("a", text, (1, 2, 4, 6))
    assert (second.text, second.box) == ("vra", None)
    assert (third.field, third.text) == ("footer", "2")


def test_a_region_without_lines_counts_as_one_line() -> None:
    content = """<PcGts><Page><TextRegion id="r" type="header">
    <TextEquiv><Unicode>topo</Unicode></TextEquiv></TextRegion>
    <TextRegion id="s"><TextLine id="l"/></TextRegion></Page></PcGts>"""
    ((region, line),) = parse_xml(content.encode()).pages
    assert (region.id, region.field, region.text, region.box) == ("r", "header", "topo", None)
    assert (line.id, line.text) == ("l", "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<alto", "is not XML"),
        (b"", "is not XML"),
        (b"<html/>", "neither ALTO nor PAGE XML, but <html>"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><alto/>", "document type"),
        (b"<alto>" + b" " * 3000 + b"<!ENTITY b 'c'></alto>", "document type"),
    ],
)
def test_what_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_xml(content)
