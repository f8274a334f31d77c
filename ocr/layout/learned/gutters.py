"""Find gutters between columns: no text goes on over them, whatever the network says.

A gutter is a vertical ruling line, or a white strip with wide lines at both sides of it. Labels and cells of tables
stand side by side for other reasons.
"""

from collections.abc import Sequence

import numpy as np

WIDE = 6.0
"""Line heights of a line that may stand in a column of running text."""
REACH = 3.0
"""Line heights above and below in which the white strip must go on, with wide lines at both sides."""
NARROWEST = 0.4
"""Line heights of the narrowest gutter."""


class Gutters:
    """The gutters of a page, known by what stands around them; all lengths in line heights."""

    def __init__(self, boxes: Sequence[Sequence[float]], rulings: Sequence[Sequence[float]]) -> None:
        array = np.array(boxes, np.float32).reshape(-1, 4)
        middle = (array[:, 1] + array[:, 3]) / 2
        order = np.argsort(middle, kind="stable")
        self._boxes, self._middles = array[order], middle[order]
        self._down = [((x0 + x1) / 2, y0, y1) for x0, y0, x1, y1 in rulings if y1 - y0 > 2 * (x1 - x0)]

    def part(self, one: Sequence[float], other: Sequence[float]) -> bool:
        """Return whether a gutter lies between two boxes at one height."""
        before, after = (one, other) if one[0] <= other[0] else (other, one)
        start, end = before[2], after[0]
        top, bottom = max(one[1], other[1]), min(one[3], other[3])
        if top >= bottom:
            return False
        if any(start - 0.5 < x < end + 0.5 and y0 < top and y1 > bottom for x, y0, y1 in self._down):
            return True
        return end - start >= NARROWEST and self._is_white((start + end) / 2, (top + bottom) / 2)

    def _is_white(self, x: float, y: float) -> bool:
        """Return whether a white strip with wide lines at both sides goes on above and below a place."""
        near = self._boxes[slice(*np.searchsorted(self._middles, (y - REACH, y + REACH)).tolist())]
        near = near[np.abs((near[:, 1] + near[:, 3]) / 2 - y) > 0.5]
        left, right = near[:, 0], near[:, 2]
        wide = right - left > WIDE
        crossed = bool(((left < x) & (right > x)).any())
        return not crossed and bool((wide & (right <= x)).any()) and bool((wide & (left >= x)).any())
