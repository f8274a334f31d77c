"""The tree of a written PDF, read back by pikepdf and, where it is installed, by poppler."""

import io
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from boxed_pages import FIRST, LOST, READER, UNPLACED, WITH_ROLES
from PIL import Image

from ocr.core.document import Page, Source
from ocr.core.files import hash_file
from ocr.formats.pdf import object_writer
from ocr.formats.pdf.searchable import write_searchable_pdf
from ocr.formats.pdf.tags import structure_tree
from ocr.formats.scan_job import ScanJob, TextLayer

MODES = pikepdf.ObjectStreamMode
PAGES = (FIRST, replace(WITH_ROLES, number=2), replace(LOST, number=3), replace(UNPLACED, number=4))
VISIBLE = b"BT /F 12 Tf 50 50 Td (Printed) Tj ET"


def scan_of(path: Path, pages: int = 4, content: bytes = b"0 0 9 9 re f", **options: Any) -> Path:
    with pikepdf.new() as pdf:
        for _ in range(pages):
            pdf.add_blank_page(page_size=(300, 400)).Contents = pdf.make_stream(content)
        pdf.save(path, **options)
    return path


def made(scan: Path, pages: Sequence[Page] = PAGES, text_layer: TextLayer = "skip") -> bytes:
    job = ScanJob(
        Source(scan.name, hash_file(scan), len(pages)), READER, iter(pages), scan, scan.parent, text_layer=text_layer
    )
    return b"".join(write_searchable_pdf(job))


def text_of_marks(page: pikepdf.Page) -> dict[int, str]:
    """The text of each number of marked content of a page, by the font's own map."""
    found: dict[int, str] = {}
    stack: list[int | None] = []
    maps = {}
    for name, font in page.resources.Font.items():
        rows = [row.split() for row in font.ToUnicode.read_bytes().decode("ascii").split("\n") if row.startswith("<")]
        pairs = (row for row in rows if len(row) == 2 and row[0] != "<00>")
        maps[name] = {int(a[1:-1], 16): bytes.fromhex(b[1:-1]).decode("utf-16-be") for a, b in pairs}
    codes: dict[int, str] = {}
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) in ("BDC", "BMC"):
            stack.append(int(operands[1].MCID) if len(operands) > 1 and "/MCID" in operands[1] else None)
        elif str(operator) == "EMC":
            stack.pop()
        elif str(operator) == "Tf":
            codes = maps[str(operands[0])]
        elif str(operator) == "Tj" and stack and stack[-1] is not None:
            raw = bytes(operands[0])
            text = "".join(map(codes.__getitem__, raw))
            found[stack[-1]] = found.get(stack[-1], "") + text
    assert not stack
    return found


def elements(node: Any) -> Iterator[Any]:
    """An element and all below it."""
    yield node
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary):
            assert kid.P.objgen == node.objgen
            yield from elements(kid)


def parents_of(pdf: pikepdf.Pdf, key: int) -> Any:
    """The entry of the parent tree with this key."""
    for leaf in pdf.Root.StructTreeRoot.ParentTree.Kids:
        if int(leaf.Limits[0]) <= key <= int(leaf.Limits[1]):
            pairs = list(leaf.Nums)
            return dict(zip(map(int, pairs[::2]), pairs[1::2], strict=True))[key]
    raise KeyError(key)


def texts(pdf: pikepdf.Pdf) -> list[tuple[str, str]]:
    """Kind and text of each element that has text, in the order of the tree; the way back is checked on the way."""
    found = []
    marks = {page.obj.objgen: text_of_marks(page) for page in pdf.pages if "/StructParents" in page.obj}
    for element in elements(pdf.Root.StructTreeRoot.K):
        kids = element.get("/K", [])
        numbers = [int(kid) for kid in (kids if isinstance(kids, pikepdf.Array) else [kids]) if isinstance(kid, int)]
        for number in numbers:
            assert parents_of(pdf, int(element.Pg.StructParents))[number].objgen == element.objgen
        if numbers:
            text = "".join(marks[element.Pg.objgen][number] for number in numbers)
            found.append((str(element.S)[1:], text.strip()))
    return found


