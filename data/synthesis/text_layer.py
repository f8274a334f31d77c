"""Read the pixels and the text layer of a PDF page: the lines as printed, with boxes, fields and words.

The ground truth of a composed page is read back from here, so it is what was typeset, not what was intended.
"""

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ocr.core.document import FIELDS, Box, Field
from ocr.core.environment import load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pypdfium2 import PdfDocument, PdfPage

_GAP = 0.22
"""Share of the type size: a wider gap between two characters is a space (word spaces are 0.20 to 0.33)."""
_SOFT_HYPHENS = (0x02, 0xAD, 0x2010)
"""Code points that pdfium and typst use for a hyphen at the end of a line."""


@dataclass(frozen=True, slots=True)
class PrintedWord:
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One line of the text layer; boxes in pixels of the rendered page, tight around the ink."""

    words: tuple[PrintedWord, ...]
    field: Field
    block: int
    """Lines of one paragraph share it; the next paragraph has another."""

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def box(self) -> Box:
        return union([word.box for word in self.words])


@dataclass(frozen=True, slots=True)
class _Sign:
    text: str
    box: Box
    along: float
    """Start in the writing direction and start of the next character; distance across it; in points."""
    end: float
    across: float
    size: float
    mark: tuple[int, int]
    """Field and block, coded in its color."""


@dataclass(slots=True)
class _Growing:
    mark: tuple[int, int]
    words: list[PrintedWord] = field(default_factory=list)
    signs: list[_Sign] = field(default_factory=list)

    def end_word(self) -> None:
        if self.signs:
            self.words.append(PrintedWord("".join(s.text for s in self.signs), union([s.box for s in self.signs])))
            self.signs.clear()


def union(boxes: Sequence[Box]) -> Box:
    """Return the smallest box around all boxes."""
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def open_pdf(pdf: bytes) -> "PdfDocument":
    """Open a PDF file's bytes with pypdfium2."""
    return load("pypdfium2").PdfDocument(pdf)


def render(page: "PdfPage", dpi: int, *, color: bool) -> "NDArray[np.uint8]":
    """Render the page: (height, width) gray, or (height, width, 3) RGB."""
    bitmap = page.render(scale=dpi / 72, grayscale=not color, rev_byteorder=color)
    pixels: NDArray[np.uint8] = bitmap.to_numpy().copy()
    bitmap.close()
    return pixels[:, :, 0] if pixels.ndim == 3 and not color else pixels[:, :, :3] if color else pixels


def read_lines(page: "PdfPage", dpi: int) -> list[PrintedLine]:
    """Return the lines of the page's text layer in typesetting order."""
    lines: list[PrintedLine] = []
    growing: _Growing | None = None
    last: _Sign | None = None
    spaced = False
    for sign in _signs(page, dpi):
        if sign is None:
            spaced = True
            continue
        if growing is None or last is None or _breaks(last, sign):
            lines += _finish(growing)
            growing = _Growing(sign.mark)
        elif spaced or sign.along - last.end > _GAP * sign.size:
            growing.end_word()
        growing.signs.append(sign)
        last, spaced = sign, False
    return lines + _finish(growing)


def _finish(growing: _Growing | None) -> list[PrintedLine]:
    if growing is None:
        return []
    growing.end_word()
    place, block = growing.mark
    return [PrintedLine(tuple(growing.words), FIELDS[place], block)] if growing.words else []


def _breaks(last: _Sign, sign: _Sign) -> bool:
    """Return whether `sign` starts a new line: another block, another height, or a step back."""
    return (
        sign.mark != last.mark
        or abs(sign.across - last.across) > 0.6 * max(sign.size, last.size)
        or sign.along < last.along - 0.5 * sign.size
    )


def _signs(page: "PdfPage", dpi: int) -> Iterator[_Sign | None]:
    """Yield every character on the page, and None for a space."""
    raw: Any = load("pypdfium2.raw")
    text = page.get_textpage()
    scale, height = dpi / 72, page.get_height()
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    loose = raw.FS_RECTF()
    for index in range(text.count_chars()):
        code = raw.FPDFText_GetUnicode(text, index)
        if raw.FPDFText_IsGenerated(text, index) == 1:
            continue
        if code in (0x20, 0xA0):
            yield None
            continue
        raw.FPDFText_GetCharBox(text, index, left, right, bottom, top)
        raw.FPDFText_GetFillColor(text, index, red, green, blue, alpha)
        box = (left.value * scale, (height - top.value) * scale, right.value * scale, (height - bottom.value) * scale)
        raw.FPDFText_GetCharOrigin(text, index, left, top)
        angle = -raw.FPDFText_GetCharAngle(text, index)  # pdfium counts clockwise
        along, across = _turned(left.value, top.value, angle)
        raw.FPDFText_GetLooseCharBox(text, index, loose)
        wide, tall = loose.right - loose.left, loose.top - loose.bottom
        advance = wide if abs(math.cos(angle)) > abs(math.sin(angle)) else tall
        size = raw.FPDFText_GetFontSize(text, index)
        mark = (red.value & 3, (green.value & 7) * 8 + (blue.value & 7))
        said = "-" if code in _SOFT_HYPHENS else chr(code)
        yield _Sign(said, box, along, along + advance, across, size, mark)


def _turned(x: float, y: float, angle: float) -> tuple[float, float]:
    """Return the position of a point along and across the writing direction; `angle` is that of pdfium, in radians."""
    return x * math.cos(angle) + y * math.sin(angle), -x * math.sin(angle) + y * math.cos(angle)


def join_paragraphs(lines: Sequence[PrintedLine], compounds: frozenset[str]) -> tuple[str, ...]:
    """Return the paragraphs of the body, lines joined; a hyphen at a line end stays only in words of `compounds`."""
    paragraphs: list[str] = []
    block: int | None = None
    for line in lines:
        if line.field != "text":
            continue
        if line.block == block:
            paragraphs[-1] = _join(paragraphs[-1], line.text, compounds)
        else:
            paragraphs.append(line.text)
        block = line.block
    return tuple(paragraphs)


def _join(above: str, below: str, compounds: frozenset[str]) -> str:
    if not above.endswith("-") or above.endswith(" -"):
        return f"{above} {below}"
    head, tail = above.rsplit(" ", 1)[-1], below.split(" ", 1)[0]
    if below.startswith("-"):  # Portuguese repeats the hyphen of a compound at the start of the next line
        return above + below[1:]
    if any(word in compounds for word in (bare(head + tail), bare(head + tail.rstrip("-")))):
        return above + below
    return above[:-1] + below


def bare(word: str) -> str:
    """Return a word in lower case without the punctuation around it."""
    return word.strip(".,;:!?()“”\"'").lower()


def compounds_of(text: str) -> frozenset[str]:
    """Return the words of a text that are written with a hyphen."""
    return frozenset(bare(word) for word in text.split() if "-" in word.strip("-"))
