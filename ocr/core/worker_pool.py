"""Child processes for work that may hang, crash or eat memory: killable, replaceable, and gone when we are gone.

A child runs one function of ours for many requests. Requests and answers travel pickled through two pipes, pixels
through anonymous shared memory beside them (nothing on disk, so nothing is left behind by a kill). A child leads its
own process group: a kill reaches what it started, such as tesseract. When the parent dies, however it dies, that whole
group goes with it (`ocr.core.process_tree`).

This works on POSIX systems. Sockets are never used.
"""

import asyncio
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, NoReturn

from ocr.core import process_tree
from ocr.core.errors import OcrError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A child that takes longer than this to import and load is taken for dead: loading takes 1-3 s on an idle machine.
START_SECONDS = 120.0
# One thread a child: parallelism is by page, and BLAS or OpenMP threads of several children only fight.
ENVIRONMENT = {
    "PYTHONSAFEPATH": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
}


# Not `-m ocr.core.worker_pool`: that would load this module twice, under two names.
MAIN = "from ocr.core.worker_pool import main; main()"


class ChildDiedError(Exception):
    """A child ended without answering; the message says how, with the last line that it wrote to stderr."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What travels either way: a picklable value, and pixels (any uint8 array) that are not pickled."""

    value: Any = None
    pixels: "NDArray[np.uint8] | None" = None


# What runs in a child: made once by `target()`, then called for every request.
Handler = Callable[[Parcel], Parcel]


class _Line:
    """One end of the wire: two pipes and a shared memory file, the same on both sides."""

    def __init__(self, reads: int, writes: int, memory: int) -> None:
        self.incoming = Connection(reads, writable=False)
        self.outgoing = Connection(writes, readable=False)
        self.memory = memory

    def send(self, parcel: Parcel) -> None:
        shape = None
        if parcel.pixels is not None:
            import numpy as np

            shape = parcel.pixels.shape
            _write(self.memory, np.ascontiguousarray(parcel.pixels).reshape(-1).data)
        self.outgoing.send((parcel.value, shape))

    def receive(self) -> Parcel:
        value, shape = self.incoming.recv()
        if shape is None:
            return Parcel(value)
        import numpy as np

        pixels = np.empty(shape, np.uint8)
        _read(self.memory, pixels.reshape(-1).data)
        os.ftruncate(self.memory, 0)
        return Parcel(value, pixels)

    def close(self) -> None:
        self.incoming.close()
        self.outgoing.close()
        os.close(self.memory)


def _write(file: int, content: memoryview) -> None:
    done = 0
    while done < len(content):
        done += os.pwrite(file, content[done:], done)


def _read(file: int, content: memoryview) -> None:
    done = 0
    while done < len(content):
        count = os.preadv(file, [content[done:]], done)
        if not count:
            raise EOFError("shared memory is shorter than announced")
        done += count


