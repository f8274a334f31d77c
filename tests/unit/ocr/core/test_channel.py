"""Messages and pixels through a channel, over a socket and over pipes; what is no message is refused."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
import pytest

from ocr.core.channel import CORRUPT, JSON, LARGEST_MESSAGE, PICKLE, Channel, Codec, Pixels

SHAPES = [(3, 5, 3), (40, 30), (0, 4), (7,)]


@contextmanager
def ends(kind: str, codec: Codec) -> Iterator[tuple[Channel, Channel]]:
    """Both ends of a channel."""
    if kind == "socket":
        pair = [Channel.over_socket(end, codec) for end in socket.socketpair()]
    else:
        (first, second), (third, fourth) = os.pipe(), os.pipe()
        pair = [Channel.over_pipes(first, fourth, codec), Channel.over_pipes(third, second, codec)]
    with closing(pair[0]), closing(pair[1]):
        yield pair[0], pair[1]


@pytest.fixture(params=["socket", "pipes"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "pipes":
        monkeypatch.delattr(socket, "send_fds", raising=False)
    return str(request.param)


@pytest.mark.parametrize("codec", [JSON, PICKLE])
def test_messages_arrive_in_order(kind: str, codec: Codec) -> None:
    values = [{"path": "autos é.pdf", "number": None}, [1.5, True], "", "x" * 20_000]
    with ends(kind, codec) as (ours, theirs):
        for value in values:
            ours.send(value)
        assert [theirs.receive()[0] for _ in values] == values
        theirs.send("reply")
        assert ours.receive() == ("reply", None)


@pytest.mark.parametrize("shape", SHAPES)
def test_pixels_arrive_beside_a_message_and_cannot_be_written(kind: str, shape: tuple[int, ...]) -> None:
    sent = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    with ends(kind, JSON) as (ours, theirs):
        pixels = Pixels.of(sent)
        ours.send("page", pixels)
        pixels.close()
        value, received = theirs.receive()
    assert value == "page"
    assert received is not None
    array = received.array()
    del received, pixels
    assert np.array_equal(array, sent)
    assert not array.flags.writeable


def test_memory_is_used_again_for_pixels_that_fit(kind: str) -> None:
    large, small = np.full((10, 10), 1, np.uint8), np.full((3, 4), 2, np.uint8)
    with ends(kind, JSON) as (ours, theirs):
        first = Pixels.of(large)
        again = Pixels.of(small, first)
        assert again is first
        ours.send("small", again)
        ours.send("next")
        _, received = theirs.receive()
        assert theirs.receive() == ("next", None)
        assert received is not None
        assert np.array_equal(received.array(), small)
        larger = Pixels.of(np.zeros((20, 20), np.uint8), again)
        assert larger is not again
        larger.close()


def test_the_end_of_the_other_side_is_the_end_of_the_stream(kind: str) -> None:
    with ends(kind, JSON) as (ours, theirs):
        theirs.close()
        with pytest.raises(EOFError):
            ours.receive()


@pytest.mark.parametrize(
    "content",
    [
        (LARGEST_MESSAGE + 1).to_bytes(4, "little") + bytes(13),
        bytes(4) + b"\x09" + bytes(12),
        b"\x02\0\0\0" + bytes(13) + b"{[",
        b"\x02\0\0\0" + bytes(13) + b"\xff\xff",
        b"\x02\0\0\0\x03" + b"\xff" * 12 + b"{}",
        b"\x02\0",
    ],
)
def test_what_is_no_message_is_refused(content: bytes) -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(content)
    theirs.close()
    with closing(Channel.over_socket(ours, JSON)) as channel, pytest.raises(CORRUPT):
        channel.receive()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is protected on Linux")
def test_the_sender_cannot_shrink_memory_that_was_received() -> None:
    with ends("socket", JSON) as (ours, theirs):
        pixels = Pixels.of(np.ones((10, 10, 3), np.uint8))
        theirs.send("page", pixels)
        _, received = ours.receive()
        with pytest.raises(PermissionError):
            os.ftruncate(pixels.descriptor, 1)
        pixels.close()
    assert received is not None
    assert received.array().all()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is protected on Linux")
def test_memory_that_is_smaller_than_announced_is_refused() -> None:
    with ends("socket", JSON) as (ours, theirs):
        pixels = Pixels.allocate((10, 10, 3))
        pixels.shape = (1000, 1000, 3)
        theirs.send("page", pixels)
        pixels.close()
        with pytest.raises(CORRUPT):
            ours.receive()
