"""The functions of `import ocr` that read folders and outputs."""

import asyncio
import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from command import make_scan, outputs, run_ocr
from paths import ROOT

import ocr

FAKE = "ocr.engines.fake:create"


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    make_scan(tmp_path / "scans/book.pdf", pages=3)
    make_scan(tmp_path / "scans/deep/letter.png", shade=50)
    return tmp_path / "scans"


def test_a_folder_is_read_as_the_command_reads_it(scans: Path, tmp_path: Path) -> None:
    summary = ocr.extract_all(scans, tmp_path / "one", formats=["json", "md"], engine=FAKE)
    run_ocr("extract", scans, "--to", tmp_path / "two", "--out", "json,md", "--engine", FAKE, cwd=tmp_path)
    assert outputs(tmp_path / "one") == outputs(tmp_path / "two")
    assert (summary.files, summary.pages, summary.states, summary.exit_code) == (2, 4, {"ok": 4}, ocr.ExitCode.OK)


def test_a_resumed_run_reads_nothing_twice(scans: Path, tmp_path: Path) -> None:
    first: list[ocr.PageResult] = []
    with pytest.raises(RuntimeError, match="enough"):
        ocr.extract_all(scans, tmp_path / "out", engine=FAKE, on_page=lambda page: stop_after(2, page, first))
    second: list[ocr.PageResult] = []
    ocr.extract_all(scans, tmp_path / "out", engine=FAKE, on_page=second.append)
    third: list[ocr.PageResult] = []
    ocr.extract_all([scans], str(tmp_path / "out"), on_page=third.append)
    seen = [(result.source.path, result.page.number) for result in (*first, *second)]
    assert len(seen) == len(set(seen))
    assert len(second) <= 2
    assert third == []
    run_ocr("extract", scans, "--to", tmp_path / "out", cwd=tmp_path)
    assert ocr.verify(tmp_path / "out").exit_code == ocr.ExitCode.OK


def stop_after(count: int, page: ocr.PageResult, seen: list[ocr.PageResult]) -> None:
    seen.append(page)
    if len(seen) == count:
        raise RuntimeError("enough")


def test_on_page_gets_the_page_that_the_output_holds(scans: Path, tmp_path: Path) -> None:
    results: list[ocr.PageResult] = []
    ocr.extract_all(
        scans / "book.pdf", tmp_path / "out", engine=FAKE, settings={"options.errs": [2]}, on_page=results.append
    )
    document = ocr.load(tmp_path / "out/book.pdf.json")
    assert {result.page for result in results} == set(document.pages)
    assert sorted(map(str, results))[0] == "book.pdf: page 1: ok"
    assert sorted(map(str, results))[1].startswith("book.pdf: page 2: failed: ")


