"""What a folder holds after one run, and after another: nothing is read twice, nothing is lost."""

import contextlib
import json
import os
import pty
import re
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import ENVIRONMENT, FAKE, OCR, make_scan, outputs, run_ocr

import ocr.pipeline.scheduler
from ocr.core.document import Page
from ocr.core.errors import UsageError
from ocr.formats.json_schema import document_from_json
from ocr.pipeline.extract import extract_to_folder
from ocr.pipeline.options import ExtractSettings, Job, parse_selection
from ocr.pipeline.progress import Lines, Quiet
from ocr.rendering.discovery import Scan, discover


class Heard(Quiet):
    """Counts the pages that a run read, and keeps what it said."""

    def __init__(self) -> None:
        super().__init__(Lines())
        self.pages: list[tuple[str, int]] = []
        self.notes: list[str] = []

    def page(self, source: Any, page: Page) -> None:
        self.pages.append((source.path, page.number))

    def note(self, text: str) -> None:
        self.notes.append(text)


def extract(scans: Path, folder: Path, *, engine: str = FAKE[1], pages: str = "", **settings: Any) -> Heard:
    heard = Heard()
    job = Job((str(scans),), ExtractSettings(engine=engine, **settings), parse_selection(pages))
    extract_to_folder(job, folder, heard)
    return heard


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    make_scan(tmp_path / "scans/book.pdf", pages=5)
    make_scan(tmp_path / "scans/deep/er/letter.png", shade=50)
    make_scan(tmp_path / "scans/letter.png", shade=60)
    return tmp_path / "scans"


