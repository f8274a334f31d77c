"""Find scan files on workers of a cluster, under the same path or as bytes that the driver sends.

A path alone is not enough: the file that a worker renders from must have the SHA-256 of the file that is being read. A
copy has no name in a file system, so a worker that is killed leaves nothing behind.
"""

import asyncio
import hashlib
import os
import tempfile
from collections import deque
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ocr.core.environment import load
from ocr.core.errors import ScanError
from ocr.engines.base import NotRenderedError
from ocr.rendering.discovery import Version, sha256_of, version_of
from ocr.rendering.renderer import PageRef

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COPIES = 8
"""Files that a worker without shared storage keeps for their next pages, beside those in use."""
SENT = 2
"""Files whose bytes stay in the cluster's memory for the next worker that needs them."""
LARGEST = 1 << 30
"""Bytes of the largest file that is sent. The driver renders larger ones and sends their pages as pixels."""


class _Copy:
    """The bytes of one scan in a nameless file, which is freed with the last reference to the copy."""

    def __init__(self, contents: "NDArray[np.uint8]") -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the copy)
        self._file.write(contents.data)
        self._file.flush()
        self.path = Path(f"/proc/{os.getpid()}/fd/{self._file.fileno()}")


class Files:
    """The files that one worker renders from. Use it from one event loop."""

    def __init__(self) -> None:
        self._copies: WeakValueDictionary[str, _Copy] = WeakValueDictionary()
        self._recent: deque[_Copy] = deque(maxlen=COPIES)
        self._looking = asyncio.Lock()

    async def find(self, page: PageRef, contents: "NDArray[np.uint8] | None") -> tuple[PageRef, object] | None:
        """Return the page in a file of this machine, and a reference to hold while it is rendered.

        Returns None if there is no such file and no `contents` to make one from. Raises `OSError` if the disk is full.
        """
        async with self._looking:
            version = version_of(page.path)
            if version is not None and await asyncio.to_thread(_digest, page.path, version) == page.sha256:
                return replace(page, version=version), None
            copy = self._copies.get(page.sha256)
            if copy is None and contents is not None:
                copy = await asyncio.to_thread(_made, contents, page.sha256)
                self._copies[page.sha256] = copy
                self._recent.append(copy)
        return None if copy is None else (replace(page, path=copy.path, version=version_of(copy.path)), copy)


@lru_cache(maxsize=1024)
def _digest(path: Path, version: Version) -> str:
    """Return the SHA-256 of a file in this version; "" if it cannot be read."""
    del version  # the renderer checks it
    try:
        return sha256_of(path)
    except ScanError:
        return ""


def _made(contents: "NDArray[np.uint8]", sha256: str) -> _Copy:
    """Return a copy. Raises `OSError` if the bytes are not those of the file that is being read."""
    if hashlib.sha256(contents.data).hexdigest() != sha256:
        raise OSError("the file changed while it was sent")
    return _Copy(contents)


class Sender:
    """The driver's side: puts the bytes of a file into the cluster once, for all workers that need them."""

    def __init__(self) -> None:
        self._sent: dict[str, Any] = {}
        self._sending = asyncio.Lock()

    async def send(self, page: PageRef) -> Any:
        """Return a reference to the bytes of the page's file. Raises `NotRenderedError` if they cannot be sent."""
        async with self._sending:
            if page.sha256 not in self._sent:
                while len(self._sent) >= SENT:
                    del self._sent[next(iter(self._sent))]
                self._sent[page.sha256] = await asyncio.to_thread(_put, page.path)
            return self._sent[page.sha256]


def _put(path: Path) -> Any:
    numpy, ray = load("numpy"), load("ray", extra="cluster")
    try:
        if path.stat().st_size > LARGEST:
            raise NotRenderedError(f"the file is larger than {LARGEST >> 20} MB")
        return ray.put(numpy.asarray(numpy.memmap(path, numpy.uint8, "r")))
    except (OSError, ValueError, ray.exceptions.RayError) as cause:
        raise NotRenderedError(f"the file cannot be sent: {cause}") from cause
