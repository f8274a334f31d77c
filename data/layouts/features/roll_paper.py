"""Pages of printers with one pitch: till receipts of forty columns, reports on wide paper; and two-page spreads."""

from dataclasses import replace

from data.layouts.draft import Draft
from data.layouts.page_flow import Columns, Frame, Piece
from data.layouts.page_truth import CellPlace
from data.layouts.setting.glyph_metrics import font_of, measure
from data.layouts.setting.line_breaking import Ink, SetWord
from data.layouts.setting.strips import Desk, Grid, Strip, Stroke, TextPart
from data.text.consistency import render_amount
from data.text.generators import write

_FIGURES = ("VALOR", "SALDO", "QUANT.")
_COLUMNS = 40
"""Characters on a line of a receipt."""


def till_receipt(draft: Draft) -> None:
    """Turn the page into a till receipt: forty columns of one pitch on a narrow strip of paper."""
    choose = draft.random
    lines = _receipt_lines(draft)
    width = choose.uniform(195, 240)
    margin = width * choose.uniform(0.03, 0.07)
    size = (width - 2 * margin) / _COLUMNS / measure(font_of("cousine"), "0").advance
    pitch = size * choose.uniform(1.15, 1.45)
    draft.sheet.width, draft.sheet.height = width, len(lines) * pitch + 50
    draft.frame = Frame(margin, 18, width - 2 * margin, draft.sheet.height - 36)
    draft.desk.type = replace(draft.desk.type, family="cousine", size=round(size, 2), leading=pitch / size)
    draft.repeated = {"head": [], "foot": [], "side": []}
    draft.columns = Columns()
    draft.pieces = [Piece(lambda _, desk: _printed(lines, desk))]


