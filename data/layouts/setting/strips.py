"""Hold set material before it has its place on the page: strips that are placed one below the other.

A strip is a row that never breaks: a line of text, a row of a table, a row of boxes. Its parts are relative to its left
upper corner, in points. Text of a part may run in any direction around the start of its baseline.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from data.layouts.page_truth import CellPlace, LineField, Role, ShapeKind
from data.layouts.setting.glyph_metrics import font_of
from data.layouts.setting.line_breaking import Ink, Measure, SetWord, Token, break_lines, line_width

BLACK = (0, 0, 0)
PEN = (16, 24, 112)
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class TextPart:
    """One line of text: words relative to (x, y), the start of its baseline."""

    words: Sequence[SetWord]
    x: float
    y: float
    role: Role
    block: int
    field: LineField = "text"
    turn: float = 0.0
    """Direction of writing in degrees clockwise."""
    cell: CellPlace | None = None
    label: int | None = None

    def moved(self, x: float, y: float) -> "TextPart":
        """Return the line at another place; many lines are moved, so no field is looked up by name."""
        return TextPart(
            self.words, self.x + x, self.y + y, self.role, self.block, self.field, self.turn, self.cell, self.label
        )


@dataclass(frozen=True, slots=True)
class Stroke:
    """A ruling line."""

    x0: float
    y0: float
    x1: float
    y1: float
    width: float = 0.5
    color: tuple[int, int, int] = BLACK


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn shape, outlined or filled."""

    kind: ShapeKind
    box: Box
    width: float = 0.5
    color: tuple[int, int, int] = BLACK
    checked: bool = False
    fill: tuple[int, int, int] | None = None
    seed: int = 0
    """Of a signature."""
    outline: tuple[tuple[float, float], ...] = ()
    """Corners of a shape that is no rectangle."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A row of material that never breaks."""

    height: float
    above: float = 0.0
    """Space above it, unless it stands first in its column."""
    texts: tuple[TextPart, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    figures: tuple[Figure, ...] = ()
    keep: bool = False
    """Stays with the strip below it."""
    column_break: bool = False
    """What follows stands in the next column."""

    def moved(self, x: float, y: float = 0.0) -> "Strip":
        """Return the strip with its parts shifted."""
        return Strip(
            self.height,
            self.above,
            tuple(part.moved(x, y) for part in self.texts),
            tuple(Stroke(s.x0 + x, s.y0 + y, s.x1 + x, s.y1 + y, s.width, s.color) for s in self.strokes),
            tuple(replace(f, box=(f.box[0] + x, f.box[1] + y, f.box[2] + x, f.box[3] + y)) for f in self.figures),
            self.keep,
            self.column_break,
        )


@dataclass(frozen=True, slots=True)
class Type:
    """The typography of a page: faces and measures, in points and em."""

    family: str
    hand: str
    """Family of handwriting."""
    size: float
    leading: float
    """Distance of baselines, in em."""
    justified: bool = True
    hyphenate: bool = True
    indent: float = 1.5
    """Of first lines, in em."""
    condensed: float = 1.0
    """Width of the letters of narrow material, such as boxes."""


@dataclass(slots=True)
class Desk:
    """What all material of a page shares: its type, its seed and the numbers of its blocks and tables."""

    type: Type
    random: random.Random
    blocks: Iterator[int] = field(default_factory=count)
    tables: Iterator[int] = field(default_factory=count)
    grids: dict[int, "Grid"] = field(default_factory=dict)
    """Tables by id."""

    def ink(self, scale: float = 1.0, *, bold: bool = False, italic: bool = False) -> Ink:
        """Return the ink of the page's face at a share of its size."""
        size = round(self.type.size * scale, 2)
        return Ink(font_of(self.type.family, bold=bold, italic=italic), size)

    def handwriting(self, scale: float = 1.2) -> Ink:
        """Return the ink of a pen."""
        return Ink(font_of(self.type.hand), round(self.type.size * scale, 2), PEN)


@dataclass(frozen=True, slots=True)
class Grid:
    """The shape of a table, as `PageTable` has it."""

    rows: int
    columns: int
    header_rows: int
    ruled: bool
    continued: bool = False


def stack_lines(rows: Sequence[Sequence[SetWord]], part: TextPart, pitch: float, above: float) -> list[Strip]:
    """Return a strip for every line of a paragraph; `part` has the truth of all of them and the x of the paragraph."""
    strips = []
    for number, row in enumerate(rows):
        size = max((word.ink.size for word in row if word.y <= 0), default=row[0].ink.size)
        text = replace(part, words=tuple(row), y=part.y + 0.5 * (pitch - size) + 0.8 * size)
        strips.append(Strip(pitch, above if number == 0 else 0.0, (text,)))
    if len(strips) > 2:  # no line of a paragraph stands alone
        strips[0], strips[-2] = replace(strips[0], keep=True), replace(strips[-2], keep=True)
    return strips


def one_line(tokens: Sequence[Token], part: TextPart, shape: Measure | None = None) -> TextPart:
    """Return a part with all words on one line: from its x to the right, or aligned in the width of `shape`."""
    rows = break_lines(tokens, Measure(9e9))
    if not rows:
        return replace(part, words=())
    spare = max(0.0, shape.width - line_width(tokens)) if shape else 0.0
    offset = {"right": spare, "center": spare / 2}.get(shape.align if shape else "left", 0.0)
    return replace(part, words=tuple(word._replace(x=word.x + offset) for word in rows[0]))
