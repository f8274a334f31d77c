"""Cut a page into columns on its pixels, before any text is detected.

A text detector merges lines across a narrow gutter, and no later step can separate them. The search finds the tallest
white gutter with text columns on both sides. The page is cut there into a band above, the columns and a band below,
and each piece is cut again. Where no gutter passes the tests the page stays whole: a missed cut costs reading order, a
wrong cut costs words.

Lengths are in letters: the median height of a connected piece of ink on the page. So neither the resolution nor the
type size must be known.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocr.core import environment
from ocr.core.document import Box

Mask = NDArray[np.bool_]

WORKING_SIZE = 850
"""Pixels of the longer side of the working image: letters of 8 points on A4 are still four pixels tall."""
CONTRAST = 18
"""Gray levels by which ink is darker than its surroundings."""

# All in letters. Tuned on gazette, book and newspaper pages and on composed pages with one to three columns.
RAGGED, SAME_ROWS = 0.3, 0.8
"""The two sides are columns of a table if a smaller share of lines than the first reaches the gutter, and a larger
share of inked rows than the second has ink on both sides. Of 45 gazette pages none has both; the nearest have 0.16
with 0.73 and 0.38 with 0.94."""
WHOLE = 10.0
"""Least length of a usual line without a gap of more than a word space: the figures of a table have 4 to 8."""
GUTTER = 1.1
"""Least width of a gutter: rivers of word spaces are as wide, but never as tall as COLUMN_HEIGHT."""
COLUMN_HEIGHT = 14.0
"""Least height of a gutter: six or seven lines."""
COLUMN_WIDTH = 16.0
"""Least width of a text column, about 25 characters; table columns and list numbers are mostly narrower."""
RULE = 8.0
"""Length from which a straight line is a vertical rule; a level one is twice as long."""
CANDIDATES = 60
"""White rectangles to try, tallest first; pages of text have up to 20."""
FILL = 0.3
"""Least share of a column's lines that is covered by words; columns of figures are mostly white."""
WIDE = 8.0
"""A wider gutter separates the pages of an open book, or is the white of a table: both sides must be flush."""
STARTS, WIDE_STARTS = 0.45, 0.6
"""Least share of lines right of a gutter that start at it; columns of figures and centered text start ragged."""
REACHES, WIDE_REACHES = 0.1, 0.4
"""Least share of lines left of a gutter that reach it: lists of short items leave most of a column white."""


class Area(NamedTuple):
    """A rectangle of the working image, `right` and `bottom` exclusive."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Gutter:
    """A white rectangle that separates two columns."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Ink:
    """The places of text on a page."""

    mask: Mask
    letter: float
    """Height of a letter in pixels of `mask`."""
    gutter: float
    """Least width of a gutter, in letters."""
    drawn: bool = False
    """True where the ink is lines drawn as blocks, False where it is letters."""


class PageInk(NamedTuple):
    """The text of a page on its working image."""

    mask: Mask
    working_letter: float
    """Height of a letter in pixels of the mask; 0 without text."""
    scale: int
    """Pixels of the page for one of the mask."""
    pieces: NDArray[np.int32]
    """Left, top, width and height of each connected piece of the mask, (count, 4), in its pixels."""

    @property
    def letter(self) -> float:
        """Return the height of a letter in pixels of the page."""
        return self.working_letter * self.scale


def cut(gray: NDArray[np.uint8], seen: PageInk | None = None) -> list[Box]:
    """Cut an upright, level page, a (height, width) gray array, into regions for the text detector.

    The regions tile the page and come top to bottom, left to right. For a single column, and whenever the cut is
    uncertain, the whole page is one region. `seen` is the page's ink where it is known.
    """
    height, width = gray.shape
    ink, letter, scale, _ = seen or page_ink(gray)
    areas = split(Ink(ink, letter, GUTTER), Area(0, 0, ink.shape[1], ink.shape[0])) if letter else []
    if len(areas) < 2:
        return [(0.0, 0.0, float(width), float(height))]
    # The working image may fall short of the page by less than one of its pixels.
    return [
        (
            float(area.left * scale),
            float(area.top * scale),
            float(width if area.right == ink.shape[1] else area.right * scale),
            float(height if area.bottom == ink.shape[0] else area.bottom * scale),
        )
        for area in areas
    ]


def letter_height(gray: NDArray[np.uint8]) -> float:
    """Return the median height of the letters of a page, in pixels, weighted by ink; 0 without text.

    The page is measured at a reduced size, so the height is accurate to 1 or 2 pixels.
    """
    _, dark, scale = _dark(gray)
    return _letter_height(dark) * scale


