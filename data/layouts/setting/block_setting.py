"""Set the blocks of the project's documents as strips: paragraphs, headings, boxes, fields, signatures, tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from data.layouts.page_truth import Role
from data.layouts.setting.line_breaking import Align, Ink, Measure, Token, break_lines, line_width, tokens_of
from data.layouts.setting.strips import PEN, Desk, Figure, Strip, Stroke, TextPart, one_line, stack_lines
from data.layouts.setting.table_setting import LINE_MARK, Cell, TableContent, set_table
from data.synthesis.typesetting import CELL

Block = tuple[str, str]
_INKS = ((160, 24, 40), (24, 40, 144), (40, 40, 56))


@dataclass(frozen=True, slots=True)
class BlockStyle:
    """The typography of a block; lengths in em of the body's type."""

    role: Role = "paragraph"
    align: Align | None = None
    """None follows the page: justified or left."""
    bold: bool = False
    italic: bool = False
    size: float = 1.0
    above: float = 0.0
    below: float = 0.0
    inset: float = 0.0
    """Share of the width that stays free on the left."""
    first: float | None = 0.0
    """Indent of the first line; None follows the page."""
    rest: float = 0.0
    keep: bool = False
    """Stays with the next block."""


STYLES: dict[str, BlockStyle] = {
    "para": BlockStyle(first=None),
    "speech": BlockStyle(first=None),
    "clause": BlockStyle(),
    "unique": BlockStyle(inset=0.06),
    "plain": BlockStyle(),
    "address": BlockStyle(bold=True, below=2.0),
    "title": BlockStyle("title", "center", bold=True, size=1.15, above=1.2, below=1.0, keep=True),
    "section": BlockStyle("heading", "center", bold=True, above=1.0, below=0.6, keep=True),
    "act": BlockStyle("heading", "center", bold=True, above=0.9, below=0.6, keep=True),
    "chapter": BlockStyle("heading", "center", size=1.3, above=1.0, below=1.8, keep=True),
    "oldtitle": BlockStyle("heading", "center", bold=True, size=1.05, above=0.8, below=0.5, keep=True),
    "oldad": BlockStyle(rest=0.8),
    "heading": BlockStyle("heading", "left", bold=True, above=1.0, below=0.6, keep=True),
    "caption": BlockStyle(bold=True, below=0.8),
    "date": BlockStyle(align="right", above=1.0, below=1.0),
    "name": BlockStyle(align="center", above=0.6, below=0.8),
    "ementa": BlockStyle(size=0.92, inset=0.3, below=0.6),
    "ementa_small": BlockStyle(italic=True, size=0.92, inset=0.4, below=0.6),
    "quote": BlockStyle(size=0.88, inset=0.22, above=0.8, below=0.8),
    "item": BlockStyle("list_item", inset=0.06, rest=1.0),
    "note": BlockStyle("footnote", size=0.82),
    "witness": BlockStyle(align="left", above=1.2),
}


def set_blocks(blocks: Sequence[Block], width: float, desk: Desk) -> list[Strip]:
    """Return the strips of blocks in a column of `width` points; rows that follow each other become one table."""
    strips: list[Strip] = []
    rows: list[list[str]] = []
    for style, text in [*blocks, ("", "")]:
        if style == "row":
            rows.append(text.split(CELL))
            continue
        if rows:
            strips += set_table(plain_table(rows), width, desk)
            rows = []
        if style:
            strips += set_block((style, text), width, desk)
    return strips


def plain_table(rows: Sequence[Sequence[str]]) -> TableContent:
    """Return a ruled table whose first row is its head."""
    return TableContent(tuple(tuple(Cell(text) for text in row) for row in rows))


def set_block(block: Block, width: float, desk: Desk) -> list[Strip]:
    """Return the strips of one block."""
    style, text = block
    special = _SPECIAL.get(style)
    return special(text, width, desk) if special else set_text(text, STYLES[style], width, desk)


def set_text(text: str, style: BlockStyle, width: float, desk: Desk) -> list[Strip]:
    """Return the lines of a block of text; each part between line marks begins a line."""
    return set_tokens([tokens_of(part, ink_of(style, desk)) for part in text.split(LINE_MARK)], style, width, desk)


def ink_of(style: BlockStyle, desk: Desk) -> Ink:
    """Return the ink of a style."""
    return desk.ink(style.size, bold=style.bold, italic=style.italic)


def set_tokens(parts: Sequence[Sequence[Token]], style: BlockStyle, width: float, desk: Desk) -> list[Strip]:
    """Return the lines of a block whose parts each begin a line."""
    type_, size = desk.type, desk.type.size
    inset = style.inset * width
    align = style.align or ("justify" if type_.justified and len(parts) == 1 else "left")
    first = type_.indent if style.first is None else style.first
    shape = Measure(
        width - inset, first * size, style.rest * size, align, hyphenate=type_.hyphenate and align == "justify"
    )
    rows = [row for tokens in parts for row in break_lines(tokens, shape)]
    pitch = type_.leading * size * max(style.size, 0.9)
    spaced = (style.above + 0.3 * (type_.leading - 1)) * size
    strips = stack_lines(rows, TextPart((), inset, 0, style.role, next(desk.blocks)), pitch, spaced)
    return finish_block(strips, style, size)


