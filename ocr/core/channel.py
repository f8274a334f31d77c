"""The channel between a parent and a child process: framed messages, and pixels in shared memory beside them.

Both sides use this module. Messages are JSON where the child reads hostile files, so that nothing it sends can run code
in the parent. They are pickled where the child runs only our code on pixels. Where the system can pass file descriptors
(Linux, macOS), pixels travel without a copy through memory that has no name in a file system, so a killed process
leaves nothing behind. Elsewhere they are copied through the pipe.
"""

import json
import mmap
import os
import pickle
import socket
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PAIR = getattr(socket, "AF_UNIX", socket.AF_INET)
"""The family of `socket.socketpair`. Named, so that an audit sees a local socket and no unknown one."""
_HEADER = struct.Struct("<IB3I")
"""Bytes of the message, number of dimensions of the pixels (0: none), and up to three dimensions."""
LARGEST_MESSAGE = 1 << 28
LARGEST_PIXELS = 1 << 34
"""Bytes of a message, and of pixels. A header that announces more is not ours."""
STANDARD_STREAMS = "-"
"""The address of a channel over the standard streams of the child; otherwise it is the number of a descriptor."""


def passes_descriptors() -> bool:
    """Return whether this system can pass file descriptors between processes."""
    return hasattr(socket, "send_fds") and hasattr(socket, "recv_fds")


@dataclass(frozen=True, slots=True)
class Codec:
    """How the value of a message becomes bytes and back; `decode` raises one of `CORRUPT` for other bytes."""

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


JSON = Codec(lambda value: json.dumps(value).encode("ascii"), json.loads)
PICKLE = Codec(pickle.dumps, pickle.loads)
CORRUPT = (EOFError, OSError, ValueError, pickle.UnpicklingError)
"""What `Channel.receive` raises when the other side is gone, or has sent what is no message."""


