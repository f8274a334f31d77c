"""Let strips flow through the columns of a page: sections of one column or several, one below the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from data.layouts.setting.strips import Desk, Strip, Stroke
from data.layouts.sheet import Sheet

Material = Callable[[float, Desk], list[Strip]]
"""Sets something in a column of the given width in points."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Material of the page's body; wide material crosses all columns."""

    set: Material
    wide: bool = False
    blocks: tuple[tuple[str, str], ...] = ()
    """The style and the text of what it sets, where it is a block of a document."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of the page, in points."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Columns:
    """How text is divided into columns: their number, the gutter in points, rules between them."""

    count: int = 1
    gutter: float = 17.0
    rules: bool = False
    level: bool = True
    """Columns above wide material end at the same height."""

    def frames(self, frame: Frame, height: float) -> list[Frame]:
        """Return the columns of a frame, `height` points high."""
        width = (frame.width - (self.count - 1) * self.gutter) / self.count
        return [Frame(frame.x + n * (width + self.gutter), frame.y, width, height) for n in range(self.count)]


def flow(pieces: Sequence[Piece], columns: Columns, frame: Frame, sheet: Sheet, desk: Desk) -> float:
    """Place pieces until the frame is full; return the lower end of what was placed. What does not fit is left out."""
    y, bottom = frame.y, frame.y + frame.height
    sections = _sections(pieces)
    for number, (wide, members) in enumerate(sections):
        layout = Columns() if wide else columns
        inner = Frame(frame.x, y, frame.width, bottom - y)
        width = layout.frames(inner, 0)[0].width
        strips = _set_enough(members, width, layout.count * inner.height, desk)
        last = number == len(sections) - 1
        layout = replace(layout, level=layout.level or not last)
        end, full = _place_section(strips, layout, inner, sheet, cut=number == 0)
        if full or end + 3 * desk.type.size > bottom:
            return end
        y = end + desk.type.size * (0.4 if desk.type.leading < 1.5 else 0.8)
    return y


def _set_enough(members: Sequence[Piece], width: float, height: float, desk: Desk) -> list[Strip]:
    """Return the strips of the first pieces that fill `height` points, or of all."""
    strips: list[Strip] = []
    for piece in members:
        strips += piece.set(width, desk)
        if sum(strip.height for strip in strips) > height and not any(strip.column_break for strip in strips):
            break
    return strips


def _sections(pieces: Sequence[Piece]) -> list[tuple[bool, list[Piece]]]:
    sections: list[tuple[bool, list[Piece]]] = []
    for piece in pieces:
        if not sections or sections[-1][0] != piece.wide:
            sections.append((piece.wide, []))
        sections[-1][1].append(piece)
    return sections


def _place_section(
    strips: Sequence[Strip], layout: Columns, frame: Frame, sheet: Sheet, *, cut: bool
) -> tuple[float, bool]:
    """Place strips in the columns of a section; return its lower end and whether strips were left over."""
    height = frame.height
    if layout.count > 1 and layout.level:
        height = _level_height(strips, layout.count, frame.height)
    frames = layout.frames(frame, height)
    end, at = frame.y, 0
    for column in frames:
        members = strips[at : at + fitting(strips[at:], height, cut=cut)]
        end = max(end, sheet.stack(members, column.x, column.y))
        at += len(members)
    if layout.rules:
        middles = [column.x - layout.gutter / 2 for column in frames[1:]]
        sheet.strokes += [Stroke(x, frame.y, x, end, 0.5) for x in middles]
    return end, at < len(strips)


def _level_height(strips: Sequence[Strip], count: int, most: float) -> float:
    """Return the least height, in steps, at which `count` columns take all strips; `most` where none does."""
    total = sum(strip.height + strip.above for strip in strips)
    for extra in (1.0, 1.03, 1.07, 1.12, 1.2, 1.35, 1.6, 2.0):
        height, at = total / count * extra, 0
        for _ in range(count):
            at += fitting(strips[at:], height)
        if at == len(strips):
            return min(most, height)
    return most


def fitting(strips: Sequence[Strip], height: float, *, cut: bool = False) -> int:
    """Return how many strips fit into a column of `height` points; what is kept together stays together.

    With `cut`, a group that is higher than the column is cut where the column ends.
    """
    used, fit = 0.0, 0
    for number, strip in enumerate(strips):
        used += strip.height + (strip.above if number else 0.0)
        if used > height + 0.01:
            return fit or (number if cut else 0)
        if not strip.keep:
            fit = number + 1
        if strip.column_break:
            return number + 1
    return len(strips)
