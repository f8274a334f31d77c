"""The text layer of a page as PDF operators: each word invisible in its box, lines in reading order.

Coordinates are whole pixels of the upright page, counted from its bottom; one matrix brings them onto the PDF page,
whatever way that is turned. A word is as wide as its box by horizontal scaling (`Tz`), and as high as its box. A line
that runs up or down the page is written in its direction. Source: ISO 32000-1, 9.3 and 9.4.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from ocr.core.document import Box, Line, Page
from ocr.formats.line_blocks import direction_of, lines_of
from ocr.formats.pdf.glyphless_font import DESCENT, WIDTH, CharacterCodes
from ocr.text.text_places import words_of

LEAST_GAP = 0.2
"""Space between two words as a share of the font size: poppler joins words that are closer than 0.15."""
Matrix = tuple[float, float, float, float, float, float]
_STEP = 4
"""Steps of the horizontal scaling, in percent."""
_TOLERANCE = 0.1
"""Share by which a word may be wider or narrower than its box, where that saves a move to the next word."""
_DRIFT = 0.08
"""Share of its length by which a word may begin beside its box, where that saves a move to it."""
_RISE = 0.05
"""Share of the font size by which a word may stand above or below its box, where that saves a move to it."""
_SAME_SIZE = 0.06
"""Words whose heights differ by less have the font size of the word before, or that of their line."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The visible area of a PDF page."""

    box: Box
    """Left, bottom, right and top in points."""
    rotation: int = 0
    """Degrees clockwise by which a viewer turns the page."""


def placing(sheet: Sheet, width: float, height: float) -> Matrix:
    """Return the matrix from an upright page of `width` x `height`, counted from its bottom left, to the PDF page."""
    left, bottom, right, top = sheet.box
    x, y = (right - left) / width, (top - bottom) / height
    x_turned, y_turned = (right - left) / height, (top - bottom) / width
    return {
        0: (x, 0.0, 0.0, y, left, bottom),
        90: (0.0, y_turned, -x_turned, 0.0, right, bottom),
        180: (-x, 0.0, 0.0, -y, right, top),
        270: (0.0, -y_turned, x_turned, 0.0, left, top),
    }[sheet.rotation % 360]


Marks = Mapping[tuple[int, int], str]
"""Operators that start marked content, by line and word of the layer."""
Fonts = Mapping[str, CharacterCodes]
"""Fonts of the layer by their names in the page's resources: a word has the first one with room, or else the last."""


def layer_of(page: Page, sheet: Sheet, fonts: Fonts, marks: Marks | None = None) -> bytes:
    """Return the content stream of a page's text layer; empty where the page has no text.

    `sheet.rotation` holds both the page's own rotation and the one that was found by reading. `marks` are for a
    tagged PDF; each of them ends where the next starts.
    """
    lines = [line for line in _placed(page) if line.text.strip()]
    if not lines or page.width < 1 or page.height < 1:
        return b""
    matrix = " ".join(map(_number, placing(sheet, page.width, page.height)))
    pen = _Pen(fonts)
    body = b"\n".join(_marked((_line(line, lines, page.height, pen) for line in lines), marks or {}))
    return f"q {matrix} cm BT 3 Tr\n".encode("ascii") + body + b"\nET Q\n"


@dataclass(slots=True)
class _Pen:
    """The fonts, and what the operators have set so far: it stays set from one line to the next."""

    fonts: Fonts
    font: str = ""
    size: int = 0
    scale: float = 0.0
    turned: int | None = None
    """The direction of the last line."""
    corner: tuple[int, int] = (0, 0)
    """Where the last move led, along and across the line."""

    def font_for(self, text: str) -> str:
        """Return the name of the font in which a text is written."""
        return next((name for name, codes in self.fonts.items() if codes.has_room(text)), list(self.fonts)[-1])


def _marked(lines: Iterable[Iterator[bytes]], marks: Marks) -> Iterator[bytes]:
    """Yield the operators of the words, with those of marked content between them."""
    is_open = False
    for row, words in enumerate(lines):
        for place, operators in enumerate(words):
            mark = marks.get((row, place))
            if mark is not None:
                yield (b"EMC " if is_open else b"") + mark.encode("ascii")
                is_open = True
            yield operators
    if is_open:
        yield b"EMC"


def _placed(page: Page) -> Sequence[Line]:
    """Return the lines with their boxes; lines without boxes are spread over the page, in order."""
    lines = lines_of(page)
    if page.lines or not lines:
        return lines
    step = page.height / (len(lines) + 1)
    size = min(step * 0.8, page.height / 60)
    return [
        replace(line, box=(page.width * 0.1, step * place, page.width * 0.9, step * place + size))
        for place, line in enumerate(lines, start=1)
    ]


