"""Hold a page while it is composed, and define what a layout feature is."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from data.layouts.page_flow import Columns, Frame, Piece
from data.layouts.setting.block_setting import Block, set_blocks
from data.layouts.setting.strips import Desk
from data.layouts.sheet import Sheet


@dataclass(slots=True)
class Draft:
    """A page that is being composed; all lengths in points."""

    kind: str
    seed: str
    random: random.Random
    desk: Desk
    sheet: Sheet
    frame: Frame
    """Where the body stands."""
    columns: Columns
    head_rule: bool
    repeated: dict[str, list[str]]
    """Texts of the page header ("head"), the footer ("foot") and the side ("side")."""
    pieces: list[Piece]
    """The body."""
    end: float = 0.0
    """Lower end of the body, after it was placed."""
    side: tuple[float, float] = (0.0, 0.0)
    """Left edge and width of the column of side notes."""
    head: list[Piece] = field(default_factory=list)
    """Material of the page header, besides the repeated texts ..."""
    tail: list[Piece] = field(default_factory=list)
    """... and of the page footer."""
    foot: list[Piece] = field(default_factory=list)
    """Material at the foot of the body, such as footnotes."""

    def insert(self, piece: Piece, most: int) -> None:
        """Put a piece after at most `most` others; later on a page of columns, whose pieces are small."""
        few, each = (0, 1) if self.columns.count == 1 else (3 * self.columns.count, 3)
        first = min(few, len(self.pieces))
        self.pieces.insert(self.random.randint(first, min(few + most * each, len(self.pieces))), piece)


def text_piece(*blocks: Block) -> Piece:
    """Return blocks of the project's documents as one piece of the body."""
    return Piece(lambda width, desk: set_blocks(blocks, width, desk), blocks=blocks)


def _nothing(_: Draft) -> None:
    """Leave the page as it is."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A layout feature: what it does before the body is placed, and after."""

    share: float
    """Of the pages that it suits, so many have it."""
    prepare: Callable[[Draft], None] = _nothing
    finish: Callable[[Draft], None] = _nothing
    kinds: frozenset[str] | None = None
    """Page types that it suits; None for all."""
    excludes: frozenset[str] = frozenset()
    """Features that it never stands beside."""
