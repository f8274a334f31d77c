"""Every exit code that `ocr extract` and `ocr verify` leave with, reached through the real command."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command import ENVIRONMENT, FAKE, OCR, make_scan, run_ocr
from paths import ROOT

from ocr.core.errors import ExitCode


def test_0_when_every_page_is_ok_blank_or_skipped(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=3)
    done = run_ocr("extract", "a.pdf", *FAKE, "--pages", "1-2", "--set", "options.empty=[2]", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (ExitCode.OK, "")
    assert "1 ok, 1 blank, 1 skipped" in done.stderr


def test_1_is_a_bug_with_a_traceback(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.png")
    done = run_ocr("extract", "a.png", *FAKE, "--set", "options.start=bug", cwd=tmp_path)
    assert done.returncode == ExitCode.BUG
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("extract",), "Missing argument"),
        (("extrakt", "a.png"), "No such command"),
        (("extract", "a.png", "--engine", "rapd"), "did you mean rapid"),
        (("extract", "a.png", "--engine", "nowhere:create"), "cannot be imported"),
        (("extract", "a.png", "--set", "rendr.dpi=100"), "did you mean render?"),
        (("extract", "a.png", "--set", "render.dpi=7"), "render.dpi"),
        (("extract", "a.png", "--config", "none.toml"), "none.toml"),
        (("extract", "a.png", "--out", "json,nonsense"), "out.1"),
        (("extract", "a.png", "--pages", "3-1"), "no page range"),
    ],
)
def test_2_is_the_command_line(tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    done = run_ocr(*words, cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_3_when_a_page_failed_although_others_did_not(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=5)
    done = run_ocr("extract", "a.pdf", *FAKE, "--set", "options.errs=[3]", cwd=tmp_path)
    assert done.returncode == ExitCode.PAGES_FAILED
    assert "a.pdf: page 3: failed: could not make sense of it" in done.stderr
    assert "4 ok, 1 failed" in done.stderr
    assert run_ocr("verify", "ocr-out", cwd=tmp_path).returncode == ExitCode.PAGES_FAILED


def test_3_when_an_input_does_not_exist(tmp_path: Path) -> None:
    done = run_ocr("extract", "none.pdf", *FAKE, cwd=tmp_path)
    assert done.returncode == ExitCode.PAGES_FAILED
    assert "none.pdf: cannot be opened: does not exist" in done.stderr


def test_6_when_the_engine_does_not_load(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.png")
    done = run_ocr("extract", "a.png", *FAKE, "--set", "options.start=fails", cwd=tmp_path)
    assert done.returncode == ExitCode.ENGINE
    assert "error: the fake engine does not load\nhint: choose a real one" in done.stderr


def test_6_when_the_engine_dies_for_good_keeps_what_was_read(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=20)
    words = ("extract", "a.pdf", *FAKE, "--set", "options.concurrency=1")
    done = run_ocr(*words, "--set", "options.fatal=[15]", cwd=tmp_path)
    assert done.returncode == ExitCode.ENGINE
    missing, kept = number_of("not read yet", done.stderr), number_of("ok", done.stderr)
    assert missing >= 1  # page 15; of the others, those that were read before it or beside it are kept
    assert missing + kept == 20
    again = run_ocr(*words, cwd=tmp_path)
    assert again.returncode == ExitCode.OK
    assert f"read {missing} page" in again.stderr


def test_8_for_a_second_run_in_the_same_folder_which_harms_nothing(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=4)
    words = ("extract", "a.pdf", *FAKE)
    with started(tmp_path, *words, "--set", "options.hang=[2]") as first:
        next_page(first)
        second = run_ocr(*words, cwd=tmp_path)
        assert first.poll() is None
        assert second.returncode == ExitCode.OUTPUT
        assert f"ocr-out is in use by process {first.pid}" in second.stderr
        first.kill()
    assert run_ocr(*words, cwd=tmp_path).returncode == ExitCode.OK
    assert run_ocr("verify", "ocr-out", cwd=tmp_path).returncode == ExitCode.OK


def test_8_for_a_file_that_is_not_ours(tmp_path: Path) -> None:
    make_scan(tmp_path / "scans/a.png")
    make_scan(tmp_path / "scans/b.png", shade=9)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.png.json").write_text("mine", encoding="utf-8")
    done = run_ocr("extract", "scans", *FAKE, "--to", "out", cwd=tmp_path)
    assert done.returncode == ExitCode.OUTPUT
    assert (tmp_path / "out/a.png.json").read_text(encoding="utf-8") == "mine"
    assert (tmp_path / "out/b.png.json").is_file()


def test_8_where_nothing_can_be_written(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.png")
    (tmp_path / "taken").write_text("a file, no folder", encoding="utf-8")
    done = run_ocr("extract", "a.png", *FAKE, "--to", "taken", cwd=tmp_path)
    assert done.returncode == ExitCode.OUTPUT
    assert "error: cannot write taken" in done.stderr


def test_8_for_a_folder_that_is_not_an_output_folder(tmp_path: Path) -> None:
    assert run_ocr("verify", ".", cwd=tmp_path).returncode == ExitCode.OUTPUT


def test_10_for_pages_that_deserve_a_look_only_with_strict(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=2)
    words = ("extract", "a.pdf", *FAKE, "--set", "options.loops=[2]")
    assert run_ocr(*words, cwd=tmp_path).returncode == ExitCode.OK
    assert run_ocr(*words, "--strict", cwd=tmp_path).returncode == ExitCode.PAGES_FLAGGED


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_130_keeps_the_pages_that_are_done(tmp_path: Path, number: signal.Signals) -> None:
    make_scan(tmp_path / "a.pdf", pages=30)
    words = ("extract", "a.pdf", *FAKE)
    with started(tmp_path, *words, "--set", "options.hang=[12,20]") as first:
        next_page(first)
        first.send_signal(number)
        said = [json.loads(line) for line in first.stderr or ()]
        assert first.wait(timeout=60) == ExitCode.INTERRUPTED
    assert said[-1]["message"] == "interrupted"
    (summary,) = (event for event in said if event["event"] == "summary")
    kept = summary["states"]["ok"]
    assert 1 <= kept <= 28
    assert kept + summary["missing"] == 30
    again = run_ocr(*words, cwd=tmp_path)
    assert f"read {30 - kept} pages" in again.stderr


def test_130_at_once_for_a_second_ctrl_c(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=2)
    # The stubborn engine closes after 11 days, so that only the second signal can end this run.
    with started(
        tmp_path, "extract", "a.pdf", *FAKE, "--set", "options.hang=[1]", "--set", "options.stubborn=true"
    ) as run:
        next_page(run)
        run.send_signal(signal.SIGINT)
        assert "stopping" in next_event(run, "note")["text"]
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == ExitCode.INTERRUPTED


def test_the_documentation_knows_every_code() -> None:
    text = (ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    documented = {int(code): name for code, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)}
    assert documented == {code.value: code.name for code in ExitCode}


@contextmanager
def started(folder: Path, *words: str) -> "Iterator[subprocess.Popen[str]]":
    """A run that goes on while the test does something to it, and tells what it does in JSON lines on stderr."""
    command = [OCR, *words, "--log-json"]
    with subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, encoding="utf-8") as run:
        try:
            yield run
        finally:
            run.kill()


def next_event(run: "subprocess.Popen[str]", kind: str) -> dict[str, Any]:
    assert run.stderr is not None
    for line in run.stderr:
        event: dict[str, Any] = json.loads(line)
        if event["event"] == kind:
            return event
    pytest.fail(f"the run ended without a {kind}")


def next_page(run: "subprocess.Popen[str]") -> None:
    """Wait until a page more has been saved."""
    next_event(run, "page")


def number_of(state: str, said: str) -> int:
    """How many pages a summary says are in this state."""
    found = re.search(rf"(\d+) {state}", said)
    assert found is not None, said
    return int(found[1])
