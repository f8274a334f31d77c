"""Numbered, alphabetical and parallel text: clauses of several levels, dictionaries, contents, two languages."""

from collections.abc import Sequence
from dataclasses import replace

from data.layouts.draft import Draft
from data.layouts.page_flow import Columns, Material, Piece
from data.layouts.setting.block_setting import STYLES, BlockStyle, set_text, set_tokens
from data.layouts.setting.line_breaking import (
    Align,
    Measure,
    SetWord,
    Token,
    break_lines,
    line_width,
    space_of,
    tokens_of,
    width_of,
)
from data.layouts.setting.strips import Desk, Strip, TextPart, stack_lines
from data.text.generators import roman, write

Numbered = tuple[int, str, str]
"""Level, number and text."""


def hanging_numbers(draft: Draft) -> None:
    """Print clauses of several levels, their numbers in a column of their own before the text."""
    choose = draft.random
    items = _clauses(draft, choose.randint(2, 4))
    tab = choose.uniform(2.0, 4.5)
    step = choose.choice((0.0, 1.5, 2.5))

    def build(width: float, desk: Desk) -> list[Strip]:
        return [strip for item in items for strip in _hanging(item, tab, step, width, desk)]

    draft.insert(Piece(build), 3)


def _clauses(draft: Draft, sections: int) -> list[Numbered]:
    """Return numbered headings, clauses, paragraphs (§), items (I -) and letters."""
    choose = draft.random
    items: list[Numbered] = []
    decimal = choose.random() < 0.6
    for section in range(1, sections + 1):
        number = f"{section}." if decimal else f"CAPÍTULO {roman(section)}"
        items.append((0, number, write("clause_head", f"{draft.seed}/{section}")))
        for clause in range(1, choose.randint(2, 4)):
            seed = f"{draft.seed}/{section}.{clause}"
            items.append((1, f"{section}.{clause}" if decimal else f"Art. {clause}º", write("numbered_clause", seed)))
            items += _below(draft, f"{section}.{clause}", decimal)
    return items


def _below(draft: Draft, number: str, decimal: bool) -> list[Numbered]:
    """Return what stands below a clause: nothing, subclauses, paragraphs, items or letters."""
    kind = draft.random.choice(("", "", "sub" if decimal else "§", "§", "I", "a"))
    count = draft.random.randint(2, 4) if kind else 0
    signs = {
        "sub": [f"{number}.{n}" for n in range(1, 5)],
        "§": [f"§ {n}º" for n in range(1, 5)],
        "I": [f"{roman(n)} {'-' if decimal else '–'}" for n in range(1, 5)],
        "a": [f"{letter})" for letter in "abcd"],
        "": [],
    }[kind]
    texts = [write("clause_item", f"{draft.seed}/{number}/{n}") for n in range(count)]
    return [(2, sign, text) for sign, text in zip(signs, texts, strict=False)]


def _hanging(item: Numbered, tab: float, step: float, width: float, desk: Desk) -> list[Strip]:
    """Return a number at its level's place, and its text in a column to the right of it."""
    level, number, text = item
    size = desk.type.size
    bold = level == 0
    ink = desk.ink(bold=bold)
    head = tokens_of(number, ink)
    start = level * step * size
    column = start + max(tab * size, line_width(head) + 2 * space_of(ink))
    align: Align = "justify" if desk.type.justified and not bold else "left"
    rows = break_lines(tokens_of(text, ink), Measure(width - column, align=align, hyphenate=desk.type.hyphenate))
    rows = [[word._replace(x=word.x + column) for word in row] for row in rows]
    rows[0] = [word._replace(x=word.x + start) for word in break_lines(head, Measure(9e9))[0]] + rows[0]
    part = TextPart((), 0, 0, "heading" if bold else "list_item", next(desk.blocks))
    strips = stack_lines(rows, part, desk.type.leading * size, 0.35 * size)
    return [replace(strip, keep=True) for strip in strips] if bold else strips


def dictionary(draft: Draft) -> None:
    """Turn the page into one of a dictionary or of an index: two or three columns of entries with hanging indents."""
    choose = draft.random
    words = sorted({write("headword", f"{draft.seed}/{n}") for n in range(160)}, key=str.lower)
    words = words[: 40 + choose.randint(0, 40)]
    index = choose.random() < 0.4
    entries = [(w, _page_list(draft) if index else write("definition", f"{draft.seed}/{w}")) for w in words]
    draft.columns = Columns(choose.choice((2, 2, 3)), choose.uniform(9, 16), rules=choose.random() < 0.4, level=False)
    draft.repeated["head"] = [f"{words[0].upper()} :: {words[-1].upper()}"]
    draft.desk.type = replace(draft.desk.type, size=min(9.0, draft.desk.type.size), hyphenate=True)
    draft.pieces = [Piece(_entry(word, text, bold=not index)) for word, text in entries]


