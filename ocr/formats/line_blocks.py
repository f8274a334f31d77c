"""Lines of a page grouped into blocks in reading order, and the words of a line: what formats with boxes share."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from ocr.core.document import FIELDS, Box, Field, Line, Page, Role, Table, box_around
from ocr.formats.page_blocks import body_of
from ocr.layout.reading_order import is_vertical
from ocr.text.text_places import words_of

BlockKind = Literal["header", "paragraph", "table", "margin", "footer"]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together: one paragraph, one table, or one of the other fields."""

    kind: BlockKind
    lines: tuple[Line, ...]

    @property
    def field(self) -> Field:
        """The field of the page that the block belongs to."""
        return self.lines[0].field

    @property
    def role(self) -> Role | None:
        """What the block is for on its page; None where that is not known."""
        return self.lines[0].role

    @property
    def box(self) -> Box:
        """The smallest box around the lines, in pixels of the upright page."""
        return box_around(line.box for line in self.lines)


def blocks_of(page: Page) -> list[Block]:
    """Return the blocks of a page in reading order. Every line stands in exactly one block, in the page's order.

    Lines have the numbers of their blocks. Where they have none, the body is divided as its paragraphs and tables
    are: a line belongs to the block whose letters it continues.
    """
    blocks: list[Block] = []
    for field, lines in _by_field(lines_of(page)):
        if field != "text":
            blocks += [Block(field, tuple(group)) for _, group in groupby(lines, key=lambda line: line.role)]
        elif all(line.block is not None for line in lines):
            groups = [tuple(group) for _, group in groupby(lines, key=lambda line: line.block)]
            blocks += [Block("table" if group[0].role == "table-cell" else "paragraph", group) for group in groups]
        else:
            blocks += _body_blocks(page, lines)
    return blocks


def lines_of(page: Page) -> Sequence[Line]:
    """Return the lines of a page. Where an engine gives text without boxes, each line has the box of the page."""
    if page.lines:
        return page.lines
    box = (0.0, 0.0, float(page.width), float(page.height))
    texts = {"header": page.header, "text": page.text, "margin": page.margin, "footer": page.footer}
    return [
        Line(" ".join(line.split()), box, field=field)
        for field in FIELDS
        for line in texts[field].splitlines()
        if line.strip()
    ]


def direction_of(line: Line, others: Sequence[Line] = ()) -> int:
    """Return 0 for a line that runs to the right, 1 for up and -1 for down the page: quarter turns to the left.

    The order of its words tells it. A vertical line of one word runs as the nearest vertical line of several among
    `others`, and up where there is none.
    """
    if not is_vertical(line):
        return 0
    known = _order_of(line)
    if known is not None:
        return known
    near = [(_distance(line, other), order) for other in others if is_vertical(other) and (order := _order_of(other))]
    return min(near)[1] if near else 1


def _order_of(line: Line) -> int | None:
    """Return 1 where the words of a vertical line follow up the page, -1 for down; None for a single word."""
    words = [word for word in words_of(line) if word.text.strip()]
    if len(words) < 2:
        return None
    return -1 if words[-1].box[1] > words[0].box[1] else 1


def _distance(line: Line, other: Line) -> float:
    """Return the distance between the middles of two lines, in pixels."""
    (left, top, right, bottom), (left2, top2, right2, bottom2) = line.box, other.box
    return math.hypot((left + right - left2 - right2) / 2, (top + bottom - top2 - bottom2) / 2)


def _by_field(lines: Sequence[Line]) -> Iterator[tuple[Field, list[Line]]]:
    for field in FIELDS:
        found = [line for line in lines if line.field == field]
        if found:
            yield field, found


def _body_blocks(page: Page, lines: list[Line]) -> list[Block]:
    """Return the body's lines in the blocks of its text, both in reading order."""
    parts: list[tuple[BlockKind, str]] = [
        ("table", _letters("".join("".join(row) for row in part.rows)))
        if isinstance(part, Table)
        else ("paragraph", _letters(part))
        for part in body_of(page)
    ]
    groups: list[tuple[BlockKind, list[Line]]] = []
    place, rest, last = 0, parts[0][1] if parts else "", -1
    for line in lines:
        letters = _letters(line.text)
        found = place if rest.startswith(letters) and rest else _part_with(parts, place, letters)
        if found != place:
            place, rest = found, parts[found][1]
        rest = rest.removeprefix(letters)
        if found != last or not groups:
            groups.append((parts[found][0] if parts else "paragraph", []))
        groups[-1][1].append(line)
        last = found
    return [Block(kind, tuple(group)) for kind, group in groups]


def _part_with(parts: Sequence[tuple[BlockKind, str]], place: int, letters: str) -> int:
    """Return the place of the next part that begins with these letters; without one, the line stays where it is."""
    following = range(place + 1, len(parts))
    return next((number for number in following if letters and parts[number][1].startswith(letters)), place)


def _letters(text: str) -> str:
    """Return letters and digits only: joining lines changes spaces and hyphens."""
    return "".join(character for character in text if character.isalnum())
