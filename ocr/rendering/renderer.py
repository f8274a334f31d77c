"""Render a page of a scan to a `PageImage`, in a small pool of killable children.

Every decoder runs in a child (`ocr.rendering.render_worker`), so a file can neither crash nor hang the process that
reads thousands of others, nor use up its memory. A child is killed at the deadline, and replaced after a number of
pages, because decoders leak memory. Replies are JSON, and pixels are mapped from the child's memory
(`ocr.core.channel`).
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn
from weakref import WeakValueDictionary

from pydantic import Field

from ocr.core.channel import JSON, Pixels
from ocr.core.child_process import ChildDiedError, ChildProcess
from ocr.core.document import PageImage
from ocr.core.errors import DependencyError, LockedScanError, ScanError
from ocr.core.settings import Settings
from ocr.rendering.discovery import Version, shown
from ocr.rendering.filetype import Kind


class RenderSettings(Settings):
    """How pages are rendered, and what a file may cost."""

    dpi: int = Field(default=200, ge=36, le=1200)
    """Dots per inch at which PDF pages are rendered; image files keep their own pixels."""
    pdf: Literal["pdfium", "poppler"] = "pdfium"
    """The program that renders PDF pages; the other one is used if it fails."""
    processes: int = Field(default=2, ge=1)
    """Children that decode at the same time, at most."""
    recycle_after: int = Field(default=500, ge=1)
    """Pages that a child renders before a fresh one replaces it."""
    seconds: float = Field(default=60.0, gt=0)
    """Time for one page, or for opening a file, before the child is killed."""
    memory_mb: int = Field(default=3072, ge=256)
    """Address space of a child in MB (Linux only): enough for the largest page that `max_pixels` allows."""
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
    """A page that is not rendered yet: all that is needed to render it, on this machine or another one."""

    path: Path
    number: int
    sha256: str
    """SHA-256 of the file. On another machine the path may lead to another file, or to none."""
    settings: RenderSettings
    version: Version | None = None
    """Version of the file on this machine."""
    password: str | None = field(default=None, repr=False)

    def _refuse(self) -> NoReturn:
        """Raise `TypeError`: only an engine that renders pages gets a page like this."""
        raise TypeError(f"page {self.number} is not rendered yet")

    # An engine that takes it for a rendered page fails at once.
    pixels = width = height = property(_refuse)


_Reply = tuple[dict[str, Any], Pixels | None]


class Renderer:
    """Opens scans and renders their pages, `processes` at a time. Use it from one event loop."""

    def __init__(self, settings: RenderSettings) -> None:
        self._settings = settings
        self._free = asyncio.Semaphore(settings.processes)
        self._idle: list[_Child] = []
        self._files: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()

    async def start(self) -> None:
        """Start the first child; the others start when pages wait. Raises `DependencyError` if it does not run.

        Without this first request a broken installation would look like a folder of damaged files.
        """
        child = _Child(self._settings)
        self._idle.append(child)
        try:
            await child.ask({"path": os.devnull, "number": None, "password": None, "version": None})
        except ChildDiedError as cause:
            raise DependencyError(
                f"the decoder does not run: it {_ending(cause)}",
                hint="python -m ocr.rendering.render_worker '{}' - shows why",
            ) from cause
        child.served = 0

    async def inspect(self, path: Path, *, password: str | None = None, version: Version | None = None) -> Inspection:
        """Count a file's pages. Raises `ScanError` if it cannot be opened, or is not of this `version`."""
        reply, _ = await self._ask(path, None, password, version)
        return Inspection(reply["pages"], reply["kind"])

    async def render(
        self, path: Path, number: int, *, password: str | None = None, version: Version | None = None
    ) -> PageImage:
        """Return page `number` (1-based): upright RGB, read-only pixels. Raises `ScanError` for this page alone."""
        reply, pixels = await self._ask(path, number, password, version)
        assert pixels is not None, "a page comes with its pixels"
        return PageImage(number, pixels.array(), reply["dpi"])

    async def render_page(self, page: PageRef) -> PageImage:
        """Render a page with this renderer's settings. Raises `ScanError`."""
        return await self.render(page.path, page.number, password=page.password, version=page.version)

    async def close(self) -> None:
        """End all children. Await or cancel every call before."""
        while self._idle:
            await self._idle.pop().end()

    async def _ask(self, path: Path, number: int | None, password: str | None, version: Version | None) -> _Reply:
        """Return the reply about a file or page, and its pixels. Raises `ScanError` naming both."""
        where = shown(path) if number is None else f"{shown(path)}: page {number}"
        request = {"path": str(path), "number": number, "password": password, "version": version}
        try:
            # One page of a file at a time, and so mostly by one child: each child that renders from a long PDF keeps
            # the dictionaries of all pages before, 7 MB at page 5,000.
            async with self._files.setdefault(path, asyncio.Lock()), self._free:
                reply, pixels = await self._try(request)
        except TimeoutError as cause:
            raise ScanError(
                f"{where}: took longer than {self._settings.seconds:g} s",
                hint="if the machine was busy, give it longer: --set render.seconds=SECONDS",
            ) from cause
        except ChildDiedError as cause:
            raise ScanError(
                f"{where}: the decoder {_ending(cause)}",
                hint="the file is damaged, or needs more memory: --set render.memory_mb=MB",
            ) from cause
        if "error" in reply:
            kind = LockedScanError if reply.get("locked") else ScanError
            raise kind(f"{where}: {reply['error']}", hint=reply["hint"])
        return reply, pixels

    async def _try(self, request: dict[str, Any]) -> _Reply:
        """Return a child's reply. If a used child crashes, an earlier page may be the cause, so a new one is asked."""
        while self._idle:
            with contextlib.suppress(ChildDiedError):
                return await self._answer(self._idle.pop(), request)
        return await self._answer(_Child(self._settings), request)

    async def _answer(self, child: "_Child", request: dict[str, Any]) -> _Reply:
        """Return a child's reply; afterwards the child is idle again, or dead if it did not answer in time."""
        answered = False
        try:
            async with asyncio.timeout(self._settings.seconds):
                result = await child.ask(request)
            answered = True
        finally:
            if answered and child.served < self._settings.recycle_after:
                self._idle.append(child)
            else:
                await child.end()
        return result


class _Child:
    """One render child, and how many requests it has served."""

    def __init__(self, settings: RenderSettings) -> None:
        limits = settings.model_dump(include={"dpi", "max_pixels", "max_pages", "memory_mb", "pdf"})
        self._process = ChildProcess([sys.executable, "-m", "ocr.rendering.render_worker", json.dumps(limits)], JSON)
        self.served = 0

    async def ask(self, request: dict[str, Any]) -> _Reply:
        """Return the reply. Raises `ChildDiedError`."""
        self.served += 1
        return await self._process.ask(request)

    async def end(self) -> None:
        """Kill the child with its grandchildren, and wait until it is gone."""
        await asyncio.to_thread(self._process.kill)


def _ending(death: ChildDiedError) -> str:
    if death.code is None:
        return str(death)
    return f"crashed ({signal.Signals(-death.code).name})" if death.code < 0 else f"ended (exit {death.code})"
