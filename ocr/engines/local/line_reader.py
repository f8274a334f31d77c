"""Read the lines of a deskewed page of gray pixels: find regions, find strips of text in each, read each strip.

A strip is a rectangle that may be skewed or vertical, such as a protocol stamp in the margin. The boxes of the result
are upright rectangles around strips and words, mapped by the caller's affine matrix.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Box, Line, Word
from ocr.engines.local import orientation
from ocr.engines.local.ink.ink_areas import sparse_areas
from ocr.engines.local.ink.show_through import contrast_of, pale_lines
from ocr.engines.local.ppocr import Detector, LineRecognizer, Reading, Recognizer, line_confidence
from ocr.engines.local.recognizers.marked_lines import Piece, with_marks
from ocr.engines.local.skew import Affine, Gray
from ocr.layout.columns import cut, letter_height

Points = NDArray[np.float64]
Detect = Callable[[Gray], NDArray[np.float32]]
"""(H, W) gray -> probability map of text at about its size."""
# Parameters of the differentiable-binarization detector (Liao et al. 2020) with PP-OCR's values: a pixel is text above
# THRESHOLD, a shape is a line if its mean is above LINE_THRESHOLD, and UNCLIP expands the detected core to the full
# height of the letters.
THRESHOLD = 0.3
LINE_THRESHOLD = 0.5
UNCLIP = 1.6
PAPER = 90
"""Percentile of the gray values of a crop that is its paper color."""
LEAST_SIDE = 3
"""Map pixels: a thinner shape is a speck."""
MOST_SHARED = 0.5
"""Strips that share more of their height than this are parts of one line, or a large initial and its neighbors."""
UPRIGHT = 1.5
"""A strip this many times taller than wide is also read as text that runs up or down the page."""
SMALL_LETTER, USUAL_LETTER, LARGE_LETTER = 7.0, 22.0, 32.0
"""Pixels of a letter without ascender. At 200 dpi, 8-point print has 9 and 12-point print 15; at 600 dpi it has 45."""
LARGE_PAGE, SPARED_LETTER = 6_000_000, 23.0
"""Pixels from which a page shrinks for smaller letters: print at 300 dpi, which reads as well at 200."""
SAMPLE_SIDE = 1200
"""Pixels of the longer side at which the letters of a large page are measured."""
TILE, MOST_AT_ONCE, LARGEST_TILE = 1_300_000, 1_500_000, 2_500_000
"""Pixels of a tile, of a region that is not cut, and of a tile where no row is white.

