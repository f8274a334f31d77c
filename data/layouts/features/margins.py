"""Print in the margins: stamps of courts and registries along the page, printed line numbers, side notes."""

from collections.abc import Sequence
from dataclasses import replace

from data.layouts.draft import Draft
from data.layouts.setting.line_breaking import Measure, Token, break_lines, line_width, tokens_of
from data.layouts.setting.strips import Stroke, TextPart, one_line
from data.text.generators import write

_STAMP_TEXTS = ("side_stamp_copy", "side_stamp_signed", "side_stamp_registry")


def side_stamp(draft: Draft) -> None:
    """Run one to three lines of a protocol text up or down the right or left margin."""
    choose = draft.random
    room = draft.sheet.height * choose.uniform(0.62, 0.9)
    count = choose.choice((1, 2, 2, 3))
    ink = draft.desk.ink()._replace(size=choose.uniform(5.5, 8.0))
    texts = [write(symbol, f"{draft.seed}/{n}") for n, symbol in enumerate(choose.sample(_STAMP_TEXTS, count))]
    lines = [_shortened(tokens_of(text, ink), room) for text in texts]
    right, down = choose.random() < 0.8, choose.random() < 0.35
    pitch = ink.size * choose.uniform(1.12, 1.45)
    middle = draft.frame.x * 0.5
    center = draft.sheet.width - middle if right else middle
    block = next(draft.desk.blocks)
    longest = max(line_width(line) for line in lines)
    start = (draft.sheet.height + longest) / 2 + choose.uniform(-0.04, 0.04) * draft.sheet.height
    for number, line in enumerate(lines):
        offset = (number - (len(lines) - 1) / 2) * pitch
        x = center - offset - ink.size * 0.3 if down else center + offset + ink.size * 0.3
        y = draft.sheet.height - start if down else start
        part = TextPart((), x, y, "stamp", block, "margin", 90.0 if down else 270.0)
        draft.sheet.texts.append(one_line(line, part))


def _shortened(tokens: Sequence[Token], room: float) -> list[Token]:
    """Return the first words that fit."""
    kept = list(tokens)
    while len(kept) > 3 and line_width(kept) > room:
        kept.pop()
    return kept


def line_numbers(draft: Draft) -> None:
    """Number the lines of the body at its left, from 1, or every fifth; often beside a rule."""
    choose = draft.random
    step, ruled = choose.choice((1, 1, 5)), choose.random() < 0.5
    ink = draft.desk.ink(choose.uniform(0.75, 0.95))
    edge = draft.frame.x - choose.uniform(6, 14)
    baselines = sorted({round(t.y, 1) for t in draft.sheet.texts if t.field == "text" and t.turn == 0.0})
    kept: list[float] = []
    for y in baselines:
        if not kept or y - kept[-1] > 0.6 * draft.desk.type.size:
            kept.append(y)
    for number, y in enumerate(kept, start=1):
        if number % step == 0:
            tokens = tokens_of(str(number), ink)
            part = TextPart((), edge - line_width(tokens), y, "line_number", next(draft.desk.blocks), "margin")
            draft.sheet.texts.append(one_line(tokens, part))
    if ruled and kept:
        x = draft.frame.x - 4
        draft.sheet.strokes.append(Stroke(x, kept[0] - draft.desk.type.size, x, kept[-1] + 4, 0.6))


def leave_room(draft: Draft) -> None:
    """Make the outer margin wide enough for side notes."""
    room = draft.frame.width * draft.random.uniform(0.17, 0.26)
    left = draft.random.random() < 0.6
    x = draft.frame.x + (room if left else 0.0)
    draft.frame = replace(draft.frame, x=x, width=draft.frame.width - room)
    draft.side = (draft.frame.x - room, room - 10) if left else (x + draft.frame.width + 10, room - 10)


def side_notes(draft: Draft) -> None:
    """Print a short note beside the first line of some paragraphs, smaller and often in italics."""
    choose = draft.random
    x, width = draft.side
    ink = draft.desk.ink(choose.uniform(0.7, 0.85), italic=choose.random() < 0.7)
    pitch = ink.size * 1.2
    free = 0.0
    for number, top in enumerate(_first_lines(draft)):
        if top < free or choose.random() > 0.6:
            continue
        text = write("side_note", f"{draft.seed}/{number}")
        rows = break_lines(tokens_of(text, ink), Measure(width))
        part = TextPart((), x, top, "side_note", next(draft.desk.blocks), "margin")
        draft.sheet.texts += [replace(part, words=tuple(row), y=top + n * pitch) for n, row in enumerate(rows)]
        free = top + (len(rows) + 1) * pitch
        if free > draft.end:
            break


def _first_lines(draft: Draft) -> list[float]:
    """Return the baseline of the first line of every paragraph of the body, from the top."""
    seen: dict[int, float] = {}
    for text in draft.sheet.texts:
        if text.field == "text" and text.role in ("paragraph", "list_item") and text.turn == 0.0:
            seen.setdefault(text.block, text.y)
    return sorted(seen.values())