def finish_block(strips: list[Strip], style: BlockStyle, size: float) -> list[Strip]:
    """Add the space below a block, and keep it with the next one where its style says so."""
    if not strips:
        return []
    if style.keep:
        strips = [replace(strip, keep=True) for strip in strips]
    return [*strips, Strip(style.below * size, keep=style.keep)] if style.below else strips


def _rule(_: str, width: float, desk: Desk) -> list[Strip]:
    tall = desk.type.size
    return [Strip(tall, 0, strokes=(Stroke(width * 0.35, tall / 2, width * 0.65, tall / 2),))]


def _role(text: str, width: float, desk: Desk) -> list[Strip]:
    label, _, value = text.partition(CELL)
    tokens = tokens_of(f"{label}:", desk.ink(bold=True)) + tokens_of(value, desk.ink())
    return set_tokens([tokens], BlockStyle(align="left", rest=5.0), width, desk)


def _clause(text: str, width: float, desk: Desk) -> list[Strip]:
    head, dash, rest = text.partition(" – ")
    tokens = tokens_of(head, desk.ink(bold=True)) + tokens_of(dash + rest, desk.ink())
    return set_tokens([tokens], STYLES["clause"], width, desk)


def _box(text: str, width: float, desk: Desk) -> list[Strip]:
    """Return a ruled box with a small label above its value."""
    label, _, value = text.partition(CELL)
    size, name = desk.type.size, next(desk.blocks)
    small = desk.ink(0.72)
    head = one_line(tokens_of(label, small), TextPart((), 3, 2 + small.size, "form_label", name))
    rows = [r for part in value.split(LINE_MARK) for r in break_lines(tokens_of(part, desk.ink()), Measure(width - 6))]
    part = TextPart((), 3, 0, "form_value", next(desk.blocks), label=name)
    below = small.size * 1.2 + 3
    texts = [
        replace(part, words=tuple(row), y=below + (number + 0.85) * size * 1.15) for number, row in enumerate(rows)
    ]
    height = below + len(rows) * size * 1.15 + 3
    return [Strip(height, 2, (head, *texts), figures=(Figure("frame", (0, 0, width, height)),))]


def _field(text: str, width: float, desk: Desk) -> list[Strip]:
    """Return a label and a handwritten value above a rule."""
    label, _, value = text.partition(CELL)
    size, name = desk.type.size, next(desk.blocks)
    printed = tokens_of(f"{label}:", desk.ink())
    wide = line_width(printed)
    head = one_line(printed, TextPart((), 0, size * 1.1, "form_label", name))
    start = wide + 5
    pen = Measure(max(width - start - 4, 40))
    rows = break_lines(tokens_of(value, desk.handwriting()), pen)
    part = TextPart((), start + 4, 0, "form_value", next(desk.blocks), label=name)
    texts = [replace(part, words=tuple(row), y=(number * 1.5 + 1.1) * size) for number, row in enumerate(rows)]
    height = (len(rows) * 1.5 + 0.2) * size
    rules = tuple(Stroke(start, (n * 1.5 + 1.35) * size, width, (n * 1.5 + 1.35) * size, 0.4) for n in range(len(rows)))
    return [Strip(height, 4, (head, *texts), rules)]


def _hand(text: str, width: float, desk: Desk) -> list[Strip]:
    rows = break_lines(tokens_of(text, desk.handwriting()), Measure(width))
    part = TextPart((), 0, 0, "paragraph", next(desk.blocks))
    return stack_lines(rows, part, desk.type.size * 1.6, 3)


def _sign(text: str, width: float, desk: Desk) -> list[Strip]:
    """Return a place to sign: a scribble above a rule, and the names below it."""
    middle, half, size = width / 2, min(width * 0.4, 92), desk.type.size
    scribble = Figure(
        "signature", (middle - half * 0.6, 4, middle + half * 0.7, 34), desk.random.uniform(0.7, 1.4), PEN,
        seed=desk.random.randrange(1 << 30),
    )  # fmt: skip
    space = Strip(
        34, 1.2 * size, figures=(scribble,), strokes=(Stroke(middle - half, 33, middle + half, 33),), keep=True
    )
    return [space, *set_text(text.removeprefix("// "), BlockStyle(align="center", below=0.8), width, desk)]


def _stamp(text: str, width: float, desk: Desk) -> list[Strip]:
    """Return an inked stamp at the right edge, over what stands there: a strip without height."""
    ink = desk.ink(0.75, bold=True)._replace(color=desk.random.choice(_INKS))
    lines = [tokens_of(part, ink) for part in text.split(LINE_MARK)]
    wide = max(line_width(line) for line in lines)
    pitch, block = ink.size * 1.25, next(desk.blocks)
    left, top = width - wide - desk.random.uniform(-24, 8), -desk.random.uniform(20, 44)
    texts = [
        one_line(
            line, TextPart((), left, top + (n + 0.8) * pitch, "stamp", block, "margin"), Measure(wide, align="center")
        )
        for n, line in enumerate(lines)
    ]
    frame = Figure("frame", (left - 5, top - 4, left + wide + 5, top + len(lines) * pitch + 4), 1.4, ink.color)
    return [Strip(0, 0, tuple(texts), figures=(frame,))]


_SPECIAL: dict[str, Callable[[str, float, Desk], list[Strip]]] = {
    "orn": _rule, "role": _role, "clause": _clause, "box": _box, "field": _field, "hand": _hand, "sign": _sign,
    "stamp": _stamp,
}  # fmt: skip
