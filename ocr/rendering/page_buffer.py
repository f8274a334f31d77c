"""What the modules of the render child share: its limits, and the shared memory that a page is rendered into."""

import math
import mmap
from dataclasses import dataclass
from typing import Protocol

from ocr.core.channel import Pixels
from ocr.core.errors import ScanError

DEFAULT_DPI = 200.0

# What decoders raise on damaged bytes, found by fuzzing them.
DAMAGE = (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, AttributeError, RuntimeError)

_BLOCK = 3 << 18


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may do: the fields of `ocr.rendering.renderer.RenderSettings` that concern it."""

    dpi: int
    max_pixels: int
    max_pages: int
    memory_mb: int
    pdf: str


class PageBuffer:
    """Shared memory for the RGB pixels of one page."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.pixels: Pixels | None = None
        self.dpi = DEFAULT_DPI

    def check(self, width: int, height: int) -> None:
        """Refuse a page with too many pixels before memory is allocated. Raises `ScanError`."""
        if width <= 0 or height <= 0:
            raise ScanError("the page has no area", hint="scan or export it again")
        if width * height > self._limits.max_pixels:
            megapixels, limit = math.ceil(width * height / 1e6), self._limits.max_pixels // 1_000_000
            raise ScanError(
                f"the page is {width} x {height} pixels: {megapixels} megapixels, the limit is {limit}",
                hint=f"if it is no bomb: --set render.max_pixels={width * height}",
            )

    def allocate(self, width: int, height: int, dpi: float) -> mmap.mmap:
        """Return writable, zeroed memory of height x width x 3 bytes. Raises `ScanError` past the limit."""
        self.check(width, height)
        self.close()
        self.pixels, self.dpi = Pixels.allocate((height, width, 3)), dpi
        assert self.pixels.memory is not None, "the page has an area"
        return self.pixels.memory

    def single_color(self) -> bytes | None:
        """Return the color (R, G, B) of a page of one color, else None. Reads up to the first difference."""
        if self.pixels is None or self.pixels.memory is None:
            return None
        memory = self.pixels.memory
        color = memory[:3]
        block = color * (_BLOCK // 3)
        places = range(0, len(memory), _BLOCK)
        same = all(memory[place : place + _BLOCK] == block[: len(memory) - place] for place in places)
        return color if same else None

    def close(self) -> None:
        """Release the memory; a process that has received it keeps it."""
        if self.pixels is not None:
            self.pixels.close()
        self.pixels = None


class OpenDocument(Protocol):
    """A scan file opened by a decoder. Failures are `ScanError` or whatever the decoder raises on damaged bytes."""

    pages: int

    def render(self, number: int, buffer: PageBuffer) -> None:
        """Render page `number` (1-based), upright, on white, into the buffer."""

    def close(self) -> None: ...


def check_pages(pages: int, limits: Limits) -> int:
    """Return `pages` if so many pages can be read. Raises `ScanError` otherwise."""
    if pages <= 0:
        raise ScanError("the file has no pages", hint="export or scan it again")
    if pages > limits.max_pages:
        raise ScanError(
            f"the file says that it has {pages} pages, the limit is {limits.max_pages}",
            hint=f"if it is no bomb: --set render.max_pages={pages}",
        )
    return pages