def _page_list(draft: Draft) -> str:
    """Return the pages of an entry of an index."""
    pages = sorted(draft.random.sample(range(3, 480), draft.random.randint(1, 7)))
    return ", ".join(f"{page}-{page + 2}" if draft.random.random() < 0.15 else str(page) for page in pages)


def _entry(word: str, text: str, *, bold: bool) -> Material:
    """Return the setting of an entry of a dictionary."""

    def build(width: float, desk: Desk) -> list[Strip]:
        tokens = [*tokens_of(f"{word},", desk.ink(bold=bold)), *tokens_of(text, desk.ink())]
        return set_tokens([tokens], BlockStyle("list_item", rest=1.0), width, desk)

    return build


def contents(draft: Draft) -> None:
    """Print a table of contents or an index: titles, leaders, page numbers at the right edge."""
    choose = draft.random
    page, items = choose.randint(3, 20), []
    for n in range(choose.randint(8, 26)):
        items.append((choose.choice((0, 1, 1, 2)), write("contents_entry", f"{draft.seed}/{n}"), str(page)))
        page += choose.randint(0, 14)
    leader = choose.choice((".", ".", ". ", "_", ""))
    head = choose.choice(("SUMÁRIO", "ÍNDICE", "Índice geral", "SUMÁRIO DAS PEÇAS"))

    def build(width: float, desk: Desk) -> list[Strip]:
        strips = set_text(head, STYLES["section"], width, desk)
        for level, text, number in items:
            strips += _contents_line((text, number), level, leader, width, desk)
        return strips

    draft.pieces.insert(0, Piece(build))


def _contents_line(entry: tuple[str, str], level: int, leader: str, width: float, desk: Desk) -> list[Strip]:
    ink, size = desk.ink(bold=level == 0), desk.type.size
    number = Token(entry[1], ink)
    wide = width_of(number)
    start = level * 1.5 * size
    rows = break_lines(tokens_of(entry[0], ink), Measure(width - wide - 3 * size, start, start + 2 * size))
    end = rows[-1][-1].x + width_of(Token(rows[-1][-1].text, ink)) + space_of(ink)
    rows[-1] += leader_words(leader, end, width - wide - space_of(ink), desk)
    rows[-1].append(SetWord(number.text, ink, glued=False, x=width - wide))
    part = TextPart((), 0, 0, "list_item", next(desk.blocks))
    return stack_lines(rows, part, desk.type.leading * size, 0.1 * size)


def leader_words(sign: str, start: float, end: float, desk: Desk) -> list[SetWord]:
    """Return dots from one place to another, as one word."""
    ink = desk.ink()
    each = width_of(Token(sign, ink)) if sign else 0.0
    count = int((end - start) / each) if each else 0
    if count < 3:
        return []
    dots = (sign * count).strip()
    if " " not in dots:
        return [SetWord(dots, ink, glued=False, x=end - count * each)]
    return [SetWord(sign.strip(), ink, glued=n > 0, x=end - (count - n) * each) for n in range(count)]


def two_languages(draft: Draft) -> None:
    """Print clauses in two level columns, Portuguese on the left and a translation on the right."""
    choose = draft.random
    symbol = choose.choice(("clause_en", "clause_en", "clause_es"))
    first = choose.randint(1, 9)
    pairs = []
    for n in range(choose.randint(4, 9)):
        seed = f"{draft.seed}/{n}"
        pairs.append((f"{first + n}. {write('clause_pt', seed)}", f"{first + n}. {write(symbol, seed)}"))
    gutter, room = choose.uniform(12, 30), draft.frame.height * choose.uniform(0.3, 0.7)
    piece = Piece(lambda width, desk: [_parallel(pairs, (gutter, room), width, desk)], wide=True)
    draft.insert(piece, 1)


def _parallel(pairs: Sequence[tuple[str, str]], place: tuple[float, float], width: float, desk: Desk) -> Strip:
    """Return both columns as one strip: the left one stands before the right one in the reading order.

    `place` is the gutter and the height from which no clause is added.
    """
    gutter, room = place
    column = (width - gutter) / 2
    sides: tuple[list[TextPart], list[TextPart]] = ([], [])
    y, most = 0.0, 0.0
    for pair in pairs:
        for side, text in enumerate(pair):
            at = y
            for strip in set_text(text, BlockStyle(), column, desk):
                moved = strip.moved(side * (column + gutter), at)
                sides[side].extend(moved.texts)
                at += strip.height
            most = max(most, at)
        y = most + 0.7 * desk.type.size
        if y > room:
            break
    return Strip(most, 0.5 * desk.type.size, (*sides[0], *sides[1]))
