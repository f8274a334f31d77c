"""A pool of worker processes that run one function: they can be killed and replaced, and end with their parent."""

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
KEPT_BYTES = 64 << 20
"""Largest memory that a worker keeps for its next page: a page of A4 at 400 dpi."""
MAIN = "from ocr.core.worker_pool import main; main()"
"""Not `-m ocr.core.worker_pool`: that would load this module twice, under two names."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request or a reply: a value that is pickled, and pixels (any uint8 array) that are not."""

    value: Any = None
    pixels: "NDArray[np.uint8] | None" = None


Handler = Callable[[Parcel], Parcel]
"""The function of a worker: made once by `target()`, then called for every request."""


class _Worker:
    """One worker, how many requests it has served, and the memory that carries its pages."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = ChildProcess(command, PICKLE, environment=ENVIRONMENT, logs=True)
        self._memory: Pixels | None = None
        self.served = 0

    async def load(self) -> None:
        """Wait until the worker is ready. Raises `ChildDiedError`, or the `OcrError` that the worker raised."""
        _parcel(*await self._process.receive())

    async def ask(self, parcel: Parcel) -> Parcel:
        """Return the reply. Raises `ChildDiedError`, or the `OcrError` that the worker raised."""
        self.served += 1
        pixels = None
        if parcel.pixels is not None:
            pixels = self._memory = Pixels.of(parcel.pixels, self._memory)
        message = await self._process.ask(parcel.value, pixels)
        if pixels is not None and parcel.pixels is not None and parcel.pixels.nbytes > KEPT_BYTES:
            self._release()
        return _parcel(*message)

    def kill(self) -> None:
        """Kill the worker; safe to call twice."""
        self._process.kill()
        self._release()

    def _release(self) -> None:
        if self._memory is not None:
            self._memory.close()
        self._memory = None


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
        self._idle: asyncio.Queue[_Worker | None] = asyncio.Queue()
        self._alive: set[_Worker] = set()
        self._closed = 0
        """How often the pool was closed; a slot that was taken before is not given back after."""

    async def start(self) -> None:
        """Start every worker and wait until all are ready. Raises `ChildDiedError` or the worker's own `OcrError`."""
        try:
            workers = await asyncio.gather(*(self._spawn() for _ in range(self._size)))
        except BaseException:
            self.close()
            raise
        for worker in workers:
            self._idle.put_nowait(worker)

    async def ask(self, parcel: Parcel, seconds: float) -> Parcel:
        """Return one worker's reply. The time counts from the moment that a worker has the request.

        Raises `TimeoutError` (the worker is killed), `ChildDiedError`, or the `OcrError` that the worker raised.
        A cancelled request kills the worker too, which frees the slot at once.
        """
        worker = await self._idle.get()
        closed = self._closed
        try:
            if worker is None:
                worker = await self._spawn()
            try:
                async with asyncio.timeout(seconds):
                    reply = await worker.ask(parcel)
            except OcrError:
                raise
            except BaseException:
                self._end(worker)
                worker = None
                raise
            if self._recycle is not None and worker.served >= self._recycle:
                self._end(worker)
                worker = None
            return reply
        finally:
            if closed == self._closed:
                self._idle.put_nowait(worker)

    def close(self) -> None:
        """Kill every worker; safe to call twice and before `start`. Requests that wait for a slot wait for `start`."""
        self._closed += 1
        while not self._idle.empty():
            self._idle.get_nowait()
        for worker in tuple(self._alive):
            self._end(worker)

    async def _spawn(self) -> _Worker:
        worker = _Worker([sys.executable, "-c", MAIN, self._target, *self._arguments])
        self._alive.add(worker)
        try:
            async with asyncio.timeout(START_SECONDS):
                await worker.load()
        except TimeoutError as cause:
            self._end(worker)
            raise ChildDiedError(f"the child process was not ready within {START_SECONDS:g} s") from cause
        except BaseException:
            self._end(worker)
            raise
        return worker

    def _end(self, worker: _Worker) -> None:
        self._alive.discard(worker)
        worker.kill()


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
