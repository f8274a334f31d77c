"""Print in the margins: stamps of courts and registries that run up or down the page, and printed line numbers."""

from collections.abc import Sequence

from data.layouts.draft import Draft
from data.layouts.setting.line_breaking import Token, line_width, tokens_of
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
