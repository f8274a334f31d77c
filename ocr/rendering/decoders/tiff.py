"""Find the pages of a TIFF file by walking its directories: a damaged page does not affect the others.

Pillow follows the chain of directories from the first one for every page, and stops at the first that it cannot parse.
Here the chain is walked once, by its links alone, and each page is opened as if it were the first.
"""

import io
import os
import struct
from collections.abc import Sequence
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
    def inline_bytes(self) -> int:
        """How many bytes of a value stand in its entry; longer values stand elsewhere."""
        return 8 if self.big else 4

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


_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_TYPE_FORMS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_STRIPS = {273: 279, 324: 325}
"""Tags of the offsets of strips and tiles, and of their lengths."""
_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _WIDTH, _HEIGHT = 254, 255, 256, 257
_REDUCED_OR_MASK = 0b101
"""Bits of NewSubfileType: a smaller copy, and a mask of transparency; bit 1 is an ordinary page."""
_OTHER_DIRECTORIES = (330, 34665, 34853, 40965)
"""Tags that lead to other directories: smaller pictures, EXIF, places."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a directory says of its picture, without reading the picture."""

    width: int
    height: int
    is_reduced: bool
    """It is a smaller copy of another picture, or a mask of transparency."""


def read_headers(path: Path, offsets: Sequence[int]) -> list[Header | None]:
    """Return the header of each directory, None for a damaged one. Source: TIFF 6.0, section 8 (NewSubfileType)."""
    with path.open("rb") as file:
        shape = _shape(file.read(4))
        return [_header(file, shape, offset) for offset in offsets]


def _header(file: BinaryIO, shape: _Shape, offset: int) -> Header | None:
    try:
        table = _table(file, shape, offset)
    except ValueError:
        return None
    found = {}
    for start in range(0, len(table), shape.entry_bytes):
        tag, kind, count = struct.unpack_from(shape.order + ("HHQ" if shape.big else "HHI"), table, start)
        if tag in (_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _WIDTH, _HEIGHT) and kind in _TYPE_FORMS and count == 1:
            place = start + shape.entry_bytes - shape.inline_bytes
            found[tag] = struct.unpack_from(shape.order + _TYPE_FORMS[kind], table, place)[0]
    is_reduced = found.get(_NEW_SUBFILE_TYPE, 0) & _REDUCED_OR_MASK != 0 or found.get(_SUBFILE_TYPE) == 2
    return Header(found.get(_WIDTH, 0), found.get(_HEIGHT, 0), is_reduced)


def single_page(path: Path, offset: int) -> bytes:
    """Return a TIFF file with only the page whose directory is at `offset`; its compressed strips are unchanged.

    Only that page is read. Raises `ValueError` for a damaged directory, or one that leads past the end of the file.
    """
    with path.open("rb") as file:
        shape = _shape(file.read(4))
        values = _directory(file, shape, offset)
        strips: list[bytes] = []
        for tag, lengths in _STRIPS.items():
            if tag in values and lengths in values:
                places, sizes = (_numbers(shape, values[key]) for key in (tag, lengths))
                strips += [_part(file, place, size) for place, size in zip(places, sizes, strict=True)]
    return _assembled(shape, values, strips)


_Value = tuple[int, int, bytes]
"""Type, count and bytes of a value."""


def _directory(file: BinaryIO, shape: _Shape, offset: int) -> dict[int, _Value]:
    """Return the values of a directory by their tags."""
    table = _table(file, shape, offset)
    values = {}
    for start in range(0, len(table), shape.entry_bytes):
        tag, kind, count = struct.unpack_from(shape.order + ("HHQ" if shape.big else "HHI"), table, start)
        if kind not in _TYPE_BYTES or tag in _OTHER_DIRECTORIES:
            continue
        size = count * _TYPE_BYTES[kind]
        field = table[start + shape.entry_bytes - shape.inline_bytes : start + shape.entry_bytes]
        place = struct.unpack(shape.offset, field)[0]
        values[tag] = (kind, count, field[:size] if size <= shape.inline_bytes else _part(file, place, size))
    return values


def _table(file: BinaryIO, shape: _Shape, offset: int) -> bytes:
    """Return the entries of a directory. Raises `ValueError` for a damaged one."""
    entries = _number(file, shape.count, offset)
    if entries is None or not 0 < entries <= _ENTRY_COUNT_LIMIT:
        raise ValueError("its directory is damaged")
    return _part(file, offset + struct.calcsize(shape.count), entries * shape.entry_bytes)


def _numbers(shape: _Shape, value: _Value) -> tuple[int, ...]:
    kind, count, content = value
    if kind not in _TYPE_FORMS:
        raise ValueError("its directory is damaged")
    return struct.unpack(f"{shape.order}{count}{_TYPE_FORMS[kind]}", content)


def _part(file: BinaryIO, place: int, size: int) -> bytes:
    """Return `size` bytes at `place`; raises `ValueError` where the file ends before."""
    if place + size > os.fstat(file.fileno()).st_size:
        raise ValueError("it ends within a page")
    file.seek(place)
    return file.read(size)


def _assembled(shape: _Shape, values: dict[int, _Value], strips: list[bytes]) -> bytes:
    """Return a file of one directory, its long values, and its strips, in this order."""
    start = len(shape.header) + struct.calcsize(shape.offset)
    end = start + struct.calcsize(shape.count) + len(values) * shape.entry_bytes + struct.calcsize(shape.offset)
    kind = 16 if shape.big else 4
    place_bytes = len(strips) * _TYPE_BYTES[kind]
    for tag in _STRIPS:
        if tag in values:
            values = {**values, tag: (kind, len(strips), bytes(place_bytes))}
    long_bytes = sum(len(content) for _, _, content in values.values() if len(content) > shape.inline_bytes)
    places, place = [], end + long_bytes
    for strip in strips:
        places.append(place)
        place += len(strip)
    entries, long_values = b"", b""
    for tag, (form, count, content) in sorted(values.items()):
        data = struct.pack(f"{shape.order}{len(places)}{_TYPE_FORMS[kind]}", *places) if tag in _STRIPS else content
        field = data.ljust(shape.inline_bytes, b"\0")
        if len(data) > shape.inline_bytes:
            field = struct.pack(shape.offset, end + len(long_values))
            long_values += data
        entries += struct.pack(shape.order + ("HHQ" if shape.big else "HHI"), tag, form, count) + field
    head = shape.header + struct.pack(shape.offset, start) + struct.pack(shape.count, len(values))
    return head + entries + struct.pack(shape.offset, 0) + long_values + b"".join(strips)


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