def _line(line: Line, lines: Sequence[Line], height: int, pen: _Pen) -> Iterator[bytes]:
    """Yield the operators of one of the page's lines: font size, then place, width and text of each word."""
    words = [word for word in words_of(line) if word.text.strip()]
    turned = direction_of(line, lines)
    usual = max(1, round(median(_extent(word.box, turned)[1] for word in words))) if words else 1
    at, space = -math.inf, 0.0  # how far the pen has come along the line, and the space before it
    for place, word in enumerate(words):
        length, high = _extent(word.box, turned)
        sizes = (size for size in (pen.size, usual) if size and abs(high - size) <= _SAME_SIZE * size)
        own = next(sizes, max(1, round(high)))
        font = pen.font_for(word.text + " ")
        parts = [f"/{font} {own} Tf"] if (font, own) != (pen.font, pen.size) else []
        x, y = _start(word.box, own, height, turned)
        forward, up = _along(x, y, turned)
        if place == 0 and turned != pen.turned:
            parts.append(f"{_DIRECTIONS[turned]} {x} {y} Tm")
            pen.turned, pen.corner, at = turned, (forward, up), forward
        elif abs(up - pen.corner[1]) > _RISE * own or abs(forward - at) > _DRIFT * length or space < LEAST_GAP * own:
            parts.append(f"{forward - pen.corner[0]} {up - pen.corner[1]} Td")
            pen.corner, at = (forward, up), forward
        room = _distance(word.box, words[place + 1].box, turned) if place + 1 < len(words) else math.inf
        # Up to the end of the word's box, and up to the next word, from where the pen stands.
        reach, left = length + forward - at, room + forward - at
        fitting = _fitting(min(reach, left - LEAST_GAP * own), left, len(word.text), own)
        parts += [f"{fitting:g} Tz"] if fitting != pen.scale else []
        pen.font, pen.size, pen.scale = font, own, fitting
        space = fitting / 100 * WIDTH * own
        at += space * (len(word.text) + 1)
        yield " ".join(parts).encode("ascii") + b"(" + pen.fonts[font].encode(word.text + " ") + b")Tj"


def _start(box: Box, size: int, height: int, turned: int) -> tuple[int, int]:
    """Return where the baseline of a word begins, counted from the bottom of the page."""
    left, top, right, bottom = box
    below = DESCENT * size
    x, y = {0: (left, bottom - below), 1: (right - below, bottom), -1: (left + below, top)}[turned]
    return round(x), round(height - y)


def _along(x: int, y: int, turned: int) -> tuple[int, int]:
    """Return a place as the text matrix of a line counts it: in the direction of the line, and across it."""
    return {0: (x, y), 1: (y, -x), -1: (-y, x)}[turned]


def _fitting(length: float, room: float, letters: int, size: int) -> float:
    """Return the horizontal scaling of a word in percent.

    Where that is nearly right, the word and the space behind it fill the `room` up to the next word: the pen then
    stands at the next word, which needs no move.
    """
    exact = 100 * max(length, 1) / (letters * WIDTH * size)
    joined = round(100 * room / ((letters + 1) * WIDTH * size) / 2) * 2 if math.isfinite(room) else 0
    is_near = joined * WIDTH >= 100 * LEAST_GAP and abs(joined / exact - 1) <= _TOLERANCE
    return joined if is_near else _rounded(exact)


_DIRECTIONS = {0: "1 0 0 1", 1: "0 1 -1 0", -1: "0 -1 1 0"}
"""Text matrices of lines that run to the right, up and down."""


def _extent(box: Box, turned: int) -> tuple[float, float]:
    """Return length and height of a word in the direction of its line."""
    wide, high = box[2] - box[0], box[3] - box[1]
    return (high, wide) if turned else (wide, high)


def _distance(box: Box, following: Box, turned: int) -> float:
    """Return how far the start of the next word is from the start of this one, in the direction of the line."""
    distance = {0: following[0] - box[0], 1: box[3] - following[3], -1: following[1] - box[1]}[turned]
    return distance if distance > 0 else math.inf


def _rounded(scale: float) -> float:
    """Return a horizontal scaling in whole steps: finer ones would not be seen, and take room."""
    return int(scale) // _STEP * _STEP if scale >= 50 else round(scale, 1) or 0.1


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") or "0"
