"""A worker gives freed memory back, and reads on where the C library cannot."""

import ctypes
import platform

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from ocr.engines.local import ppocr
from ocr.engines.local.ppocr import return_freed_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the malloc_trim of glibc")
def test_freed_memory_returns_to_the_system() -> None:
    blocks = [bytes([1]) * 60_000 for _ in range(1500)]
    kept = blocks[::50]
    del blocks
    before = psutil.Process().memory_info().rss
    return_freed_memory()
    assert len(kept) == 30
    assert psutil.Process().memory_info().rss <= before - 30_000_000


@pytest.mark.parametrize("fault", [OSError, TypeError, AttributeError])
def test_another_c_library_changes_nothing(fault: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: object) -> None:
        raise fault(name)

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    return_freed_memory()


class Buffer:
    """A network that overwrites its result when it gives its memory back, as OpenVINO may."""

    def __init__(self) -> None:
        self.output = np.full((1, 1, 64, 64), 0.9, np.float32)
        self.released = 0

    def __call__(self, _: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.output

    def release(self) -> None:
        self.output[:] = 0
        self.released += 1


@pytest.mark.parametrize("much", [False, True])
def test_the_detector_gives_back_its_memory_where_much_is_held(much: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Buffer()
    monkeypatch.setitem(ppocr.BACKENDS, "buffer", lambda *_: (network, ()))
    monkeypatch.setattr(ppocr, "MOST_HELD", 0 if much else 1 << 60)
    found = ppocr.Detector("buffer")(np.full((64, 64), 250, np.uint8))
    assert network.released == much
    assert np.all(found == np.float32(0.9))
