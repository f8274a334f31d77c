import io
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from boxed_pages import FIRST, READER
from paths import SAMPLES
from pikepdf import pdfa

from ocr.core.document import Source
from ocr.core.files import hash_file
from ocr.formats.pdf.searchable import write_searchable_pdf
from ocr.formats.scan_job import FormatError, ScanJob


def made(scan: Path, folder: Path, pages: int = 1, *, archival: bool = True) -> bytes:
    document = [replace(FIRST, number=number) for number in range(1, pages + 1)]
    job = ScanJob(Source(scan.name, hash_file(scan), pages), READER, document, scan, folder, pdfa=archival)
    return b"".join(write_searchable_pdf(job))


@pytest.mark.parametrize(("name", "pages"), [("letter.jpg", 1), ("ruling.pdf", 2)])
def test_a_sample_becomes_pdfa_with_the_same_words(tmp_path: Path, name: str, pages: int) -> None:
    content = made(SAMPLES / name, tmp_path, pages)
    report = pdfa.validate_written(io.BytesIO(content), "2b")
    assert report.passed, report.summary()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert pdf.open_metadata().pdfa_status == "2B"
        assert len(pdf.Root.OutputIntents[0].DestOutputProfile.read_bytes()) > 200
        assert str(pdf.Root.Lang) == "pt-BR"
    plain = pypdfium2.PdfDocument(made(SAMPLES / name, tmp_path, pages, archival=False))
    archival = pypdfium2.PdfDocument(content)
    for before, after in zip(plain, archival, strict=True):
        assert after.get_textpage().get_text_range() == before.get_textpage().get_text_range()


def test_the_same_scan_gives_the_same_bytes_and_leaves_no_draft(tmp_path: Path) -> None:
    scan = SAMPLES / "table.png"
    assert made(scan, tmp_path) == made(scan, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_pdfa_forbids_is_refused_with_the_rule(tmp_path: Path) -> None:
    scan = tmp_path / "a.pdf"
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(300, 400))
        page.Contents = pdf.make_stream(b"/Gs gs 0 0 10 10 re f")
        transfer = pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, TR=pikepdf.Name.Identity)
        page.Resources = pikepdf.Dictionary(ExtGState=pikepdf.Dictionary(Gs=transfer))
        pdf.save(scan)
    with pytest.raises(FormatError, match=r"a\.pdf: is not PDF/A-2b: ISO_19005_2:6\.") as refusal:
        made(scan, tmp_path)
    assert "--no-pdfa" in refusal.value.hint
    assert made(scan, tmp_path, archival=False)
