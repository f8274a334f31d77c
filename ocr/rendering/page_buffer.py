"""What the render children share: the limits they keep, and the sheet of shared memory that a page is drawn on."""

import math
import mmap
import os
import sys
import tempfile
from dataclasses import dataclass
from typing import Protocol

from ocr.core.errors import ScanError

DEFAULT_DPI = 200.0

# What decoders raise on damaged bytes, found by feeding them some.
DAMAGE = (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, AttributeError, RuntimeError)

_BLOCK = 3 << 18


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may do; the fields of `render.RenderSettings` that concern it."""

    dpi: int
    max_pixels: int
    max_pages: int
    memory_mb: int
    pdf: str


class Sheet:
    """Memory for the RGB pixels of one page, shared by file descriptor.

    It never has a name in a file system, so a process that is killed leaves nothing behind.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.descriptor = -1
        self.width = self.height = 0
        self.dpi = DEFAULT_DPI

    def check(self, width: int, height: int) -> None:
        """Refuse a page of so many pixels before anything is allocated. Raises `ScanError`."""
        if width <= 0 or height <= 0:
            raise ScanError("the page has no area", hint="scan or export it again")
        if width * height > self._limits.max_pixels:
            megapixels, limit = math.ceil(width * height / 1e6), self._limits.max_pixels // 1_000_000
            raise ScanError(
                f"the page is {width} x {height} pixels: {megapixels} megapixels, the limit is {limit}",
                hint=f"if it is no bomb: --set render.max_pixels={width * height}",
            )

    def allocate(self, width: int, height: int, dpi: float) -> mmap.mmap:
        """Writable memory of height x width x 3 bytes, zeroed. Raises `ScanError` past the limit."""
        self.check(width, height)
        self.close()
        self.width, self.height, self.dpi = width, height, dpi
        size = width * height * 3
        if sys.platform == "linux":
            self.descriptor = os.memfd_create("page")
        else:
            with tempfile.TemporaryFile() as nameless:
                self.descriptor = os.dup(nameless.fileno())
        os.ftruncate(self.descriptor, size)
        return mmap.mmap(self.descriptor, size)

    def single_colour(self) -> bytes | None:
        """The colour (R, G, B) of a page that has but one, else None. Reads no further than the first difference."""
        size = self.width * self.height * 3
        colour = os.pread(self.descriptor, 3, 0)
        block = colour * (_BLOCK // 3)
        places = range(0, size, _BLOCK)
        same = all(os.pread(self.descriptor, _BLOCK, place) == block[: size - place] for place in places)
        return colour if same else None

    def close(self) -> None:
        """Let go of the descriptor; who has received it keeps the pixels."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1


class OpenDocument(Protocol):
    """A scan file opened by a decoder. Failures are `ScanError` or whatever the decoder raises on damaged bytes."""

    pages: int

    def draw(self, number: int, sheet: Sheet) -> None:
        """Draw page `number` (1-based), upright, on white, onto the sheet."""

    def close(self) -> None: ...


def check_pages(pages: int, limits: Limits) -> int:
    """`pages`, if it is a number of pages that can be read. Raises `ScanError` otherwise."""
    if pages <= 0:
        raise ScanError("the file has no pages", hint="export or scan it again")
    if pages > limits.max_pages:
        raise ScanError(
            f"the file says that it has {pages} pages, the limit is {limits.max_pages}",
            hint=f"if it is no bomb: --set render.max_pages={pages}",
        )
    return pages
