"""Find and correct the rotation and the skew of a page.

The pixel functions take (H, W) uint8 gray pixels. Only reading tells whether a page is upside down, so `read_page`
compares the confidence of a reader at several rotations. Angles are degrees clockwise.
"""

from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.core.document import UNKNOWN_LETTER, VERY_SMALL_TYPE, Box, EngineOutput, Line
from ocr.engines.local.ink.cut_edges import cut_edges
from ocr.engines.local.ink.ink_areas import sparse_areas
from ocr.engines.local.ink.ink_over_print import Placed, hard_print
from ocr.engines.local.ink.page_contrast import may_be_inverted
from ocr.engines.local.ink.ruling_lines import ruling_lines
from ocr.engines.local.skew import SKEW_SIZE, Affine, Gray, bands_of, find_skew, ink_of, level
from ocr.layout.columns import PageInk, page_ink

SIDEWAYS_SIZE = 300
"""Pixels of the longer side on which letters merge and lines do not."""
SIDEWAYS_BANDS = 4
SIDEWAYS = 2.0
"""Factor by which ink must alternate more across than down. Down over across on 34 upright pages: printed pages
4.4 to 60, medieval hands 2.3 to 2.8, newspaper cuttings of 20 lines 0.9 to 2.3."""
PAPER_WINDOW = 61
"""Pixels of a page of `SKEW_SIZE`: two lines of 12-point print, so that the window holds paper."""
PRINTED = 0.03
"""Share of a page that is dark; 0.06 to 0.08 on book pages, 0.16 and more on the same pages blurred beyond reading."""


def has_ink(gray: Gray) -> bool:
    """Return whether anything differs from plain paper by more than noise does; False for no pixels."""
    return bool(gray.size) and int(gray.max()) - int(gray.min()) > 30


