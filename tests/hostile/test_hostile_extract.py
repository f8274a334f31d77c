"""The hostile files of the table through the real command: each one's states, reasons and exit code."""

import json
import os
from pathlib import Path

import pytest
from command import FAKE, run_ocr
from hostile_case import HostileCase
from hostile_files import CASES

# Those that need their own settings or password run alone, and one of each way to fail, for the exit code.
ALONE = [case for case in CASES if case.password or case.settings]
READABLE = [case for case in CASES if os.geteuid() == 0 and "permission" in case.name]  # root may read everything
TOGETHER = [case for case in CASES if case not in (*ALONE, *READABLE)]
SINGLE = [*ALONE[:6], next(case for case in TOGETHER if case.problem), next(case for case in TOGETHER if case.bad)]


def options(case: HostileCase) -> list[str]:
    words = [word for key, value in case.settings.items() for word in ("--set", f"render.{key}={value}")]
    return [*words, *(["--password", case.password] if case.password else [])]


def test_all_together_each_ends_in_its_state(tmp_path: Path) -> None:
    """One run over everything: a bad file never costs another."""
    typed: dict[str, HostileCase] = {}
    for case in TOGETHER:
        place = tmp_path / "scans" / case.name
        place.mkdir(parents=True)
        typed[str(case.make(place))] = case
    words = (*FAKE, "--set", "render.processes=2", "--log-json", "--to", "out", "--", *typed)
    done = run_ocr("extract", *words, cwd=tmp_path, seconds=500)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 3, done.stderr[-2000:]
    summary = events[-1]
    wanted = sum(case.pages for case in TOGETHER)
    assert sum(summary["states"].values()) == summary["pages"]
    assert (summary["pages"], summary["missing"]) == (wanted, 0)
    assert summary["states"].get("unreadable", 0) == sum(len(case.bad) for case in TOGETHER)
    closed = [event["reason"] for event in events if event["event"] == "file" and event["reason"]]
    for case in TOGETHER:
        if case.problem:
            assert any(case.problem in reason and case.hint in reason for reason in closed), case.name
    verified = run_ocr("verify", "out", cwd=tmp_path)
    assert verified.returncode == 3
    assert "not read yet" not in verified.stdout


@pytest.mark.parametrize("case", SINGLE, ids=lambda case: case.name)
def test_alone_the_exit_code_says_it(case: HostileCase, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    path = case.make(tmp_path / "scans")
    done = run_ocr("extract", *FAKE, *options(case), "--to", "out", "--", path, cwd=tmp_path)
    assert done.returncode == case.exit_code, done.stderr
    for words in (case.problem, *case.bad.values()):
        assert words in done.stderr
