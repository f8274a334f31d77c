import io
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from boxed_pages import FIRST, LOST, READER, UNPLACED
from hostile_formats import DJVU_PAGES, whole
from hostile_images import SIZE
from paths import SAMPLES
from PIL import Image

from ocr.core.document import Page, Source
from ocr.core.files import hash_file
from ocr.formats.pdf.searchable import write_searchable_pdf
from ocr.formats.scan_job import FormatError, ScanJob, TextLayer
from ocr.rendering.decoders.tiff import page_offsets

pikepdf = pytest.importorskip("pikepdf")
pdfplumber = pytest.importorskip("pdfplumber")
pytest.importorskip("img2pdf")


def made(scan: Path, pages: Sequence[Page], text_layer: TextLayer = "skip") -> bytes:
    source = Source(scan.name, hash_file(scan), len(pages))
    job = ScanJob(source, READER, pages, scan, scan.parent, text_layer=text_layer)
    content = b"".join(write_searchable_pdf(job))
    assert not list(scan.parent.glob("pdf-*")), "no draft stays behind"
    return content


def words_in(content: bytes, page: int = 0) -> list[str]:
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        return "".join(char["text"] for char in pdf.pages[page].chars).split()


def our_words(page: Page) -> list[str]:
    return [word.text for line in page.lines for word in line.words]


def image_scan(path: Path, **options: object) -> Path:
    mode = "1" if path.suffix == ".tiff" else "RGB"
    Image.linear_gradient("L").resize((600, 800)).convert(mode).save(path, **options)  # type: ignore[arg-type]
    return path


def pdf_scan(path: Path, pages: int = 1, content: bytes = b"0 0 10 10 re f", **entries: object) -> Path:
    with pikepdf.new() as pdf:
        for _ in range(pages):
            page = pdf.add_blank_page(page_size=(300, 400))
            page.Contents = pdf.make_stream(content)
            page.Resources = pikepdf.Dictionary(
                Font=pikepdf.Dictionary(
                    LusoText=pikepdf.Dictionary(
                        Type=pikepdf.Name.Font,
                        Subtype=pikepdf.Name.Type1,
                        BaseFont=pikepdf.Name.Helvetica,
                        Encoding=pikepdf.Name.WinAnsiEncoding,
                    )
                )
            )
            for key, value in entries.items():
                page[f"/{key}"] = value
        pdf.save(path)
    return path


def jpeg_stream(path: Path) -> bytes:
    """The entropy-coded JPEG as it stands in the file."""
    return path.read_bytes()


def test_a_jpeg_becomes_a_page_without_being_encoded_again(tmp_path: Path) -> None:
    scan = image_scan(tmp_path / "a.jpg", dpi=(150, 150))
    content = made(scan, [FIRST])
    with pikepdf.open(io.BytesIO(content)) as pdf:
        (image,) = pdf.pages[0].get_images().values()
        assert image.read_raw_bytes() == jpeg_stream(scan)
        assert [float(value) for value in pdf.pages[0].mediabox] == [0, 0, 288, 384]
        assert (str(pdf.Root.Lang), str(pdf.docinfo.Title)) == ("pt-BR", "a.jpg")
    assert words_in(content) == our_words(FIRST)
    assert len(content) <= 1.05 * scan.stat().st_size + 3000 + 3000  # one page, and the font


@pytest.mark.parametrize(
    ("kind", "coding"), [("JPEG2000", "JPXDecode"), ("GIF", "CCITTFaxDecode"), ("HEIC", "DCTDecode")]
)
def test_other_pictures_become_pages(tmp_path: Path, kind: str, coding: str) -> None:
    scan = tmp_path / "a.scan"
    scan.write_bytes(whole(kind))
    assert the_image(made(scan, [FIRST])) == (coding, SIZE)


def test_a_picture_with_grays_that_pdf_cannot_hold_becomes_a_jpeg(tmp_path: Path) -> None:
    scan = image_scan(tmp_path / "a.avif")
    assert the_image(made(scan, [FIRST])) == ("DCTDecode", (600, 800))


