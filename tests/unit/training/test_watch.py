"""What is said while a stage trains."""

import io
import json
from pathlib import Path

import pytest

from training import watch
from training.watch import Watcher


def test_a_resumed_run_counts_all_its_seconds_and_foresees_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 5_000.0
    monkeypatch.setattr(watch.time, "monotonic", lambda: now)
    (tmp_path / watch.LOG_FILE).write_text('{"step": 101, "seconds": 700.5}\n', encoding="utf-8")
    out = io.StringIO()
    watcher = Watcher(tmp_path, [], out)
    for step in range(101, 111):
        now += 6
        watcher.write(step, 200, {"loss": 0.5})
    assert out.getvalue().endswith("\nstep 110/200  loss 0.5000  9 min left\n")
    last = (tmp_path / watch.LOG_FILE).read_text(encoding="utf-8").splitlines()[-1]
    assert json.loads(last) == {"step": 110, "steps": 200, "seconds": 760.5, "loss": 0.5}