class Pixels:
    """Memory for a uint8 array of up to three dimensions, shared by file descriptor where the system can."""

    def __init__(self, shape: tuple[int, ...], memory: mmap.mmap | None, descriptor: int = -1) -> None:
        """Wrap `memory` of prod(shape) bytes; None stands for memory of no bytes."""
        self.shape = shape
        self.memory = memory
        self.descriptor = descriptor

    @classmethod
    def allocate(cls, shape: tuple[int, ...]) -> "Pixels":
        """Return zeroed, writable memory. Raises `OSError` if there is none."""
        size = prod(shape)
        if not size:
            return cls(shape, None)
        if not passes_descriptors():
            return cls(shape, mmap.mmap(-1, size))
        descriptor = _nameless_file()
        try:
            os.ftruncate(descriptor, size)
            return cls(shape, mmap.mmap(descriptor, size), descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    @classmethod
    def of(cls, array: "NDArray[np.uint8]", used: "Pixels | None" = None) -> "Pixels":
        """Return shared memory with a copy of `array`: the memory `used`, if it is large enough, else new memory.

        Writing to new memory takes twice as long, because the system clears it first.
        """
        pixels = used
        if pixels is None or pixels.memory is None or len(pixels.memory) < array.nbytes:
            if pixels is not None:
                pixels.close()
            pixels = cls.allocate(array.shape)
        pixels.shape = array.shape
        if pixels.memory is not None and array.nbytes:
            import numpy as np

            np.copyto(np.frombuffer(pixels.memory, np.uint8, array.nbytes).reshape(array.shape), array)
        return pixels

    def array(self) -> "NDArray[np.uint8]":
        """Return the memory as a read-only array, which keeps the memory alive."""
        import numpy as np

        array = np.frombuffer(self.memory or b"", np.uint8, prod(self.shape)).reshape(self.shape)
        array.flags.writeable = False
        return array

    def close(self) -> None:
        """Close the descriptor; the memory lives as long as something refers to it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("lusocr", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _forbid_to_shrink(descriptor: int) -> None:
    """Keep the other side from truncating the memory: reading past its end would kill this process.

    Raises `OSError` for a file that cannot be protected.
    """
    if not hasattr(os, "memfd_create"):
        return
    try:
        import fcntl
    except ImportError:
        return
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)


class _Link(Protocol):
    """A stream of bytes in both directions."""

    def write(self, content: "bytes | memoryview", descriptor: int = -1) -> None: ...

    def read(self, count: int) -> tuple[bytes, int]:
        """Read exactly `count` bytes, and a descriptor that came with them, or -1. Raises `EOFError`."""

    def interrupt(self) -> None:
        """End every read that waits."""

    def close(self) -> None: ...


class _SocketLink:
    """A local socket, which can pass descriptors."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(True)
        self._connection = connection

    def write(self, content: "bytes | memoryview", descriptor: int = -1) -> None:
        sent = socket.send_fds(self._connection, [content], [descriptor]) if descriptor >= 0 else 0
        self._connection.sendall(memoryview(content)[sent:])

    def read(self, count: int) -> tuple[bytes, int]:
        received, descriptor = b"", -1
        while len(received) < count:
            data, descriptors, _, _ = socket.recv_fds(self._connection, min(count - len(received), 1 << 20), 1)
            descriptor = next(iter(descriptors), descriptor)
            if not data:
                raise EOFError("the other side of the channel is gone")
            received += data
        return received, descriptor

    def interrupt(self) -> None:
        try:
            self._connection.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other side is gone
            return

    def close(self) -> None:
        self._connection.close()


class _PipeLink:
    """Two pipes, for systems on which a child inherits nothing but its standard streams."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = os.fdopen(incoming, "rb")
        self._outgoing = os.fdopen(outgoing, "wb", buffering=0)

    def write(self, content: "bytes | memoryview", descriptor: int = -1) -> None:
        del descriptor
        view = memoryview(content)
        while view:
            view = view[self._outgoing.write(view) or 0 :]

    def read(self, count: int) -> tuple[bytes, int]:
        received = self._incoming.read(count)
        if len(received) < count:
            raise EOFError("the other side of the channel is gone")
        return received, -1

    def interrupt(self) -> None:
        """Do nothing: a read ends when the child, which holds the other ends, is killed."""

    def close(self) -> None:
        self._incoming.close()
        try:
            self._outgoing.close()
        except OSError:  # the other side is gone
            return


class Channel:
    """One end of the channel. Not thread-safe: one message at a time in each direction."""

    def __init__(self, link: _Link, codec: Codec) -> None:
        self._link = link
        self._codec = codec

    @classmethod
    def over_socket(cls, connection: socket.socket, codec: Codec) -> "Channel":
        """Return the end that owns `connection`."""
        return cls(_SocketLink(connection), codec)

    @classmethod
    def over_pipes(cls, incoming: int, outgoing: int, codec: Codec) -> "Channel":
        """Return the end that owns two descriptors."""
        return cls(_PipeLink(incoming, outgoing), codec)

    @classmethod
    def in_child(cls, address: str, codec: Codec) -> "Channel":
        """Return the end of a child that was started with `address`; see `ocr.core.child_process`."""
        if address != STANDARD_STREAMS:
            return cls.over_socket(socket.socket(_PAIR, socket.SOCK_STREAM, fileno=int(address)), codec)
        sys.stdout.flush()
        incoming, outgoing = os.dup(0), os.dup(1)
        os.dup2(2, 1)  # what libraries print goes to the log, not into the channel
        return cls.over_pipes(incoming, outgoing, codec)

    def send(self, value: Any, pixels: Pixels | None = None) -> None:
        """Send a message, and pixels beside it. Raises `OSError` if the other side is gone."""
        content = self._codec.encode(value)
        shape = (0, 0, 0) if pixels is None else (*pixels.shape, 0, 0, 0)[:3]
        header = _HEADER.pack(len(content), 0 if pixels is None else len(pixels.shape), *shape)
        descriptor = -1 if pixels is None else pixels.descriptor
        self._link.write(header + content, descriptor)
        if pixels is not None and pixels.memory is not None and descriptor < 0:
            self._link.write(memoryview(pixels.memory)[: prod(pixels.shape)])

    def receive(self) -> tuple[Any, Pixels | None]:
        """Return the next message and its pixels. Raises one of `CORRUPT`."""
        header, descriptor = self._link.read(_HEADER.size)
        try:
            length, dimensions, *sizes = _HEADER.unpack(header)
            if length > LARGEST_MESSAGE or dimensions > len(sizes) or prod(sizes[:dimensions]) > LARGEST_PIXELS:
                raise ValueError("the other side of the channel sent what is no message")
            content, _ = self._link.read(length)
            pixels = self._pixels(tuple(sizes[:dimensions]), descriptor) if dimensions else None
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return self._codec.decode(content), pixels

    def _pixels(self, shape: tuple[int, ...], descriptor: int) -> Pixels:
        size = prod(shape)
        if not size:
            return Pixels(shape, None)
        if descriptor >= 0:
            _forbid_to_shrink(descriptor)
            # Raises `ValueError` if the file is smaller.
            return Pixels(shape, mmap.mmap(descriptor, size, access=mmap.ACCESS_READ))
        content, _ = self._link.read(size)
        memory = mmap.mmap(-1, size)
        memory.write(content)
        return Pixels(shape, memory)

    def interrupt(self) -> None:
        """End a `receive` that waits, in another thread."""
        self._link.interrupt()

    def close(self) -> None:
        """Close this end."""
        self._link.close()
