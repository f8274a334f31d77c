"""Forms: blanks to fill in, check boxes, one box for each letter, and stacked boxes of printed labels and values."""

from collections.abc import Sequence

from data.layouts.draft import Draft
from data.layouts.page_flow import Piece
from data.layouts.setting.block_setting import BlockStyle, set_tokens
from data.layouts.setting.glyph_metrics import SHAPES, font_of, measure
from data.layouts.setting.line_breaking import (
    Align,
    Ink,
    Measure,
    SetWord,
    Token,
    line_width,
    space_of,
    tokens_of,
    width_of,
)
from data.layouts.setting.strips import Desk, Figure, Strip, TextPart, one_line
from data.layouts.setting.table_setting import Cell, TableContent, set_table
from data.text.generators import write

PART = " ;; "
"""Separator of the parts of a line of a form."""
Answer = tuple[str, str, int]
"""Label, value and share of the width."""


def blanks(draft: Draft) -> None:
    """Print lines with blanks to fill in: pairs of a label and a blank, and sentences with blanks."""
    choose = draft.random
    lines = [write("blank_line", f"{draft.seed}/{n}") for n in range(choose.randint(2, 5))]
    sign = choose.choice("__.")
    sentences = [write("blank_sentence", f"{draft.seed}/{n}") for n in range(choose.randint(0, 2))]

    def build(width: float, desk: Desk) -> list[Strip]:
        strips = [_blank_pairs(line.split(PART), sign, width, desk) for line in lines]
        for text in sentences:
            style = BlockStyle(align="left", above=0.5)
            strips += set_tokens([tokens_of(text, desk.ink())], style, width, desk)
        return [*strips, Strip(desk.type.size)]

    draft.insert(Piece(build), 3)


def _blank_pairs(labels: Sequence[str], sign: str, width: float, desk: Desk) -> Strip:
    """Return labels on one line, each followed by a blank; the blanks share the rest of the width."""
    ink, size = desk.ink(), desk.type.size
    heads = [tokens_of(label, ink) for label in labels]
    each = (width - sum(line_width(head) for head in heads) - len(heads) * 3 * space_of(ink)) / len(heads)
    count = max(4, int(each / width_of(Token(sign, ink))))
    at, texts = 0.0, []
    for head in heads:
        name = next(desk.blocks)
        texts.append(one_line(head, TextPart((), at, size * 1.3, "form_label", name)))
        at += line_width(head) + space_of(ink)
        blank = Token(sign * count, ink)
        value = TextPart((), at, size * 1.3, "form_value", next(desk.blocks), label=name)
        texts.append(one_line([blank], value))
        at += width_of(blank) + 2 * space_of(ink)
    return Strip(size * 1.9, 0, tuple(texts))


def check_boxes(draft: Draft) -> None:
    """Print questions with options, each behind a box or brackets, some of them marked."""
    choose = draft.random
    questions = []
    for n in range(choose.randint(2, 5)):
        label, *options = write("check_question", f"{draft.seed}/{n}").split(PART)
        questions.append((label, options, choose.randrange(len(options) + 1)))
    drawn, below = choose.random() < 0.6, choose.random() < 0.25
    empty, full = ("☐", "☒") if drawn else choose.choice((("( )", "(X)"), ("( )", "(x)"), ("[ ]", "[X]")))

    def build(width: float, desk: Desk) -> list[Strip]:
        strips: list[Strip] = []
        for label, options, marked in questions:
            marks = [full if n == marked else empty for n in range(len(options))]
            strips += _question(label, list(zip(marks, options, strict=True)), below, width, desk)
        return [*strips, Strip(0.6 * desk.type.size)]

    draft.insert(Piece(build), 4)


def _question(label: str, options: Sequence[tuple[str, str]], below: bool, width: float, desk: Desk) -> list[Strip]:
    """Return a question with its options behind it, or each on a line of its own below it."""
    size, name = desk.type.size, next(desk.blocks)
    head = tokens_of(label, desk.ink())
    part = TextPart((), 0, size * 1.2, "form_label", name)
    if below:
        strips = [Strip(size * 1.6, 0.4 * size, (one_line(head, part),), keep=True)]
        for option in options:
            value = TextPart((), 2 * size, size * 1.1, "form_value", next(desk.blocks), label=name)
            strips.append(Strip(size * 1.5, 0, (one_line(_option(option, desk), value),)))
        return strips
    at, y, rows = line_width(head) + 1.5 * size, size * 1.2, 1
    texts = [one_line(head, part)]
    for option in options:
        tokens = _option(option, desk)
        if at + line_width(tokens) > width:
            at, y, rows = 2 * size, y + 1.6 * size, rows + 1
        value = TextPart((), at, y, "form_value", next(desk.blocks), label=name)
        texts.append(one_line(tokens, value))
        at += line_width(tokens) + 2 * size
    return [Strip(rows * 1.6 * size, 0.4 * size, tuple(texts))]


