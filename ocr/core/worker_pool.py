"""A pool of worker processes that run one function of ours: killable, replaceable, and gone when the parent is gone."""

import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from ocr.core import process_tree
from ocr.core.channel import PICKLE, STANDARD_STREAMS, Channel, Pixels
from ocr.core.child_process import ChildDiedError, ChildProcess
from ocr.core.errors import OcrError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

START_SECONDS = 120.0
"""A worker that takes longer than this to import and load has failed: loading takes 1 to 3 s on an idle machine."""
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
}
"""One thread a worker: pages are read in parallel, and threads of several workers only compete for the same cores."""
MAIN = "from ocr.core.worker_pool import main; main()"
"""Not `-m ocr.core.worker_pool`: that would load this module twice, under two names."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request or a reply: a value that is pickled, and pixels (any uint8 array) that are not."""

    value: Any = None
    pixels: "NDArray[np.uint8] | None" = None


Handler = Callable[[Parcel], Parcel]
"""What runs in a worker: made once by `target()`, then called for every request."""


async def _ask(child: ChildProcess, parcel: Parcel) -> Parcel:
    """Return the reply of `child`. Raises `ChildDiedError`, or the `OcrError` that the child raised."""
    pixels = None if parcel.pixels is None else Pixels.of(parcel.pixels)
    try:
        return _parcel(*await child.ask(parcel.value, pixels))
    finally:
        if pixels is not None:
            pixels.close()


def _parcel(value: Any, pixels: Pixels | None) -> Parcel:
    if isinstance(value, OcrError):
        raise value
    return Parcel(value, None if pixels is None else pixels.array())


class Pool:
    """`size` workers that run `target`, a "module:function" that returns a `Handler`; as many requests at once.

    A dead worker is replaced at the next use of its slot. `recycle` replaces a worker after that many replies, which
    bounds the memory that a leaking library can hold. `arguments` go to the target.
    """

    def __init__(self, target: str, size: int, recycle: int | None = None, arguments: Sequence[str] = ()) -> None:
        self._target = target
        self._arguments = tuple(arguments)
        self._size = size
        self._recycle = recycle
        self._idle: asyncio.Queue[tuple[ChildProcess | None, int]] = asyncio.Queue()
        self._alive: set[ChildProcess] = set()
        self._closed = 0
        """How often the pool was closed; a slot that was taken before is not given back after."""

    async def start(self) -> None:
        """Start every worker and wait until all are ready. Raises `ChildDiedError` or the worker's own `OcrError`."""
        try:
            children = await asyncio.gather(*(self._spawn() for _ in range(self._size)))
        except BaseException:
            self.close()
            raise
        for child in children:
            self._idle.put_nowait((child, 0))

    async def ask(self, parcel: Parcel, seconds: float) -> Parcel:
        """Return one worker's reply. The time counts from the moment that a worker has the request.

        Raises `TimeoutError` (the worker is killed), `ChildDiedError`, or the `OcrError` that the worker raised.
        A cancelled request kills the worker too, which frees the slot at once.
        """
        child, served = await self._idle.get()
        closed = self._closed
        try:
            if child is None:
                child, served = await self._spawn(), 0
            try:
                async with asyncio.timeout(seconds):
                    reply = await _ask(child, parcel)
            except OcrError:
                served += 1
                raise
            except BaseException:
                self._end(child)
                child = None
                raise
            served += 1
            if self._recycle is not None and served >= self._recycle:
                self._end(child)
                child = None
            return reply
        finally:
            if closed == self._closed:
                self._idle.put_nowait((child, served))

    def close(self) -> None:
        """Kill every worker; safe to call twice and before `start`. Requests that wait for a slot wait for `start`."""
        self._closed += 1
        while not self._idle.empty():
            self._idle.get_nowait()
        for child in tuple(self._alive):
            self._end(child)

    async def _spawn(self) -> ChildProcess:
        command = [sys.executable, "-c", MAIN, self._target, *self._arguments]
        child = ChildProcess(command, PICKLE, environment=ENVIRONMENT, logs=True)
        self._alive.add(child)
        try:
            async with asyncio.timeout(START_SECONDS):
                _parcel(*await child.receive())
        except TimeoutError as cause:
            self._end(child)
            raise ChildDiedError(f"the child process was not ready within {START_SECONDS:g} s") from cause
        except BaseException:
            self._end(child)
            raise
        return child

    def _end(self, child: ChildProcess) -> None:
        self._alive.discard(child)
        child.kill()


def _serve(target: str, arguments: Sequence[str], channel: Channel) -> None:
    """Answer requests until the parent is gone. An `OcrError` is a reply; another exception ends the worker."""
    module, _, function = target.partition(":")
    try:
        handler: Handler = getattr(import_module(module), function)(*arguments)
    except OcrError as failure:
        channel.send(failure)
        return
    channel.send("ready")
    while True:
        try:
            value, pixels = channel.receive()
        except EOFError:
            return
        try:
            reply = handler(Parcel(value, None if pixels is None else pixels.array()))
        except OcrError as failure:
            reply = Parcel(failure)
        _reply(channel, reply)


def _reply(channel: Channel, reply: Parcel) -> None:
    pixels = None if reply.pixels is None else Pixels.of(reply.pixels)
    channel.send(reply.value, pixels)
    if pixels is not None:
        pixels.close()


def main() -> NoReturn:
    """Run a worker. The arguments are its target, what goes to the target, and the address of its channel."""
    target, *arguments, address = sys.argv[1:]
    if address != STANDARD_STREAMS:
        process_tree.hold(sys.stdin.fileno())
    _serve(target, arguments, Channel.in_child(address, PICKLE))
    sys.exit(0)
