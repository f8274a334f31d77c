from pathlib import Path

import pytest

from ocr.core.errors import ScanError
from ocr.rendering.decoders.djvu import INSTALL, DjvuDocument
from ocr.rendering.page_buffer import Limits, PageBuffer

LIMITS = Limits(dpi=200, max_pixels=1000, max_pages=3, memory_mb=500, pdf="pdfium")
DUMP = "  FORM:DJVU [46]\\n    INFO [10]         DjVu 2x1, v24, 200 dpi, gamma=2.2\\n"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of stand-ins for the two programs, and nothing else of the PATH but the shell's own."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    (tmp_path / "a.djvu").write_bytes(b"any")
    _write(tmp_path / "djvused", f'case "$2" in n) echo 2;; *) printf "{DUMP}";; esac')
    _write(tmp_path / "ddjvu", 'printf "P6\\n2 1\\n255\\nabcdef"')
    return tmp_path


def _write(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def render(folder: Path) -> PageBuffer:
    document, buffer = DjvuDocument(folder / "a.djvu", LIMITS), PageBuffer(LIMITS)
    assert document.pages == 2
    document.render(1, buffer)
    return buffer


def test_a_page_is_what_the_program_writes(programs: Path) -> None:
    buffer = render(programs)
    assert buffer.pixels is not None and buffer.dpi == 200
    assert buffer.pixels.array().tobytes() == b"abcdef"
    buffer.close()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('printf "P6\\n2 1\\n255\\nabc"', "ends early"),
        ('printf "P5\\n2 1\\n255\\nab"', "ends early"),
        ('printf "P6\\n2 1\\n255\\nabcdef"; echo "ddjvu: [1-15] Corrupted data." >&2', "ddjvu reports: Corrupted data"),
        ("exit 10", "no reason"),
    ],
)
def test_a_page_that_is_not_whole_is_damaged(programs: Path, script: str, reason: str) -> None:
    _write(programs / "ddjvu", script)
    with pytest.raises(ValueError, match=reason):
        render(programs)


def test_a_page_that_says_another_size_is_still_limited(programs: Path) -> None:
    _write(programs / "ddjvu", 'printf "P6\\n2000 1000\\n255\\nabc"')
    with pytest.raises(ScanError, match="megapixels"):
        render(programs)


def test_limits_on_pages_hold(programs: Path) -> None:
    _write(programs / "djvused", "echo 4")
    with pytest.raises(ScanError, match="the limit is 3"):
        render(programs)
    _write(programs / "djvused", "echo none")
    with pytest.raises(ValueError, match="does not find its pages"):
        render(programs)


def test_without_the_programs_the_message_names_the_package(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs / "none"))
    with pytest.raises(ScanError, match="is not installed") as refusal:
        render(programs)
    assert refusal.value.hint == INSTALL