def _option(option: tuple[str, str], desk: Desk) -> list[Token]:
    mark, text = option
    ink = desk.ink()
    if mark in ("☐", "☒"):
        return [Token(mark, ink._replace(font=SHAPES)), *tokens_of(text, ink)]
    if mark[1] != " ":
        return tokens_of(f"{mark} {text}", ink)
    return [Token(mark[0], ink), Token(mark[2], ink), *tokens_of(text, ink)]


def comb_boxes(draft: Draft) -> None:
    """Print labels above rows of small boxes, each with one letter of the answer."""
    choose = draft.random
    answers = [write("comb_answer", f"{draft.seed}/{n}").split(PART) for n in range(choose.randint(2, 6))]
    hand, side = choose.random() < 0.4, choose.uniform(1.25, 1.6)

    def build(width: float, desk: Desk) -> list[Strip]:
        ink = desk.handwriting(1.05) if hand else desk.ink()._replace(font=font_of("cousine"))
        return [_comb(label, value, (ink, side * desk.type.size), width, desk) for label, value in answers]

    draft.insert(Piece(build), 3)


def _comb(label: str, value: str, look: tuple[Ink, float], width: float, desk: Desk) -> Strip:
    """Return a label and its boxes; the letters of a word are glued, an empty box is a space."""
    ink, side = look
    small, name = desk.ink(0.75), next(desk.blocks)
    head = one_line(tokens_of(label, small), TextPart((), 0, small.size, "form_label", name))
    room = int(width / side)
    said = value[:room]
    count = min(room, len(said) + desk.random.randint(0, 8))
    top = small.size * 1.4
    words = []
    for n, sign in enumerate(said):
        if sign != " ":
            middle = (n + 0.5) * side - measure(ink.font, sign).advance * ink.size / 2
            words.append(SetWord(sign, ink, n > 0 and said[n - 1] != " ", middle))
    part = TextPart(words, 0, top + side * 0.76, "form_value", next(desk.blocks), label=name)
    boxes = tuple(Figure("comb_box", (n * side, top, (n + 1) * side, top + side)) for n in range(count))
    return Strip(top + side + 0.5 * desk.type.size, 0, (head, part) if words else (head,), figures=boxes)


def stacked_boxes(draft: Draft) -> None:
    """Open the page with rows of ruled boxes, as tax forms and invoices have them, often with a table below."""
    choose = draft.random
    rows = [write(symbol, f"{draft.seed}/{n}") for n, symbol in enumerate(_chosen_rows(draft))]
    answers = [[_answer(part) for part in row.split(PART)] for row in rows]
    goods = [write("goods_row", f"{draft.seed}/{n}").split(" :: ") for n in range(choose.randint(2, 9))]
    head = write("goods_head", draft.seed).split(" :: ")
    with_table, right = choose.random() < 0.65, choose.random() < 0.5

    def build(width: float, desk: Desk) -> list[Strip]:
        strips = [_box_row(row, right, width, desk) for row in answers]
        if with_table:
            cells = tuple(tuple(Cell(text) for text in row) for row in (head, *goods))
            strips += set_table(TableContent(cells, size=0.7), width, desk)
        return [*strips, Strip(0.6 * desk.type.size)]

    draft.insert(Piece(build, wide=True), 1)


def _chosen_rows(draft: Draft) -> list[str]:
    symbols = ["box_row_name", "box_row_address", "box_row_tax", "box_row_slip", "box_row_bank", "box_row_carrier"]
    return draft.random.sample(symbols, draft.random.randint(3, 6))


def _answer(text: str) -> Answer:
    share, label, *value = (part.strip() for part in text.split("::"))
    return label, " ".join(value), int(share)


