"""What pages of official gazettes have: heads of three parts, footers in columns, bands, dense text, level articles."""

from dataclasses import replace

from data.layouts.draft import Draft, text_piece
from data.layouts.page_flow import Columns, Material, Piece
from data.layouts.setting.block_setting import STYLES, BlockStyle, set_text, set_tokens
from data.layouts.setting.line_breaking import Align, Measure, break_lines, line_width, tokens_of
from data.layouts.setting.strips import Desk, Figure, Strip, Stroke, TextPart, one_line
from data.layouts.setting.table_setting import Cell, Ruling, TableContent, set_table
from data.text.generators import roman, write

_THIRDS: tuple[Align, ...] = ("left", "center", "right")


def three_part_header(draft: Draft) -> None:
    """Print number and date at the left, a large name in the middle and the page at the right, above a rule."""
    choose = draft.random
    left, name = write("gazette_issue", draft.seed), write("masthead_name", draft.seed).title()
    page = f"{choose.choice(('PÁGINA', 'Página', 'p.'))} {choose.randint(2, 180)}"
    draft.repeated["head"] = []
    large = choose.uniform(1.4, 2.0)

    def build(width: float, desk: Desk) -> list[Strip]:
        inks = [desk.ink(1.0), desk.ink(large, bold=True), desk.ink(choose.uniform(1.0, 1.5))]
        texts = (left, name, page)
        sides = [line_width(tokens_of(text, ink)) for text, ink in zip(texts, inks, strict=True)]
        wide = sides[1] + 2 * max(sides[0], sides[2]) + 12  # the name stands in the middle of the page
        inks = [ink._replace(size=round(ink.size * min(1.0, width / wide), 2)) for ink in inks]
        base = inks[1].size * 0.9
        parts = []
        for text, ink, align in zip(texts, inks, _THIRDS, strict=True):
            part = TextPart((), 0, base, "page_header", next(desk.blocks), "header")
            parts.append(one_line(tokens_of(text, ink), part, Measure(width, align=align)))
        rule = Stroke(0, base + 4, width, base + 4, 0.8)
        return [Strip(base + 10, 0, tuple(parts), (rule,))]

    draft.head.append(Piece(build))


def column_footer(draft: Draft) -> None:
    """Print the notice of the digital signature in two columns at the foot, below a rule."""
    texts = [write(symbol, draft.seed) for symbol in ("footer_check", "footer_signed")]
    draft.repeated["foot"] = []

    def build(width: float, desk: Desk) -> list[Strip]:
        ink, gutter = desk.ink(0.85), 14.0
        wide = (width - gutter) / 2
        parts, tall = [], 0.0
        for side, text in enumerate(texts):
            block = next(desk.blocks)
            rows = break_lines(tokens_of(text, ink), Measure(wide, align="justify"))
            for n, row in enumerate(rows):
                y = 6 + (n + 0.8) * ink.size * 1.15
                parts.append(TextPart(row, side * (wide + gutter), y, "page_footer", block, "footer"))
            tall = max(tall, 8 + len(rows) * ink.size * 1.15)
        return [Strip(tall, 0, tuple(parts), (Stroke(0, 2, width, 2, 0.5),))]

    draft.tail.append(Piece(build))


def banded_heading(draft: Draft) -> None:
    """Print the name of an office on a gray band, across its column or across the page."""
    choose = draft.random
    text, wide = write("wide_heading", draft.seed), choose.random() < 0.4
    shade = choose.randint(170, 225)
    level = choose.choice(("", write("band_section", draft.seed)))

    def build(width: float, desk: Desk) -> list[Strip]:
        ink = desk.ink(1.25, bold=True)
        rows = break_lines(tokens_of(text, ink), Measure(width - 8, align="center"))
        block, tall = next(desk.blocks), len(rows) * ink.size * 1.15 + 5
        parts = [TextPart(row, 4, 3 + (n + 0.8) * ink.size * 1.15, "heading", block) for n, row in enumerate(rows)]
        gray = (shade, shade, shade)
        band = Figure("frame", (0, 0, width, tall), 0.5, gray, fill=gray)
        style = BlockStyle("heading", "center", bold=True, size=1.2, above=0.5, below=0.3, keep=True)
        above = set_text(level, style, width, desk) if level else []
        return [*above, Strip(tall, 4, tuple(parts), figures=(band,), keep=True), Strip(5, keep=True)]

    draft.insert(Piece(build, wide=wide), 3)