def _receipt_lines(draft: Draft) -> list[str]:
    choose = draft.random
    rule = choose.choice("-=*-") * _COLUMNS
    names = [write("till_head", f"{draft.seed}/{n}").upper().center(_COLUMNS).rstrip() for n in range(3)]
    names = [name[:_COLUMNS] for name in names]
    lines = [*names, rule, choose.choice(("CUPOM FISCAL", "DOCUMENTO NAO FISCAL", "PEDIDO")).center(_COLUMNS).rstrip()]
    total, wide = 0, choose.random() < 0.3
    for number in range(1, choose.randint(4, 16)):
        goods = write("till_goods", f"{draft.seed}/{number}").upper()
        count, price = choose.randint(1, 5), choose.randint(99, 9999)
        total += count * price
        amount = f"{count} UN x {render_amount(price)}"
        if wide:
            lines.append(_both(f"{number:03d} {goods}"[:29], render_amount(price)))
        else:
            code = "".join(choose.choices("0123456789", k=13))
            lines.append(f"{number:03d} {code} {goods}"[:_COLUMNS].rstrip())
            lines.append(_both(f"    {amount}", render_amount(count * price)))
    paid = (total // 1000 + 1) * 1000
    lines += [rule, _both("TOTAL R$", render_amount(total)), _both("DINHEIRO", render_amount(paid))]
    lines += [_both("TROCO R$", render_amount(paid - total)), rule]
    return [*lines, *(write("till_foot", f"{draft.seed}/{n}").upper().center(_COLUMNS).rstrip() for n in range(2))]


def _both(left: str, right: str) -> str:
    return left + right.rjust(_COLUMNS - len(left))


def _printed(lines: list[str], desk: Desk) -> list[Strip]:
    """Return lines of one pitch, each a block of its own; a word stands where its first character does."""
    ink, pitch = desk.ink(), desk.type.leading * desk.type.size
    strips = []
    for line in lines:
        part = TextPart(pitched(line, ink), 0, 0.8 * pitch, "paragraph", next(desk.blocks))
        strips.append(Strip(pitch, 0, (part,)))
    return strips


def pitched(line: str, ink: Ink, column: int = 0) -> list[SetWord]:
    """Return the words of a line in a face of one pitch; the first character stands in `column`."""
    advance = measure(ink.font, "0").advance * ink.size * ink.stretch
    words, at = [], 0
    for word in line.split():
        at = line.index(word, at)
        words.append(SetWord(word, ink, glued=False, x=(column + at) * advance))
        at += len(word)
    return words


def printer_report(draft: Draft) -> None:
    """Turn the page into a report of a line printer: a head with date and page, columns of one pitch, totals."""
    choose = draft.random
    rows, widths = _report_rows(draft)
    gap = choose.randint(2, 8)
    starts = [sum(widths[:n]) + gap * n for n in range(len(widths))]
    columns = starts[-1] + widths[-1]
    title, first = write("report_title", draft.seed), write("report_date", draft.seed)
    draft.frame = replace(draft.frame, x=36, width=draft.sheet.width - 72)
    size = min(11.0, draft.frame.width / columns / measure(font_of("cousine"), "0").advance)
    leading = choose.choice((1.15, 1.3, 1.9))
    draft.desk.type = replace(draft.desk.type, family="cousine", size=round(size, 2), leading=leading)
    draft.repeated = {"head": [], "foot": [], "side": []}
    draft.columns = Columns()
    heads = [title + first.rjust(max(columns - len(title), len(first) + 4))]
    dashed = choose.random() < 0.4
    draft.pieces = [Piece(lambda _, desk: _report(heads, rows, (starts, widths), dashed, desk))]


def _report_rows(draft: Draft) -> tuple[list[list[str]], list[int]]:
    """Return the cells of a report, its head first, and the width of each column in characters."""
    choose = draft.random
    heads = write("report_head", draft.seed).split(" :: ")
    symbols = {"COD.": "code5", "VALOR": "price", "SALDO": "price", "VENCTO": "date", "EMISSAO": "date"}
    rows = [heads]
    for n in range(choose.randint(6, 40)):
        row = [write(symbols.get(head, "report_" + head.lower().strip(".")), f"{draft.seed}/{n}") for head in heads]
        rows.append([text.upper()[:28] for text in row])
    widths = [max(len(row[n]) for row in rows) for n in range(len(heads))]
    return rows, widths


def _report(
    heads: list[str], rows: list[list[str]], grid: tuple[list[int], list[int]], dashed: bool, desk: Desk
) -> list[Strip]:
    starts, widths = grid
    ink, pitch = desk.ink(), desk.type.leading * desk.type.size
    strips = [*_printed(heads, desk), Strip(0.5 * pitch)]
    table = next(desk.tables)
    desk.grids[table] = Grid(len(rows), len(widths), 1, ruled=False)
    for r, row in enumerate(rows):
        texts = []
        for c, text in enumerate(row):
            column = starts[c] + (widths[c] - len(text) if rows[0][c] in _FIGURES else 0)
            place = CellPlace(table, r, c, header=r == 0)
            words = pitched(text, ink, column)
            texts.append(TextPart(words, 0, 0.8 * pitch, "table_cell", next(desk.blocks), cell=place))
        strips.append(Strip(pitch, 0, tuple(texts)))
        if r == 0 and dashed:
            strips += _printed(["-" * (starts[-1] + widths[-1])], desk)
    return strips


def two_pages(draft: Draft) -> None:
    """Make the sheet twice as wide: an open book, read from the left page to the right one. Nothing spans both."""
    gutter = draft.frame.x * draft.random.uniform(1.6, 2.0)
    width = draft.frame.width
    draft.sheet.width *= 2
    draft.frame = replace(draft.frame, width=2 * width + gutter)
    draft.columns = Columns(2, gutter, level=False)
    draft.pieces = [replace(piece, wide=False) for piece in draft.pieces]
    number = 2 * draft.random.randint(2, 160)
    draft.repeated["foot"] = [f"{number} :: {number + 1}"] if draft.random.random() < 0.8 else []
    if draft.random.random() < 0.6:
        middle = draft.sheet.width / 2
        draft.sheet.strokes.append(Stroke(middle, 0, middle, draft.sheet.height, 0.8, (120, 120, 120)))