def looks_printed(gray: Gray) -> bool:
    """Return whether so much is darker than the paper around it that an unread page cannot be blank.

    Punch holes cover a thousandth of a page, a dark edge a hundredth; text, however blurred, a twentieth. The paper is
    estimated locally, because shading and uneven light are not print.
    """
    scale = max(1, round(max(gray.shape) / SKEW_SIZE))
    small = cv2.resize(
        gray, (max(1, gray.shape[1] // scale), max(1, gray.shape[0] // scale)), interpolation=cv2.INTER_AREA
    )
    kernel = np.ones((PAPER_WINDOW, PAPER_WINDOW), np.uint8)
    paper = cv2.blur(cv2.dilate(small, kernel), (PAPER_WINDOW, PAPER_WINDOW), borderType=cv2.BORDER_REPLICATE)
    return bool(np.mean(small.astype(np.int16) < paper.astype(np.int16) - 30) > PRINTED)


def turn(gray: Gray, rotation: int) -> Gray:
    """Rotate by a multiple of 90 degrees clockwise; no pixel value changes."""
    return np.ascontiguousarray(np.rot90(gray, -rotation // 90))


def is_sideways(gray: Gray) -> bool:
    """Return whether ink clearly alternates from left to right, as text lines on a sideways page do."""
    ink = ink_of(gray, SIDEWAYS_SIZE)
    return _ripple(ink.T) > SIDEWAYS * _ripple(ink)


def place(corners: NDArray[np.float64], placement: Affine) -> Box:
    """Return the upright box around corners (N, 2) mapped by `placement`, to a tenth of a pixel."""
    (box,) = place_all(corners[None], placement)
    return box


def place_all(corners: NDArray[np.float64], placement: Affine) -> list[Box]:
    """Return the upright box around each set of corners (count, N, 2) mapped by `placement`, to a tenth of a pixel."""
    points = corners @ placement[:, :2].T + placement[:, 2]
    boxes = np.concatenate((points.min(axis=1), points.max(axis=1)), axis=1).round(1)
    return [(left, top, right, bottom) for left, top, right, bottom in boxes.tolist()]


def placed(box: Box, placement: Affine) -> Box:
    """Return the upright box around a box mapped by `placement`."""
    left, top, right, bottom = box
    return place(np.array(((left, top), (right, top), (right, bottom), (left, bottom))), placement)


def busiest(gray: Gray, side: int = 800) -> Gray:
    """Return the square of at most `side` pixels with the most ink: a sample on which to try rotations."""
    ink = ink_of(gray, SIDEWAYS_SIZE)
    scale = gray.shape[0] / ink.shape[0]
    window = max(1, round(side / scale))
    rows, columns = min(window, ink.shape[0]), min(window, ink.shape[1])
    sums = cv2.boxFilter(ink, cv2.CV_32F, (columns, rows), anchor=(0, 0), normalize=False)
    valid = sums[: ink.shape[0] - rows + 1, : ink.shape[1] - columns + 1]
    top, left = (round(int(place) * scale) for place in np.unravel_index(int(valid.argmax()), valid.shape))
    return gray[top : top + side, left : left + side]


def _ripple(ink: NDArray[np.float32]) -> float:
    """Return how sharply rows alternate; in bands, because lines of different columns do not align."""
    bands, _ = bands_of(ink, SIDEWAYS_BANDS)
    return float(np.mean(np.square(np.diff(bands, axis=1)))) if bands.shape[1] > 1 else 0.0


DOUBTFUL = 0.85
"""Mean confidence below which a page may be rotated. On the 30 printed shared pages samples of upright text read at
0.92 or more, of upside-down text at 0.73 or less."""


MOST_COVERED = 0.3
"""Share of an overlay's line that lines of the print may cover; a stamp beside a line covers less."""
OVERLAY_INK = 30
"""Gray levels by which the ink of an overlay is darker than its paper."""
TOUCHED, CLEAN = 0.005, 0.985
"""Least share of a line's box under other ink, and the mean confidence that clean print reaches."""
TINY_LETTER = 7.5
"""Pixels of the page's usual letter below which accents are lost, however surely it is read."""
MARGIN = 0.1
"""How much higher the confidence at another rotation must be before the page is rotated."""


class LineReader(Protocol):
    """Reads upright, deskewed pages of (H, W) gray pixels."""

    def lines(self, gray: Gray, placement: Affine, ink: PageInk | None = None) -> tuple[Line, ...]:
        """Read a page; `placement` maps its pixels to the coordinates of boxes, `ink` is its ink where it is known."""

    def confidence(self, gray: Gray) -> float:
        """Return the confidence of level text on it, 0 to 1; 0 if there is none."""


def read_page(reader: LineReader, gray: Gray, overlay: Gray | None = None, enlarged: float = 1.0) -> EngineOutput:
    """Read a page at any rotation; a blank page has no lines and costs nothing.

    `overlay` is ink that lies over the print, as gray of the same size. It is read in the same position, and its lines
    are added where the print has none. All places are multiplied by `enlarged`, for a page that was shrunk before.
    """
    output = _read_with_overlay(reader, gray, overlay, enlarged)
    output = output if enlarged == 1.0 else _enlarged(output, enlarged)
    unknown = sum(line.text.count(UNKNOWN_LETTER) for line in output.lines or ())
    if not unknown:
        return output
    letters = "1 letter" if unknown == 1 else f"{unknown} letters"
    verb = "stands" if unknown == 1 else "stand"
    doubt = f"{letters} that the recognizer cannot spell {verb} as {UNKNOWN_LETTER}"
    return replace(output, doubts=(*output.doubts, doubt))


def _enlarged(output: EngineOutput, factor: float) -> EngineOutput:
    """Return an output with all places in pixels of an image that is `factor` times as large."""

    def larger(box: Box) -> Box:
        left, top, right, bottom = (round(edge * factor, 1) for edge in box)
        return left, top, right, bottom

    lines = (
        None
        if output.lines is None
        else tuple(
            replace(line, box=larger(line.box), words=tuple(replace(word, box=larger(word.box)) for word in line.words))
            for line in output.lines
        )
    )
    width, height = round(output.width * factor), round(output.height * factor)
    return replace(output, lines=lines, rulings=tuple(map(larger, output.rulings)), width=width, height=height)


def _read_with_overlay(reader: LineReader, gray: Gray, overlay: Gray | None, enlarged: float) -> EngineOutput:
    output = _read_print(reader, gray, enlarged)
    if overlay is None or not has_ink(overlay):
        return output
    lines = output.lines or ()
    over = _read_at(reader, overlay, output.rotation, output.skew)
    added = tuple(line for line in over if not _covered(line, lines))
    touched = _touched(lines, turn(overlay, output.rotation))
    doubts = output.doubts
    if touched:
        doubts = (_hard_to_read(touched[0].box, enlarged), *doubts)
    return replace(output, lines=(*lines, *added), doubts=doubts)


def _touched(lines: tuple[Line, ...], overlay: Gray) -> list[Line]:
    """Return the lines of print that ink of the overlay covers and that read less surely than clean print."""
    ink = overlay < int(np.percentile(overlay[::4, ::4], 90)) - OVERLAY_INK
    found = []
    for line in lines:
        left, top, right, bottom = (round(edge) for edge in line.box)
        covered = ink[top:bottom, left:right]
        if covered.size and covered.mean() > TOUCHED and (line.confidence or 0.0) < CLEAN:
            found.append(line)
    return found


def _hard_to_read(box: Box, enlarged: float) -> str:
    place = ", ".join(str(round(edge * enlarged)) for edge in box)
    return f"ink lies over print that is hard to read at ({place})"


def _covered(line: Line, others: tuple[Line, ...]) -> bool:
    """Return whether other lines cover a good part of a line's box: it is then a second reading of the same ink."""
    left, top, right, bottom = line.box
    area = max(1.0, (right - left) * (bottom - top))
    shared = sum(
        max(0.0, min(right, other.box[2]) - max(left, other.box[0]))
        * max(0.0, min(bottom, other.box[3]) - max(top, other.box[1]))
        for other in others
        if other.text
    )
    return shared > MOST_COVERED * area


def _read_print(reader: LineReader, gray: Gray, enlarged: float) -> EngineOutput:
    """Read dark print on light paper; where none is found on a dark page, light print on a dark ground."""
    if not has_ink(gray):
        return EngineOutput("stop", lines=(), width=gray.shape[1], height=gray.shape[0])
    output = _read_dark_print(reader, gray, enlarged)
    if not _is_doubtful(output.lines or ()) or not may_be_inverted(gray):
        return output
    light = _read_dark_print(reader, np.asarray(255 - gray, np.uint8), enlarged)
    return output if _is_doubtful(light.lines or ()) else light


def _read_dark_print(reader: LineReader, gray: Gray, enlarged: float) -> EngineOutput:
    rotation = 90 if is_sideways(gray) and sparse_areas(gray) is None else 0
    generation = _read_turned(reader, gray, rotation, enlarged)
    if _is_doubtful(generation.lines or ()):
        better = _best_turn(reader, gray, rotation)
        if better != rotation:
            generation = _read_turned(reader, gray, better, enlarged)
    if not generation.lines and looks_printed(gray):
        page = (0.0, 0.0, float(generation.width), float(generation.height))
        return replace(generation, lines=(Line("", page, 0.0),))
    return generation


def _read_turned(reader: LineReader, gray: Gray, rotation: int, enlarged: float) -> EngineOutput:
    turned = turn(gray, rotation)
    skew = find_skew(turned)
    leveled, back = level(turned, skew)
    height, width = turned.shape
    ink = page_ink(leveled)
    lines = tuple(_inside(line, width, height) for line in reader.lines(leveled, back, ink))
    rulings = tuple(placed(box, back) for box in ruling_lines(leveled, ink.letter))
    output = EngineOutput(
        "stop", lines=lines, width=width, height=height, rotation=rotation, skew=skew, rulings=rulings
    )
    doubts = [*cut_edges(turned, [line.box for line in lines if line.text and not _is_vertical(line)])]
    hard = hard_print(ink, _level_words(lines, back))
    if hard:
        doubts.append(_hard_to_read(placed(hard, back), enlarged))
    if lines and 0 < ink.letter < TINY_LETTER:
        doubts.append(VERY_SMALL_TYPE)
    return replace(output, doubts=tuple(doubts)) if doubts else output


def _level_words(lines: tuple[Line, ...], back: Affine) -> list[Placed]:
    """Return the words of a page where they stand on the level page, which `back` maps to it."""
    words = [word for line in lines if line.text for word in line.words or (line,)]
    if not words:
        return []
    boxes = np.array([word.box for word in words])
    turned = np.abs(np.linalg.inv(back[:, :2]))
    lean = turned[0, 1]
    middles = ((boxes[:, :2] + boxes[:, 2:]) / 2 - back[:, 2]) @ np.linalg.inv(back[:, :2]).T
    sizes = boxes[:, 2:] - boxes[:, :2]
    halves = np.maximum(1.0, sizes - lean * sizes[:, ::-1]) / 2
    level_boxes = np.concatenate((middles - halves, middles + halves), axis=1).tolist()
    return [
        ((left, top, right, bottom), word.confidence or 0.0)
        for (left, top, right, bottom), word in zip(level_boxes, words, strict=True)
    ]


def _read_at(reader: LineReader, gray: Gray, rotation: int, skew: float) -> tuple[Line, ...]:
    turned = turn(gray, rotation)
    leveled, back = level(turned, skew)
    height, width = turned.shape
    return tuple(_inside(line, width, height) for line in reader.lines(leveled, back))


def _inside(line: Line, width: int, height: int) -> Line:
    """Return the line with its boxes clipped to the page: deskewing and margins can move them over its edge."""

    def keep(box: Box) -> Box:
        left, top, right, bottom = box
        return max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom)

    if keep(line.box) == line.box and all(keep(word.box) == word.box for word in line.words):
        return line
    words = tuple(replace(word, box=keep(word.box)) for word in line.words)
    return replace(line, box=keep(line.box), words=words)


def _is_doubtful(lines: tuple[Line, ...]) -> bool:
    """Return whether the confidence is so low, or so much text is vertical, that the page may be rotated."""
    letters = sum(len(line.text) for line in lines)
    if not letters:
        return True
    vertical = sum(len(line.text) for line in lines if _is_vertical(line))
    confidence = sum(len(line.text) * (line.confidence or 0.0) for line in lines) / letters
    return confidence < DOUBTFUL or vertical > letters / 2


def _is_vertical(line: Line) -> bool:
    left, top, right, bottom = line.box
    return len(line.text) > 2 and bottom - top > 1.5 * (right - left)


def _best_turn(reader: LineReader, gray: Gray, rotation: int) -> int:
    """Return the most confident rotation on a sample of the page, or `rotation` if it is within `MARGIN` of that."""
    sample = busiest(gray)
    confidence = {angle: reader.confidence(turn(sample, angle)) for angle in (0, 90, 180, 270)}
    best = max(confidence, key=lambda turn: confidence[turn])
    return best if confidence[best] > confidence[rotation] + MARGIN else rotation
