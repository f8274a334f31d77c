"""A small count of the proof that `make prove` runs in full."""

import subprocess
import sys

import pytest
from paths import ROOT

pytestmark = pytest.mark.serial

PROOF = "benchmarks.robustness.killed_runs"


def test_killed_runs_are_resumed_without_loss() -> None:
    done = subprocess.run(
        [sys.executable, "-m", PROOF, "--count", "2", "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "2 runs killed" in done.stdout
    assert "0 pages lost, 0 outputs differ" in done.stdout