def _box_row(answers: Sequence[Answer], right: bool, width: float, desk: Desk) -> Strip:
    """Return a row of boxes of different widths; figures stand at the right edge of theirs, if wanted."""
    small, ink = desk.ink(0.6), desk.ink(0.9)
    height = small.size * 1.3 + ink.size * 1.5
    whole, at = sum(share for *_, share in answers), 0.0
    texts, frames = [], []
    for label, value, share in answers:
        wide, name = width * share / whole, next(desk.blocks)
        frames.append(Figure("frame", (at, 0, at + wide, height)))
        head = tokens_of(label, _fitting(label, small, wide - 5))
        texts.append(one_line(head, TextPart((), at + 2.5, small.size * 1.1, "form_label", name)))
        if value:
            align: Align = "right" if right and value[-1].isdigit() else "left"
            body = tokens_of(value, _fitting(value, ink, wide - 7))
            part = TextPart((), at + 3.5, height - ink.size * 0.4, "form_value", next(desk.blocks), label=name)
            texts.append(one_line(body, part, Measure(wide - 7, align=align)))
        at += wide
    return Strip(height, 0, tuple(texts), figures=tuple(frames))


def _fitting(text: str, ink: Ink, width: float) -> Ink:
    """Return the ink, condensed as far as needed for one line of `width` points."""
    wide = line_width(tokens_of(text, ink))
    if wide <= width:
        return ink
    narrow = max(0.6, width / wide * 0.99)
    return ink._replace(stretch=narrow, size=round(ink.size * min(1.0, width / wide / narrow * 0.99), 2))


def label_grid(draft: Draft) -> None:
    """Print labels and values without rules, two or three pairs side by side in level columns."""
    choose = draft.random
    columns, bold = choose.choice((1, 2, 2, 3)), choose.random() < 0.5
    pairs = [write("label_pair", f"{draft.seed}/{n}").split(PART) for n in range(columns * choose.randint(2, 6))]
    above, tab = choose.random() < 0.25, choose.choice((0.0, 0.0, 0.38))

    def build(width: float, desk: Desk) -> list[Strip]:
        rows = [pairs[at : at + columns] for at in range(0, len(pairs), columns)]
        strips = [_pair_row(row, (bold, above, tab), width / columns, desk) for row in rows]
        return [Strip(0.4 * desk.type.size), *strips, Strip(0.8 * desk.type.size)]

    draft.insert(Piece(build, wide=True), 3)


def _pair_row(pairs: Sequence[Sequence[str]], look: tuple[bool, bool, float], each: float, desk: Desk) -> Strip:
    """Return one row of pairs; `look` has bold labels, values below them, and the share of the width of a label."""
    bold, above, tab = look
    size, texts = desk.type.size, []
    for n, (label, value) in enumerate(pairs):
        name, left = next(desk.blocks), n * each
        ink = desk.ink(0.8 if above else 1.0, bold=bold)
        head = tokens_of(label if above else f"{label}:", ink)
        texts.append(one_line(head, TextPart((), left, size, "form_label", name)))
        start = 0.0 if above else max(line_width(head) + 1.3 * space_of(ink), tab * each)
        body = tokens_of(value, _fitting(value, desk.ink(), max(each - start - 6, 30)))
        part = TextPart((), left + start, size * (2.1 if above else 1.0), "form_value", next(desk.blocks), label=name)
        texts.append(one_line(body, part))
    return Strip(size * (2.9 if above else 1.45), 0, tuple(texts))


def pay_slip_foot(draft: Draft) -> None:
    """Close the page with the line of digits and the bar code of a payment slip, below a dashed cut."""
    choose = draft.random
    digits, code = write("slip_digits", draft.seed), choose.randrange(1 << 30)

    def build(width: float, desk: Desk) -> list[Strip]:
        ink = desk.ink(1.2, bold=True)
        dash = desk.ink(0.8)
        cut = Token("-" * int(width / width_of(Token("-", dash))), dash)
        dashes = one_line([cut], TextPart((), 0, 8, "noise", next(desk.blocks), "noise"))
        part = TextPart((), 0, ink.size, "paragraph", next(desk.blocks))
        line = one_line(tokens_of(digits, ink), part, Measure(width, align="right"))
        bars = Figure("bar_code", (0, 4, min(width * 0.6, 300), 40), seed=code)
        strips = [Strip(ink.size * 1.6, 0, (line,)), Strip(46, 0, figures=(bars,))]
        return [Strip(14, 6, (dashes,)), *strips]

    draft.foot.append(Piece(build))
