"""CPU time of this process and its children, living and ended."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ocr.core import process_tree
from ocr.core.process_tree import cpu_seconds

BURN = "import time\nwhile time.process_time() < {seconds}: pass\nprint('done', flush=True)\ninput()"

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="reads /proc")


def test_a_child_counts_while_it_lives_and_after_it_ended() -> None:
    before = cpu_seconds()
    child = subprocess.Popen(
        [sys.executable, "-c", BURN.format(seconds=0.5)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"done\n"
    alive = cpu_seconds()
    child.communicate(b"\n")
    ended = cpu_seconds()
    assert before is not None and alive is not None and ended is not None
    assert alive - before >= 0.45
    assert ended >= alive - 0.05


def test_without_proc_there_is_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_tree, "PROC", tmp_path)
    assert cpu_seconds() is None


def test_a_program_may_have_any_name_and_processes_may_end_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fields of a stat file: pid (name) state ppid ... utime stime cutime cstime are the 14th to 17th."""
    ticks = os.sysconf("SC_CLK_TCK")
    for pid, parent, used in (
        (os.getpid(), 1, ticks),
        (7, os.getpid(), 2 * ticks),
        (8, 7, 4 * ticks),
        (9, 1, 8 * ticks),
    ):
        (tmp_path / str(pid)).mkdir()
        content = f"{pid} (a) b (c) S {parent} " + "0 " * 9 + f"{used} 0 0 {used} 0 0\n"
        (tmp_path / str(pid) / "stat").write_text(content, encoding="utf-8")
    (tmp_path / "self").mkdir()
    (tmp_path / "self/stat").write_text("", encoding="utf-8")
    (tmp_path / "10").mkdir()
    (tmp_path / "10/stat").symlink_to(tmp_path / "gone")
    monkeypatch.setattr(process_tree, "PROC", tmp_path)
    assert cpu_seconds() == 2 * (1 + 2 + 4)