def test_nothing_is_printed_and_the_log_says_what_happens(
    scans: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    (scans / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing else")
    ocr.extract_all(scans, tmp_path / "out", engine=FAKE)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    with caplog.at_level(logging.DEBUG, logger="ocr"):
        ocr.extract_all(scans, tmp_path / "out", engine=FAKE)
    assert any("broken.pdf: cannot be opened" in record.getMessage() for record in caplog.records)
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}


def test_it_runs_in_a_thread_and_where_an_event_loop_runs(scans: Path, tmp_path: Path) -> None:
    async def run() -> ocr.RunSummary:
        return ocr.extract_all(scans, tmp_path / "loop", engine=FAKE)

    found = [asyncio.run(run())]
    thread = threading.Thread(target=lambda: found.append(ocr.extract_all(scans, tmp_path / "thread", engine=FAKE)))
    thread.start()
    thread.join()
    assert [summary.states for summary in found] == [{"ok": 4}, {"ok": 4}]


def test_a_folder_in_use_is_refused_within_a_process_too(scans: Path, tmp_path: Path) -> None:
    caught: list[ocr.OcrError] = []

    def meddle(_: ocr.PageResult) -> None:
        for call in (
            lambda: ocr.verify(tmp_path / "out"),
            lambda: ocr.extract_all(scans, tmp_path / "out", engine=FAKE),
        ):
            try:
                call()
            except ocr.OutputError as failure:
                caught.append(failure)

    ocr.extract_all(scans / "deep", tmp_path / "out", engine=FAKE, on_page=meddle)
    assert [failure.message for failure in caught] == [
        f"{tmp_path / 'out'} is in use by another thread of this process"
    ] * 2
    assert ocr.verify(tmp_path / "out").summary.states == {"ok": 1}


@pytest.mark.usefixtures("scans")
@pytest.mark.parametrize(
    ("inputs", "words"),
    [("empty", []), ("none.pdf", []), ("scans", ["--out", "nonsense"]), ("scans", ["--pages", "0"])],
)
def test_errors_are_those_of_the_command(inputs: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run_ocr("extract", tmp_path / inputs, *words, "--to", tmp_path / "a", "--engine", FAKE, cwd=tmp_path)
    formats = ["nonsense"] if "nonsense" in words else None
    pages = "0" if "0" in words else None
    if inputs == "none.pdf":
        summary = ocr.extract_all(tmp_path / inputs, tmp_path / "b", engine=FAKE)
        assert (done.returncode, summary.exit_code, summary.closed) == (3, 3, 1)
        return
    with pytest.raises(ocr.UsageError) as caught:
        ocr.extract_all(tmp_path / inputs, tmp_path / "b", engine=FAKE, formats=formats, pages=pages)
    hint = f"hint: {caught.value.hint}" if caught.value.hint else ""
    assert done.stderr.strip().endswith("\n".join(filter(None, (f"error: {caught.value.message}", hint))))


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_an_output_is_loaded_as_the_document_that_was_read(form: str, scans: Path, tmp_path: Path) -> None:
    ocr.extract_all(scans, tmp_path / "out", engine=FAKE, formats=form)
    assert ocr.load(tmp_path / f"out/book.pdf.{form}") == ocr.extract(scans / "book.pdf", engine=FAKE)


def test_what_is_no_document_is_not_loaded(scans: Path, tmp_path: Path) -> None:
    ocr.extract_all(scans, tmp_path / "out", engine=FAKE, formats="jsonl")
    lines = [path.read_text(encoding="utf-8") for path in sorted((tmp_path / "out").rglob("*.jsonl"))]
    contents = {"both.jsonl": "".join(lines), "empty.json": "", "list.json": "[]", "other.json": "{}"}
    contents["none.jsonl"] = ""
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
        with pytest.raises(ocr.UsageError, match="holds no document") as caught:
            ocr.load(tmp_path / name)
        assert caught.value.hint
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    for name in ("binary.json", "missing.json"):
        with pytest.raises(ocr.UsageError, match="cannot be read"):
            ocr.load(tmp_path / name)


def test_a_changed_output_is_found(scans: Path, tmp_path: Path) -> None:
    ocr.extract_all(scans, tmp_path / "out", engine=FAKE)
    (tmp_path / "out/book.pdf.json").write_text("{}", encoding="utf-8")
    report = ocr.verify(tmp_path / "out")
    assert (len(report.wrong_outputs), report.outputs, report.exit_code) == (1, 1, ocr.ExitCode.OUTPUT)
    with pytest.raises(ocr.OutputError, match="is not an output folder"):
        ocr.verify(scans)


def run_python(code: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60, check=False)


def test_ctrl_c_stops_a_run_and_keeps_finished_pages(scans: Path, tmp_path: Path) -> None:
    code = (
        "import ocr, signal, sys\n"
        "settings = {'options.hang': [3], 'options.concurrency': 1}\n"
        "stop = lambda page: page.page.number == 2 and signal.raise_signal(signal.SIGINT)\n"
        f"ocr.extract_all({str(scans / 'book.pdf')!r}, {str(tmp_path / 'out')!r}, engine={FAKE!r},\n"
        "    settings=settings, on_page=stop)\n"
    )
    done = run_python(code)
    assert "KeyboardInterrupt" in done.stderr
    results: list[ocr.PageResult] = []
    ocr.extract_all(scans / "book.pdf", tmp_path / "out", engine=FAKE, on_page=results.append)
    assert [result.page.number for result in results] == [3]


def test_a_reader_that_is_never_closed_ends_with_the_program(scans: Path) -> None:
    code = f"import ocr; ocr.Reader(engine={FAKE!r}).extract({str(scans / 'deep/letter.png')!r}); print('read')"
    done = run_python(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "read\n", "")
