"""A page of a scan -> `PageImage`, in a small pool of killable children.

Every decoder runs in a child (`ocr.rendering.render_worker`), so a file can neither crash nor hang nor fill the
process that reads thousands of others. A child leads its own process group, is killed with it at the deadline, and
is replaced after a
number of pages, because decoders leak. Pixels are mapped from the child's memory, never copied or pickled.
"""

import asyncio
import contextlib
import json
import mmap
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from weakref import WeakValueDictionary

from pydantic import Field

from ocr.core.document import PageImage
from ocr.core.errors import DependencyError, ScanError
from ocr.core.settings import Settings
from ocr.rendering.discovery import Version, shown
from ocr.rendering.filetype import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RenderSettings(Settings):
    """How pages are drawn, and what a file may cost."""

    dpi: int = Field(default=200, ge=36, le=1200)
    """Dots per inch that PDF pages are drawn at; image files keep their own pixels."""
    pdf: Literal["pdfium", "poppler"] = "pdfium"
    """The program that draws PDF pages; the other one is asked where it fails."""
    processes: int = Field(default=2, ge=1)
    """Children that decode at the same time, at most."""
    recycle_after: int = Field(default=500, ge=1)
    """Pages that a child draws before a fresh one takes its place."""
    seconds: float = Field(default=60.0, gt=0)
    """Time for one page, or for opening a file, before the child is killed."""
    memory_mb: int = Field(default=3072, ge=256)
    """Address space of a child in MB (Linux only): enough for the largest page that `max_pixels` lets in."""
    max_pixels: int = Field(default=150_000_000, ge=1)
    """Pixels of one page: a broadsheet newspaper at 600 dpi has 124 million."""
    max_pages: int = Field(default=20_000, ge=1)
    """Pages of one file."""


@dataclass(frozen=True, slots=True)
class Inspection:
    pages: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class PageRef:
    """A page that nobody has drawn yet: all that is needed to draw it, here or on another machine."""

    path: Path
    number: int
    sha256: str
    """Of the file. On another machine the path may lead to another file, or to none."""
    settings: RenderSettings
    version: Version | None = None
    """Of the file on this machine."""
    password: str | None = field(default=None, repr=False)

    def _refuse(self) -> NoReturn:
        """Raise `TypeError`: only an engine that draws is given a page like this."""
        raise TypeError(f"page {self.number} is not drawn yet")

    # So that an engine that takes it for a page fails at once, and need not know that there are such pages.
    pixels = width = height = property(_refuse)