def page_ink(gray: NDArray[np.uint8]) -> PageInk:
    """Return the text mask of the reduced page, the height of a letter there, and the reduction factor.

    Rules, frames, specks and the dark borders of a scan are removed. Height 0 means that there is no text.
    """
    cv2 = environment.load("cv2")
    small, dark, scale = _dark(gray)
    letter = _letter_height(dark)
    if not letter:
        return PageInk(dark.astype(bool), 0.0, scale, np.zeros((0, 4), np.int32))
    long = round(RULE * letter) | 1  # Odd: an even kernel opens one pixel to the side.
    for shape in ((2 * long + 1, 1), (1, long)):
        dark &= ~cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones(shape[::-1], np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    left, top, wide, tall, _area = stats.T
    edge = (left == 0) | (top == 0) | (left + wide == small.shape[1]) | (top + tall == small.shape[0])
    border = edge & ((tall > 4 * letter) | (wide > 4 * letter))
    speck = (tall < 0.3 * letter) & (wide < 0.3 * letter)
    keep = ~(border | speck)
    keep[0] = False
    return PageInk(keep[labels], letter, scale, stats[keep, :4])


def _dark(gray: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
    """Return the reduced page, 1 where it is darker than its surroundings, else 0, and the reduction factor."""
    cv2 = environment.load("cv2")
    scale = max(1, round(max(gray.shape) / WORKING_SIZE))
    small = gray
    if scale > 1:
        small = cv2.resize(gray, (gray.shape[1] // scale, gray.shape[0] // scale), interpolation=cv2.INTER_AREA)
    around = cv2.blur(small, (31, 31))
    return small, (small.astype(np.int16) < around.astype(np.int16) - CONTRAST).astype(np.uint8), scale


def _letter_height(dark: NDArray[np.uint8]) -> float:
    """Return the median height of the pieces of ink that may be letters, weighted by ink; 0 without any.

    The weights are needed because the grain of paper and photographs has many more pieces than the text.
    """
    cv2 = environment.load("cv2")
    stats = cv2.connectedComponentsWithStats(dark, connectivity=8)[2][1:]
    wide, tall, area = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_AREA]
    letters = (tall >= 3) & (wide >= 2) & (tall < max(dark.shape) / 10) & (tall < 5 * wide) & (wide < 20 * tall)
    if not letters.any():
        return 0.0
    order = np.argsort(tall[letters], kind="stable")
    weight = np.cumsum(area[letters][order])
    return float(tall[letters][order][np.searchsorted(weight, weight[-1] / 2)])


def split(page: Ink, area: Area) -> list[Area]:
    """Cut `area` of a page at its tallest gutter, then each piece again; return the areas in reading order."""
    gutter = _tallest_gutter(page, area)
    if gutter is None:
        return [area]
    top = _white_row(page.mask, area, gutter.top, min(gutter.bottom, gutter.top + round(3 * page.letter)))
    bottom = _white_row(page.mask, area, gutter.bottom, max(gutter.top, gutter.bottom - round(3 * page.letter)))
    middle = (gutter.left + gutter.right) // 2
    pieces = [
        Area(area.left, area.top, area.right, top),
        Area(area.left, top, middle, bottom),
        Area(middle, top, area.right, bottom),
        Area(area.left, bottom, area.right, area.bottom),
    ]
    return [part for piece in pieces if piece.bottom > piece.top for part in split(page, piece)]


def _white_row(ink: Mask, area: Area, start: int, stop: int) -> int:
    """Return the row to cut at: the middle of the first white band from `start` towards `stop`.

    The gutter ends at the ink that crosses it, but the ascenders of a headline may reach higher.
    """
    if start in (area.top, area.bottom, stop):
        return start
    rows = np.arange(start, stop, 1 if stop > start else -1)
    amount = ink[rows, area.left : area.right].sum(axis=1)
    least = amount == amount.min()
    first = int(least.argmax())
    length = int((~least[first:]).argmax()) or len(rows) - first
    return int(rows[first + length // 2])


def _tallest_gutter(page: Ink, area: Area) -> Gutter | None:
    """Return the tallest white rectangle in `area` that passes as a gutter between two columns of text."""
    inside, letter = page.mask[area.top : area.bottom, area.left : area.right], page.letter
    if not page.drawn:
        # Large type is measured in its own letters: otherwise one big title passes as a column of many lines.
        letter = max(letter, _letter_height(inside.astype(np.uint8)))
    least_width, least_height = max(2, round(page.gutter * letter)), round(COLUMN_HEIGHT * letter)
    if inside.shape[0] < least_height or inside.shape[1] < 2 * COLUMN_WIDTH * letter:
        return None
    heights = _white_heights(inside, least_width)
    for _ in range(CANDIDATES if heights.size else 0):
        bottom, left = (int(place) for place in np.unravel_index(heights.argmax(), heights.shape))
        top = bottom + 1 - int(heights[bottom, left])
        if heights[bottom, left] < least_height:
            break
        gutter = _widen(inside, Gutter(left, top, left + least_width, bottom + 1))
        if _separates_columns(inside, gutter, letter):
            return Gutter(gutter.left + area.left, top + area.top, gutter.right + area.left, bottom + 1 + area.top)
        heights[top : bottom + 1, max(0, gutter.left - least_width + 1) : gutter.right] = 0
    return None


def _white_heights(inside: Mask, width: int) -> NDArray[np.int32]:
    """Return for each row and left edge how many rows upwards a strip of `width` pixels stays white."""
    white, span = ~inside, 1
    while span < width:  # A strip of twice the width, or a little less, is white where two shorter ones are.
        step = min(span, width - span)
        white, span = white[:, : white.shape[1] - step] & white[:, step:], span + step
    heights = np.zeros(white.shape, dtype=np.int32)
    above = np.zeros(white.shape[1], dtype=np.int32)
    for clear, row in zip(white, heights, strict=True):
        np.add(above, 1, out=row)
        np.multiply(row, clear, out=row)
        above = row
    return heights


def _widen(inside: Mask, gutter: Gutter) -> Gutter:
    """Return the gutter with its sides moved out to the nearest ink."""
    columns: Mask = np.any(inside[gutter.top : gutter.bottom], axis=0)
    before, after = np.flatnonzero(columns[: gutter.left]), np.flatnonzero(columns[gutter.right :])
    left = int(before[-1]) + 1 if before.size else 0
    right = gutter.right + int(after[0]) if after.size else inside.shape[1]
    return Gutter(left, gutter.top, right, gutter.bottom)


def _separates_columns(inside: Mask, gutter: Gutter, letter: float) -> bool:
    """Return whether there is a column of text on either side.

    Both must be wide, lines must start at the edge of the right one and reach the edge of the left one. Tables,
    signatures, margins and lists fail one of these tests.
    """
    left, right = inside[gutter.top : gutter.bottom, : gutter.left], inside[gutter.top : gutter.bottom, gutter.right :]
    near = round(1.5 * letter)
    starts, reaches = _share(right[:, :near], right, letter), _share(left[:, -near:], left, letter)
    wide = gutter.right - gutter.left > WIDE * letter
    return (
        min(_ink_width(left), _ink_width(right)) >= COLUMN_WIDTH * letter
        and starts >= (WIDE_STARTS if wide else STARTS)
        and reaches >= (WIDE_REACHES if wide else REACHES)
        and _is_text(left, letter)
        and _is_text(right, letter)
        and not (reaches < RAGGED and _same_rows(left, right) > SAME_ROWS)
    )


def _same_rows(left: Mask, right: Mask) -> float:
    """Return the share of the pixel rows with ink on either side that have ink on both."""
    rows_left, rows_right = np.any(left, axis=1), np.any(right, axis=1)
    return float(np.sum(rows_left & rows_right) / max(1, np.sum(rows_left | rows_right)))


def _ink_width(block: Mask) -> int:
    columns = np.flatnonzero(np.asarray(block.any(axis=0)))
    return int(columns[-1] - columns[0]) + 1 if columns.size else 0


def _is_text(block: Mask, letter: float) -> bool:
    """Return whether the lines of a block are whole and covered by words; table rows have gaps between their cells."""
    step = max(2, round(1.5 * letter))
    rows, columns = block.shape[0] // step, block.shape[1] // step
    grid = block[: rows * step, : columns * step].reshape(rows, step, columns, step)
    cells = np.any(grid, axis=(1, 3))
    cells = cells[np.any(cells, axis=1)]
    if not cells.size:
        return False
    covered, runs = cells.mean(axis=1), _longest_runs(cells) * step
    return float(np.median(covered)) >= FILL and float(np.median(runs)) >= WHOLE * letter


def _longest_runs(cells: Mask) -> NDArray[np.int64]:
    """Return the length of the longest run of True in each row."""
    places = np.arange(1, cells.shape[1] + 1)
    ends = np.maximum.accumulate(np.where(cells, 0, places), axis=1)
    longest: NDArray[np.int64] = (places - ends).max(axis=1)
    return longest


def _share(edge: Mask, block: Mask, letter: float) -> float:
    """Return the share of the strips, one line tall, with ink in `block` that also have ink in `edge`."""
    step = max(2, round(1.5 * letter))
    strips = range(0, block.shape[0], step)
    full = [start for start in strips if block[start : start + step].any()]
    if len(full) * step < 0.7 * COLUMN_HEIGHT * letter:
        return 0.0
    return sum(bool(edge[start : start + step].any()) for start in full) / len(full)
