"""Every form that true pages come in, and what is said of forms that are wrong."""

import base64
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from eval.datasets import open_data
from eval.metrics.composite import parse_fields
from eval.reference_files import read_page_texts
from ocr.core.errors import DataError

ALTO = """<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout><Page ID="p1">
<TopMargin><TextBlock><TextLine><String CONTENT="DIÁRIO"/><SP/><String CONTENT="OFICIAL"/></TextLine></TextBlock>
</TopMargin>
<LeftMargin><TextBlock><TextLine><String CONTENT="fls."/><SP/><String CONTENT="3"/></TextLine></TextBlock></LeftMargin>
<PrintSpace><TextBlock><TextLine><String CONTENT="a"/><SP/><String CONTENT="apela"/><HYP CONTENT="-"/></TextLine>
<TextLine><String CONTENT="ção"/></TextLine></TextBlock></PrintSpace></Page></Layout></alto>"""

PAGE_XML = """<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"><Page imageFilename="x.png">
<ReadingOrder><OrderedGroup id="g">
<RegionRefIndexed index="0" regionRef="r2"/><RegionRefIndexed index="1" regionRef="r1"/>
</OrderedGroup></ReadingOrder>
<TextRegion id="r1" type="paragraph"><TextLine id="l2"><Word><TextEquiv><Unicode>não</Unicode></TextEquiv></Word>
<TextEquiv><Unicode>segunda</Unicode></TextEquiv></TextLine></TextRegion>
<TextRegion id="r2" type="paragraph">
<TextLine id="l1"><TextEquiv><Unicode>primeira</Unicode></TextEquiv></TextLine></TextRegion>
<TextRegion id="r3" type="page-number"><TextEquiv><Unicode>7</Unicode></TextEquiv></TextRegion>
</Page></PcGts>"""


def picture(path: Path, shade: int = 200) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (40, 60), shade).save(path)
    return path


def test_the_samples_are_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = open_data("samples", tmp_path)
    assert len(data.pages) > len({page.document for page in data.pages}) > 3
    assert all(page.scan.is_file() and parse_fields(page.reference) for page in data.pages)


def test_a_folder_of_pairs_with_named_skips(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "sub/c.jpg", "d.png", "e.png", "f.png"):
        picture(tmp_path / name)
    (tmp_path / "a.txt").write_text("texto da página", encoding="utf-8")
    (tmp_path / "b.png.json").write_text('{"text": "corpo", "header": "topo"}', encoding="utf-8")
    (tmp_path / "sub/truth").mkdir()
    (tmp_path / "sub/truth/c.jpg.json").write_text('[{"text": "um"}, {"text": "dois"}]', encoding="utf-8")
    (tmp_path / "d.txt").write_bytes("ação".encode("latin-1"))
    (tmp_path / "e.json").write_text('{"words": []}', encoding="utf-8")
    data = open_data(str(tmp_path), tmp_path / "work")
    assert {page.id: page.reference for page in data.pages} == {
        "a.png": "texto da página",
        "b.png": '{"text": "corpo", "header": "topo"}',
        "sub/c.jpg#1": '{"text": "um"}',
        "sub/c.jpg#2": '{"text": "dois"}',
    }
    assert {page.document for page in data.pages} == {"a.png", "b.png", "sub/c.jpg"}
    assert len(data.left_out) == 3
    assert any("d.txt: is not UTF-8" in reason for reason in data.left_out)
    assert any("e.json: is no page" in reason for reason in data.left_out)
    assert "f.png: no text beside it" in data.left_out


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ALTO, {"header": "DIÁRIO OFICIAL", "text": "a apela-\nção", "margin": "fls. 3"}),
        (PAGE_XML, {"text": "primeira\nsegunda", "footer": "7"}),
    ],
)
def test_alto_and_page_xml(tmp_path: Path, content: str, expected: dict[str, str]) -> None:
    picture(tmp_path / "x.png")
    (tmp_path / "x.xml").write_text(content, encoding="utf-8")
    (page,) = open_data(str(tmp_path), tmp_path / "work").pages
    assert json.loads(page.reference) == expected


@pytest.mark.parametrize("content", ["<html/>", "<alto", "{", "[1]", '{"text": 3}', ""])
def test_a_truth_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / ("x.xml" if content.startswith("<") else "x.json")
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=path.name):
        read_page_texts(path)


def test_a_manifest_of_ours_or_of_others(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.png")
    rows = [
        {"id": "p1", "document": "d1", "image": "images/a.png", "text": "corpo", "header": "topo", "licence": "CC0"},
        {"image": "images/a.png", "text": "só texto", "kind": "printed"},
    ]
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    for name in (str(manifest), str(tmp_path)):
        data = open_data(name, tmp_path / "work")
        assert [(page.id, page.document) for page in data.pages] == [("p1", "d1"), ("row 2", "row 2")]
        assert [page.reference for page in data.pages] == ['{"header": "topo", "text": "corpo"}', "só texto"]
        assert data.licence == "CC0"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b'{"image": "gone.png", "text": "x"}', "row 2: there is no image gone.png"),
        (b'{"text": "x"}', "row 2: 'image' is missing"),
        (b'{"image": "a.png"}', "row 2: text is missing"),
        (b"{", "row 2"),
        ('{"image": "a.png", "text": "ação"}'.encode("latin-1"), "row 2: 'utf-8' codec"),
        (b"[]", "row 2"),
    ],
)
def test_a_bad_manifest_row_is_named_by_number(tmp_path: Path, row: bytes, words: str) -> None:
    picture(tmp_path / "a.png")
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_bytes(b'{"image": "a.png", "text": "x"}\n' + row)
    with pytest.raises(DataError) as caught:
        open_data(str(manifest), tmp_path)
    assert words in caught.value.message


def test_the_columns_of_the_benchmark(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 60), "white").save(buffer, "PNG")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    (tmp_path / "data").mkdir()
    rows = {
        "id": [0, 1, 2, 3],
        "image": [None] * 4,
        "image_base64": [encoded, encoded, "###", base64.b64encode(b"no image").decode()],
        "assistant": ['{"text": "Ação", "footer": "1"}', '{"text": ""}', "{}", "{}"],
        "assistant_without_json": ["Ação 1", "", "", ""],
    }
    pq.write_table(pa.table(rows), tmp_path / "data/test-00000-of-00012.parquet")
    data = open_data(str(tmp_path), tmp_path / "work")
    assert [(page.id, page.reference) for page in data.pages] == [
        ("0", '{"text": "Ação", "footer": "1"}'),
        ("1", '{"text": ""}'),
    ]
    assert data.pages[0].scan.read_bytes() == buffer.getvalue()
    assert data.left_out == ("id 2: image_base64 is not base64", "id 3: holds no image")
    assert "its own" in data.licence


def test_a_table_without_the_columns_is_a_data_error(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "picture": [b""]}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match="assistant"):
        open_data(str(tmp_path / "x.parquet"), tmp_path)


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_to_score_is_a_data_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "empty").mkdir()
    picture(tmp_path / "empty/a.png")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        open_data(name, tmp_path / "work")
    assert caught.value.hint
