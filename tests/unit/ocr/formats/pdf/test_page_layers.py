import io
from dataclasses import replace
from pathlib import Path

import pdfplumber
import pikepdf
import pypdfium2
import pytest
from boxed_pages import FIRST, READER, line
from PIL import Image

from ocr.core.document import Source
from ocr.core.files import hash_file
from ocr.formats.pdf import page_layers
from ocr.formats.pdf.page_layers import base_of
from ocr.formats.pdf.searchable import write_searchable_pdf
from ocr.formats.scan_job import ScanJob

MODES = pikepdf.ObjectStreamMode


def scan_of(path: Path, pages: int, mode: "pikepdf.ObjectStreamMode" = MODES.disable) -> Path:
    with pikepdf.new() as pdf:
        for _ in range(pages):
            pdf.add_blank_page(page_size=(300, 400)).Contents = pdf.make_stream(b"0 0 10 10 re f")
        pdf.save(path, object_stream_mode=mode)
    return path


def made(scan: Path, numbers: list[int], pages: int) -> bytes:
    document = [replace(FIRST, number=number) for number in numbers]
    job = ScanJob(Source(scan.name, hash_file(scan), pages), READER, iter(document), scan, scan.parent)
    return b"".join(write_searchable_pdf(job))


def words_in(content: bytes) -> list[int]:
    """Number of words on each page."""
    pages = pypdfium2.PdfDocument(content)
    return [len(page.get_textpage().get_text_range().split()) for page in pages]


@pytest.mark.parametrize("mode", [MODES.disable, MODES.generate])
def test_the_scan_stays_byte_for_byte_and_the_section_is_sound(
    tmp_path: Path, mode: "pikepdf.ObjectStreamMode"
) -> None:
    scan = scan_of(tmp_path / "a.pdf", 3, mode)
    content = made(scan, [1, 3], 3)
    assert content.startswith(scan.read_bytes())
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert (pdf.check_pdf_syntax(), pdf.get_warnings()) == ([], [])
        assert (str(pdf.Root.Lang), str(pdf.docinfo.Title)) == ("pt-BR", "a.pdf")
        contents = [page.obj.Contents for page in pdf.pages]
        assert [isinstance(content, pikepdf.Array) for content in contents] == [True, False, True]
    assert [count > 20 for count in words_in(content)] == [True, False, True]


def test_pages_of_all_groups_get_a_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_layers, "_PAGES_AT_ONCE", 2)
    found = words_in(made(scan_of(tmp_path / "a.pdf", 5), [1, 2, 3, 4, 5], 5))
    assert len(set(found)) == 1 and found[0] > 0


def test_language_title_and_information_stay_as_they_are(tmp_path: Path) -> None:
    scan = scan_of(tmp_path / "a.pdf", 1)
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.Root.Lang, pdf.docinfo["/Title"], pdf.docinfo["/Author"] = "en", "Ata", "Inês"
        pdf.save(scan)
    with pikepdf.open(io.BytesIO(made(scan, [1], 1))) as pdf:
        assert (str(pdf.Root.Lang), str(pdf.docinfo["/Title"]), str(pdf.docinfo["/Author"])) == ("en", "Ata", "Inês")


def test_a_pdf_that_is_not_sound_is_written_anew(tmp_path: Path) -> None:
    whole = scan_of(tmp_path / "a.pdf", 1).read_bytes()
    damaged = (b"junk\n" + whole, whole + b"\n" * 2000, whole.replace(b"startxref", b"startxxxx"))
    for place, content in enumerate(damaged):
        scan = tmp_path / f"{place}.pdf"
        scan.write_bytes(content)
        assert base_of(scan) is None
        assert words_in(made(scan, [1], 1))[0] > 20


def test_a_shared_page_gets_the_layers_of_both_places(tmp_path: Path) -> None:
    scan = scan_of(tmp_path / "a.pdf", 1)
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.Root.Pages.Kids.append(pdf.pages[0].obj)
        pdf.Root.Pages.Count = 2
        pdf.save(scan)
    assert base_of(scan) is None
    assert all(words_in(made(scan, [1, 2], 2)))


def test_pages_are_found_in_the_order_of_a_deep_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_layers, "_LOOKED_AT", 2)
    scan = scan_of(tmp_path / "a.pdf", 7)
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        leaves = [page.obj for page in pdf.pages]
        inner = [
            pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=leaves[start:end], Count=end - start))
            for start, end in ((1, 3), (4, 6))
        ]
        for node in inner:
            node.Parent = pdf.Root.Pages
            for leaf in node.Kids:
                leaf.Parent = node
        pdf.Root.Pages.Kids = pikepdf.Array([leaves[0], inner[0], leaves[3], inner[1], leaves[6]])
        pdf.save(scan)
    with pikepdf.open(scan) as pdf:
        expected = tuple(page.obj.objgen for page in pdf.pages)
    base = base_of(scan)
    assert base is not None and base.pages == expected


@pytest.mark.parametrize("fault", ["loop", "no type", "no page", "direct page"])
def test_a_page_tree_with_a_fault_is_not_appended_to(tmp_path: Path, fault: str) -> None:
    scan = scan_of(tmp_path / "a.pdf", 2)
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        kids = pdf.Root.Pages.Kids
        if fault == "loop":
            kids[1] = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=pikepdf.Array()))
            kids[1].Kids.append(kids[1])
        elif fault == "no type":
            del kids[1]["/Type"]
        elif fault == "no page":
            kids[1] = pdf.make_indirect(pikepdf.Array())
        else:
            kids[1] = pikepdf.Dictionary(Type=pikepdf.Name.Page, MediaBox=[0, 0, 300, 400], Parent=pdf.Root.Pages)
        pdf.save(tmp_path / "b.pdf")
    assert base_of(tmp_path / "b.pdf") is None


def test_pages_of_an_image_that_were_not_read_stay_without_layer(tmp_path: Path) -> None:
    pages = [Image.new("1", (60, 80), 1) for _ in range(3)]
    scan = tmp_path / "a.tiff"
    pages[0].save(scan, save_all=True, append_images=pages[1:], compression="group4")
    content = made(scan, [2], 3)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert (pdf.check_pdf_syntax(), pdf.get_warnings()) == ([], [])
    assert [count > 0 for count in words_in(content)] == [False, True, False]


def test_pages_of_many_characters_have_a_second_font(tmp_path: Path) -> None:
    scan = scan_of(tmp_path / "a.pdf", 3)
    signs = "".join(map(chr, range(0x4E00, 0x4E00 + 600)))
    many = tuple(line(f"É de {signs[at : at + 20]} e", 10, 10 + at) for at in range(0, 600, 20))
    pages = [replace(FIRST, number=1), replace(FIRST, number=2, lines=many), replace(FIRST, number=3)]
    job = ScanJob(Source(scan.name, hash_file(scan), 3), READER, iter(pages), scan, scan.parent)
    content = b"".join(write_searchable_pdf(job))
    with pikepdf.open(io.BytesIO(content)) as pdf:
        kinds = [sorted(str(font.Subtype) for font in page.resources.Font.values()) for page in pdf.pages]
    assert kinds == [["/TrueType"], ["/TrueType", "/Type0"], ["/TrueType", "/Type0"]]
    expected = [[word.text for one in page.lines for word in one.words] for page in pages]
    with pdfplumber.open(io.BytesIO(content)) as pdf:
        assert ["".join(char["text"] for char in page.chars).split() for page in pdf.pages] == expected
    assert pypdfium2.PdfDocument(content)[1].get_textpage().get_text_range().split() == expected[1]
