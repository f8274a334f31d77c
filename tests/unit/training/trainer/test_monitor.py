"""What is said while a stage trains."""

import io
import json
from pathlib import Path

import pytest

from training.run_dir import RunDir
from training.trainer import monitor
from training.trainer.monitor import LoggedStep, Watcher, read_log


def test_a_resumed_run_counts_all_its_seconds_and_foresees_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 5_000.0
    monkeypatch.setattr(monitor.time, "monotonic", lambda: now)
    directory = RunDir(tmp_path)
    directory.losses.write_text('{"step": 101, "seconds": 700.5, "loss": 0.5}\n', encoding="utf-8")
    out = io.StringIO()
    watcher = Watcher(directory, [], out)
    for step in range(101, 111):
        now += 6
        watcher.write(step, 200, {"loss": 0.5})
    assert out.getvalue().endswith("\nstep 110/200  loss 0.5000  9 min left\n")
    last = directory.losses.read_text(encoding="utf-8").splitlines()[-1]
    assert json.loads(last) == {"step": 110, "steps": 200, "seconds": 760.5, "loss": 0.5}


def test_a_line_that_a_full_disk_cut_short_does_not_stop_a_run_from_going_on(tmp_path: Path) -> None:
    whole = '{"step": 1, "seconds": 2.5, "loss": 3.0}'
    directory = RunDir(tmp_path)
    directory.losses.write_text(f'{whole}\n{{"step": 2, "sec', encoding="utf-8")
    assert read_log(directory.losses) == [LoggedStep(1, 3.0, 2.5)]
    Watcher(directory, [], io.StringIO())