def dense_text(draft: Draft) -> None:
    """Fill all columns to the end with long paragraphs and lists of items, beginning and ending inside one."""
    choose = draft.random
    draft.columns = replace(draft.columns, level=False)
    draft.desk.type = replace(draft.desk.type, indent=choose.choice((0.0, 0.0, 1.0)), leading=choose.uniform(1.06, 1.2))
    pieces: list[Piece] = []
    for n in range(60):
        if choose.random() < 0.25:
            items = [write("dense_item", f"{draft.seed}/{n}/{k}") for k in range(choose.randint(4, 14))]
            pieces += [text_piece(("plain", f"{roman(k)} - {item}")) for k, item in enumerate(items, start=1)]
        else:
            pieces.append(text_piece(("plain", write("dense_para", f"{draft.seed}/{n}"))))
    draft.pieces = [_begun(pieces[0], choose.randint(1, 3)), *pieces[1:]]


def _begun(piece: Piece, lines: int) -> Piece:
    """Return a piece without its first lines, which stand on the page before."""

    def build(width: float, desk: Desk) -> list[Strip]:
        strips = piece.set(width, desk)
        return strips[lines:] if len(strips) > lines + 1 else strips

    return Piece(build, piece.wide)


def level_articles(draft: Draft) -> None:
    """Print articles of the same length in all columns, so that their headings stand side by side."""
    choose = draft.random
    count = max(draft.columns.count, choose.randint(2, 5))
    draft.columns = Columns(count, choose.uniform(5, 14), rules=choose.random() < 0.6, level=False)
    lines = choose.randint(4, 9)
    rows = max(1, int(draft.frame.height / ((lines + 3) * draft.desk.type.leading * draft.desk.type.size)))
    symbol = "old_sentence" if draft.kind == "newspaper" else "office_sentence"
    for column in range(count):
        articles = [_article(f"{draft.seed}/{column}/{n}", symbol, lines) for n in range(rows)]
        draft.pieces = articles if column == 0 else [*draft.pieces, Piece(_break), *articles]


def _article(seed: str, symbol: str, lines: int) -> Piece:
    """Return a heading and a paragraph of exactly so many lines."""
    head = write("article_head", seed)
    text = " ".join(write(symbol, f"{seed}/{n}") for n in range(lines))

    def build(width: float, desk: Desk) -> list[Strip]:
        style = STYLES["section"]
        body = set_tokens([tokens_of(text, desk.ink())], STYLES["para"], width, desk)[:lines]
        title = set_text(head, style, width, desk)
        return [*title[:1], *title[-1:], *(replace(strip, keep=n < lines - 1) for n, strip in enumerate(body))]

    return Piece(build)


def _break(_: float, __: Desk) -> list[Strip]:
    return [Strip(0, column_break=True)]


def sparse_page(draft: Draft) -> None:
    """Leave a few short lines far apart on the page, each a paragraph of its own."""
    choose = draft.random
    texts = [write("sparse_line", f"{draft.seed}/{n}") for n in range(choose.randint(2, 6))]
    gap = choose.uniform(2.5, 7.0)
    align: Align = choose.choice(("left", "left", "center"))
    style = BlockStyle(align=align, above=gap)
    draft.pieces = [Piece(_line_of(text, style)) for text in texts]
    draft.columns = Columns()


def _line_of(text: str, style: BlockStyle) -> Material:
    return lambda width, desk: set_text(text, style, width, desk)


def budget_table(draft: Draft) -> None:
    """Print a budget: codes and names at the left, amounts in columns far to the right, no rules between rows."""
    choose = draft.random
    figures = choose.randint(1, 4)
    heads = ["ESPECIFICAÇÃO", *(write("budget_head", f"{draft.seed}/{n}") for n in range(figures))]
    rows = [tuple(Cell(text, align="left" if n == 0 else "right") for n, text in enumerate(heads))]
    for n in range(choose.randint(6, 24)):
        name = f"{write('budget_code', f'{draft.seed}/{n}')} {write('budget_name', f'{draft.seed}/{n}').upper()}"
        amounts = [write("price", f"{draft.seed}/{n}/{c}") if choose.random() < 0.7 else "" for c in range(figures)]
        rows.append((Cell(name), *(Cell(amount, align="right") for amount in amounts)))
    totals = [write("money", f"{draft.seed}/{c}").removeprefix("R$ ") for c in range(figures)]
    rows.append((Cell("TOTAL"), *(Cell(total, align="right") for total in totals)))
    ruling: Ruling = choose.choice(("none", "head", "frame", "columns"))
    content = TableContent(tuple(rows), ruling=ruling, size=choose.uniform(0.7, 0.9), gap=choose.uniform(8, 40))
    wide = choose.random() < 0.7
    draft.insert(Piece(lambda width, desk: set_table(content, width, desk), wide=wide), 2)