The detector needs 160 MB for each million."""
WHITE = 0.002
"""Share of a row that may be dark for it to count as white."""
FLAT = 12
"""Gray levels that columns of paper differ by."""
UNREAD = Reading("", (), ())
SAMPLE = 6
"""Lines that are read to measure the confidence of a page."""
LEAST_CONFIDENCE = 0.5
"""Lower confidences belong to pictures, rules and dirt far more often than to text: the box is kept without text."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A rectangle around a line of text: pixel (x, y) of the crop lies at `origin + x * along + y * down`."""

    origin: tuple[float, float]
    along: tuple[float, float]
    """Unit vector along the text; `down` is the same rotated by 90 degrees clockwise."""
    length: float
    height: float
    above: float = 0.0
    """How much of the height, at the top, belongs to the line above."""
    below: float = 0.0

    def corners(self, start: float = 0.0, end: float = 1.0) -> Points:
        """Return the four corners, (4, 2), of the part between two fractions of the length."""
        corners: Points = self.parts(np.array(((start, end),)))[0]
        return corners

    def parts(self, fractions: Points) -> Points:
        """Return the corners, (count, 4, 2), of the parts between two fractions (count, 2) of the length."""
        along, origin = np.array(self.along), np.array(self.origin)
        down = np.array((-along[1], along[0])) * self.height
        ends = origin + along * self.length * fractions[:, :, None]
        left, right = ends[:, 0], ends[:, 1]
        return np.stack((left, right, right + down, left + down), axis=1)

    def crop(self, gray: Gray) -> Gray:
        """Return its pixels, deskewed, with text from left to right."""
        width, height = max(1, round(self.length)), max(1, round(self.height))
        if self.along == (1.0, 0.0):
            left, top = (max(0, round(value)) for value in self.origin)
            return self._alone(gray[top : top + height, left : left + width])
        (x, y), (dx, dy) = self.origin, self.along
        inverse = np.array(((dx, -dy, x), (dy, dx, y)))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cropped = cv2.warpAffine(gray, inverse, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cropped, np.uint8)

    def _alone(self, crop: Gray) -> Gray:
        """Return the crop with the parts of neighboring lines painted in the color of the paper."""
        above, below = round(self.above), round(self.below)
        if not above and not below:
            return crop
        alone = crop.copy()
        paper = np.percentile(crop[::3, ::3], PAPER)
        alone[:above] = paper
        alone[len(alone) - below :] = paper
        return alone

    def moved(self, right: float, down: float) -> "Strip":
        """Return the same rectangle elsewhere."""
        return replace(self, origin=(self.origin[0] + right, self.origin[1] + down))

    def area(self) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom of a level strip."""
        left, top = self.origin
        return left, top, left + self.length, top + self.height

    def is_straight(self) -> bool:
        """Return whether its text runs along an edge of the image."""
        return 0.0 in self.along

    def turned(self, quarter: int) -> "Strip":
        """Return the same rectangle with text that runs down (`quarter` 1) or up (-1)."""
        _, top_right, _, bottom_left = self.corners()
        origin = top_right if quarter == 1 else bottom_left
        dx, dy = self.along
        along = (-dy, dx) if quarter == 1 else (dy, -dx)
        return Strip((float(origin[0]), float(origin[1])), along, self.height, self.length)


def strips(probability: NDArray[np.float32], size: tuple[int, int]) -> list[Strip]:
    """Return the lines of text in a probability map of an image of `size` (width, height), in pixels of that image."""
    rows, columns = probability.shape
    ratio = (size[0] / columns, size[1] / rows)
    mask = cv2.dilate((probability > THRESHOLD).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        left, top, width, height = cv2.boundingRect(contour)
        if min(width, height) < LEAST_SIDE:
            continue
        within = np.s_[top : top + height, left : left + width]
        if cv2.mean(probability[within], mask[within])[0] < LINE_THRESHOLD:
            continue
        found.append(_grown(contour, ratio, size))
    return _separated(sorted(found, key=lambda strip: (strip.origin[1], strip.origin[0])))


def apart(found: list[Strip], gray: Gray) -> list[Strip]:
    """End level strips of one row where the next one begins: at the whitest column of their overlap.

    Strips grow beyond the detected core. Where a line is torn at a wide space, each part would otherwise hold the first
    strokes of the other, and read them as a letter.
    """
    level = [place for place, strip in enumerate(found) if strip.along == (1.0, 0.0)]
    left, top = np.array([found[place].origin for place in level]).reshape(-1, 2).T
    right, bottom = left + [found[place].length for place in level], top + [found[place].height for place in level]
    start, end = left.copy(), right.copy()
    for here in range(len(level)):
        rows = np.minimum(bottom, bottom[here]) - np.maximum(top, top[here])
        same = rows > MOST_SHARED * np.minimum(bottom - top, bottom[here] - top[here])
        for there in np.flatnonzero(same & (left > left[here]) & (left < right[here]) & (right > right[here])):
            shared = gray[int(max(top[here], top[there])) : int(min(bottom[here], bottom[there])) + 1]
            middle = _whitest(shared, int(left[there]), int(right[here]))
            end[here], start[there] = min(end[here], middle), max(start[there], middle)
    moved = {
        place: replace(found[place], origin=(float(first), found[place].origin[1]), length=float(last - first))
        for place, first, last in zip(level, start, end, strict=True)
    }
    return [moved.get(place, strip) for place, strip in enumerate(found)]


def _whitest(rows: Gray, left: int, right: int) -> float:
    """Return the middle of the first run of columns between `left` and `right` that hold the least ink."""
    if right <= left or not rows.size:
        return float(right)
    ink = int(rows.max()) - rows[:, left:right].min(axis=0).astype(int)
    return left + float(np.mean(_run(np.flatnonzero(ink <= ink.min() + FLAT)))) + 0.5


def _separated(found: list[Strip]) -> list[Strip]:
    """Set for each level strip how far the lines above and below extend into it: up to the middle of the overlap.

    In tight print a strip is a fifth higher than the distance between lines, and parts of the neighbors turn c into ç
    and A into Á. Separating the lines removes a tenth to a seventh of all errors on gazette pages.
    """
    level = [strip for strip in found if strip.along == (1.0, 0.0)]
    if not level:
        return found
    left, top = np.array([strip.origin for strip in level]).T
    right, bottom = left + [strip.length for strip in level], top + [strip.height for strip in level]
    height = bottom - top
    separated = {}
    for place, strip in enumerate(level):
        beside = np.minimum(right, right[place]) > np.maximum(left, left[place])
        most = MOST_SHARED * np.minimum(height, height[place])
        above, below = bottom - top[place], bottom[place] - top
        above = above[beside & (top < top[place]) & (above > 0) & (above < most)]
        below = below[beside & (top > top[place]) & (below > 0) & (below < most)]
        shares = (float(above.max(initial=0.0)) / 2, float(below.max(initial=0.0)) / 2)
        separated[id(strip)] = replace(strip, above=shares[0], below=shares[1])
    return [separated.get(id(strip), strip) for strip in found]


def _grown(contour: NDArray[np.int32], ratio: tuple[float, float], size: tuple[int, int]) -> Strip:
    """Return the strip around one shape of the map, at the full size of its letters, inside the image."""
    left, top, width, height = cv2.boundingRect(contour)
    (x, y), (length, thickness), degrees = cv2.minAreaRect(contour)
    if length < thickness:
        length, thickness, degrees = thickness, length, degrees - 90
    degrees = (degrees + 90) % 180 - 90
    growth = UNCLIP * length * thickness / max(1.0, 2 * (length + thickness))
    leans = 0.5 < abs(degrees) < 45 and height > 1.25 * thickness and length > 4 * thickness
    if not leans:
        growth = UNCLIP * width * height / (2 * (width + height))
        x0, y0 = max(0.0, (left - growth) * ratio[0]), max(0.0, (top - growth) * ratio[1])
        x1 = min(float(size[0]), (left + width + growth) * ratio[0])
        y1 = min(float(size[1]), (top + height + growth) * ratio[1])
        return Strip((x0, y0), (1.0, 0.0), x1 - x0, y1 - y0)
    length, thickness = length + 2 * growth, thickness + 2 * growth
    angle = np.deg2rad(degrees)
    along = np.array((np.cos(angle), np.sin(angle)))
    down = np.array((-along[1], along[0]))
    origin = np.array((x, y)) - along * length / 2 - down * thickness / 2
    scale = sum(ratio) / 2
    return Strip(
        (float(origin[0] * ratio[0]), float(origin[1] * ratio[1])),
        (float(along[0]), float(along[1])),
        length * scale,
        thickness * scale,
    )


def tiles(gray: Gray) -> list[tuple[int, int]]:
    """Cut a region between lines into (top, bottom) rows of about `TILE` pixels, which bounds the detector's memory.

    If no row is white enough the tile grows, up to `LARGEST_TILE`, and ends at the row with the least ink.
    """
    height, width = gray.shape
    dark, light = np.percentile(gray[::8, ::8], (2, 90))
    ink = np.count_nonzero(gray < (dark + light) / 2, axis=1)
    found, top = [], 0
    while (height - top) * width > MOST_AT_ONCE and height - top > 1:
        rows = TILE // width if (height - top) * width > 1.5 * TILE else (height - top) // 2
        first, last = top + max(1, rows), top + max(2, LARGEST_TILE // width)
        white = np.flatnonzero(ink[first:last] <= WHITE * width)
        place = white[len(_run(white)) // 2] if len(white) else ink[first:last].argmin()
        cut_at = min(height, first + int(place))
        found.append((top, cut_at))
        top = cut_at
    return [*found, (top, height)] if top < height else found


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


def _run(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first run of consecutive numbers."""
    breaks = np.flatnonzero(np.diff(places) > 1)
    return places[: breaks[0] + 1] if len(breaks) else places


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

    def __init__(self, backend: str, recognizer: LineRecognizer | None = None, detector: Detect | None = None) -> None:
        """Load what is not given: the stock recognizer and the stock detector."""
        self._detect = detector or Detector(backend)
        self._recognizer = recognizer or Recognizer(backend)

    def lines(self, gray: Gray, placement: Affine) -> tuple[Line, ...]:
        """Read an upright, deskewed page, (H, W) uint8; lines come column by column, from top to bottom in each."""
        letter = letter_height(gray)
        factor = working_scale(letter, gray.size)
        if factor != 1.0:
            gray, placement = resized(gray, factor), placement @ np.diag((1 / factor, 1 / factor, 1.0))
        found = [place for region in cut(gray) for place in self._places(gray, region, placement)]
        if isinstance(self._detect, Detector):
            self._detect.release()
        crops = [place.crops() for place in found]
        surest = self._recognizer.read_surest(crops)
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
        level = [strip for strip in self._strips(gray) if strip.length > 2 * strip.height]
        longest = sorted(level, key=lambda strip: -strip.length)[:SAMPLE]
        readings = self._recognizer.read([strip.crop(gray) for strip in longest])
        return float(np.mean([line_confidence(reading) for reading in readings])) if readings else 0.0

    def _strips(self, gray: Gray) -> list[Strip]:
        found = []
        areas = sparse_areas(gray)
        if areas is None:
            areas = [(0, top, gray.shape[1], bottom) for top, bottom in tiles(gray)]
        for left, top, right, bottom in areas:
            tile = gray[top:bottom, left:right]
            inside = apart(strips(self._detect(tile), (tile.shape[1], tile.shape[0])), tile)
            found += [strip.moved(left, top) for strip in inside]
        return found

    def _places(self, gray: Gray, region: Box, placement: Affine) -> Iterator[Place]:
        left, top, right, bottom = (round(edge) for edge in region)
        part = gray[top:bottom, left:right]
        if not orientation.has_ink(part):
            return
        moved = placement @ np.array(((1.0, 0.0, left), (0.0, 1.0, top), (0.0, 0.0, 1.0)))
        for strip in self._strips(part):
            yield Place(part, _ways(strip), (left, top), moved)


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
