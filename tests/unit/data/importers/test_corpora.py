"""Every importer on small files of the real corpus's shape."""

import base64
import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from data.examples import UNREADABLE, for_training, read_manifest
from data.importers.corpora import CORPORA, clean_bressay, import_corpus
from ocr.core.errors import DataError, OutputError, UsageError


def png(width: int = 60, height: int = 40) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height), 255).save(buffer, "PNG")
    return buffer.getvalue()


def parquet(path: Path, rows: list[dict[str, object]]) -> None:
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(arrow.Table.from_pylist(rows), path)


def test_dharma_is_for_testing_only(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {
            "id": 0,
            "image": {"bytes": png(), "path": None},
            "image_base64": None,
            "assistant": json.dumps({"text": "Cons-\ntituição --exl-- fim", "footer": "2"}),
            "assistant_without_json": "ignored",
        },
        {
            "id": 1,
            "image": None,
            "image_base64": base64.b64encode(png()).decode(),
            "assistant": '{"header": "Acórdão", "text": null, "margin": "tab\there"}',
            "assistant_without_json": "",
        },
    ]
    parquet(tmp_path / "data" / "test-00000-of-00012.parquet", rows)
    examples = read_manifest(import_corpus("dharma", str(tmp_path / "data"), tmp_path / "out"))
    assert [example.id for example in examples] == ["dharma-000", "dharma-001"]
    assert examples[0].text == "Cons-\ntituição --exl-- fim" and examples[0].footer == "2"
    assert examples[1].header == "Acórdão" and examples[1].text == "" and examples[1].margin == "tab\there"
    assert all(example.test_only and example.split == "test" for example in examples)
    with pytest.raises(DataError, match="for testing only"):
        for_training(examples)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"id": 1, "image_base64": "", "assistant": "{}"}], "no image"),
        ([{"id": 1, "image_base64": "x", "assistant": "{"}], "not JSON"),
        ([{"number": 1}], "no column assistant, id"),
    ],
)
def test_wrong_dharma_files_are_refused(tmp_path: Path, rows: list[dict[str, object]], words: str) -> None:
    parquet(tmp_path / "a.parquet", rows)
    with pytest.raises(DataError, match=words):
        import_corpus("dharma", str(tmp_path), tmp_path / "out")


def test_a_folder_that_holds_a_data_set_is_not_written_over(tmp_path: Path) -> None:
    for folder, text in (("one", "um"), ("two", "dois")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(png())
        (tmp_path / folder / "a.txt").write_text(text, encoding="utf-8")
    manifest = import_corpus("pairs", str(tmp_path / "one"), tmp_path / "out")
    with pytest.raises(OutputError, match="holds a data set"):
        import_corpus("pairs", str(tmp_path / "two"), tmp_path / "out")
    assert [example.text for example in read_manifest(manifest)] == ["um"]


def test_pages_of_like_names_keep_their_own_images(tmp_path: Path) -> None:
    for number, name in enumerate(("a b", "a_b", "a_b-2")):
        (tmp_path / f"{name}.png").write_bytes(png(60 + number))
        (tmp_path / f"{name}.txt").write_text(str(60 + number), encoding="utf-8")
    examples = read_manifest(import_corpus("pairs", str(tmp_path), tmp_path / "out"))
    assert len({example.id for example in examples}) == 3
    for example in examples:
        with Image.open(tmp_path / "out" / example.image) as image:
            assert str(image.width) == example.text


@pytest.mark.parametrize("source", ["", "nowhere"])
def test_a_corpus_that_is_not_there_leaves_no_folder(tmp_path: Path, source: str) -> None:
    with pytest.raises(DataError) as caught:
        import_corpus("pairs", source, tmp_path / "out")
    assert caught.value.hint and not (tmp_path / "out").exists()


def test_broken_parquet_is_named(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but not really")
    with pytest.raises(DataError, match=r"a\.parquet"):
        import_corpus("dharma", str(tmp_path), tmp_path / "out")


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("uma ##palavra## acima", "uma palavra acima"),
        ("uma $$palavra$$ abaixo", "uma palavra abaixo"),
        ("isto @@???@@ não", f"isto {UNREADABLE} não"),
        ("isto --xxx-- não", f"isto {UNREADABLE} não"),
        ("o --gato-- cão", "o --gato-- cão"),
        ("o ##--xxx--## cão", f"o {UNREADABLE} cão"),
        ("o ##@@???@@## cão $$@@???@@$$", f"o {UNREADABLE} cão {UNREADABLE}"),
        ("linha um  \n  linha dois", "linha um\nlinha dois"),
    ],
)
def test_bressay_markers(written: str, ours: str) -> None:
    assert clean_bressay(written) == ours


