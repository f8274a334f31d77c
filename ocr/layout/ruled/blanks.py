"""Find the blanks of forms: ruling lines on which nothing is written, beside print, become marks in the text.

A blank is a level line at the foot of a line of text, with print on the same line and none above the blank itself, that
touches no vertical line and no other ruling line above it: so it is neither the border of a table nor an underline.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from ocr.core.document import Box, Line, Word

MARK = "____"
SHORTEST, LONGEST = 1.2, 45.0
"""Length of a blank in line heights."""
BESIDE = 3.0
"""Line heights within which print must stand at one end of it."""


def find_blanks(lines: Sequence[Line], rulings: Sequence[Box], height: float) -> list[int]:
    """Return the places of the ruling lines that are blanks. `height` is the usual height of a line in pixels."""
    level = sorted((box for box in rulings if _is_level(box)), key=lambda box: box[1])
    down = sorted((box for box in rulings if box[3] - box[1] > box[2] - box[0]), key=_center)
    feet = sorted((line.box for line in lines if line.box[3] - line.box[1] < 2 * height), key=lambda box: box[3])
    middles = sorted((line.box for line in lines), key=_middle)
    found = []
    for place, box in enumerate(rulings):
        left, _, right, bottom = box
        if not _is_level(box) or not SHORTEST * height <= right - left <= LONGEST * height:
            continue
        room = (left, bottom - height, right, bottom)
        beside = _between(feet, bottom - 0.45 * height, bottom + 0.45 * height, lambda box: box[3])
        if (
            any(_stands_beside(room, other, height) for other in beside)
            and not any(_covers(other, room) for other in _between(middles, room[1], bottom + 2, _middle))
            and not any(
                _touches(box, other, height)
                for other in _between(down, left - 0.3 * height, right + 0.3 * height, _center)
            )
            and not any(
                _over(box, other, height)
                for other in _between(level, box[1] - 0.8 * height, box[1] + 0.8 * height, lambda box: box[1])
            )
        ):
            found.append(place)
    return found


def _is_level(box: Box) -> bool:
    return box[2] - box[0] > 2 * (box[3] - box[1])


def _center(box: Box) -> float:
    return (box[0] + box[2]) / 2


def _middle(box: Box) -> float:
    return (box[1] + box[3]) / 2


def _between(boxes: Sequence[Box], least: float, most: float, place: Callable[[Box], float]) -> Sequence[Box]:
    """Return the boxes, sorted by `place`, from the least place to the most."""
    return boxes[bisect_left(boxes, least, key=place) : bisect_right(boxes, most, key=place)]


def blank_at(ruling: Box, height: float) -> Line:
    """Return the line of text that stands for a blank."""
    box = (ruling[0], ruling[3] - height, ruling[2], ruling[3])
    return Line(MARK, box, None, (Word(MARK, box),))


def _touches(level: Box, down: Box, height: float) -> bool:
    x, near = (down[0] + down[2]) / 2, 0.3 * height
    return level[0] - near <= x <= level[2] + near and down[1] - near <= level[3] and down[3] + near >= level[1]


def _over(box: Box, other: Box, height: float) -> bool:
    """Return whether another level line stands close above or below, as those of tables and double rules do."""
    shared = min(box[2], other[2]) - max(box[0], other[0])
    return other is not box and shared > 0 and abs(other[1] - box[1]) < 0.8 * height


def _stands_beside(room: Box, box: Box, height: float) -> bool:
    """Return whether print on the same line stands close to one end."""
    at_foot = abs(box[3] - room[3]) < 0.45 * height
    after, before = room[0] - box[2], box[0] - room[2]
    return at_foot and (-0.5 * height <= after <= BESIDE * height or -0.5 * height <= before <= BESIDE * height)


def _covers(box: Box, room: Box) -> bool:
    """Return whether print stands on the blank."""
    across = min(box[2], room[2]) - max(box[0], room[0])
    middle = (box[1] + box[3]) / 2
    return across > 0.25 * (room[3] - room[1]) + 0.1 * (room[2] - room[0]) and room[1] < middle < room[3] + 2
