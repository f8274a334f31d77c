"""End a child when its parent dies, with every program that the child started, also if the parent is killed.

Two mechanisms work together. A thread waits for the end of a pipe whose other end only the parent holds, then kills the
whole process group. On Linux the kernel also kills the child when its parent dies, because a decoder that keeps the
interpreter lock would stop the thread. A grandchild would survive that second mechanism, so while one runs (and the
interpreter is free) only the first one is armed.

A child that other software started cannot watch its parent itself; an `OrphanKiller` kills it.

Without process groups (Windows) a killed parent may leave behind a program that a child has started.

`cpu_seconds` measures what this process and everything below it have used.
"""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOG = logging.getLogger(__name__)

PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1


def hold(descriptor: int) -> None:
    """Die, with the whole process group, when `descriptor` (the read end of the parent's pipe) comes to its end."""
    threading.Thread(target=_wait, args=(descriptor,), daemon=True).start()
    _die_with_parent(armed=True)


@contextmanager
def lend_to_grandchildren() -> Iterator[None]:
    """Run a program of this process group inside the block; it is killed together with this process."""
    _die_with_parent(armed=False)
    try:
        yield
    finally:
        _die_with_parent(armed=True)


class OrphanKiller:
    """A small process that outlives this one, then kills the processes that it was told of, and ends.

    Otherwise a process could hold the memory of a GPU for days. Ctrl-C does not reach this process.
    Linux only: it needs pidfd.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ocr.core.process_tree"], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdin
        self._pipe = self._process.stdin
        # A forked child has our end of the pipe too, and the killer would wait for that as well.
        os.register_at_fork(after_in_child=self._pipe.close)
        self._known: set[int] = set()

    def watch(self, *processes: int) -> None:
        """Kill these processes when this process is gone."""
        with suppress(OSError):  # The killer itself was killed; reading does not depend on it.
            for process in set(processes) - self._known:
                LOG.debug("process %d is killed when this one ends", process)
                self._pipe.write(f"{process}\n")
            self._pipe.flush()
        self._known |= set(processes)

    def close(self) -> None:
        """Kill those that are still there now."""
        with suppress(OSError):
            self._process.communicate()


def reap(lines: Iterable[str]) -> None:
    """Kill the processes named in `lines`, one each, when there are no more lines."""
    handles = []
    for line in lines:
        with suppress(ProcessLookupError):
            handles.append(os.pidfd_open(int(line)))  # at once: later another process may have the number
    for handle in handles:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)


def _wait(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _die_with_parent(*, armed: bool) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL if armed else 0)


def cpu_seconds() -> float | None:
    """Return the CPU seconds used so far by this process and everything below it; None where /proc is missing.

    A child that has ended is counted through its parent, so the sum never falls while parents wait for their children.
    """
    if not (PROC / "self/stat").is_file():
        return None
    ticks, children = _read_processes()
    total, waiting = 0, [os.getpid()]
    while waiting:
        process = waiting.pop()
        total += ticks.get(process, 0)
        waiting += children.get(process, [])
    return total / os.sysconf("SC_CLK_TCK")


def _read_processes() -> tuple[dict[int, int], dict[int, list[int]]]:
    """Return the clock ticks of each process, waited-for children included, and the children of each process."""
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for path in PROC.glob("[0-9]*/stat"):
        try:
            content = path.read_text(encoding="utf-8", errors="replace")
        except OSError:  # it ended meanwhile
            continue
        process = int(path.parent.name)
        # The name of the program stands in parentheses and may hold anything; proc(5) counts fields from 1.
        fields = content.rpartition(")")[2].split()
        children[int(fields[1])].append(process)
        ticks[process] = sum(map(int, fields[11:15]))
    return ticks, children


if __name__ == "__main__":
    reap(sys.stdin)