EXPECTED = [
    ("P", "O réu interpôs ape- lação à 2ª Câmara <sic>."),
    ("TD", "Item"), ("TD", "Valor"), ("TD", "Custas"), ("TD", "R$ 10,00"),
    ("P", "Nova linha & fim."), ("P", "PROTOCOLO 123"),
    ("H1", "ATA DA SESSÃO"), ("H2", "1. Abertura"), ("P", "O presidente abriu a sessão e leu a pauta."),
    ("LBody", "- aprovação da ata"), ("LBody", "2) ordem do dia"),
    ("Caption", "Quadro 1: votos"), ("Note", "1 Ver anexo."),
    ("P", "Texto de um modelo, sem caixas."),
]  # fmt: skip


@pytest.mark.parametrize("mode", [MODES.disable, MODES.generate])
def test_the_tree_leads_to_the_text_and_back(tmp_path: Path, mode: pikepdf.ObjectStreamMode) -> None:
    version = "1.4" if mode == MODES.disable else ""
    scan = scan_of(tmp_path / "a.pdf", object_stream_mode=mode, force_version=version)
    content = made(scan)
    assert content.startswith(scan.read_bytes())
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert (pdf.check_pdf_syntax(), pdf.get_warnings()) == ([], [])
        assert (bool(pdf.Root.MarkInfo.Marked), str(pdf.Root.Lang)) == (True, "pt-BR")
        assert texts(pdf) == EXPECTED
        assert str(pdf.Root.get("/Version", "")) == ("/1.5" if version else "")


def test_an_image_is_tagged_and_its_picture_an_artifact(tmp_path: Path) -> None:
    scan = tmp_path / "a.png"
    Image.new("L", (60, 80), 200).save(scan)
    with pikepdf.open(io.BytesIO(made(scan, [FIRST]))) as pdf:
        assert (pdf.check_pdf_syntax(), pdf.get_warnings()) == ([], [])
        assert texts(pdf) == EXPECTED[:7]
        operators = [str(operator) for _, operator in pikepdf.parse_content_stream(pdf.pages[0])]
        assert operators.index("BMC") < operators.index("Do") < len(operators) - 1
        assert operators[-1] == "EMC"


def test_empty_cells_keep_their_place_and_need_no_objects(tmp_path: Path) -> None:
    rows = (("Item", "", "Valor"), ("Custas", "", "R$ 10,00"), ("", "", ""))
    page = replace(FIRST, tables=(replace(FIRST.tables[0], rows=rows),))
    sizes = []
    for one in (FIRST, page):
        with pikepdf.open(io.BytesIO(made(scan_of(tmp_path / "a.pdf", 1), [one]))) as pdf:
            assert (pdf.check_pdf_syntax(), pdf.get_warnings()) == ([], [])
            assert texts(pdf) == EXPECTED[:7]
            sizes.append(len(pdf.objects))
            kinds = [(str(kid.S), "/K" in kid) for kid in elements(pdf.Root.StructTreeRoot.K)]
    assert [has_content for kind, has_content in kinds if kind == "/TD"] == [True, False, True] * 2 + [False] * 3
    assert sizes[1] == sizes[0] + 1  # the third row


@pytest.mark.skipif(not shutil.which("pdfinfo"), reason="needs pdfinfo (apt-get install poppler-utils)")
def test_poppler_reads_the_same_tree(tmp_path: Path) -> None:
    path = tmp_path / "b.pdf"
    path.write_bytes(made(scan_of(tmp_path / "a.pdf")))
    shown = subprocess.run(["pdfinfo", "-struct-text", path], capture_output=True, encoding="utf-8", check=True).stdout
    found = [row.strip()[1:-1].strip() for row in shown.splitlines() if row.strip().startswith('"')]
    assert found == [text for _, text in EXPECTED]