def the_image(content: bytes) -> tuple[str, tuple[int, int]]:
    """The last filter and the size of the only image."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        (image,) = pdf.pages[0].get_images().values()
        return str(image.Filter).split("/")[-1].strip('" ])'), (int(image.Width), int(image.Height))


@pytest.mark.skipif(not shutil.which("ddjvu"), reason="ddjvu is not installed (apt-get install djvulibre-bin)")
def test_a_djvu_file_becomes_pages_of_its_size_and_a_damaged_page_an_empty_one(tmp_path: Path) -> None:
    scan = tmp_path / "a.djvu"
    scan.write_bytes(DJVU_PAGES)
    with pikepdf.open(io.BytesIO(made(scan, [FIRST]))) as pdf:
        assert [[round(float(value)) for value in page.mediabox] for page in pdf.pages] == [
            [0, 0, 72, 108],
            [0, 0, 36, 24],
        ]
    scan.write_bytes(DJVU_PAGES[:-30])
    with pikepdf.open(io.BytesIO(made(scan, [FIRST]))) as pdf:
        assert [len(page.get_images()) for page in pdf.pages] == [1, 0]


def test_pages_of_a_group_4_tiff_keep_their_streams(tmp_path: Path) -> None:
    pages = [Image.linear_gradient("L").rotate(turn).resize((600, 800)).convert("1") for turn in (0, 90, 180)]
    scan = tmp_path / "a.tiff"
    pages[0].save(scan, save_all=True, append_images=pages[1:], compression="group4", dpi=(200, 200))
    document = [replace(FIRST, number=number) for number in (1, 2, 3)]
    content = made(scan, document)
    strips = scan.read_bytes()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages) == 3
        for page in pdf.pages:
            (image,) = page.get_images().values()
            assert str(image.Filter if not isinstance(image.Filter, pikepdf.Array) else image.Filter[0]) == (
                "/CCITTFaxDecode"
            )
            assert image.read_raw_bytes().rstrip(b"\0") in strips
    assert [words_in(content, page) for page in range(3)] == [our_words(FIRST)] * 3


def test_a_pdf_keeps_its_content_images_and_metadata(tmp_path: Path) -> None:
    scan = SAMPLES / "ruling.pdf"
    copy = tmp_path / "ruling.pdf"
    copy.write_bytes(scan.read_bytes())
    content = made(copy, [FIRST, replace(FIRST, number=2)])
    with pikepdf.open(copy) as before, pikepdf.open(io.BytesIO(content)) as after:
        for old, new in zip(before.pages, after.pages, strict=True):
            raw = [image.read_raw_bytes() for image in old.get_images().values()]
            assert raw and raw == [image.read_raw_bytes() for image in new.get_images().values()]
            assert old.mediabox == new.mediabox
            kept_content = old.Contents[-1] if isinstance(old.Contents, pikepdf.Array) else old.Contents
            assert new.Contents[-2].read_raw_bytes() == kept_content.read_raw_bytes()
            assert [part.read_bytes().split() for part in (new.Contents[1], new.Contents[-1])] == [
                [b"/Artifact", b"BMC"], [b"EMC"],
            ]  # fmt: skip
        kept = {key: value for key, value in before.docinfo.items() if key != "/Title"}
        assert {key: value for key, value in after.docinfo.items() if key != "/Title"} == kept
    assert words_in(content) == our_words(FIRST)
    assert len(content) <= 1.05 * scan.stat().st_size + 2 * 3000


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_words_stand_in_their_boxes_whichever_way_the_page_is_turned(tmp_path: Path, rotation: int) -> None:
    scan = pdf_scan(tmp_path / "a.pdf", Rotate=rotation, CropBox=pikepdf.Array([50, 60, 250, 360]))
    width, height = (400, 600) if rotation % 180 == 0 else (600, 400)
    word = replace(FIRST.lines[0].words[0], text="palavra", box=(100, 200, 240, 230))
    page = Page(1, "ok", lines=(replace(FIRST.lines[0], words=(word,), text="palavra"),), width=width, height=height)
    document = pypdfium2.PdfDocument(made(scan, [page]))
    leaf = document[0]
    text = leaf.get_textpage()
    assert text.get_text_range().strip() == "palavra"
    shown = leaf.get_size()
    assert shown == ((200, 300) if rotation % 180 == 0 else (300, 200))
    first, last = (text.get_charbox(place, loose=True) for place in (0, 6))
    corners = [_to_view(leaf, x, y, (width, height)) for box in (first, last) for x, y in (box[:2], box[2:])]
    across, down = zip(*corners, strict=True)
    assert (min(across), min(down), max(across), max(down)) == pytest.approx((100, 200, 240, 230), abs=3)


def _to_view(page: pypdfium2.PdfPage, x: float, y: float, size: tuple[int, int]) -> tuple[int, int]:
    import ctypes

    across, down = ctypes.c_int(), ctypes.c_int()
    pypdfium2.raw.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, across, down)
    return across.value, down.value


def test_a_page_that_was_read_turned_is_shown_upright(tmp_path: Path) -> None:
    scan = pdf_scan(tmp_path / "a.pdf", Rotate=90)
    content = made(scan, [replace(FIRST, rotation=270)])
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert int(pdf.pages[0].Rotate) == 0
    assert words_in(content) == our_words(FIRST)


VISIBLE = b"BT /LusoText 12 Tf 50 50 Td (Printed) Tj ET"
INVISIBLE = b"BT 3 Tr /LusoText 12 Tf 50 80 Td (Hidden) Tj ET"


@pytest.mark.parametrize(
    ("content", "text_layer", "words"),
    [
        (VISIBLE, "skip", ["Printed"]),
        (INVISIBLE, "skip", ["Hidden"]),
        (INVISIBLE, "redo", our_words(FIRST)),
        (VISIBLE + b" " + INVISIBLE, "redo", ["Printed"]),
        (VISIBLE, "force", our_words(FIRST)),
        (b"q 3 Tr Q BT /LusoText 1 Tf (   ) Tj ET", "skip", our_words(FIRST)),
    ],
)
def test_pages_with_text(tmp_path: Path, content: bytes, text_layer: TextLayer, words: list[str]) -> None:
    scan = pdf_scan(tmp_path / "a.pdf", content=content)
    assert [word for word in words_in(made(scan, [FIRST], text_layer)) if word] == words


def test_a_forced_page_is_a_picture_of_what_it_showed(tmp_path: Path) -> None:
    scan = pdf_scan(tmp_path / "a.pdf", content=b"1 0 0 rg 0 0 150 400 re f " + VISIBLE)
    document = pypdfium2.PdfDocument(made(scan, [FIRST], "force"))
    picture = document[0].render().to_pil()
    assert picture.size == (300, 400)
    left, right = picture.getpixel((40, 200)), picture.getpixel((250, 200))
    assert isinstance(left, tuple) and isinstance(right, tuple)
    assert left[0] > 200 and left[1] < 60
    assert min(right[:3]) > 240


def test_a_layer_in_a_form_is_found_and_redone(tmp_path: Path) -> None:
    scan = pdf_scan(tmp_path / "a.pdf", content=b"/Fx Do")
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        form = pdf.make_stream(INVISIBLE, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 300, 400])
        form.Resources = pdf.pages[0].Resources
        pdf.pages[0].Resources.XObject = pikepdf.Dictionary(Fx=form)
        pdf.save(scan)
    assert words_in(made(scan, [FIRST])) == ["Hidden"]
    assert words_in(made(scan, [FIRST], "redo")) == our_words(FIRST)


def test_what_must_not_be_changed_is_refused(tmp_path: Path) -> None:
    locked, signed, damaged = (tmp_path / name for name in ("locked.pdf", "signed.pdf", "damaged.pdf"))
    with pikepdf.open(pdf_scan(tmp_path / "a.pdf")) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user=""))
        pdf.Root.AcroForm = pikepdf.Dictionary(SigFlags=3, Fields=pikepdf.Array())
        pdf.save(signed)
    damaged.write_bytes(b"%PDF-1.4\nnothing")
    for scan, words in ((locked, "encrypted"), (signed, "signed"), (damaged, "damaged")):
        with pytest.raises(FormatError, match=words) as refusal:
            made(scan, [FIRST])
        assert scan.name in refusal.value.message
        assert "--out alto" in refusal.value.hint
    with pytest.raises(FormatError, match="1 pages are found to write, 2 were read"):
        made(tmp_path / "a.pdf", [FIRST, UNPLACED])


def test_a_page_whose_boxes_make_no_sense_stays_without_layer(tmp_path: Path) -> None:
    scan = pdf_scan(tmp_path / "a.pdf", MediaBox=pikepdf.Array([0, 0, 0, 0]))
    assert words_in(made(scan, [FIRST])) == []
    huge = pdf_scan(tmp_path / "b.pdf", MediaBox=pikepdf.Array([0, 0, 1e9, 1e9]))
    assert words_in(made(huge, [FIRST])) == our_words(FIRST)


def test_the_same_scan_gives_the_same_bytes(tmp_path: Path) -> None:
    for scan in (image_scan(tmp_path / "a.png"), pdf_scan(tmp_path / "b.pdf")):
        assert made(scan, [FIRST]) == made(scan, [FIRST])


def test_transparent_images_are_shown_on_white(tmp_path: Path) -> None:
    scan = tmp_path / "a.png"
    Image.new("RGBA", (60, 80), (0, 0, 0, 0)).save(scan)
    picture = pypdfium2.PdfDocument(made(scan, [FIRST]))[0].render().to_pil()
    assert picture.convert("L").getextrema() == (255, 255)


def test_a_damaged_page_of_a_tiff_becomes_an_empty_one(tmp_path: Path) -> None:
    scan = tmp_path / "a.tiff"
    pages = [Image.linear_gradient("L").resize((60, 80)) for _ in range(3)]
    pages[0].save(scan, save_all=True, append_images=pages[1:])
    second = page_offsets(scan, 10)[1]
    content = bytearray(scan.read_bytes())
    content[second : second + 2] = b"\xff\xff"  # more entries than a directory can have: the chain ends here
    scan.write_bytes(content)
    made_pdf = made(scan, [FIRST, LOST])
    with pikepdf.open(io.BytesIO(made_pdf)) as pdf:
        assert [len(page.get_images()) for page in pdf.pages] == [1, 0]
    assert words_in(made_pdf) == our_words(FIRST)


@pytest.mark.parametrize("name", ["a.jpg", "a.tiff", "a.png"])
def test_an_image_of_damaged_pages_only_is_refused(tmp_path: Path, name: str) -> None:
    scan = image_scan(tmp_path / name)
    scan.write_bytes(scan.read_bytes()[:400])
    with pytest.raises(FormatError, match=r"page 1: cannot become|is damaged") as refusal:
        made(scan, [FIRST])
    assert "object at 0x" not in str(refusal.value)