class Renderer:
    """Opens scans and draws their pages, `processes` at a time. Use it from one event loop."""

    def __init__(self, settings: RenderSettings) -> None:
        self._settings = settings
        self._free = asyncio.Semaphore(settings.processes)
        self._idle: list[_Child] = []
        self._files: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()

    async def start(self) -> None:
        """Start the first child; the others start when pages wait. Raises `DependencyError` where it does not run.

        Without this first question a broken installation would look like a folder of damaged files.
        """
        child = await _Child.start(self._settings)
        self._idle.append(child)
        try:
            await child.ask({"path": os.devnull, "number": None, "password": None, "version": None})
        except _ChildDiedError as cause:
            raise DependencyError(
                f"the decoder does not run: it {cause}", hint="python -m ocr.rendering.render_worker 0 '{}' shows why"
            ) from cause
        child.served = 0

    async def inspect(self, path: Path, *, password: str | None = None, version: Version | None = None) -> Inspection:
        """Count a file's pages. Raises `ScanError` where it cannot be opened, or is not of this `version`."""
        reply, _ = await self._ask(path, None, password, version)
        return Inspection(reply["pages"], reply["kind"])

    async def render(
        self, path: Path, number: int, *, password: str | None = None, version: Version | None = None
    ) -> PageImage:
        """Draw page `number` (1-based): upright RGB, read-only pixels. Raises `ScanError`; other pages may be fine."""
        reply, descriptor = await self._ask(path, number, password, version)
        return PageImage(number, _map_pixels(descriptor, reply["height"], reply["width"]), reply["dpi"])

    async def draw(self, page: PageRef) -> PageImage:
        """Draw a page, with this renderer's settings. Raises `ScanError`."""
        return await self.render(page.path, page.number, password=page.password, version=page.version)

    async def close(self) -> None:
        """End all children. Await or cancel every call before."""
        while self._idle:
            await self._idle.pop().kill()

    async def _ask(
        self, path: Path, number: int | None, password: str | None, version: Version | None
    ) -> tuple[dict[str, Any], int]:
        """The reply about a file or page, and the descriptor of its pixels. Raises `ScanError` naming both."""
        where = shown(path) if number is None else f"{shown(path)}: page {number}"
        request = {"path": str(path), "number": number, "password": password, "version": version}
        try:
            # One page of a file at a time, and so mostly by one child: each child that draws from a long PDF keeps
            # the dictionaries of all pages before, 7 MB at page 5,000.
            async with self._files.setdefault(path, asyncio.Lock()), self._free:
                reply, descriptor = await self._try(request)
        except TimeoutError as cause:
            raise ScanError(
                f"{where}: took longer than {self._settings.seconds:g} s",
                hint="if the machine was busy, give it longer: --set render.seconds=SECONDS",
            ) from cause
        except _ChildDiedError as cause:
            raise ScanError(
                f"{where}: the decoder {cause}",
                hint="the file is damaged, or needs more memory: --set render.memory_mb=MB",
            ) from cause
        if "error" in reply:
            raise ScanError(f"{where}: {reply['error']}", hint=reply["hint"])
        return reply, descriptor

    async def _try(self, request: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """A child's reply; where one that has drawn other pages dies, those may be why, so a fresh one is asked."""
        while self._idle:
            with contextlib.suppress(_ChildDiedError):
                return await self._answer(self._idle.pop(), request)
        return await self._answer(await _Child.start(self._settings), request)

    async def _answer(self, child: "_Child", request: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """A child's reply; afterwards the child is idle again, or dead where it did not answer in time."""
        answered = False
        try:
            async with asyncio.timeout(self._settings.seconds):
                result = await child.ask(request)
            answered = True
        finally:
            if answered and child.served < self._settings.recycle_after:
                self._idle.append(child)
            else:
                await child.kill()
        return result


class _ChildDiedError(Exception):
    """A child ended in the middle of a request; the message says how."""


class _Child:
    """One `ocr.rendering.render_worker` process and our end of its socket."""

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self.served = 0

    @classmethod
    async def start(cls, settings: RenderSettings) -> "_Child":
        limits = settings.model_dump(include={"dpi", "max_pixels", "max_pages", "memory_mb", "pdf"})
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ocr.rendering.render_worker", str(theirs.fileno()), json.dumps(limits)),
                env={**os.environ, "PYTHONSAFEPATH": "1"},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # also a new group, which the event loops of Ray's actors cannot make alone
            )
        return cls(process, ours)

    async def ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """The reply, and the descriptor of the pixels or -1. Raises `_ChildDiedError`."""
        self.served += 1
        descriptors: list[int] = []
        try:
            received = await self._exchange(json.dumps(request).encode("ascii") + b"\n", descriptors)
        except BaseException:
            for descriptor in descriptors:
                os.close(descriptor)
            raise
        return json.loads(received), descriptors[0] if descriptors else -1

    async def _exchange(self, message: bytes, descriptors: list[int]) -> bytes:
        loop = asyncio.get_running_loop()
        received = b""
        try:
            await loop.sock_sendall(self._channel, message)
            while not received.endswith(b"\n"):
                await _readable(self._channel)
                data, sent, _, _ = socket.recv_fds(self._channel, 65536, 1)
                descriptors += sent
                received += data
                if not data:
                    raise ConnectionResetError
        except ConnectionError:
            code = await self._process.wait()
            ending = f"crashed ({signal.Signals(-code).name})" if code < 0 else f"ended (exit {code})"
            raise _ChildDiedError(ending) from None
        return received

    async def kill(self) -> None:
        """Kill the child with its grandchildren, and wait until it is gone."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._channel.close()
        await self._process.wait()


async def _readable(channel: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(channel, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(channel)


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def _map_pixels(descriptor: int, height: int, width: int) -> "NDArray[np.uint8]":
    """The shared memory as a read-only array; it lives as long as the array does."""
    import numpy as np

    try:
        memory = mmap.mmap(descriptor, height * width * 3, prot=mmap.PROT_READ)
    finally:
        os.close(descriptor)
    return np.frombuffer(memory, np.uint8).reshape(height, width, 3)
