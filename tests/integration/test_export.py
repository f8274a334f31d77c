"""The command `ocr export`, and formats that are added to a folder that was read."""

from pathlib import Path

import pytest
from command import FAKE, make_scan, outputs, run_ocr

pytest.importorskip("pikepdf")
pytest.importorskip("img2pdf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_scan(tmp_path / "scans/a.tiff", pages=3)
    make_scan(tmp_path / "scans/deep/b.png", shade=7)
    done = run_ocr("extract", "scans", *FAKE, "--to", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_more_formats_come_from_what_was_read(folder: Path) -> None:
    before = outputs(folder / "out")
    done = run_ocr("export", "out", "--out", "pdf,alto,page", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "wrote 6 outputs\n"), done.stderr
    after = outputs(folder / "out")
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {
        *("a.tiff.pdf", "a.tiff.alto.xml", "deep/b.png.pdf", "deep/b.png.alto.xml"),
        *(f"a.tiff.page-{number}.xml" for number in (1, 2, 3)), "deep/b.png.page-1.xml",
    }  # fmt: skip
    assert run_ocr("verify", "out", cwd=folder).returncode == 0
    again = run_ocr("export", "out", "--out", "pdf,alto,page", cwd=folder)
    assert (again.stdout, outputs(folder / "out")) == ("wrote 0 outputs\n", after)


def test_extract_adds_only_what_is_missing(folder: Path) -> None:
    run_ocr("export", "out", "--out", "pdf", cwd=folder)
    before = outputs(folder / "out")
    done = run_ocr("extract", "scans", *FAKE, "--out", "json,hocr", "--to", "out", cwd=folder)
    assert (done.returncode, "read 0 pages" in done.stderr) == (0, True), done.stderr
    after = outputs(folder / "out")
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"a.tiff.hocr", "deep/b.png.hocr"}


def test_a_changed_or_missing_pdf_is_found(folder: Path) -> None:
    run_ocr("export", "out", "--out", "pdf", cwd=folder)
    (folder / "out/a.tiff.pdf").write_bytes(b"%PDF-1.4 changed")
    (folder / "out/deep/b.png.pdf").unlink()
    done = run_ocr("verify", "out", cwd=folder)
    assert done.returncode == 8
    assert "a.tiff.pdf: was changed" in done.stdout
    assert "b.png.pdf: is missing" in done.stdout
    done = run_ocr("export", "out", "--out", "pdf", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "wrote 1 outputs\n")
    assert (folder / "out/a.tiff.pdf").read_bytes() == b"%PDF-1.4 changed"


def test_scans_that_were_moved_are_found_by_their_content(folder: Path) -> None:
    (folder / "scans").rename(folder / "moved")
    done = run_ocr("export", "out", "--out", "pdf,alto", cwd=folder)
    assert (done.returncode, done.stdout) == (8, "wrote 2 outputs\n"), "what needs no scan is written all the same"
    assert "its scan is no longer at" in done.stderr
    assert "--scans" in done.stderr
    done = run_ocr("export", "out", "--out", "pdf", "--scans", "moved", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "wrote 2 outputs\n"), done.stderr


def test_a_scan_that_was_replaced_gets_no_pdf(folder: Path) -> None:
    make_scan(folder / "scans/deep/b.png", shade=60)
    done = run_ocr("export", "out", "--out", "pdf", cwd=folder)
    assert (done.returncode, done.stdout) == (8, "wrote 1 outputs\n")
    assert not (folder / "out/deep/b.png.pdf").exists()


def test_a_refused_pdf_stops_no_other_output(folder: Path) -> None:
    import pikepdf

    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.Root.AcroForm = pikepdf.Dictionary(SigFlags=3, Fields=pikepdf.Array())
        pdf.save(folder / "scans/signed.pdf")
    done = run_ocr("extract", "scans", *FAKE, "--out", "json,pdf", "--to", "out", cwd=folder)
    assert done.returncode == 8
    assert "signed.pdf: the PDF is signed" in done.stderr
    assert {"signed.pdf.json", "a.tiff.pdf", "deep/b.png.pdf"} <= set(outputs(folder / "out"))
    assert "signed.pdf.pdf" not in outputs(folder / "out")


def test_another_text_layer_makes_the_pdf_anew(folder: Path) -> None:
    run_ocr("export", "out", "--out", "pdf", cwd=folder)
    done = run_ocr("export", "out", "--out", "pdf", "--text-layer", "redo", cwd=folder)
    assert done.stdout == "wrote 2 outputs\n"
    assert run_ocr("export", "out", "--out", "pdf", cwd=folder).stdout == "wrote 0 outputs\n"
    assert run_ocr("export", "out", "--out", "pdf", "--text-layer", "never", cwd=folder).returncode == 2


def test_another_file_with_the_name_of_an_output_stays(folder: Path) -> None:
    (folder / "out/a.tiff.pdf").write_bytes(b"mine")
    done = run_ocr("export", "out", "--out", "pdf", cwd=folder)
    assert done.returncode == 8
    assert (folder / "out/a.tiff.pdf").read_bytes() == b"mine"


def test_an_output_that_is_the_scan_itself_is_never_written(folder: Path) -> None:
    scan = folder / "scans/a.tiff"
    before = scan.read_bytes()
    (folder / "out/a.tiff.pdf").hardlink_to(scan)
    done = run_ocr("export", "out", "--out", "pdf", cwd=folder)
    assert done.returncode == 8
    assert "a.tiff.pdf exists and was not written by lusocr" in done.stderr
    assert scan.read_bytes() == before
