"""The structure of a page, as rules or the network decide it: rows, paragraphs, tables, roles, blocks and doubts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ocr.core.document import Box, Field, Line, Role, Table
from ocr.layout.reading_order import Row
from ocr.layout.ruled.ruled_grids import RuledTable


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
