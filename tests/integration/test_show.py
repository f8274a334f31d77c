"""`ocr show` lists pages; `ocr extract` and `ocr verify` name the worst ones; unread pages have an exit code."""

import json
import sqlite3
from pathlib import Path

import pytest
from command import FAKE, make_scan, run_ocr

FAULTS = ("--set", "options.errs=[2]", "--set", "options.truncates=[4]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_scan(tmp_path / "scans/a.pdf", pages=5)
    make_scan(tmp_path / "scans/b.png", shade=9)
    (tmp_path / "scans/c.pdf").write_bytes(b"%PDF-1.4\nnothing")
    return tmp_path


def test_every_page_has_a_line(folder: Path) -> None:
    run_ocr("extract", "scans", *FAKE, *FAULTS, "--to", "out", cwd=folder)
    done = run_ocr("show", "out", cwd=folder)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["a.pdf:1", "ok"], ["a.pdf:2", "failed"], ["a.pdf:3", "ok"], ["a.pdf:4", "truncated"], ["a.pdf:5", "ok"],
        ["b.png:1", "ok"], ["c.pdf:0", "unreadable"],
    ]  # fmt: skip
    assert "réu interpôs" in lines[0]
    assert "could not make sense of it" in lines[1]


def test_flagged_pages_come_worst_first_also_as_json(folder: Path) -> None:
    run_ocr("extract", "scans", *FAKE, *FAULTS, "--to", "out", cwd=folder)
    table = run_ocr("show", "out", "--flagged", cwd=folder).stdout.splitlines()
    assert [line.split()[:2] for line in table] == [["a.pdf:2", "failed"], ["a.pdf:4", "truncated"]]
    rows = [json.loads(line) for line in run_ocr("show", "out", "--flagged", "--json", cwd=folder).stdout.splitlines()]
    assert [(row["path"], row["number"], row["status"]) for row in rows] == [
        ("a.pdf", 2, "failed"), ("a.pdf", 4, "truncated"),
    ]  # fmt: skip
    assert rows[0]["reason"] and rows[0]["corrected"] == []


def test_extract_names_the_worst_pages_at_its_end(folder: Path) -> None:
    done = run_ocr("extract", "scans", *FAKE, *FAULTS, "--to", "out", cwd=folder)
    lines = done.stderr.splitlines()
    place = lines.index("to look at, the worst first:")
    assert lines[place + 1].startswith("  a.pdf: page 2: failed: ")
    assert lines[place + 2].startswith("  a.pdf: page 4: truncated: ")


def test_many_pages_are_not_all_named(folder: Path) -> None:
    make_scan(folder / "scans/many.pdf", pages=15, shade=30)
    faults = ("--set", f"options.truncates={list(range(1, 16))}")
    done = run_ocr("extract", "scans/many.pdf", *FAKE, *faults, "--to", "o ut", cwd=folder)
    listed = [line for line in done.stderr.splitlines() if line.startswith("  many.pdf: page ")]
    assert len(listed) == 10
    assert "  ... and more: ocr show 'o ut' --flagged" in done.stderr
    verified = run_ocr("verify", "o ut", cwd=folder)
    assert verified.stdout.count("to look at: many.pdf: page ") == 10


def test_a_folder_without_flags_says_so(folder: Path) -> None:
    run_ocr("extract", "scans/b.png", *FAKE, "--to", "out", cwd=folder)
    assert run_ocr("show", "out", "--flagged", cwd=folder).stdout == "no page is lost or flagged\n"
    assert run_ocr("show", "scans", cwd=folder).returncode == 8


def test_pages_that_are_not_read_yet_have_an_exit_code(folder: Path) -> None:
    run_ocr("extract", "scans/a.pdf", *FAKE, "--to", "out", cwd=folder)
    with sqlite3.connect(folder / "out/.lusocr/ledger.sqlite") as ledger:
        ledger.execute("DELETE FROM pages WHERE number = 3")
    (folder / "out/a.pdf.json").unlink()
    with sqlite3.connect(folder / "out/.lusocr/ledger.sqlite") as ledger:
        ledger.execute("DELETE FROM outputs")
    done = run_ocr("verify", "out", cwd=folder)
    assert (done.returncode, "1 of 5 pages not read yet: --pages 3" in done.stdout) == (9, True)
