"""Put the lines of a page into reading order.

The boxes of the lines are drawn as blocks of ink. The same search for gutters that cuts a page before detection divides
them into areas. Within an area, lines side by side form one row, and rows are read from top to bottom.
"""

from collections.abc import Sequence
from statistics import median

import numpy as np

from ocr.core.document import Box, Line, box_around
from ocr.layout.columns import Area, Ink, split

LETTER = 0.5
"""Height of a letter over the height of its line's box: detectors leave a margin around a line."""
GUTTER = 0.4
"""Least width of a gutter between boxes, in letters: whole lines have no rivers between their words."""
PIXELS = 5
"""Height of a letter in the drawing, in pixels."""
DRAWING = 1500
"""Pixels of the longer side of the drawing, at most: a speck read as a line must not make it huge."""

Row = tuple[Line, ...]
"""Lines side by side, left to right: one line of running text, or the cells of a table row."""


def read_order(lines: Sequence[Line]) -> list[list[Row]]:
    """Return the columns of a page in reading order, each as rows from top to bottom. Every line appears once."""
    if not lines:
        return []
    letter = max(1.0, LETTER * line_height(lines))
    left, top = min(line.box[0] for line in lines), min(line.box[1] for line in lines)
    extent = max(max(line.box[2] - left, line.box[3] - top) for line in lines)
    scale = min(PIXELS / letter, DRAWING / max(1.0, extent))
    blocks = [_shrink(line.box, (left, top), letter, scale) for line in lines]
    ink = np.zeros((max(block.bottom for block in blocks) + 1, max(block.right for block in blocks) + 1), dtype=bool)
    for block in blocks:
        ink[block.top : block.bottom, block.left : block.right] = True
    areas = split(Ink(ink, letter * scale, GUTTER, drawn=True), Area(0, 0, ink.shape[1], ink.shape[0]))
    inside: list[list[Line]] = [[] for _ in areas]
    for line, block in zip(lines, blocks, strict=True):
        inside[_area_of(block, areas)].append(line)
    return [rows(group) for group in inside if group]


def line_height(lines: Sequence[Line]) -> float:
    """Return the median line height in pixels, weighted by the length of the lines; 0 without lines."""
    heights = sorted((line.box[3] - line.box[1], len(line.text)) for line in lines if not is_vertical(line))
    total = sum(length for _, length in heights)
    passed = 0
    for height, length in heights:
        passed += length
        if 2 * passed >= total:
            return height
    return 0.0


def is_vertical(line: Line) -> bool:
    """Return whether the text runs up or down the page."""
    left, top, right, bottom = line.box
    return bottom - top > 2 * (right - left) and len(line.text.strip()) > 2


def rows(lines: Sequence[Line]) -> list[Row]:
    """Group the lines of one column into rows, top to bottom, each from left to right."""
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (_middle(line), line.box[0])):
        if groups and _beside(groups[-1], line):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [tuple(sorted(group, key=lambda line: line.box[0])) for group in groups]


def row_box(row: Row) -> Box:
    """Return the smallest box around a row."""
    return box_around(line.box for line in row)


def _middle(line: Line) -> float:
    return (line.box[1] + line.box[3]) / 2


def _beside(group: Sequence[Line], line: Line) -> bool:
    """Return whether `line` stands at the same height as the lines of `group`, and beside all of them."""
    height = min(line.box[3] - line.box[1], *(other.box[3] - other.box[1] for other in group))
    level = abs(_middle(line) - median(_middle(other) for other in group)) < 0.5 * height
    overlaps = (min(line.box[2], other.box[2]) - max(line.box[0], other.box[0]) for other in group)
    return level and all(overlap < height for overlap in overlaps)


def _shrink(box: Box, origin: tuple[float, float], letter: float, scale: float) -> Area:
    """Return the place of a box in the drawing, without the margin around its text."""
    margin = 0.3 * letter
    left, right = (box[0] - origin[0] + margin) * scale, (box[2] - origin[0] - margin) * scale
    top, bottom = (box[1] - origin[1] + margin) * scale, (box[3] - origin[1] - margin) * scale
    return Area(int(left), int(top), max(int(left) + 1, int(right)), max(int(top) + 1, int(bottom)))


def _area_of(block: Area, areas: Sequence[Area]) -> int:
    """Return the index of the area that contains the middle of a block."""
    x, y = (block.left + block.right) // 2, (block.top + block.bottom) // 2
    return next(
        place for place, area in enumerate(areas) if area.left <= x < area.right and area.top <= y < area.bottom
    )
