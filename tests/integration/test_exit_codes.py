"""Every exit code that `ocr extract` and `ocr verify` leave with, reached through the real command."""

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command import ENVIRONMENT, FAKE, OCR, make_scan, run_ocr

from ocr.errors import ExitCode

ROOT = Path(__file__).resolve().parents[2]


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
        (("extract", "a.png", "--out", "json,pdf"), "out.1"),
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
    missing = re.search(r"(\d+) not read yet", done.stderr)
    assert missing is not None
    assert 1 <= int(missing[1]) <= 8  # the others were read before page 15, or drawn too late to be read
    again = run_ocr(*words, cwd=tmp_path)
    assert again.returncode == ExitCode.OK
    assert f"read {missing[1]} page" in again.stderr


def test_8_for_a_second_run_in_the_same_folder_which_harms_nothing(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=4)
    words = ("extract", "a.pdf", *FAKE, "--set", "options.seconds=1", "--set", "options.concurrency=1")
    with subprocess.Popen([OCR, *words], cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE) as first:
        wait_for(tmp_path / "ocr-out/.lusocr/ledger.sqlite")
        second = run_ocr(*words, cwd=tmp_path)
        assert second.returncode == ExitCode.OUTPUT
        assert f"ocr-out is in use by process {first.pid}" in second.stderr
        assert first.wait(timeout=60) == ExitCode.OK
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
    words = ("extract", "a.pdf", *FAKE, "--set", "options.concurrency=1")
    slow = [OCR, *words, "--set", "options.seconds=0.3"]
    with subprocess.Popen(slow, cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as first:
        wait_for(tmp_path / "ocr-out/.lusocr/ledger.sqlite")
        time.sleep(2)
        first.send_signal(number)
        _, said = first.communicate(timeout=30)
    assert first.returncode == ExitCode.INTERRUPTED
    assert "error: interrupted" in said
    kept = int(re.search(r"(\d+) ok", said)[1])
    assert 1 <= kept < 30
    again = run_ocr(*words, cwd=tmp_path)
    assert f"read {30 - kept} pages" in again.stderr


def test_130_at_once_for_a_second_ctrl_c(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=2)
    words = [OCR, "extract", "a.pdf", *FAKE, "--set", "options.hang=[1]", "--set", "options.stubborn=true"]
    with subprocess.Popen(words, cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE) as run:
        wait_for(tmp_path / "ocr-out/.lusocr/ledger.sqlite")
        time.sleep(2)
        run.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert run.poll() is None, "the fake engine did not hold the run up, so this test shows nothing"
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=5) == ExitCode.INTERRUPTED


def test_the_documentation_knows_every_code() -> None:
    text = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    documented = {int(code): name for code, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", text, re.MULTILINE)}
    assert documented == {code.value: code.name for code in ExitCode}


def wait_for(path: Path) -> None:
    """Until a started run has got so far that it made `path`."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never appeared"
        time.sleep(0.02)
