"""Processes of others' making do not outlive us, even where we are killed."""

import subprocess
import sys
import time

import pytest
from processes import alive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by Linux's pidfd")

PARENT = """
import subprocess, time
from ocr.core.process_tree import OrphanKiller

child = subprocess.Popen(["sleep", "600"], start_new_session=True)
reaper = OrphanKiller()
reaper.watch(child.pid, child.pid)
print(child.pid, flush=True)
{then}
"""


FORKED = """
import os, time
from ocr.core.process_tree import OrphanKiller

reaper = OrphanKiller()
child = os.fork()
if child == 0:
    time.sleep(600)
reaper.watch(child)
print(child, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("program", "killed"),
    [
        (PARENT.format(then="time.sleep(600)"), True),
        (PARENT.format(then="reaper.close(); time.sleep(600)"), False),
        (PARENT.format(then=""), False),
        (FORKED, True),
    ],
    ids=["killed", "closed", "ended", "killed, with a child that was forked and has what its parent had open"],
)
def test_what_was_told_to_the_reaper_dies(program: str, killed: bool) -> None:
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    if killed:
        assert alive(child)
        parent.kill()
    deadline = time.monotonic() + 30
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert not alive(child)
