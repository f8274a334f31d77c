"""A child that never outlives its parent, nor leaves grandchildren behind, even where the parent is killed.

Two lines hold it. A thread waits for the end of a pipe whose other end only the parent holds, then kills the whole
process group. On Linux the kernel also kills the child when its parent dies, because a decoder that keeps the
interpreter lock would stop the thread from acting. A grandchild would survive that second way; while one runs (and
the interpreter is free) only the first way is armed.

A child of others' making, which cannot hold on by itself, is killed by a `OrphanKiller`.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

_PR_SET_PDEATHSIG = 1


def hold(descriptor: int) -> None:
    """Die, with the whole process group, when `descriptor` (the read end of the parent's pipe) comes to its end."""
    threading.Thread(target=_wait, args=(descriptor,), daemon=True).start()
    _die_with_parent(signal.SIGKILL)


@contextmanager
def lend_to_grandchildren() -> Iterator[None]:
    """Run a program of this process group inside; it is killed together with us."""
    _die_with_parent(0)
    try:
        yield
    finally:
        _die_with_parent(signal.SIGKILL)


class OrphanKiller:
    """A small process that outlives us, then kills the processes that it was told of, and ends.

    One that holds the memory of a GPU would hold it until somebody looks. Ctrl-C does not reach the reaper.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ocr.core.process_tree"], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdin
        self._pipe = self._process.stdin
        # A forked child has our end of the pipe too, and the reaper would wait for that as well.
        os.register_at_fork(after_in_child=self._pipe.close)
        self._known: set[int] = set()

    def watch(self, *processes: int) -> None:
        """Have these killed when we are gone."""
        with suppress(OSError):  # somebody has killed the reaper: what is read does not depend on it
            for process in set(processes) - self._known:
                self._pipe.write(f"{process}\n")
            self._pipe.flush()
        self._known |= set(processes)

    def close(self) -> None:
        """Kill what is still there of them now."""
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
    os.killpg(0, signal.SIGKILL)


def _die_with_parent(number: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


if __name__ == "__main__":
    reap(sys.stdin)