def test_bressay_folders_and_partitions(tmp_path: Path) -> None:
    pages = tmp_path / "data" / "pages"
    pages.mkdir(parents=True)
    (tmp_path / "sets").mkdir()
    for name in ("0001", "0002"):
        (pages / f"{name}.png").write_bytes(png())
        (pages / f"{name}.txt").write_text("Redação ##nota##\nfim", encoding="utf-8")
    (tmp_path / "sets" / "test.txt").write_text("0002\n", encoding="utf-8")
    (tmp_path / "sets" / "training.txt").write_text("0001\n", encoding="utf-8")
    examples = read_manifest(import_corpus("bressay", str(tmp_path), tmp_path / "out", licence="by letter"))
    assert [(e.id, e.split, e.text, e.kind, e.licence) for e in examples] == [
        ("bressay-0001", "train", "Redação nota\nfim", "handwritten", "by letter"),
        ("bressay-0002", "test", "Redação nota\nfim", "handwritten", "by letter"),
    ]


def test_ester_archive_and_folder_agree(tmp_path: Path) -> None:
    folder = tmp_path / "ester" / "book"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "ester.zip", "w") as archive:
        for number in (1, 2):
            content = f"linha {number}\nção\n".encode()
            (folder / f"p{number}.png").write_bytes(png())
            (folder / f"p{number}.txt").write_bytes(content)
            archive.writestr(f"ESTER/book/p{number}.png", png())
            archive.writestr(f"ESTER/book/p{number}.txt", content)
    from_folder = read_manifest(import_corpus("ester", str(tmp_path / "ester"), tmp_path / "a"))
    from_archive = read_manifest(import_corpus("ester", str(tmp_path / "ester.zip"), tmp_path / "b"))
    assert from_folder == from_archive
    assert from_folder[1].text == "linha 2\nção" and from_folder[1].document == "book"
    (tmp_path / "bad.zip").write_bytes(b"PK but no")
    with pytest.raises(DataError, match=r"bad\.zip"):
        import_corpus("ester", str(tmp_path / "bad.zip"), tmp_path / "c")


def test_pairs(tmp_path: Path) -> None:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for place in ("a", "sub/a"):
        (tmp_path / "in" / f"{place}.png").write_bytes(png())
        (tmp_path / "in" / f"{place}.txt").write_text(f"texto {place}", encoding="utf-8")
    (tmp_path / "in" / "lonely.png").write_bytes(png())
    examples = read_manifest(import_corpus("pairs", str(tmp_path / "in"), tmp_path / "out"))
    assert [(e.id, e.document, e.text) for e in examples] == [("a", "a", "texto a"), ("a-2", "sub", "texto sub/a")]


ALTO = """<?xml version="1.0"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Description>
<MeasurementUnit>pixel</MeasurementUnit><sourceImageInformation><fileName>scans/p1.png</fileName>
</sourceImageInformation></Description><Layout><Page><TopMargin><TextBlock>
<TextLine HPOS="1" VPOS="1" WIDTH="20" HEIGHT="5">
<String CONTENT="Gazeta"/></TextLine></TextBlock></TopMargin><PrintSpace><TextBlock>
<TextLine HPOS="2" VPOS="10" WIDTH="30" HEIGHT="6"><String CONTENT="A"/>
<SP/><String CONTENT="consti"/><HYP CONTENT="-"/>
</TextLine><TextLine HPOS="2" VPOS="20" WIDTH="900" HEIGHT="6"><String CONTENT="tuição"/></TextLine>
</TextBlock></PrintSpace></Page></Layout></alto>"""

