"""Find the pages of a TIFF file by walking its directories: a damaged page does not affect the others.

Pillow follows the chain of directories from the first one for every page, and stops at the first that it cannot parse.
Here the chain is walked once, by its links alone, and each page is opened as if it were the first.
"""

import io
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_ENTRY_COUNT_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class _Shape:
    """Byte layout of classic TIFF or BigTIFF (TIFF 6.0, section 2; BigTIFF design, Adobe 2004)."""

    order: str
    big: bool

    @property
    def offset(self) -> str:
        return self.order + ("Q" if self.big else "I")

    @property
    def count(self) -> str:
        return self.order + ("Q" if self.big else "H")

    @property
    def entry_bytes(self) -> int:
        return 20 if self.big else 12

    @property
    def header(self) -> bytes:
        """The file header up to the offset of the first directory."""
        mark = b"II" if self.order == "<" else b"MM"
        return mark + struct.pack(self.order + ("HHH" if self.big else "H"), *((43, 8, 0) if self.big else (42,)))


class TiffPage(io.FileIO):
    """A TIFF file that reads as if the directory at `offset` were its first one."""

    def __init__(self, path: Path, offset: int) -> None:
        super().__init__(path, "r")
        shape = _shape(super().read(4))
        self._header = shape.header + struct.pack(shape.offset, offset)
        self.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as `FileIO.read`, with the header replaced."""
        place = self.tell()
        data = super().read(-1 if size is None else size)
        replaced = self._header[place : place + len(data)]
        return replaced + data[len(replaced) :]


def page_offsets(path: Path, limit: int) -> list[int]:
    """Return the offsets of the directories, one a page, in order, `limit` at most; the last may be unreadable.

    A link back to a directory ends the chain, as it does for Pillow and libtiff. Raises `ValueError` if the first
    directory is missing, as in most truncated files, because it is usually at the end.
    """
    offsets: list[int] = []
    seen: set[int] = set()
    with path.open("rb") as file:
        shape = _shape(file.read(4))
        following = _number(file, shape.offset, len(shape.header))
        while following and following not in seen and len(offsets) < limit:
            offsets.append(following)
            seen.add(following)
            following = _next(file, shape, following)
        if not offsets or (following is None and len(offsets) == 1):
            raise ValueError("it ends before its directory of pages")
    return offsets


def _shape(head: bytes) -> _Shape:
    return _Shape("<" if head[:2] == b"II" else ">", 43 in head[2:4])


def _next(file: BinaryIO, shape: _Shape, offset: int) -> int | None:
    """Return the link at the end of a directory; None if there is no directory."""
    entries = _number(file, shape.count, offset)
    if entries is None or not 0 < entries <= _ENTRY_COUNT_LIMIT:
        return None
    return _number(file, shape.offset, offset + struct.calcsize(shape.count) + entries * shape.entry_bytes)


def _number(file: BinaryIO, form: str, place: int) -> int | None:
    """Return one number of the file; None if the file ends before it."""
    if place + struct.calcsize(form) > os.fstat(file.fileno()).st_size:
        return None
    file.seek(place)
    number: int = struct.unpack(form, file.read(struct.calcsize(form)))[0]
    return number
