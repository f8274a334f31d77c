"""Read the lines of a deskewed page of gray pixels: find regions, find strips of text in each, read each strip.

A strip is a rectangle that may be skewed or vertical, such as a protocol stamp in the margin. The boxes of the result
are upright rectangles around strips and words, mapped by the caller's affine matrix.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ocr.core.document import Box, Line, Word
from ocr.engines.local import orientation
from ocr.engines.local.detectors.line_finder import Detect, LineFinder, PageDetector, PageMap
from ocr.engines.local.detectors.map_strips import Strip
from ocr.engines.local.ink.show_through import contrast_of, pale_lines
from ocr.engines.local.ppocr import Detector, LineRecognizer, Reading, Recognizer, line_confidence, unguessed
from ocr.engines.local.recognizers.foreign_letters import without_false_guesses
from ocr.engines.local.recognizers.marked_lines import Piece, with_marks
from ocr.engines.local.skew import Affine, Gray
from ocr.layout.columns import PageInk, cut, letter_height, page_ink

UPRIGHT = 1.5
"""A strip this many times taller than wide is also read as text that runs up or down the page."""
SMALL_LETTER, USUAL_LETTER, LARGE_LETTER = 7.0, 22.0, 32.0
"""Pixels of a letter without ascender. At 200 dpi, 8-point print has 9 and 12-point print 15; at 600 dpi it has 45."""
LARGE_PAGE, SPARED_LETTER = 6_000_000, 23.0
"""Pixels from which a page shrinks for smaller letters: print at 300 dpi, which reads as well at 200."""
SAMPLE_SIDE = 1200
"""Pixels of the longer side at which the letters of a large page are measured."""
EDGE = 1.0
"""Pixels from the edge of a page within which a strip touches it."""
UNREAD = Reading("", (), ())
SAMPLE = 6
"""Lines that are read to measure the confidence of a page."""
LEAST_CONFIDENCE = 0.5
"""Lower confidences belong to pictures, rules and dirt far more often than to text: the box is kept without text."""


def working_scale(letter: float, pixels: int = 0) -> float:
    """Return the factor by which an image is resized before reading, from the height of its letters and its size.

    The detector finds letters of 7 to 30 pixels equally well. Larger ones are torn, and cost time and memory; smaller
    ones are missed.
    """
    if letter > (SPARED_LETTER if pixels >= LARGE_PAGE else LARGE_LETTER):
        return USUAL_LETTER / letter
    return 2.0 if 0 < letter < SMALL_LETTER else 1.0


def shrunk(pixels: Gray) -> Gray:
    """Return an RGB page, (H, W, 3), at the size that its letters need, so that a large one takes little memory."""
    if pixels.shape[0] * pixels.shape[1] < LARGE_PAGE:
        return pixels
    step = max(1, round(max(pixels.shape[:2]) / SAMPLE_SIDE))
    sample = resized(pixels, 1 / step) if step > 1 else pixels
    letter = letter_height(np.asarray(cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY), np.uint8)) * step
    factor = working_scale(letter, LARGE_PAGE)
    return resized(pixels, factor) if factor < 1 else pixels


def resized(gray: Gray, factor: float) -> Gray:
    """Return the image at `factor` times its size: averaged where it shrinks, interpolated where it grows."""
    size = (max(1, round(gray.shape[1] * factor)), max(1, round(gray.shape[0] * factor)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC), np.uint8)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line of text lies in a region of the page."""

    part: Gray
    """Pixels of the region."""
    ways: tuple[Strip, ...]
    """The directions in which it may run; more than one if it is vertical."""
    corner: tuple[int, int]
    """Left and top of the region on the page."""
    placement: Affine
    """Maps the region's pixels to the coordinates of boxes."""

    def crops(self) -> list[Gray]:
        """Return its pixels in each direction."""
        return [way.crop(self.part) for way in self.ways]


