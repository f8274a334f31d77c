"""A child that never outlives its parent, nor leaves grandchildren behind, even where the parent is killed.

Two lines hold it. A thread waits for the end of a pipe whose other end only the parent holds, then kills the whole
process group. On Linux the kernel also kills the child when its parent dies, because a decoder that keeps the
interpreter lock would stop the thread from acting. A grandchild would survive that second way; while one runs (and
the interpreter is free) only the first way is armed.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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


def _wait(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def _die_with_parent(number: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
