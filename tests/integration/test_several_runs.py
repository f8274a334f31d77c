"""What one run leaves for the next, and what inputs that are no ordinary files do to it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command import ENVIRONMENT, FAKE, OCR, make_scan, outputs, run_ocr

from ocr.core.document import Page, Source
from ocr.core.errors import EngineError, UsageError
from ocr.pipeline.extract import extract_to_folder
from ocr.pipeline.options import ExtractSettings, Job
from ocr.pipeline.page_builder import build_page
from ocr.pipeline.progress import Lines
from ocr.rendering.discovery import sha256_of
from ocr.storage.ledger import Ledger


class Heard(Lines):
    """Counts the pages that a run read, and keeps what it said."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[Page] = []
        self.notes: list[str] = []

    def page(self, source: Source, page: Page) -> None:
        del source
        self.pages.append(page)

    def note(self, text: str) -> None:
        self.notes.append(text)


def extract(folder: Path, *inputs: Path, heard: Heard | None = None, **settings: Any) -> Heard:
    heard = heard or Heard()
    job = Job(tuple(map(str, inputs)), ExtractSettings(**{"engine": "ocr.engines.fake:create", **settings}))
    extract_to_folder(job, folder, heard)
    return heard


def documents(folder: Path) -> set[str]:
    """The content that each output was made of."""
    return {json.loads(text)["source"]["sha256"] for name, text in outputs(folder).items() if name.endswith(".json")}


def test_the_same_name_in_two_runs_is_two_files(tmp_path: Path) -> None:
    old = make_scan(tmp_path / "2023/scan1.png", shade=1)
    new = make_scan(tmp_path / "2024/scan1.png", shade=2)
    both = {sha256_of(old), sha256_of(new)}
    extract(tmp_path / "out", old.parent)
    extract(tmp_path / "out", new.parent)
    assert documents(tmp_path / "out") == both
    for year in ("2024", "2023"):  # in whatever order, each keeps its name
        assert extract(tmp_path / "out", tmp_path / year).pages == []
    assert (len(outputs(tmp_path / "out")), documents(tmp_path / "out")) == (2, both)


def test_a_file_that_was_moved_or_changed_keeps_its_name(tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "a/scan1.png", shade=1)
    extract(tmp_path / "out", scan.parent)
    make_scan(scan, shade=2)
    extract(tmp_path / "out", scan.parent)
    (tmp_path / "a").rename(tmp_path / "b")
    extract(tmp_path / "out", tmp_path / "b")
    assert set(outputs(tmp_path / "out")) == {"scan1.png.json"}


def test_an_engine_that_does_not_load_is_not_remembered(tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "a.png")
    extract(tmp_path / "out", scan)
    with pytest.raises(EngineError):
        extract(tmp_path / "out", make_scan(tmp_path / "b.png", shade=9), options={"start": "fails", "words": 6})
    done = run_ocr("verify", "out", cwd=tmp_path)
    assert "1 ok" in done.stdout and "a.png: 1 of 1 pages not read yet" not in done.stdout
    extract(tmp_path / "out", scan, tmp_path / "b.png", engine="")
    assert run_ocr("verify", "out", cwd=tmp_path).returncode == 0


def test_an_impossible_name_is_one_file_that_cannot_be_opened(tmp_path: Path) -> None:
    fine = make_scan(tmp_path / "fine.png")
    heard = extract(tmp_path / "out", tmp_path / ("x" * 300 + ".png"), fine)
    assert [page.status for page in heard.pages] == ["ok"]
    assert any("cannot be opened" in note for note in heard.notes)


def test_inputs_that_are_the_output_or_hold_no_scan(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    make_scan(folder / "a.png")
    with pytest.raises(UsageError, match="is also the output folder"):
        extract(folder, folder)
    assert not (folder / ".lusocr").exists()
    (folder / "a.png").unlink()
    for number in range(3):
        (folder / f"{number}.txt").write_text("words", encoding="utf-8")
    heard = Heard()
    with pytest.raises(UsageError, match="no scan in"):
        extract(tmp_path / "out", folder, heard=heard)
    assert any(note.startswith("ignored 3 files that are no scans (") for note in heard.notes)


def test_a_file_replaced_between_hash_and_reading_is_not_filed_under_the_old_hash(tmp_path: Path) -> None:
    first, scan = make_scan(tmp_path / "a/0.png", shade=5), make_scan(tmp_path / "a/1.png", shade=1)

    class Replacing(Heard):
        def found(self, source: Source, to_read: int) -> None:
            del to_read
            if source.path == "1.png" and not self.notes:
                self.notes.append("replaced")
                scan.unlink()
                make_scan(scan, shade=2)

    heard = extract(tmp_path / "out", first.parent, heard=Replacing())
    assert sorted(page.status for page in heard.pages) == ["ok", "unreadable"]
    assert [page.reason for page in heard.pages if page.reason] == [
        "changed while it was being read (run the same again)"
    ]
    assert [page.status for page in extract(tmp_path / "out", first.parent).pages] == ["ok"]
    assert documents(tmp_path / "out") == {sha256_of(first), sha256_of(scan)}


def test_a_later_copy_reads_nothing_and_leaves_every_output_current(tmp_path: Path) -> None:
    make_scan(tmp_path / "a/1.png", shade=1)
    extract(tmp_path / "out", tmp_path / "a", options={"errs": [1]})
    copy = tmp_path / "b/2.png"
    copy.parent.mkdir()
    copy.write_bytes((tmp_path / "a/1.png").read_bytes())
    assert len(extract(tmp_path / "out", copy).pages) == 1  # it failed before, so it is tried again
    done = run_ocr("verify", "out", cwd=tmp_path)
    assert (done.returncode, "out of date" in done.stdout) == (0, False), done.stdout


def test_a_layout_that_trips_costs_one_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_scan(tmp_path / "a/1.pdf", pages=3)
    extract(tmp_path / "out", tmp_path / "a")

    def trip(kept: Any, number: int, *layout: str) -> Page:
        if number == 2 and not trips:
            trips.append(number)
            raise IndexError("a slip")
        return build_page(kept, number, *layout)

    trips: list[int] = []
    monkeypatch.setattr("ocr.pipeline.scheduler.arrangement_of", lambda *_: "newer")
    monkeypatch.setattr("ocr.pipeline.scheduler.build_page", trip)
    assert [(page.number, page.status) for page in extract(tmp_path / "out", tmp_path / "a").pages] == [(2, "ok")]


def test_a_list_that_stays_open_does_not_hold_up_a_run_that_failed(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.png")
    reading, writing = os.pipe()
    os.write(writing, b"a.png\n")
    words = [OCR, "extract", "-", *FAKE, "--set", "options.start=fails", "--to", "out"]
    with os.fdopen(reading), os.fdopen(writing, "wb"):
        done = subprocess.run(
            words, stdin=reading, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, timeout=60, check=False
        )
    assert (done.returncode, b"Fatal" in done.stderr) == (6, False), done.stderr


def test_the_ledger_keeps_where_a_file_lies(tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "a/1.png")
    extract(tmp_path / "out", scan)
    ledger = Ledger(tmp_path / "out/.lusocr/ledger.sqlite")
    assert ledger.name_at(str(scan)) == "1.png"
    assert ledger.holder("1.png") == (str(scan), sha256_of(scan))
    ledger.close()
