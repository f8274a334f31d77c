"""Columns and what crosses them: several columns with narrow gutters, mastheads, tables and headings across."""

from dataclasses import replace

from data.layouts.draft import Draft, text_piece
from data.layouts.page_flow import Columns, Piece
from data.layouts.setting.block_setting import STYLES, plain_table, set_text
from data.layouts.setting.line_breaking import Align, Measure, line_width, tokens_of
from data.layouts.setting.strips import Desk, Figure, Strip, Stroke, TextPart, one_line
from data.layouts.setting.table_setting import set_table
from data.text.generators import write, write_document

_THIRDS: tuple[Align, ...] = ("left", "center", "right")
_GUTTERS = (4.4, 14.0)
"""Points: 12 pixels at 200 dpi, to about half a centimeter."""


def many_columns(draft: Draft) -> None:
    """Divide the body into three to six columns of small type, with or without rules between them."""
    choose = draft.random
    count = choose.choice((3, 3, 4, 4, 5, 6))
    size = {3: 8.5, 4: 7.5, 5: 6.6, 6: 6.0}[count] * choose.uniform(0.92, 1.08) * min(1.0, draft.frame.width / 480)
    draft.desk.type = replace(
        draft.desk.type, size=max(5.2, round(size, 1)), indent=1.0, leading=choose.uniform(1.08, 1.25), hyphenate=True,
    )  # fmt: skip
    gutter = choose.uniform(*_GUTTERS)
    draft.columns = Columns(count, gutter, rules=choose.random() < 0.6, level=choose.random() < 0.6)
    more = [write_document(name, f"{draft.seed}/{n}") for n, name in enumerate(("gazette", "newspaper", "gazette"))]
    source = more[1:2] if draft.kind == "newspaper" else more[::2]
    blocks = [b for blocks in source for b in blocks if b[0] in STYLES]
    draft.pieces += [text_piece(block) for block in blocks]


def masthead(draft: Draft) -> None:
    """Open the page with the name of a paper and a line of year, date and number between rules."""
    choose = draft.random
    name = write("masthead_name", draft.seed)
    cells = [write(symbol, draft.seed) for symbol in ("masthead_year", "masthead_date", "masthead_number")]
    large = choose.uniform(2.2, 3.6)

    def build(width: float, desk: Desk) -> list[Strip]:
        ink = desk.ink(large, bold=True)
        wide = line_width(tokens_of(name, ink))
        ink = ink._replace(size=ink.size * min(1.0, 0.95 * width / wide))
        title = TextPart((), 0, ink.size * 0.85, "title", next(desk.blocks))
        head = Strip(ink.size * 1.15, 0, (one_line(tokens_of(name, ink), title, Measure(width, align="center")),))
        small = desk.ink(choose.uniform(0.95, 1.2))
        base, tall = small.size * 1.15, small.size * 1.7
        block = next(desk.blocks)
        parts = tuple(
            one_line(tokens_of(cell, small), TextPart((), 0, base, "paragraph", block), Measure(width, align=align))
            for cell, align in zip(cells, _THIRDS, strict=True)
        )
        rules = (Stroke(0, 0, width, 0, 1.2), Stroke(0, tall, width, tall, 0.6))
        return [head, Strip(tall + 4, 2, parts, rules)]

    draft.repeated["head"] = []
    draft.pieces.insert(0, Piece(build, wide=True))


def wide_table(draft: Draft) -> None:
    """Put a table with its caption across all columns, between two parts of the text."""
    rows = [part[1].split(" :: ") for part in write_document("wide_table", draft.seed)]
    caption = write("table_caption", draft.seed)

    def build(width: float, desk: Desk) -> list[Strip]:
        style = replace(STYLES["section"], role="caption")
        return [*set_text(caption, style, width, desk), *set_table(plain_table(rows), width, desk)]

    draft.insert(Piece(build, wide=True), 4)


def wide_heading(draft: Draft) -> None:
    """Put a heading across all columns, between two parts of the text."""
    text = write("wide_heading", draft.seed)
    style = replace(STYLES["section"], size=draft.random.uniform(1.3, 1.9))
    draft.insert(Piece(lambda width, desk: set_text(text, style, width, desk), wide=True), 4)


def picture(draft: Draft) -> None:
    """Print a photograph with a caption below it, in a column or across the page."""
    choose = draft.random
    caption, seed = write("picture_caption", draft.seed), choose.randrange(1 << 30)
    share, form = choose.uniform(0.5, 1.0), choose.uniform(0.5, 0.9)
    style = replace(STYLES["plain"], role="caption", size=0.85, italic=choose.random() < 0.5, below=0.8)

    def build(width: float, desk: Desk) -> list[Strip]:
        wide = width * share
        tall = min(wide * form, draft.frame.height * 0.35)
        left = (width - wide) / 2
        image = Figure("picture", (left, 4, left + wide, 4 + tall), seed=seed)
        return [Strip(tall + 8, 4, figures=(image,), keep=True), *set_text(caption, style, width, desk)]

    draft.insert(Piece(build, wide=choose.random() < 0.4), 3)
