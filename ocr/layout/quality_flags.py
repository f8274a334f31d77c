"""Flag pages that a person should check, from the confidence and size of their lines."""

from collections.abc import Sequence
from statistics import median

from ocr.core.document import VERY_SMALL_TYPE, Line, confidence_of
from ocr.layout.reading_order import is_vertical

DOUBTFUL = 0.9
"""Pages below this confidence are flagged. Of 76 outputs (real pages, and blurred, reduced and noisy copies of them)
all below it had a CER above 6%; between 0.90 and 0.96 the median CER was 4%, above 0.96 it was 0.5%."""
DOUBTFUL_LINE = 0.75
"""Most lines below this confidence contain misread words."""
DOUBTFUL_SHARE = 0.15
"""Share of a page's letters in doubtful lines from which on the page is flagged."""
UNREAD_SHARE = 0.1
"""Share of unread area from which on a page is flagged. It is 0 on 22 printed pages and the samples (0.01 on the
photocopy), 0.14 to 0.46 on four medieval hands, and 0.15 to 1 on book pages blurred to a CER of a sixth or more."""
TINY = 11.0
"""Pixels. In lower line boxes the letters are under 6 pixels tall, and accents are lost."""


def flags_of(lines: Sequence[Line], unread: Sequence[Line] = ()) -> tuple[str, ...]:
    """Return the reasons to check a page; `unread` are places that look like print and could not be read."""
    flags = []
    if _area(unread) > UNREAD_SHARE * (_area(unread) + _area(lines)):
        places = "1 place that looks" if len(unread) == 1 else f"{len(unread)} places that look"
        flags.append(f"{places} like print could not be read")
    confidence = confidence_of(lines)
    letters = sum(len(line.text) for line in lines)
    if confidence is not None and confidence < DOUBTFUL:
        flags.append(f"low confidence ({confidence:.2f})")
    else:
        doubtful = sum(
            len(line.text) for line in lines if line.confidence is not None and line.confidence < DOUBTFUL_LINE
        )
        if doubtful > DOUBTFUL_SHARE * letters:
            flags.append(f"{doubtful / letters:.0%} of it is in doubtful lines")
    heights = [line.box[3] - line.box[1] for line in lines if not is_vertical(line)]
    if heights and median(heights) < TINY:
        flags.append(VERY_SMALL_TYPE)
    return tuple(flags)


def _area(lines: Sequence[Line]) -> float:
    return sum((line.box[2] - line.box[0]) * (line.box[3] - line.box[1]) for line in lines)
