"""What a worker of the engine rapid does with a page: turn it upright, level it, cut columns, read lines.

Reading is the judge of which way is up: pixels only make the first guess, and a page that then reads badly, or
stands on end, is sampled in every turn. So an upright page that reads well can never be turned wrongly.
"""

import cv2
import numpy as np

from ocr import upright
from ocr.children import Handler, Parcel
from ocr.document import Generation, Line
from ocr.engines.lines import PageReader, has_ink
from ocr.engines.networks import Gray
from ocr.errors import EngineError
from ocr.layout.columns import cut

DOUBTFUL = 0.85
"""Mean confidence below which a page may lie wrong: upside-down print reads below 0.7, upright print above 0.9."""
MARGIN = 0.1
"""How much surer another turn must read than the one at hand before the page is turned."""


def openvino() -> Handler:
    """Load the networks on OpenVINO."""
    return _handler(PageReader("openvino"))


def onnxruntime() -> Handler:
    """Load the networks on onnxruntime."""
    return _handler(PageReader("onnxruntime"))


def _handler(reader: PageReader) -> Handler:
    cv2.setNumThreads(1)

    def handle(request: Parcel) -> Parcel:
        if request.pixels is None:
            raise EngineError("the engine rapid was sent a page without pixels")
        gray = cv2.cvtColor(request.pixels, cv2.COLOR_RGB2GRAY)
        return Parcel(read_page(reader, np.asarray(gray, np.uint8)))

    return handle


def read_page(reader: PageReader, gray: Gray) -> Generation:
    """Read a page of gray pixels that may lie any way and lean a little."""
    if not has_ink(gray):
        return Generation("stop", lines=(), width=gray.shape[1], height=gray.shape[0])
    rotation = 90 if upright.is_sideways(gray) else 0
    generation = _read_turned(reader, gray, rotation)
    if _is_doubtful(generation.lines or ()):
        better = _best_turn(reader, gray, rotation)
        if better != rotation:
            generation = _read_turned(reader, gray, better)
    return generation


def _read_turned(reader: PageReader, gray: Gray, rotation: int) -> Generation:
    turned = upright.turn(gray, rotation)
    skew = upright.find_skew(turned)
    level, back = upright.level(turned, skew)
    lines = reader.lines(level, cut(level), back)
    height, width = turned.shape
    return Generation("stop", lines=lines, width=width, height=height, rotation=rotation, skew=skew)


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


def _best_turn(reader: PageReader, gray: Gray, rotation: int) -> int:
    """The turn in which a sample of lines reads surest; `rotation` unless another beats it by `MARGIN`."""
    sample = upright.busiest(gray)
    sureness = {turn: reader.confidence(upright.turn(sample, turn)) for turn in (0, 90, 180, 270)}
    best = max(sureness, key=lambda turn: sureness[turn])
    return best if sureness[best] > sureness[rotation] + MARGIN else rotation
