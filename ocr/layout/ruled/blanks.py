"""Find the blanks of forms: ruling lines on which nothing is written, beside print, become marks in the text.

A blank is a level line at the foot of a line of text, with print on the same line and none above the blank itself, that
touches no vertical line and no other ruling line above it: so it is neither the border of a table nor an underline.
"""

from collections.abc import Sequence

from ocr.core.document import Box, Line, Word

MARK = "____"
SHORTEST, LONGEST = 1.2, 45.0
"""Length of a blank in line heights."""
BESIDE = 3.0
"""Line heights within which print must stand at one end of it."""


def find_blanks(lines: Sequence[Line], rulings: Sequence[Box], height: float) -> list[int]:
    """Return the places of the ruling lines that are blanks. `height` is the usual height of a line in pixels."""
    level = [box for box in rulings if box[2] - box[0] > 2 * (box[3] - box[1])]
    down = [box for box in rulings if box[3] - box[1] > box[2] - box[0]]
    found = []
    for place, box in enumerate(rulings):
        if box not in level:
            continue
        room = (box[0], box[3] - height, box[2], box[3])
        if (
            SHORTEST * height <= box[2] - box[0] <= LONGEST * height
            and not any(_touches(box, other, height) for other in down)
            and not any(_over(box, other, height) for other in level)
            and _stands_beside(room, lines, height)
            and not any(_covers(line.box, room) for line in lines)
        ):
            found.append(place)
    return found


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


def _stands_beside(room: Box, lines: Sequence[Line], height: float) -> bool:
    """Return whether print stands on the same line, close to one end."""
    for line in lines:
        box = line.box
        at_foot = abs(box[3] - room[3]) < 0.45 * height and box[3] - box[1] < 2 * height
        near = -0.5 * height <= room[0] - box[2] <= BESIDE * height or (
            -0.5 * height <= box[0] - room[2] <= BESIDE * height
        )
        if at_foot and near:
            return True
    return False


def _covers(box: Box, room: Box) -> bool:
    """Return whether print stands on the blank."""
    across = min(box[2], room[2]) - max(box[0], room[0])
    middle = (box[1] + box[3]) / 2
    return across > 0.25 * (room[3] - room[1]) + 0.1 * (room[2] - room[0]) and room[1] < middle < room[3] + 2