def _shared_memory() -> int:
    """A file that lives in memory and has no name: freed when the last process that holds it is gone."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("lusocr")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _settle(arrived: "asyncio.Future[None]") -> None:
    if not arrived.done():
        arrived.set_result(None)


class Child:
    """One running child process. `target` is "package.module:function", a function that returns a `Handler`."""

    def __init__(self, target: str, environment: Mapping[str, str] | None = None) -> None:
        reads, answers = os.pipe()
        requests, writes = os.pipe()
        alive, self._alive = os.pipe()
        memory = _shared_memory()
        given = (requests, answers, memory, alive)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed by kill)
        self._process = subprocess.Popen(
            [sys.executable, "-c", MAIN, target, *map(str, given)],
            pass_fds=given,
            env={**os.environ, **ENVIRONMENT, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        for file in (requests, answers, alive):
            os.close(file)
        self._line = _Line(reads, writes, memory)
        self._arrived: asyncio.Future[None] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, parcel: Parcel) -> Parcel:
        """Send a request and wait for its answer. Raises `ChildDiedError`, or the `OcrError` that the child raised.

        Whoever stops waiting (timeout, cancellation) must `kill` the child: its answer would belong to nobody.
        """
        try:
            self._line.send(parcel)
        except OSError as cause:
            raise self._death() from cause
        return await self.answer()

    async def answer(self) -> Parcel:
        """Wait for the next answer; the first one says that the child is ready."""
        loop = asyncio.get_running_loop()
        self._arrived = arrived = loop.create_future()
        loop.add_reader(self._line.incoming.fileno(), _settle, arrived)
        try:
            await arrived
        finally:
            self._stop_listening()
        try:
            # uvloop, on which Ray's actors run, leaves what it listened to non-blocking; an answer comes in pieces.
            os.set_blocking(self._line.incoming.fileno(), True)
            parcel = self._line.receive()
        except (EOFError, OSError, pickle.UnpicklingError) as cause:
            raise self._death() from cause
        if isinstance(parcel.value, OcrError):
            raise parcel.value
        return parcel

    def _stop_listening(self) -> None:
        if self._arrived is not None:
            self._arrived.get_loop().remove_reader(self._line.incoming.fileno())
            self._arrived = None

    def kill(self) -> None:
        """End the child and everything that it started; safe to call twice. Whoever waits for it hears of its death."""
        if self._log.closed:
            return
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_exception(ChildDiedError("the child process was ended"))
        # Before the descriptor is closed: the next child may be given its number.
        self._stop_listening()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._line.close()
        os.close(self._alive)
        self._log.close()

    def _death(self) -> ChildDiedError:
        if self._log.closed:
            return ChildDiedError("the child process was ended")
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return ChildDiedError("the child process closed its pipe")
        self._log.seek(0)
        written = self._log.read().decode("utf-8", "replace").strip().splitlines()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return ChildDiedError(f"the child process ended ({how})" + (f": {written[-1]}" if written else ""))


class Pool:
    """`size` children that run `target`; as many requests at once. A dead child is replaced on its slot's next use.

    `recycle` ends a child after that many answers, which bounds what a leaking library can hold.
    """

    def __init__(self, target: str, size: int, recycle: int | None = None) -> None:
        self._target = target
        self._size = size
        self._recycle = recycle
        self._idle: asyncio.Queue[tuple[Child | None, int]] = asyncio.Queue()
        self._alive: set[Child] = set()
        self._closed = 0
        """How often; a slot that was taken before is not given back after."""

    async def start(self) -> None:
        """Start every child and wait until all are ready. Raises `ChildDiedError` or the child's own `OcrError`."""
        try:
            children = await asyncio.gather(*(self._spawn() for _ in range(self._size)))
        except BaseException:
            self.close()
            raise
        for child in children:
            self._idle.put_nowait((child, 0))

    async def ask(self, parcel: Parcel, seconds: float) -> Parcel:
        """Have one child answer. The time counts from the moment that a child has the request.

        Raises `TimeoutError` (the child is killed), `ChildDiedError`, or the `OcrError` that the child raised.
        A cancelled wait kills the child too: that frees the slot at once.
        """
        child, served = await self._idle.get()
        closed = self._closed
        try:
            if child is None:
                child, served = await self._spawn(), 0
            try:
                async with asyncio.timeout(seconds):
                    answer = await child.ask(parcel)
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
            return answer
        finally:
            if closed == self._closed:
                self._idle.put_nowait((child, served))

    def close(self) -> None:
        """Kill every child; safe to call twice and before `start`. Requests that wait for a slot wait for `start`."""
        self._closed += 1
        while not self._idle.empty():
            self._idle.get_nowait()
        for child in tuple(self._alive):
            self._end(child)

    async def _spawn(self) -> Child:
        child = Child(self._target)
        self._alive.add(child)
        try:
            async with asyncio.timeout(START_SECONDS):
                await child.answer()
        except TimeoutError as cause:
            self._end(child)
            raise ChildDiedError(f"the child process was not ready within {START_SECONDS:g} s") from cause
        except BaseException:
            self._end(child)
            raise
        return child

    def _end(self, child: Child) -> None:
        self._alive.discard(child)
        child.kill()


def _serve(target: str, line: _Line) -> None:
    """Answer requests until the parent hangs up. Expected failures are answers; others end the child, loudly."""
    module, _, function = target.partition(":")
    try:
        handler: Handler = getattr(import_module(module), function)()
    except OcrError as failure:
        line.send(Parcel(failure))
        return
    line.send(Parcel("ready"))
    while True:
        try:
            request = line.receive()
        except EOFError:
            return
        try:
            answer = handler(request)
        except OcrError as failure:
            answer = Parcel(failure)
        line.send(answer)


def main() -> NoReturn:
    """Run a child: `main TARGET REQUESTS ANSWERS MEMORY ALIVE`, the last four being file descriptors."""
    target, *files = sys.argv[1:]
    requests, answers, memory, alive = (int(file) for file in files)
    process_tree.hold(alive)
    _serve(target, _Line(requests, answers, memory))
    sys.exit(0)
