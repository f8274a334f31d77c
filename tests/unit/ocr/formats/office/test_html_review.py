from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from boxed_pages import FIRST, PAGES, READER, SOURCE
from PIL import Image

from ocr.core.document import CellSpan, Page, Table
from ocr.formats.scan_job import ScanJob
from ocr.formats.writers import FORMATS


def written(folder: Path, pages: tuple[Page, ...] = PAGES) -> str:
    scan = folder / "a.tiff"
    images = [Image.new("L", (1200, 1600), shade) for shade in (100, 200)]
    images[0].save(scan, save_all=True, append_images=images[1:])
    job = ScanJob(SOURCE, READER, pages, scan, folder)
    return b"".join(FORMATS["html"].render_scan(job)).decode("utf-8")


class Elements(HTMLParser):
    """The start tags of a document, with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


def test_pages_show_picture_text_tables_and_marks(tmp_path: Path) -> None:
    page = Elements(written(tmp_path))
    pictures = page.of("img")
    assert [picture["alt"] for picture in pictures] == ["Scan of page 1", "Scan of page 2"]
    assert all((picture["src"] or "").startswith("data:image/jpeg;base64,") for picture in pictures)
    assert len(page.of("table")) == 1
    assert len(page.of("td")) == 4
    marks = [(mark.get("class"), mark.get("title")) for mark in page.of("mark") if mark.get("title")]
    assert marks.count(("low", "confidence 40%")) == len(FIRST.lines[2].words)
    assert marks.count((None, "confidence 80%")) == 2
    assert "lação à 2ª Câmara <sic>." in page.words
    assert "sem caixas." in page.words


def test_it_loads_nothing_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    page = Elements(written(tmp_path))
    assert not page.of("script") and not page.of("link")
    addresses = [
        value or "" for _, attributes in page.found for key, value in attributes.items() if key in ("src", "href")
    ]
    assert all(address.startswith(("#", "data:")) for address in addresses)
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {address[1:] for address in addresses if address.startswith("#")} <= set(ids)
    assert page.of("html")[0]["lang"] == "en"
    assert {part["lang"] for part in page.of("div")} == {"pt-BR"}


def test_pages_to_look_at_are_listed(tmp_path: Path) -> None:
    text = written(tmp_path)
    assert '<li><a href="#page-1">Page 1: look at this page again (low confidence)</a></li>' in text
    assert '<li><a href="#page-3">Page 3: this page could not be opened' in text
    whole = written(tmp_path, (replace(FIRST, flags=()),))
    assert "<p>None.</p>" in whole


def test_a_table_without_lines_and_lines_without_a_table_are_shown(tmp_path: Path) -> None:
    more = (*FIRST.tables, Table((0, 0, 1, 1), (("sobra",),), after=9))
    assert "<td>sobra</td>" in written(tmp_path, (replace(FIRST, tables=more),))
    assert "Custas" in written(tmp_path, (replace(FIRST, tables=()),))


def test_a_doubtful_word_and_its_place_in_the_picture_lead_to_each_other(tmp_path: Path) -> None:
    page = Elements(written(tmp_path))
    words = {link["id"]: link for link in page.of("a") if link.get("class") == "word"}
    places = {link["id"]: link for link in page.of("a") if link.get("class") == "spot"}
    assert len(words) == len(places) == 5 + 2
    assert all(places[(link["href"] or "")[1:]]["href"] == f"#{name}" for name, link in words.items())
    first = places["place-1-1"]
    assert first["aria-label"] == "lação, confidence 40%"
    assert first["style"] == "left:16.67%;top:16.25%;width:8.33%;height:2.50%"


def test_a_page_without_picture_has_no_places_in_it(tmp_path: Path) -> None:
    page = Elements(written(tmp_path, (replace(FIRST, status="unreadable"),)))
    assert not [link for link in page.of("a") if link.get("class") == "spot"]
    ids = {attributes.get("id") for _, attributes in page.found}
    assert {(link["href"] or "")[1:] for link in page.of("a")} <= ids


def test_heads_spans_and_amounts_of_a_table(tmp_path: Path) -> None:
    rows = (("Órgão", "", "Valor"), ("Câmara", "1", "R$ 1.250.000,00"), ("Sala 3", "x", "(12,5%)"))
    table = replace(FIRST.tables[0], rows=rows, header_rows=1, spans=(CellSpan(0, 0, columns=2),))
    page = Elements(written(tmp_path, (replace(FIRST, tables=(table,)),)))
    assert page.of("th") == [{"scope": "col", "colspan": "2"}, {"scope": "col"}]
    assert [cell.get("class") for cell in page.of("td")] == [None, "number", "number", None, None, "number"]
