"""A worker gives freed memory back, and reads on where the C library cannot."""

import ctypes
import platform

import psutil
import pytest

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
