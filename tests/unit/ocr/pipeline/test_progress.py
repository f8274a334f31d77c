import io
import json

import pytest

from ocr.core.document import Page, Source
from ocr.pipeline.progress import Bar, JsonLines, Lines, Progress, Quiet, make_progress
from ocr.storage.summary import Summary

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


SOURCE = Source("deep/a\n.pdf", "a" * 64, 3)


def test_lines_say_problems_at_once_and_the_rest_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 2.0, 12.0, 20.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    lines = Lines()
    lines.found(SOURCE, 3)
    lines.found(Source("b.pdf", "", 0, "does not exist"), 0)
    lines.page(SOURCE, Page(1, "ok"))
    lines.page(SOURCE, Page(2, "failed", "too hard"))
    lines.page(SOURCE, Page(3, "blank"))
    lines.finish(Summary(2, 3, 1, {"ok": 1, "failed": 1, "blank": 1}))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "b.pdf: cannot be opened: does not exist",
        "deep/a\\n.pdf: page 2: failed: too hard",
        "3 of 3 pages, 0.2 pages/s, 0:00 left",
        "read 3 pages in 0:20 (0.1 pages/s)",
        "2 files, 3 pages: 1 ok, 1 blank, 1 failed; 1 file could not be opened",
    ]


def test_every_json_line_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    log = JsonLines()
    log.found(SOURCE, 3)
    log.page(SOURCE, Page(1, "ok", flags=("look",), confidence=0.5))
    log.note("hear, hear")
    log.finish(Summary(1, 3, 0, {"ok": 1}))
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [event["event"] for event in events] == ["file", "page", "note", "summary"]
    assert events[1]["flags"] == ["look"]
    assert events[3]["missing"] == 2


def test_what_fits() -> None:
    assert isinstance(make_progress(quiet=True, log_json=True), Quiet)
    assert isinstance(make_progress(quiet=False, log_json=True), JsonLines)
    assert isinstance(make_progress(quiet=False, log_json=False), Lines)


def say_everything(quiet: Progress) -> None:
    quiet.found(SOURCE, 3)
    quiet.found(Source("b.pdf", "", 0, "does not exist"), 0)
    quiet.page(SOURCE, Page(1, "ok"))
    quiet.page(SOURCE, Page(2, "failed", "too hard"))
    quiet.note("psst")
    quiet.problem("c.json is not ours", "move it away")
    quiet.finish(Summary())


def test_quiet_says_what_went_wrong_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    say_everything(make_progress(quiet=True, log_json=False))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "error: b.pdf: cannot be opened: does not exist",
        "error: deep/a\\n.pdf: page 2: failed: too hard",
        "error: c.json is not ours",
        "hint: move it away",
    ]


def test_quiet_as_json_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    say_everything(make_progress(quiet=True, log_json=True))
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [event["event"] for event in events] == ["error"] * 3
    assert events[2]["message"] == "c.json is not ours"
    assert events[2]["hint"] == "move it away"


def test_a_run_that_cannot_begin_leaves_the_terminal_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    bar = make_progress(quiet=False, log_json=False)
    assert isinstance(bar, Bar)
    assert HIDE_CURSOR not in terminal.getvalue()
    bar.found(SOURCE, 3)
    bar.page(SOURCE, Page(1, "ok"))
    assert HIDE_CURSOR in terminal.getvalue()
    assert SHOW_CURSOR not in terminal.getvalue()
    bar.finish(Summary())
    assert SHOW_CURSOR in terminal.getvalue()