class PpocrPageReader:
    """Reads pages with the detector and a recognizer. See `ocr.engines.local.orientation.LineReader`."""

    def __init__(
        self, backend: str, recognizer: LineRecognizer | None = None, detector: Detect | PageDetector | None = None
    ) -> None:
        """Load what is not given: the stock recognizer and the stock detector."""
        self._finder = LineFinder(detector or Detector(backend))
        self._recognizer = recognizer or Recognizer(backend)

    def lines(self, gray: Gray, placement: Affine, ink: PageInk | None = None) -> tuple[Line, ...]:
        """Read an upright, deskewed page, (H, W) uint8; lines come column by column, from top to bottom in each.

        `ink` is the page's ink where it is known.
        """
        ink = ink or page_ink(gray)
        letter, factor = ink.letter, working_scale(ink.letter, gray.size)
        if factor != 1.0:
            gray, placement = resized(gray, factor), placement @ np.diag((1 / factor, 1 / factor, 1.0))
            ink = page_ink(gray)
        page_map = self._finder.page_map(gray, letter * factor)
        found = list(self._places(gray, cut(gray, ink), placement, page_map))
        crops = [place.crops() for place in found]
        ways, readings = zip(*self._recognizer.read_surest(crops), strict=True) if crops else ((), ())
        edges = [_at_edge(place, way, gray) for place, way in zip(found, ways, strict=True)]
        surest = list(zip(ways, without_false_guesses(readings, edges), strict=True))
        pale = pale_lines(
            [contrast_of(group[way]) for group, (way, _) in zip(crops, surest, strict=True)],
            [line_confidence(reading) for _, reading in surest],
            [place.ways[way].is_straight() for place, (way, _) in zip(found, surest, strict=True)],
        )
        read = [
            (place.ways[way], UNREAD if faint else reading)
            for place, (way, reading), faint in zip(found, surest, pale, strict=True)
        ]
        marked = self._with_marks(gray, found, read, letter * factor)
        return tuple(
            _line(*line, place.placement) for place, line in zip(found, marked, strict=True) if line is not None
        )

    def _with_marks(
        self, gray: Gray, found: Sequence[Place], read: Sequence[tuple[Strip, Reading]], letter: float
    ) -> list[tuple[Strip, Reading] | None]:
        """Join check boxes, initials and lone letters to the level lines of the page; None for what is joined."""
        lines: list[tuple[Strip, Reading] | None] = list(read)
        numbers = [number for number, (strip, _) in enumerate(read) if strip.along == (1.0, 0.0)]
        pieces = [Piece(read[number][0].moved(*found[number].corner).area(), read[number][1]) for number in numbers]
        marked = with_marks(gray, pieces, letter, lambda crop: self._recognizer.read([crop])[0])
        for number, before, after in zip(numbers, pieces, marked, strict=True):
            left, top = found[number].corner
            if after is None:
                lines[number] = None
            elif after is not before:
                lines[number] = (_level_strip(after.area).moved(-left, -top), after.reading)
        return lines

    def confidence(self, gray: Gray) -> float:
        """Return the mean confidence of the longest level lines of `gray`, 0 to 1; 0 if there are none."""
        page_map = self._finder.page_map(gray, letter_height(gray))
        level = [strip for strip in self._finder.strips(gray, page_map) if strip.length > 2 * strip.height]
        longest = sorted(level, key=lambda strip: -strip.length)[:SAMPLE]
        readings = self._recognizer.read([strip.crop(gray) for strip in longest])
        return float(np.mean([line_confidence(unguessed(reading)) for reading in readings])) if readings else 0.0

    def _places(
        self, gray: Gray, regions: Sequence[Box], placement: Affine, page_map: PageMap | None
    ) -> Iterator[Place]:
        whole = [(round(left), round(top), round(right), round(bottom)) for left, top, right, bottom in regions]
        inked = [area for area in whole if orientation.has_ink(gray[area[1] : area[3], area[0] : area[2]])]
        for (left, top, right, bottom), strip in self._finder.find(gray, inked, page_map):
            moved = placement @ np.array(((1.0, 0.0, left), (0.0, 1.0, top), (0.0, 0.0, 1.0)))
            yield Place(gray[top:bottom, left:right], _ways(strip), (left, top), moved)


def _at_edge(place: Place, way: int, page: Gray) -> bool:
    """Return whether a line lies at an edge of the page or does not run level."""
    strip = place.ways[way].moved(*place.corner)
    left, top, right, bottom = strip.area()
    height, width = page.shape
    return strip.along != (1.0, 0.0) or min(left, top, width - right, height - bottom) < EDGE


def _level_strip(area: tuple[float, float, float, float]) -> Strip:
    left, top, right, bottom = area
    return Strip((left, top), (1.0, 0.0), right - left, bottom - top)


def _ways(strip: Strip) -> tuple[Strip, ...]:
    """Return the directions in which a strip is read: one, or all that a vertical strip may have."""
    if strip.height < UPRIGHT * strip.length:
        return (strip,)
    level = (strip,) if strip.height < 2 * UPRIGHT * strip.length else ()
    return (strip.turned(1), strip.turned(-1), *level)


def _line(strip: Strip, reading: Reading, placement: Affine) -> Line:
    sure = line_confidence(reading)
    words = tuple(_words(strip, reading, placement)) if sure >= LEAST_CONFIDENCE else ()
    text = " ".join(word.text for word in words)
    return Line(text, orientation.place(strip.corners(), placement), round(sure, 4), words)


def _words(strip: Strip, reading: Reading, placement: Affine) -> Iterator[Word]:
    """Split at spaces; a word ends halfway to the next character, or half a character out at either end."""
    centers, text = reading.centers, reading.text
    half = (centers[-1] - centers[0]) / max(1, len(centers) - 1) / 2 or 0.5
    spans, edges, start = [], [], 0
    for end in range(len(text) + 1):
        if end < len(text) and not text[end].isspace():
            continue
        if end > start:
            left = max(0.0, centers[start] - half) if start == 0 else (centers[start - 1] + centers[start]) / 2
            last = end == len(text)
            right = min(1.0, centers[end - 1] + half) if last else (centers[end - 1] + centers[end]) / 2
            spans.append((start, end))
            edges.append((left, right))
        start = end + 1
    boxes = orientation.place_all(strip.parts(np.array(edges).reshape(-1, 2)), placement)
    for (start, end), box in zip(spans, boxes, strict=True):
        confidence = math.fsum(reading.confidences[start:end]) / (end - start)
        yield Word(text[start:end], box, round(confidence, 4))
