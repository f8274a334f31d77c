"""What gazettes and deeds print: annexes of budgets, tables and lists inside columns, signatures side by side."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from data.layouts.draft import Draft
from data.layouts.features.material.list_material import leader_words
from data.layouts.page_flow import Material, Piece
from data.layouts.page_truth import CellPlace
from data.layouts.setting.block_setting import STYLES, BlockStyle, set_text
from data.layouts.setting.line_breaking import (
    Align,
    Measure,
    SetWord,
    Token,
    break_lines,
    space_of,
    tokens_of,
    width_of,
)
from data.layouts.setting.strips import Desk, Grid, Strip, Stroke, TextPart, one_line
from data.layouts.setting.table_setting import LINE_MARK, Cell, Ruling, TableContent, set_table
from data.synthesis.typesetting import CELL
from data.text.generators import write, write_document

_RULINGS: tuple[Ruling, ...] = ("columns", "columns", "columns", "grid", "head", "none")


def annex_table(draft: Draft) -> None:
    """Print the annex of a budget: names below their codes, amounts in columns between rules, open at both sides.

    Names stand deeper at each level. Most cells of amounts are empty. The head is missing where the annex goes on from
    the page before.
    """
    choose = draft.random
    figures, continued = choose.randint(2, 7), choose.random() < 0.4
    sign = choose.random() < 0.6
    heads = [write("annex_head", f"{draft.seed}/{n}") for n in range(figures)]
    head = [Cell(text, align="center") for text in ("ESPECIFICAÇÃO", *(("ESF",) if sign else ()), *heads)]
    rows = [] if continued else [tuple(head)]
    rows += [_entry(draft, n, figures, sign=sign) for n in range(choose.randint(5, 26))]
    totals = choose.choice(((), ("TOTAL",), ("TOTAL", "FISCAL", "SEGURIDADE")))
    note = write("annex_note", draft.seed) if choose.random() < 0.6 else ""
    is_level = bool(totals and note) and sign and choose.random() < 0.5
    rows += [_total(draft, name, figures, sign=sign, note=note if is_level else None) for name in totals]
    ruling = choose.choice(_RULINGS)
    content = TableContent(
        tuple(rows), 0 if continued else 1, ruling, choose.uniform(0.68, 0.9), gap=choose.uniform(0, 14),
        continued=continued, foot_rows=len(totals),
    )  # fmt: skip
    before = [] if continued else _titles(draft)
    below_it = "" if is_level else note

    def build(width: float, desk: Desk) -> list[Strip]:
        below = replace(STYLES["plain"], role="caption", size=0.8, below=0.6)
        strips = [strip for line in before for strip in _spread(line, width, desk)]
        return [
            *strips,
            *set_table(content, width, desk),
            *(set_text(below_it, below, width, desk) if below_it else []),
        ]

    piece = Piece(build, wide=True)
    if continued:
        draft.pieces.insert(0, piece)
    else:
        draft.insert(piece, 2)


def _entry(draft: Draft, number: int, figures: int, *, sign: bool) -> tuple[Cell, ...]:
    """Return a row: a code above a name of one line or two, and amounts in a few columns."""
    choose = draft.random
    seed = f"{draft.seed}/{number}"
    level = choose.choice((0, 1, 1, 2, 2))
    name = write("budget_name", seed).upper()
    code = write("budget_code", seed)
    text = name if level == 0 else choose.choice((f"{code}{LINE_MARK}{name}", f"{code}{LINE_MARK}{name}", name))
    amount = write("price", seed).split(",")[0]
    place = choose.randrange(1, figures) if figures > 1 else 0
    amounts = [amount if n in (0, place) and choose.random() < 0.92 else "" for n in range(figures)]
    marks = (Cell("F" if level == 2 else "", align="center"),) if sign else ()
    return (Cell(text, inset=4.0 * level), *marks, *(Cell(one, align="right") for one in amounts))


def _total(draft: Draft, name: str, figures: int, *, sign: bool, note: str | None) -> tuple[Cell, ...]:
    """Return a row of totals; a note stands at its left where there is one, level with the first total."""
    amounts = [write("price", f"{draft.seed}/{name}/{n}").split(",")[0] for n in range(figures)]
    shown = [one if n == 0 or draft.random.random() < 0.5 else "" for n, one in enumerate(amounts)]
    labels: tuple[Cell, ...] = (Cell(name, column_span=2 if sign else 1, align="right"),)
    if note is not None:
        labels = (Cell(note if name == "TOTAL" else ""), Cell(name, align="right"))
    return (*labels, *(Cell(one, align="right") for one in shown))


def _titles(draft: Draft) -> list[tuple[str, str, str]]:
    """Return the lines above an annex: texts at the left, in the middle and at the right."""
    choose = draft.random
    lines = [(write("annex_title", draft.seed), "", choose.choice(("R$ 1,00", "Em R$ 1,00", "")))]
    if choose.random() < 0.7:
        lines.append(("", choose.choice(("PROGRAMA DE TRABALHO", "CANCELAMENTO", "SUPLEMENTAÇÃO")), ""))
    if choose.random() < 0.7:
        right = choose.choice(("RECURSOS DE TODAS AS FONTES", "RECURSOS DO TESOURO", ""))
        lines.append((f"{choose.randint(10, 60)} {write('department', draft.seed).upper()}", "", right))
    return lines


def _spread(texts: Sequence[str], width: float, desk: Desk) -> list[Strip]:
    """Return one line with texts at the left, in the middle and at the right; none where they do not fit."""
    ink = desk.ink(0.8)
    aligned: tuple[Align, ...] = ("left", "center", "right")
    parts = [
        one_line(
            tokens_of(text, ink), TextPart((), 0, ink.size, "paragraph", next(desk.blocks)), Measure(width, align=a)
        )
        for text, a in zip(texts, aligned, strict=True)
        if text
    ]
    ends = [(part.words[0].x, len("".join(word.text for word in part.words)) * ink.size * 0.75) for part in parts]
    if any(after[0] < before[0] + before[1] for before, after in pairwise(ends)):
        parts = parts[:1]
    return [Strip(ink.size * 1.35, 0, tuple(parts), keep=True)]


def column_table(draft: Draft) -> None:
    """Put one to three small tables into the columns, each below a sentence: lists of names and figures, wrapped."""
    choose = draft.random
    for n in range(choose.randint(1, 3)):
        seed = f"{draft.seed}/column/{n}"
        rows = [text.split(CELL) for style, text in write_document("column_rows", seed) if style == "row"]
        most = max(map(len, rows))
        rows = [row for row in rows if len(row) == most]
        rows = rows if choose.random() < 0.75 else rows[1:]
        aligns: list[Align] = ["right" if n and text[-1:].isdigit() else "left" for n, text in enumerate(rows[-1])]
        cells = tuple(tuple(Cell(text, align=a) for text, a in zip(row, aligns, strict=True)) for row in rows)
        ruling: Ruling = choose.choice(("none", "none", "none", "columns", "grid", "rows", "head"))
        content = TableContent(
            cells, int(rows[0][0][:1].isupper() and choose.random() < 0.8), ruling, choose.uniform(0.8, 1.0),
            stretch=choose.random() < 0.6, gap=choose.uniform(0, 9),
        )  # fmt: skip
        before = write("office_sentence", seed) if choose.random() < 0.6 else ""
        draft.insert(Piece(_below(before, content)), 6)


def _below(text: str, content: TableContent) -> Material:
    """Return the setting of a table below a sentence."""

    def build(width: float, desk: Desk) -> list[Strip]:
        head = set_text(text, replace(STYLES["plain"], keep=True), width, desk) if text else []
        return [*head, *set_table(content, width, desk)]

    return build


def leader_list(draft: Draft) -> None:
    """Put lists of names and amounts into the columns: dots or white from each name to its amount, without rules."""
    choose = draft.random
    for n in range(choose.randint(1, 2)):
        seed = f"{draft.seed}/leader/{n}"
        symbol = choose.choice(("person", "company", "department", "budget_name", "city"))
        figure = choose.choice(("price", "price", "matricula", "date"))
        upper = choose.random() < 0.4
        rows = []
        for row in range(choose.randint(6, 40)):
            name = write(symbol, f"{seed}/{row}")
            rows.append((name.upper() if upper else name, write(figure, f"{seed}/{row}")))
        leader = choose.choice((".", ".", ".", ". ", ""))
        hanging = choose.choice((0.0, 0.0, 1.0, 2.0))
        before = write("office_sentence", seed) if choose.random() < 0.6 else ""
        draft.insert(Piece(_led(before, rows, leader, hanging)), 6)


def _led(text: str, rows: Sequence[tuple[str, str]], leader: str, hanging: float) -> Material:
    """Return the setting of names with their amounts below a sentence."""

    def build(width: float, desk: Desk) -> list[Strip]:
        strips = set_text(text, replace(STYLES["plain"], keep=True), width, desk) if text else []
        number = next(desk.tables)
        desk.grids[number] = Grid(len(rows), 2, 0, ruled=False, continued=False)
        for place, row in enumerate(rows):
            strips.append(_led_row(row, (number, place), (leader, hanging), width, desk))
        return [*strips, Strip(0.7 * desk.type.size)]

    return build


def _led_row(row: tuple[str, str], place: tuple[int, int], look: tuple[str, float], width: float, desk: Desk) -> Strip:
    """Return a name, wrapped, with its amount at the right edge of its last line."""
    (leader, hanging), size, ink = look, desk.type.size, desk.ink(0.92)
    pitch = 1.12 * size
    wide = width_of(Token(row[1], ink))
    lines = break_lines(tokens_of(row[0], ink), Measure(width - wide - 2 * size, 0.0, hanging * size))
    last = lines[-1][-1]
    lines[-1] += leader_words(leader, last.x + width_of(Token(last.text, ink)) + space_of(ink), width - wide - 2, desk)
    block, y = next(desk.blocks), len(lines) * pitch - 0.2 * size
    texts = [
        TextPart(line, 0, (n + 1) * pitch - 0.2 * size, "table_cell", block, cell=CellPlace(*place, 0))
        for n, line in enumerate(lines)
    ]
    amount = (SetWord(row[1], ink, glued=False, x=width - wide),)
    return Strip(
        len(lines) * pitch,
        0,
        (*texts, TextPart(amount, 0, y, "table_cell", next(desk.blocks), cell=CellPlace(*place, 1))),
    )


def signature_pairs(draft: Draft) -> None:
    """Close a deed with places to sign side by side, each a rule above a name and a quality; witnesses below."""
    choose = draft.random
    count = choose.choice((2, 2, 2, 3))
    rows = choose.randint(1, 2)
    people = [
        [choose.choice(("", "", "_" * 18)), write("person", f"{draft.seed}/{n}"), *_quality(draft, n)]
        for n in range(count * rows)
    ]
    style = BlockStyle(align=choose.choice(("center", "center", "left")))

    def build(width: float, desk: Desk) -> list[Strip]:
        return [_side_by_side(people[row * count : (row + 1) * count], style, width, desk) for row in range(rows)]

    draft.insert(Piece(build, wide=True), 4)


def _quality(draft: Draft, number: int) -> list[str]:
    lines = [write("signer_quality", f"{draft.seed}/{number}"), f"CPF {write('cpf', f'{draft.seed}/{number}')}"]
    return lines[: draft.random.randint(0, 2)]


def _side_by_side(people: Sequence[Sequence[str]], style: BlockStyle, width: float, desk: Desk) -> Strip:
    """Return places to sign as one strip: each is read before the one at its right."""
    size = desk.type.size
    each = width / len(people) - size
    texts, strokes, most = [], [], 0.0
    for n, (line, *names) in enumerate(people):
        left, block, y = n * (each + size), next(desk.blocks), 2.6 * size
        if not line:
            strokes.append(Stroke(left + 0.08 * each, y, left + 0.92 * each, y))
        for text in filter(None, (line, *names)):
            rows = break_lines(tokens_of(text, desk.ink()), Measure(each, align=style.align or "left"))
            for row in rows:
                y += 1.15 * size
                texts.append(TextPart(tuple(row), left, y, "paragraph", block))
        most = max(most, y)
    return Strip(most + 0.8 * size, 0.8 * size, tuple(texts), tuple(strokes))
