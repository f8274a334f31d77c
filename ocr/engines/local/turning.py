"""Read a page that may lie on its side or upside down, or lean a little, with any engine that reads lines.

Reading is the judge of which way is up: pixels only make the first guess, and a page that then reads badly, or
stands on end, is sampled in every turn. So an upright page that reads well can never be turned wrongly.

Worker side only: this module imports numpy and OpenCV at the top.
"""

from dataclasses import replace
from typing import Protocol

from ocr.core.document import Box, Generation, Line
from ocr.engines.local import orientation
from ocr.engines.local.orientation import Affine, Gray

DOUBTFUL = 0.85
"""Mean confidence below which a page may lie wrong. On the 30 printed shared pages samples of upright text read at
0.92 or more, of upside-down text at 0.73 or less."""
MARGIN = 0.1
"""How much surer another turn must read than the one at hand before the page is turned."""


class Reader(Protocol):
    """What an engine can do with an upright, level page of (H, W) gray pixels."""

    def lines(self, gray: Gray, placement: Affine) -> tuple[Line, ...]:
        """Read it; `placement` takes its pixels to the coordinates that boxes are given in."""

    def confidence(self, gray: Gray) -> float:
        """How surely level text on it reads, 0 to 1; 0 where there is none."""


def read_page(reader: Reader, gray: Gray) -> Generation:
    """Read a page that may lie any way; a blank one has no lines and costs nothing."""
    if not orientation.has_ink(gray):
        return Generation("stop", lines=(), width=gray.shape[1], height=gray.shape[0])
    rotation = 90 if orientation.is_sideways(gray) else 0
    generation = _read_turned(reader, gray, rotation)
    if _is_doubtful(generation.lines or ()):
        better = _best_turn(reader, gray, rotation)
        if better != rotation:
            generation = _read_turned(reader, gray, better)
    if not generation.lines and orientation.looks_printed(gray):
        page = (0.0, 0.0, float(generation.width), float(generation.height))
        return replace(generation, lines=(Line("", page, 0.0),))
    return generation


def _read_turned(reader: Reader, gray: Gray, rotation: int) -> Generation:
    turned = orientation.turn(gray, rotation)
    skew = orientation.find_skew(turned)
    level, back = orientation.level(turned, skew)
    height, width = turned.shape
    lines = tuple(_inside(line, width, height) for line in reader.lines(level, back))
    return Generation("stop", lines=lines, width=width, height=height, rotation=rotation, skew=skew)


def _inside(line: Line, width: int, height: int) -> Line:
    """The line with its boxes kept to the page: levelling and room around letters can push them over its edge."""

    def keep(box: Box) -> Box:
        left, top, right, bottom = box
        return max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom)

    words = tuple(replace(word, box=keep(word.box)) for word in line.words)
    return replace(line, box=keep(line.box), words=words)


def _is_doubtful(lines: tuple[Line, ...]) -> bool:
    """Whether a page reads so badly, or so much of it stands on end, that it may lie wrong."""
    letters = sum(len(line.text) for line in lines)
    if not letters:
        return True
    on_end = sum(len(line.text) for line in lines if _stands_on_end(line))
    sureness = sum(len(line.text) * (line.confidence or 0.0) for line in lines) / letters
    return sureness < DOUBTFUL or on_end > letters / 2


def _stands_on_end(line: Line) -> bool:
    left, top, right, bottom = line.box
    return len(line.text) > 2 and bottom - top > 1.5 * (right - left)


def _best_turn(reader: Reader, gray: Gray, rotation: int) -> int:
    """The turn in which a sample of the page reads surest; `rotation` unless another beats it by `MARGIN`."""
    sample = orientation.busiest(gray)
    sureness = {turn: reader.confidence(orientation.turn(sample, turn)) for turn in (0, 90, 180, 270)}
    best = max(sureness, key=lambda turn: sureness[turn])
    return best if sureness[best] > sureness[rotation] + MARGIN else rotation