PAGE = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"><Page imageFilename="p1.png">
<TextRegion id="r1" type="paragraph"><TextLine id="l1"><Coords points="1,2 30,2 30,9 1,9"/><TextEquiv>
<Unicode>Foi  hontem</Unicode></TextEquiv></TextLine></TextRegion><TextRegion id="r2" type="marginalia">
<TextLine id="l2"><Coords points="40,2 50,2 50,9 40,9"/><TextEquiv><Unicode>fls. 2</Unicode></TextEquiv></TextLine>
</TextRegion></Page></PcGts>"""


def test_alto(tmp_path: Path) -> None:
    (tmp_path / "p1.xml").write_text(ALTO, encoding="utf-8")
    (tmp_path / "p1.png").write_bytes(png())
    (example,) = read_manifest(import_corpus("alto", str(tmp_path), tmp_path / "out"))
    assert example.header == "Gazeta" and example.text == "A consti-\ntuição"
    assert [line.box for line in example.lines] == [(1, 1, 21, 6), (2, 10, 32, 16), (2, 20, 60, 26)]


def test_page_xml_lines_come_in_the_order_that_the_file_states(tmp_path: Path) -> None:
    order = '<ReadingOrder><OrderedGroup id="g"><RegionRefIndexed index="1" regionRef="r1"/>'
    order += '<RegionRefIndexed index="0" regionRef="r2"/></OrderedGroup></ReadingOrder>'
    content = PAGE.replace("<TextRegion", order + "<TextRegion", 1).replace("marginalia", "paragraph")
    (tmp_path / "p1.xml").write_text(content, encoding="utf-8")
    (tmp_path / "p1.png").write_bytes(png())
    (example,) = read_manifest(import_corpus("page-xml", str(tmp_path), tmp_path / "out"))
    assert example.text == "fls. 2\nFoi hontem"


def test_a_line_without_a_box_is_named(tmp_path: Path) -> None:
    (tmp_path / "p1.xml").write_text(PAGE.replace("40,2 50,2 50,9 40,9", ""), encoding="utf-8")
    (tmp_path / "p1.png").write_bytes(png())
    with pytest.raises(DataError, match="line 'l2' has no box"):
        import_corpus("page-xml", str(tmp_path), tmp_path / "out")


def test_page_xml(tmp_path: Path) -> None:
    (tmp_path / "p1.xml").write_text(PAGE, encoding="utf-8")
    (tmp_path / "p1.png").write_bytes(png())
    (example,) = read_manifest(import_corpus("page-xml", str(tmp_path), tmp_path / "out"))
    assert example.text == "Foi hontem" and example.margin == "fls. 2"
    assert example.lines[0].box == (1, 2, 30, 9)


@pytest.mark.parametrize(
    ("corpus", "content", "words"),
    [
        ("alto", ALTO.replace(">pixel<", ">mm10<"), "mm10"),
        ("alto", ALTO, "is not beside it"),
        ("alto", "<alto", "is not XML"),
        ("alto", "<!DOCTYPE a [<!ENTITY b 'c'>]><alto/>", "document type"),
        ("page-xml", PAGE.replace('points="1,2 30,2 30,9 1,9"', 'points=""'), "no Coords points"),
        ("page-xml", "<other/>", "no page of page-xml found"),
    ],
)
def test_wrong_xml_is_refused(tmp_path: Path, corpus: str, content: str, words: str) -> None:
    (tmp_path / "p9.xml").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        import_corpus(corpus, str(tmp_path), tmp_path / "out")


def test_hub_set_from_a_folder(tmp_path: Path) -> None:
    parquet(tmp_path / "set" / "a.parquet", [{"image": png(), "text": "um", "footer": "p. 1"}])
    (example,) = read_manifest(import_corpus(f"hub:{tmp_path / 'set'}", "", tmp_path / "out"))
    assert (example.text, example.footer) == ("um", "p. 1")
    parquet(tmp_path / "other" / "a.parquet", [{"image": png(), "label": "um"}])
    with pytest.raises(DataError, match="none of the columns"):
        import_corpus(f"hub:{tmp_path / 'other'}", "", tmp_path / "out2")


def test_unknown_corpus_empty_folder_bad_image_and_bad_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no importer 'iam'"):
        import_corpus("iam", str(tmp_path), tmp_path / "out")
    for corpus in CORPORA:
        with pytest.raises(DataError):
            import_corpus(corpus, str(tmp_path), tmp_path / "out")
    (tmp_path / "a.png").write_bytes(b"no image")
    (tmp_path / "a.txt").write_bytes(b"texto")
    with pytest.raises(DataError, match="cannot be opened"):
        import_corpus("pairs", str(tmp_path), tmp_path / "out")
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "a.txt").write_bytes("ção".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        import_corpus("pairs", str(tmp_path), tmp_path / "out")
