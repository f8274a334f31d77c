"""Render DjVu files in the render child with the programs of DjVuLibre: one process for each page.

The programs are in the child's process group, so they are killed with it, and they share its memory limit.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ocr.core.errors import ScanError
from ocr.core.process_tree import lend_to_grandchildren
from ocr.rendering.page_buffer import Limits, PageBuffer, check_pages

INSTALL = "apt-get install djvulibre-bin"
"""The command that installs both programs."""

_PIECE = 1 << 20
_PAGE_INFO = re.compile(rb"INFO \[\d+\]\s+DjVu (\d+)x(\d+), v\d+, (\d+) dpi")


class DjvuDocument:
    """A DjVu file of one or more pages, rendered with the pixels that it holds."""

    def __init__(self, path: Path, limits: Limits) -> None:
        if not (shutil.which("djvused") and shutil.which("ddjvu")):
            raise ScanError("is a DjVu file, and ddjvu, which reads them, is not installed", hint=INSTALL)
        self._path = path
        words = self._ask("n").split()
        if len(words) != 1 or not words[0].isdigit():
            raise ValueError("ddjvu does not find its pages")
        self.pages = check_pages(int(words[0]), limits)

    def render(self, number: int, buffer: PageBuffer) -> None:
        """Render a page. Raises `ScanError` or `ValueError`."""
        found = _PAGE_INFO.search(self._ask(f"select {number}; dump"))
        if not found:
            raise ValueError("ddjvu does not find the page")
        width, height, dpi = (int(value) for value in found.groups())
        buffer.check(width, height)
        with self._run("ddjvu", "-format=ppm", f"-page={number}") as output:
            is_whole = _copy_picture(output, float(dpi), buffer)
        if not is_whole:
            raise ValueError("the picture of the page ends early")

    def close(self) -> None:
        """Do nothing: no file is open between pages."""

    def _ask(self, script: str) -> bytes:
        """Return what djvused prints. Raises `ValueError` if it cannot interpret the file."""
        with self._run("djvused", "-e", script) as output:
            return output.read()

    @contextmanager
    def _run(self, program: str, *options: str) -> Iterator[IO[bytes]]:
        """Run a program on the file and yield its output. Raises `ValueError` with its message if it fails."""
        with self._path.open("rb") as file, tempfile.TemporaryFile() as errors, lend_to_grandchildren():
            # The programs cannot open a path that is not of the locale's character set. A descriptor has no folder,
            # so it is no help where the pages are files beside this one.
            by_name = str(self._path).isascii() or os.name == "nt"
            with subprocess.Popen(
                [program, *options, str(self._path) if by_name else f"/dev/fd/{file.fileno()}"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=() if by_name else (file.fileno(),),
            ) as process:
                assert process.stdout
                yield process.stdout
            errors.seek(0)
            complaint = errors.read(_PIECE)
        if process.returncode or complaint:
            raise ValueError(f"{program} reports: {_first_line(complaint)}")


def _copy_picture(output: IO[bytes], dpi: float, buffer: PageBuffer) -> bool:
    """Copy a PPM image into the buffer; return whether all of it was there. Source: the ppm format of Netpbm."""
    magic, size, depth = (output.readline() for _ in range(3))
    found = re.fullmatch(rb"(\d+) (\d+)\n", size)
    if magic != b"P6\n" or depth != b"255\n" or not found:
        return False
    memory = buffer.allocate(int(found[1]), int(found[2]), dpi)
    missing = len(memory)
    while missing and (piece := output.read(min(missing, _PIECE))):
        memory.write(piece)
        missing -= len(piece)
    return not missing


def _first_line(complaint: bytes) -> str:
    """Return the first message of DjVuLibre without the name of the program, its number, and the file's address."""
    lines = complaint.decode("utf-8", "replace").splitlines() or ["no reason"]
    words = re.sub(r"^(\*\*\*|\w+:)?\s*(\[[\d-]+\])?\s*", "", lines[0])
    return words.partition(" 'file:")[0]
