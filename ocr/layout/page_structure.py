"""The structure of a page, as rules or the network decide it: rows, paragraphs, tables, roles, blocks and doubts.

What an engine gives is checked here as well: boxes that no page can have become possible ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan

from ocr.core.document import Box, Field, Line, Role, Table
from ocr.layout.reading_order import Row
from ocr.layout.ruled.ruled_grids import RuledTable

FARTHEST = 1e6
"""Pixels from the corner of the page within which boxes lie; no scan is so large."""


@dataclass(frozen=True, slots=True)
class PageStructure:
    """Where every line of a page belongs. Lines are known by `id`."""

    rows: Mapping[Field, Sequence[Row]]
    """The lines of each field in reading order; lines side by side share a row."""
    paragraphs: tuple[str, ...]
    """Joined text of the body."""
    tables: tuple[Table, ...]
    roles: Mapping[int, tuple[Role, int]]
    """Role and block number of each line."""
    flags: tuple[str, ...] = ()
    """What is doubtful, with its place."""


@dataclass(frozen=True, slots=True)
class LevelPage:
    """What is known of a page besides its pieces."""

    size: tuple[int, int]
    """Width and height in pixels."""
    rulings: tuple[Box, ...]
    """Ruling lines of the level page, as thin boxes."""
    originals: Mapping[int, Line]
    """The pieces as they stand on the page, by the id of the level line."""
    ruled: tuple[RuledTable, ...] = ()
    """Tables between ruling lines."""


def possible_line(line: Line) -> Line:
    """Return a line whose box and words lie near the page; the line itself where they do."""
    if _is_possible(line.box) and all(_is_possible(word.box) for word in line.words):
        return line
    words = tuple(replace(word, box=possible_box(word.box)) for word in line.words)
    return replace(line, box=possible_box(line.box), words=words)


def possible_box(box: Box) -> Box:
    """Return a box with its edges in order and near the page. An edge that is no number lies at 0."""
    if _is_possible(box):
        return box
    left, top, right, bottom = (0.0 if isnan(edge) else min(max(float(edge), -FARTHEST), FARTHEST) for edge in box)
    return (min(left, right), min(top, bottom), max(left, right), max(top, bottom))


def _is_possible(box: Box) -> bool:
    """Return whether the edges are numbers, in order, and near the page."""
    left, top, right, bottom = box
    return -FARTHEST <= left <= right <= FARTHEST and -FARTHEST <= top <= bottom <= FARTHEST