def test_many_pages_fill_several_streams_and_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_writer, "_OBJECTS_A_STREAM", 30)
    monkeypatch.setattr(structure_tree, "_LEAVES", 2)
    pages = [replace(PAGES[number % 2], number=number + 1) for number in range(7)]
    with pikepdf.open(io.BytesIO(made(scan_of(tmp_path / "a.pdf", 7), pages))) as pdf:
        assert len(pdf.Root.StructTreeRoot.ParentTree.Kids) == 4
        assert len(texts(pdf)) == 4 * 7 + 3 * 7


def test_a_tree_of_the_scan_stays_and_the_layer_has_no_tags(tmp_path: Path) -> None:
    scan = scan_of(tmp_path / "a.pdf")
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.Root.StructTreeRoot = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.StructTreeRoot))
        pdf.Root.MarkInfo = pikepdf.Dictionary(Marked=True)
        pdf.save(scan)
    with pikepdf.open(io.BytesIO(made(scan))) as pdf:
        assert list(pdf.Root.StructTreeRoot.keys()) == ["/Type"]
        assert not any("/StructParents" in page.obj for page in pdf.pages)
        assert b"BDC" not in pdf.pages[0].Contents[0].read_bytes()


def test_a_pdf_with_pages_of_other_text_does_not_claim_that_all_is_tagged(tmp_path: Path) -> None:
    scan = scan_of(tmp_path / "a.pdf")
    with pikepdf.open(scan, allow_overwriting_input=True) as pdf:
        pdf.pages[1].Contents = pdf.make_stream(VISIBLE)
        pdf.save(scan)
    with pikepdf.open(io.BytesIO(made(scan))) as pdf:
        assert not bool(pdf.Root.MarkInfo.Marked)
        assert texts(pdf) == [*EXPECTED[:7], EXPECTED[-1]]


def test_a_layer_of_ours_is_redone_with_its_tags(tmp_path: Path) -> None:
    (tmp_path / "b.pdf").write_bytes(made(scan_of(tmp_path / "a.pdf")))
    other = [replace(WITH_ROLES, number=1), *PAGES[1:]]
    with pikepdf.open(io.BytesIO(made(tmp_path / "b.pdf", other, "redo"))) as pdf:
        assert texts(pdf) == [*EXPECTED[7:14], *EXPECTED[7:]]
        assert bool(pdf.Root.MarkInfo.Marked)
        operators = [str(operator) for _, operator in pikepdf.parse_content_stream(pdf.pages[0])]
        assert operators.count("BMC") == 1, "the earlier marks are gone"


def test_tags_of_a_page_that_keeps_its_visible_text_stay(tmp_path: Path) -> None:
    (tmp_path / "b.pdf").write_bytes(made(scan_of(tmp_path / "a.pdf")))
    with pikepdf.open(tmp_path / "b.pdf", allow_overwriting_input=True) as pdf:
        pdf.pages[2].Contents = pdf.make_stream(VISIBLE)
        pdf.save(tmp_path / "b.pdf")
    with pikepdf.open(io.BytesIO(made(tmp_path / "b.pdf", PAGES, "redo"))) as pdf:
        assert "/StructTreeRoot" in pdf.Root and "/StructParents" in pdf.pages[0].obj


def test_a_page_that_could_not_be_read_again_keeps_its_layer(tmp_path: Path) -> None:
    (tmp_path / "b.pdf").write_bytes(made(scan_of(tmp_path / "a.pdf", 1), [FIRST]))
    with pikepdf.open(io.BytesIO(made(tmp_path / "b.pdf", [replace(LOST, number=1)], "redo"))) as pdf:
        assert "PODER" not in str(text_of_marks(pdf.pages[0]))  # a header has no number
        assert "3 Tr" in pdf.pages[0].Contents.read_bytes().decode("latin-1")
