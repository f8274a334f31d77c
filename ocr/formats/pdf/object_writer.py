"""Write the objects of a PDF one by one: a whole file, or a section behind a file that stays as it is.

Nothing is held but one offset an object. An object that is not written yet is named by a token, which the writer
replaces by its reference. Source: ISO 32000-1, 7.3 (objects), 7.5.4 to 7.5.8 (cross-reference tables and streams).
"""

import hashlib
import io
import re
import struct
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from heapq import merge
from itertools import groupby, repeat, starmap
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import pikepdf

_ROW = struct.Struct(">BQH")
"""An entry of a cross-reference stream: kind, place or number of a stream, generation or place in the stream."""
_UP = b"\x02"
"""Mark of a row that is given by its change from the row above. Source: PNG (ISO/IEC 15948), 9.2."""
_OBJECTS_A_STREAM = 1000
_TOKEN = re.compile(rb"/LusocrObject-(\d{10})")


def token(number: int) -> str:
    """Return the name that stands for a reference to object `number`."""
    return f"/LusocrObject-{number:010d}"


class ObjectWriter:
    """Writes objects with numbers from `first`; `start` is the number of bytes before what is written.

    With `packs`, objects that are no streams go into streams: smaller, and for readers from PDF 1.5 on.
    """

    def __init__(self, file: BinaryIO, *, start: int = 0, first: int = 1, packs: bool = False) -> None:
        self._file = file
        self._place = start
        self._next = first
        self._numbers, self._offsets, self._generations = array("Q"), array("Q"), array("H")
        self._first = first
        self._packs, self._waiting = packs, list[tuple[int, Sequence[bytes]]]()
        self._packed: list[tuple[int, int, int, int]] = []
        """Runs of objects inside streams: first number, count, number of the stream, place of the first in it."""
        self._digest = hashlib.md5(usedforsecurity=False)

    def reserve(self, count: int = 1) -> int:
        """Return the number of an object that is written later, the first of `count`."""
        self._next += count
        return self._next - count

    def write_bytes(self, content: bytes) -> None:
        """Write bytes that are no object."""
        self._file.write(content)
        self._digest.update(content)
        self._place += len(content)

    def write(self, number: int, body: bytes, generation: int = 0) -> None:
        """Write one object; `body` is its value, in which tokens stand for references."""
        resolved = _TOKEN.sub(lambda match: b"%d 0 R" % int(match[1]), body)
        if self._packs and not generation:
            self.pack(number, [resolved])
            return
        self._note(number, generation)
        self.write_bytes(b"%d %d obj\n%b\nendobj\n" % (number, generation, resolved))

    def write_stream(self, number: int, entries: bytes, content: bytes) -> None:
        """Write one stream; `entries` are those of its dictionary, without the length."""
        body = b"<< %b /Length %d >>\nstream\n%b\nendstream" % (entries, len(content), content)
        self._note(number, 0)
        self.write_bytes(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def pack(self, first: int, bodies: Sequence[bytes]) -> None:
        """Write objects with numbers from `first`, which are no streams, once there are enough of them for a stream."""
        self._waiting.append((first, bodies))
        if sum(len(run) for _, run in self._waiting) >= _OBJECTS_A_STREAM:
            self._write_packed()

    def _write_packed(self) -> None:
        """Write the objects that wait into one stream. Source: ISO 32000-1, 7.5.7."""
        if not self._waiting:
            return
        stream, head, values, place = self.reserve(), [], bytearray(), 0
        for first, bodies in self._waiting:
            self._packed.append((first, len(bodies), stream, place))
            for number, body in enumerate(bodies, start=first):
                head.append(b"%d %d" % (number, len(values)))
                values += body + b"\n"
            place += len(bodies)
        self._waiting = []
        start = b" ".join(head) + b"\n"
        entries = b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (place, len(start))
        self.write_stream(stream, entries, zlib.compress(start + values, 9))

    def finish(self, entries: bytes, first_id: bytes | None, *, previous: int | None, as_stream: bool = False) -> None:
        """Write the cross-reference section and the end of the file.

        `entries` are /Root and /Info, `first_id` is the first file identifier or None, `previous` is the place of the
        section before, which has the form of a stream or of a table, and so has this one.
        """
        self._write_packed()
        identifier = b"<%b>" % self._digest.hexdigest().encode("ascii")
        ends = b" /ID [ %b %b ]" % (first_id or identifier, identifier)
        ends += b"" if previous is None else b" /Prev %d" % previous
        if as_stream:
            place = self._write_reference_stream(entries + ends)
        else:
            # A table cannot name packed objects: the stream beside it does (a hybrid-reference file, 7.5.8.4).
            aside = b" /XRefStm %d" % self._write_reference_stream(entries) if self._packed else b""
            place = self._write_reference_table(entries + ends + aside)
        self.write_bytes(b"startxref\n%d\n%%%%EOF\n" % place)

    def _note(self, number: int, generation: int) -> None:
        """Note where an object stands: here."""
        self._numbers.append(number)
        self._offsets.append(self._place)
        self._generations.append(generation)

    def _write_reference_table(self, entries: bytes) -> int:
        place = self._place
        rows = [b"xref\n"]
        if self._first == 1:  # a whole file: object 0 heads the list of free objects
            rows.append(b"0 1\n0000000000 65535 f \n")
        for first, offsets in self._runs():
            rows.append(b"%d %d\n" % (first, len(offsets)))
            rows += [b"%010d %05d n \n" % offset for offset in offsets]
        self.write_bytes(b"".join(rows) + b"trailer\n<< /Size %d %b >>\n" % (self._next, entries))
        return place

    def _write_reference_stream(self, entries: bytes) -> int:
        place, number = self._place, self.reserve()
        self._note(number, 0)
        index, packer, packed, above = list[bytes](), zlib.compressobj(9), io.BytesIO(), bytes(_ROW.size)
        for first, count, entries_of_run in self._entry_runs():
            index.append(b"%d %d" % (first, count))
            rows = bytearray()
            for row in starmap(_ROW.pack, entries_of_run):
                rows += _UP + bytes(now - then & 0xFF for now, then in zip(row, above, strict=True))
                above = row
            packed.write(packer.compress(rows))
        packed.write(packer.flush())
        head = b"/Type /XRef /W [ 1 8 2 ] /Index [ %b ] /Size %d %b" % (b" ".join(index), self._next, entries)
        head += b" /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns %d >>" % _ROW.size
        self.write_stream(number, head, packed.getvalue())
        return place

    def _entry_runs(self) -> Iterator[tuple[int, int, Iterable[tuple[int, int, int]]]]:
        """Yield first number, count and entries of each run of objects, by rising numbers. Source: 7.5.8.3."""
        plain = ((first, len(places), ((1, *place) for place in places)) for first, places in self._runs())
        packed = (
            (first, count, zip(repeat(2), repeat(stream), range(start, start + count), strict=False))
            for first, count, stream, start in sorted(self._packed)
        )
        return merge(plain, packed, key=itemgetter(0))

    def _runs(self) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Yield the first number and the offsets of each run of successive numbers."""
        order = sorted(range(len(self._numbers)), key=self._numbers.__getitem__)
        for _, group in groupby(enumerate(order), key=lambda pair: self._numbers[pair[1]] - pair[0]):
            run = [place for _, place in group]
            yield self._numbers[run[0]], [(self._offsets[place], self._generations[place]) for place in run]


class ObjectCopier:
    """Copies objects of one PDF, and all that they refer to, to a writer, under new numbers."""

    def __init__(self, writer: ObjectWriter) -> None:
        self._writer = writer
        self._numbers: dict[tuple[int, int], int] = {}
        self._waiting: list[tuple[int, Any]] = []

    def copy_as(self, number: int, value: "pikepdf.Object") -> None:
        """Write `value` as object `number`, and then all objects that are not copied yet."""
        self._waiting.append((number, value))
        while self._waiting:
            place, item = self._waiting.pop()
            self._copy(place, item)

    def _copy(self, number: int, value: Any) -> None:
        import pikepdf

        if isinstance(value, pikepdf.Stream):
            entries = {key: item for key, item in value.stream_dict.items() if key != "/Length"}
            self._writer.write_stream(number, _entries(entries, self._refer), value.read_raw_bytes())
        else:
            self._writer.write(number, serialize(value, self._refer, is_top=True))

    def _refer(self, value: "pikepdf.Object") -> bytes:
        number = self._numbers.get(value.objgen)
        if number is None:
            number = self._numbers[value.objgen] = self._writer.reserve()
            self._waiting.append((number, value))
        return b"%d 0 R" % number


def serialize(value: Any, refer: Callable[["pikepdf.Object"], bytes], *, is_top: bool = False) -> bytes:
    """Return a value as PDF syntax; `refer` gives the reference to an indirect object."""
    import pikepdf

    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, (int, Decimal)):
        return format(value, "f" if isinstance(value, Decimal) else "d").encode("ascii")
    if value.is_indirect and not is_top:
        return refer(value)
    if isinstance(value, pikepdf.Dictionary):
        return b"<< " + _entries(dict(value.items()), refer) + b" >>"
    if isinstance(value, pikepdf.Array):
        return b"[ " + b" ".join(serialize(item, refer) for item in value) + b" ]"
    return bytes(value.unparse())


def _entries(values: dict[str, Any], refer: Callable[["pikepdf.Object"], bytes]) -> bytes:
    import pikepdf

    return b" ".join(pikepdf.Name(key).unparse() + b" " + serialize(item, refer) for key, item in values.items())
