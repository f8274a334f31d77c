"""A corrected output file is accepted: it counts as right, is kept, and survives the loss of the ledger."""

import json
from pathlib import Path

import pytest
from command import FAKE, make_scan, run_ocr

import ocr

ALL = ("--out", "json,jsonl,md,txt")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_scan(tmp_path / "scans/a.pdf", pages=2)
    make_scan(tmp_path / "scans/b.png", shade=9)
    assert run_ocr("extract", "scans", *FAKE, *ALL, "--to", "out", cwd=tmp_path).returncode == 0
    return tmp_path


def correct(path: Path, text: str = "apelação") -> str:
    corrected = path.read_text(encoding="utf-8").replace(text, "APELAÇÃO")
    assert "APELAÇÃO" in corrected
    path.write_text(corrected, encoding="utf-8")
    return corrected


def test_a_corrected_text_is_accepted_and_stays(folder: Path) -> None:
    corrected = correct(folder / "out/b.png.md")
    assert run_ocr("verify", "out", cwd=folder).returncode == 8
    again = run_ocr("extract", "scans", *FAKE, *ALL, "--to", "out", cwd=folder)
    assert (again.returncode, "b.png.md: left alone, because it was changed" in again.stderr) == (0, True)
    done = run_ocr("accept", "out", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "accepted: b.png.md\n")
    verified = run_ocr("verify", "out", cwd=folder)
    assert (verified.returncode, "corrected: b.png.md" in verified.stdout) == (0, True)
    again = run_ocr("extract", "scans", *FAKE, *ALL, "--to", "out", cwd=folder)
    assert (again.returncode, "left alone" in again.stderr) == (0, False)
    assert (folder / "out/b.png.md").read_text(encoding="utf-8") == corrected
    assert run_ocr("accept", "out", cwd=folder).stdout == "no output file was changed\n"


def test_a_corrected_json_shows_in_the_other_formats(folder: Path) -> None:
    correct(folder / "out/a.pdf.json")
    assert run_ocr("accept", "out", "out/a.pdf.json", cwd=folder).returncode == 0
    for form in ("jsonl", "md", "txt"):
        assert "APELAÇÃO" in (folder / f"out/a.pdf.{form}").read_text(encoding="utf-8")
    assert run_ocr("verify", "out", cwd=folder).returncode == 0
    rows = [json.loads(line) for line in run_ocr("show", "out", "--json", cwd=folder).stdout.splitlines()]
    assert [(row["path"], row["corrected"]) for row in rows] == [
        ("a.pdf", ["a.pdf.json"]), ("a.pdf", ["a.pdf.json"]), ("b.png", []),
    ]  # fmt: skip


@pytest.mark.parametrize("loss", ["none", "damaged", "gone"])
def test_a_rebuild_keeps_corrections(folder: Path, loss: str) -> None:
    correct(folder / "out/a.pdf.json")
    corrected = correct(folder / "out/b.png.txt")
    assert run_ocr("accept", "out", "a.pdf.json", "b.png.txt", cwd=folder).returncode == 0
    ledger = folder / "out/.lusocr/ledger.sqlite"
    if loss == "damaged":
        ledger.write_bytes(b"damage" * 1000)
    elif loss == "gone":
        for file in ledger.parent.glob("ledger.sqlite*"):
            file.unlink()
    rebuilt = run_ocr("verify", "out", "--rebuild", cwd=folder)
    assert (rebuilt.returncode, "corrected: b.png.txt" in rebuilt.stdout) == (0, True), rebuilt.stdout
    again = run_ocr("extract", "scans", *FAKE, *ALL, "--to", "out", cwd=folder)
    assert (again.returncode, "read 0 pages" in again.stderr) == (0, True)
    assert (folder / "out/b.png.txt").read_text(encoding="utf-8") == corrected
    assert "APELAÇÃO" in (folder / "out/a.pdf.md").read_text(encoding="utf-8")
    assert run_ocr("verify", "out", cwd=folder).returncode == 0


def test_a_corrected_file_that_is_lost_is_written_again(folder: Path) -> None:
    corrected = correct(folder / "out/b.png.txt")
    ocr.accept(folder / "out")
    (folder / "out/b.png.txt").unlink()
    assert ocr.verify(folder / "out").exit_code == ocr.ExitCode.OUTPUT
    ocr.extract_all(folder / "scans", folder / "out", formats="txt")
    assert (folder / "out/b.png.txt").read_text(encoding="utf-8") == corrected


def test_a_correction_is_corrected_and_taken_back(folder: Path) -> None:
    path = folder / "out/b.png.txt"
    before = path.read_text(encoding="utf-8")
    correct(path)
    assert ocr.accept(folder / "out") == ["b.png.txt"]
    for text in ("other words\n", before):
        path.write_text(text, encoding="utf-8")
        assert ocr.accept(folder / "out", [path]) == ["b.png.txt"]
        assert ocr.verify(folder / "out").exit_code == ocr.ExitCode.OK


@pytest.mark.parametrize("kept", [True, False])
def test_another_scan_of_the_same_name_is_not_hidden_by_a_correction(folder: Path, kept: bool) -> None:
    correct(folder / "out/b.png.txt")
    ocr.accept(folder / "out")
    make_scan(folder / "scans/b.png", shade=77)
    with pytest.raises(ocr.OutputError, match="was changed since lusocr wrote it") as caught:
        ocr.extract_all(folder / "scans", folder / "out", formats="txt")
    assert "ocr accept" in caught.value.hint
    if kept:
        assert ocr.accept(folder / "out") == ["b.png.txt"]
        ocr.extract_all(folder / "scans", folder / "out", formats="txt")
        assert "APELAÇÃO" in (folder / "out/b.png.txt").read_text(encoding="utf-8")
        return
    (folder / "out/b.png.txt").unlink()
    ocr.extract_all(folder / "scans", folder / "out", formats="txt")
    assert "APELAÇÃO" not in (folder / "out/b.png.txt").read_text(encoding="utf-8")
    assert ocr.verify(folder / "out").exit_code == ocr.ExitCode.OK


@pytest.mark.parametrize("case", ["not json", "another scan", "a page less", "no output", "unchanged", "missing"])
def test_what_is_no_correction_is_refused_and_nothing_is_recorded(folder: Path, case: str) -> None:
    path = folder / "out/a.pdf.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    correct(folder / "out/b.png.txt")
    if case == "not json":
        path.write_text("{", encoding="utf-8")
    elif case == "another scan":
        document["source"]["sha256"] = "0" * 64
        path.write_text(json.dumps(document), encoding="utf-8")
    elif case == "a page less":
        document["pages"].pop()
        path.write_text(json.dumps(document), encoding="utf-8")
    elif case == "no output":
        path = folder / "out/other.txt"
        path.write_text("mine", encoding="utf-8")
    elif case == "missing":
        path.unlink()
    done = run_ocr("accept", "out", "out/b.png.txt", path, cwd=folder)
    assert (done.returncode, done.stderr.startswith("error: ")) == (2, True)
    assert "hint: " in done.stderr
    assert not list((folder / "out/.lusocr").glob("corrections/*"))


def test_a_damaged_record_is_named(folder: Path) -> None:
    correct(folder / "out/b.png.txt")
    ocr.accept(folder / "out")
    (record,) = (folder / "out/.lusocr/corrections").iterdir()
    record.write_text("{}", encoding="utf-8")
    with pytest.raises(ocr.OutputError, match=record.name):
        ocr.verify(folder / "out")
