"""`ocr verify` finds what is missing, changed or damaged, and says what to type."""

import sqlite3
from pathlib import Path

import pytest
from command import FAKE, make_scan, outputs, run_ocr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_scan(tmp_path / "scans/a.pdf", pages=4)
    make_scan(tmp_path / "scans/b.png", shade=9)
    done = run_ocr("extract", "scans", *FAKE, "--out", "json,md", "--to", "out", cwd=tmp_path)
    assert done.returncode == 0
    return tmp_path


def test_a_whole_folder(folder: Path) -> None:
    done = run_ocr("verify", "out", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "2 files, 5 pages: 5 ok\n4 output files are byte for byte what the ledger gives\n"


def test_missing_and_changed_outputs(folder: Path) -> None:
    (folder / "out/a.pdf.json").unlink()
    (folder / "out/b.png.md").write_text("my own words", encoding="utf-8")
    done = run_ocr("verify", "out", cwd=folder)
    assert done.returncode == 8
    assert "a.pdf.json: is missing\nb.png.md: was changed since lusocr wrote it" in done.stdout
    assert done.stderr == "hint: ocr extract scans --out json,md --to out\n"
    again = run_ocr("extract", "scans", "--out", "json,md", "--to", "out", cwd=folder)
    assert (again.returncode, "read 0 pages" in again.stderr) == (0, True)
    assert (folder / "out/b.png.md").read_text(encoding="utf-8") == "my own words", "what a person wrote stays"
    still = run_ocr("verify", "out", cwd=folder)
    assert still.returncode == 8
    assert still.stdout == (
        "b.png.md: was changed since lusocr wrote it; ocr accept keeps it, or move it away and run ocr extract again\n"
        "2 files, 5 pages: 5 ok\n"
        "3 output files are byte for byte what the ledger gives\n"
    )


def test_pages_that_the_ledger_lacks(folder: Path) -> None:
    with sqlite3.connect(folder / "out/.lusocr/ledger.sqlite") as ledger:
        ledger.execute("DELETE FROM pages WHERE number IN (2, 3)")
    done = run_ocr("verify", "out", cwd=folder)
    assert done.returncode == 8  # and the outputs are no longer what the ledger gives
    assert "a.pdf: 2 of 4 pages not read yet: --pages 2-3" in done.stdout
    assert "2 files, 5 pages: 3 ok, 2 not read yet" in done.stdout
    again = run_ocr("extract", "scans", "--out", "json,md", "--to", "out", cwd=folder)
    assert "read 2 pages" in again.stderr
    assert run_ocr("verify", "out", cwd=folder).returncode == 0


def test_a_damaged_ledger_is_said_and_rebuilt(folder: Path) -> None:
    before = outputs(folder / "out")
    (folder / "out/.lusocr/ledger.sqlite").write_bytes(b"not a database at all" * 500)
    for words in (("verify", "out"), ("extract", "scans", "--to", "out")):
        done = run_ocr(*words, cwd=folder)
        assert done.returncode == 8
        assert "is damaged" in done.stderr
        assert "hint: ocr verify out --rebuild" in done.stderr
    rebuilt = run_ocr("verify", "out", "--rebuild", cwd=folder)
    assert rebuilt.returncode == 0, rebuilt.stdout
    again = run_ocr("extract", "scans", *FAKE, "--out", "json,md", "--to", "out", cwd=folder)
    assert (again.returncode, "read 0 pages" in again.stderr) == (0, True)
    assert outputs(folder / "out") == before


def test_a_lost_ledger_is_said_and_rebuilt(folder: Path) -> None:
    before = outputs(folder / "out")
    for file in (folder / "out/.lusocr").glob("ledger.sqlite*"):
        file.unlink()
    for words in (("verify", "out"), ("extract", "scans", *FAKE, "--to", "out")):
        done = run_ocr(*words, cwd=folder)
        assert (done.returncode, "is lost" in done.stderr) == (8, True)
        assert "hint: ocr verify out --rebuild" in done.stderr
    assert run_ocr("verify", "out", "--rebuild", cwd=folder).returncode == 0
    again = run_ocr("extract", "scans", *FAKE, "--out", "json,md", "--to", "out", cwd=folder)
    assert (again.returncode, "read 0 pages" in again.stderr) == (0, True)
    assert outputs(folder / "out") == before


def test_an_output_that_a_killed_run_left_behind_is_written_anew(folder: Path) -> None:
    before = outputs(folder / "out")
    with sqlite3.connect(folder / "out/.lusocr/ledger.sqlite") as ledger:
        ledger.execute("UPDATE outputs SET stamp = '', previous = sha256, sha256 = 'x' WHERE format = 'md'")
    again = run_ocr("extract", "scans", *FAKE, "--out", "json,md", "--to", "out", cwd=folder)
    assert (again.returncode, "read 0 pages" in again.stderr) == (0, True)
    with sqlite3.connect(folder / "out/.lusocr/ledger.sqlite") as ledger:
        assert ledger.execute("SELECT count(*) FROM outputs WHERE stamp = '' OR sha256 = 'x'").fetchone() == (0,)
    assert outputs(folder / "out") == before


def test_a_rebuild_needs_json_outputs_and_keeps_every_damaged_ledger(folder: Path) -> None:
    private = folder / "out/.lusocr"
    for number in (1, 2):
        (private / "ledger.sqlite").write_bytes(b"damage %d" % number * 1000)
        assert run_ocr("verify", "out", "--rebuild", cwd=folder).returncode == 0
        assert (private / f"ledger.damaged-{number}").read_bytes().startswith(b"damage %d" % number)
    for path in (folder / "out").glob("*.json"):
        path.unlink()
    ledger = (private / "ledger.sqlite").read_bytes()
    done = run_ocr("verify", "out", "--rebuild", cwd=folder)
    assert (done.returncode, "no JSON output" in done.stderr) == (8, True)
    assert (private / "ledger.sqlite").read_bytes() == ledger


def test_a_ledger_from_the_future_is_refused(folder: Path) -> None:
    with sqlite3.connect(folder / "out/.lusocr/ledger.sqlite") as ledger:
        ledger.execute("PRAGMA user_version = 1000")
    done = run_ocr("verify", "out", cwd=folder)
    assert done.returncode == 8
    assert "newer lusocr" in done.stderr