def test_one_file_a_scan_and_format_with_the_tree_kept(scans: Path, tmp_path: Path) -> None:
    heard = extract(scans, tmp_path / "out", out=("json", "md", "txt", "jsonl"))
    names = {"book.pdf", "deep/er/letter.png", "letter.png"}
    assert set(outputs(tmp_path / "out")) == {
        f"{name}.{form}" for name in names for form in ("json", "md", "txt", "jsonl")
    }
    assert len(heard.pages) == 7
    document = document_from_json(json.loads((tmp_path / "out/book.pdf.json").read_text(encoding="utf-8")))
    assert [page.number for page in document.pages] == [1, 2, 3, 4, 5]
    assert document.engine.name == "fake"
    lines = (tmp_path / "out/book.pdf.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["page"]["number"] for line in lines] == [1, 2, 3, 4, 5]


def test_the_same_run_gives_the_same_bytes(scans: Path, tmp_path: Path) -> None:
    forms = ("json", "md", "txt", "jsonl")
    extract(scans, tmp_path / "one", out=forms)
    extract(scans, tmp_path / "two", out=forms, options={"concurrency": 1})
    assert outputs(tmp_path / "one") == outputs(tmp_path / "two")


def test_a_second_run_reads_nothing_and_writes_nothing(scans: Path, tmp_path: Path) -> None:
    extract(scans, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.json")}
    assert extract(scans, tmp_path / "out").pages == []
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.json")} == before


def test_another_format_and_a_deleted_output_cost_no_reading(scans: Path, tmp_path: Path) -> None:
    extract(scans, tmp_path / "out")
    first = outputs(tmp_path / "out")
    (tmp_path / "out/book.pdf.json").unlink()
    assert extract(scans, tmp_path / "out", out=("json", "txt")).pages == []
    second = outputs(tmp_path / "out")
    assert {name: content for name, content in second.items() if name.endswith(".json")} == first
    assert "letter.png.txt" in second


def test_formats_of_earlier_runs_never_go_stale(scans: Path, tmp_path: Path) -> None:
    extract(scans / "book.pdf", tmp_path / "out", options={"errs": [3]})
    extract(scans / "book.pdf", tmp_path / "out", out=("md",))
    assert b"failed" not in outputs(tmp_path / "out")["book.pdf.json"]


def test_a_run_that_finds_everything_read_needs_no_engine(scans: Path, tmp_path: Path) -> None:
    extract(scans, tmp_path / "out")
    assert extract(scans, tmp_path / "out", options={"start": "fails"}).pages == []


def test_copies_are_read_once_and_written_twice(scans: Path, tmp_path: Path) -> None:
    shutil.copy(scans / "book.pdf", scans / "deep/copy.pdf")
    heard = extract(scans, tmp_path / "out")
    assert len(heard.pages) == 7
    written = outputs(tmp_path / "out")
    one, two = (json.loads(written[name]) for name in ("book.pdf.json", "deep/copy.pdf.json"))
    assert one["source"].pop("path") != two["source"].pop("path")
    assert one == two


def test_a_renamed_file_is_not_read_again(scans: Path, tmp_path: Path) -> None:
    extract(scans, tmp_path / "out")
    (scans / "book.pdf").rename(scans / "renamed.pdf")
    assert extract(scans, tmp_path / "out").pages == []
    assert "renamed.pdf.json" in outputs(tmp_path / "out")


def test_a_replaced_file_is_read_again(scans: Path, tmp_path: Path) -> None:
    extract(scans, tmp_path / "out")
    make_scan(scans / "book.pdf", pages=2, shade=90)
    assert sorted(extract(scans, tmp_path / "out").pages) == [("book.pdf", 1), ("book.pdf", 2)]
    assert json.loads(outputs(tmp_path / "out")["book.pdf.json"])["source"]["pages"] == 2


def test_pages_that_were_left_out_are_skipped_until_they_are_asked_for(scans: Path, tmp_path: Path) -> None:
    heard = extract(scans / "book.pdf", tmp_path / "out", pages="1,4-")
    assert sorted(number for _, number in heard.pages) == [1, 4, 5]
    pages = json.loads(outputs(tmp_path / "out")["book.pdf.json"])["pages"]
    assert [page["status"] for page in pages] == ["ok", "skipped", "skipped", "ok", "ok"]
    more = extract(scans / "book.pdf", tmp_path / "out", pages="1-2")
    assert more.pages == [("book.pdf", 2)]
    pages = json.loads(outputs(tmp_path / "out")["book.pdf.json"])["pages"]
    assert [page["status"] for page in pages] == ["ok", "ok", "skipped", "ok", "ok"]


def test_a_failed_page_is_tried_again_and_the_others_are_not(scans: Path, tmp_path: Path) -> None:
    extract(scans / "book.pdf", tmp_path / "out", options={"errs": [3]})
    heard = extract(scans / "book.pdf", tmp_path / "out")
    assert heard.pages == [("book.pdf", 3)]
    pages = json.loads(outputs(tmp_path / "out")["book.pdf.json"])["pages"]
    assert {page["status"] for page in pages} == {"ok"}


def test_a_new_layout_arranges_anew_without_reading(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract(scans, tmp_path / "out")
    before = outputs(tmp_path / "out")
    build_page = ocr.pipeline.scheduler.build_page

    def shout(attempt: Any, number: int, *layout: str) -> Page:
        page = build_page(attempt, number, *layout)
        return Page(page.number, page.status, text=page.text.upper())

    monkeypatch.setattr(ocr.pipeline.scheduler, "arrangement_of", lambda *_: "louder")
    monkeypatch.setattr(ocr.pipeline.scheduler, "build_page", shout)
    assert extract(scans, tmp_path / "out").pages == []
    after = outputs(tmp_path / "out")
    for name, content in after.items():
        for old, new in zip(json.loads(before[name])["pages"], json.loads(content)["pages"], strict=True):
            assert new["text"] == old["text"].upper() != old["text"]


def test_a_folder_remembers_its_engine(scans: Path, tmp_path: Path) -> None:
    extract(scans, tmp_path / "out", options={"words": 6})
    assert extract(scans, tmp_path / "out", engine="").pages == []
    with pytest.raises(UsageError, match="7 pages would be read again") as refusal:
        extract(scans, tmp_path / "out", engine="", options={"words": 9})
    assert "--engine ocr.engines.fake:create" in refusal.value.hint
    heard = extract(scans, tmp_path / "out", options={"words": 9})
    assert len(heard.pages) == 7
    assert any("7 pages will be read again" in note for note in heard.notes)
    assert extract(scans, tmp_path / "out", options={"words": 6}).pages == [], "the first readings are still there"


def test_another_resolution_is_another_reading(scans: Path, tmp_path: Path) -> None:
    extract(scans, tmp_path / "out")
    assert len(extract(scans, tmp_path / "out", render={"dpi": 100}).pages) == 7


def test_page_text_is_private(scans: Path, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        extract(scans, tmp_path / "out")
    finally:
        os.umask(before)
    private = tmp_path / "out/.lusocr"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE((private / "ledger.sqlite").stat().st_mode) == 0o600


def test_the_ledger_holds_what_the_outputs_do_not(scans: Path, tmp_path: Path) -> None:
    extract(scans / "book.pdf", tmp_path / "out", options={"loops": [2], "times": 1})
    with sqlite3.connect(tmp_path / "out/.lusocr/ledger.sqlite") as ledger:
        attempts = ledger.execute("SELECT number, attempt, status, length(text), length FROM attempts").fetchall()
        tokens = ledger.execute("SELECT attempts, completion_tokens FROM pages WHERE number = 2").fetchone()
        hosts = ledger.execute("SELECT count(*) FROM runs WHERE host != '' AND started > 0").fetchone()
    assert attempts == [(2, 1, "degenerate", 64 * 1024, 160_000)]
    assert tokens == (2, 60_000)
    assert hosts == (1,)


@pytest.mark.usefixtures("scans")
def test_json_lines_on_stdout_and_nothing_else(tmp_path: Path) -> None:
    done = run_ocr("extract", "scans", *FAKE, "--to", "-", "--set", "options.chats=[1,2]", cwd=tmp_path)
    assert done.returncode == 0
    records = [json.loads(line) for line in done.stdout.splitlines()]
    book = [record["page"]["number"] for record in records if record["source"]["path"] == "book.pdf"]
    assert (len(records), book) == (7, [1, 2, 3, 4, 5])
    assert "native noise" in done.stderr
    assert not (tmp_path / "ocr-out").exists()


@pytest.mark.usefixtures("scans")
def test_a_list_of_files_on_stdin(tmp_path: Path) -> None:
    names = "scans/letter.png\nscans/none.png\n\n"
    done = run_ocr("extract", "-", *FAKE, "--to", "out", cwd=tmp_path, text=names)
    assert done.returncode == 3
    assert set(outputs(tmp_path / "out")) == {"letter.png.json"}


def test_a_reader_that_goes_away_ends_the_run(scans: Path) -> None:
    words = [OCR, "extract", scans, *FAKE, "--to", "-"]
    with subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        run.stdout.close()
        assert run.wait(timeout=60) == 8
        assert run.stderr is not None
        assert "error: cannot write to standard output" in run.stderr.read()


@pytest.mark.usefixtures("scans")
def test_json_log_and_quiet(tmp_path: Path) -> None:
    done = run_ocr("extract", "scans", *FAKE, "--log-json", "--set", "options.errs=[5]", cwd=tmp_path)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    kinds = [event["event"] for event in events]
    assert (kinds.count("file"), kinds.count("page"), kinds[-1]) == (3, 7, "summary")
    assert events[-1]["states"] == {"ok": 6, "failed": 1}
    assert run_ocr("extract", "scans", *FAKE, "--quiet", cwd=tmp_path).stderr == ""


@pytest.mark.usefixtures("scans")
def test_quiet_runs_and_logs_say_what_went_wrong(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/book.pdf.json").write_text("mine", encoding="utf-8")
    words = ("extract", "scans", "none.pdf", *FAKE, "--to", "out")
    quiet = run_ocr(*words, "--quiet", cwd=tmp_path)
    assert quiet.returncode == 8
    assert "error: none.pdf: cannot be opened: does not exist" in quiet.stderr
    assert "error: out/book.pdf.json exists and was not written by lusocr" in quiet.stderr
    assert "pages" not in quiet.stderr
    log = run_ocr(*words, "--log-json", cwd=tmp_path)
    errors = [event for event in map(json.loads, log.stderr.splitlines()) if event["event"] == "error"]
    assert "not written by lusocr" in errors[0]["message"]
    assert "--to DIR" in errors[0]["hint"]


def test_names_too_long_for_an_output_are_shortened_and_stay_apart(tmp_path: Path) -> None:
    stems = ["a" * 250, "a" * 249 + "b", "ç" * 125, "a" * 240]
    for shade, stem in enumerate(stems):
        make_scan(tmp_path / f"scans/{stem}.png", shade=shade)
    assert run_ocr("extract", "scans", *FAKE, "--out", "json,jsonl", cwd=tmp_path).returncode == 0
    written = outputs(tmp_path / "ocr-out")
    assert len(written) == 2 * len(stems)
    assert f"{'a' * 240}.png.json" in written
    assert {json.loads(data)["source"]["path"] for name, data in written.items() if name.endswith(".json")} == {
        f"{stem}.png" for stem in stems
    }
    assert "read 0 pages" in run_ocr("extract", "scans", *FAKE, cwd=tmp_path).stderr
    assert run_ocr("verify", "ocr-out", cwd=tmp_path).returncode == 0


@pytest.mark.usefixtures("scans")
def test_a_terminal_sees_a_bar_and_a_table(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    words = [OCR, "extract", "scans", *FAKE, "--set", "options.errs=[5]"]
    with subprocess.Popen(words, cwd=tmp_path, env={**ENVIRONMENT, "COLUMNS": "120"}, stderr=theirs) as run:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # Linux ends a terminal so
            while piece := os.read(ours, 4096):
                seen += piece
        assert run.wait(timeout=60) == 3
    os.close(ours)
    text = seen.decode("utf-8")
    assert re.search(r"7/7\S* pages", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text))
    assert "pages/s" in text
    assert "book.pdf: page 5: failed: could not make sense of it" in text
    assert "3 files, 7 pages: 6 ok, 1 failed" in text


def test_an_unexpected_error_while_files_are_found_ends_the_run(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is raised to the caller, where it once left the run waiting for ever; pages read before it are kept."""

    def find(*arguments: Any, **options: Any) -> Iterator[Scan]:
        yield next(discover(*arguments, **options))
        raise ValueError("a slip of the pen")

    monkeypatch.setattr("ocr.pipeline.extract.discover", find)
    with pytest.raises(ValueError, match="a slip of the pen"):
        extract(scans, tmp_path / "out")
    monkeypatch.undo()
    assert ("letter.png", 1) in extract(scans, tmp_path / "out").pages
