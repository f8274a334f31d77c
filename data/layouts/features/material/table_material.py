"""Tables of other looks: spans, columns far apart without rules, heads on end, tables that continue."""

from dataclasses import replace

from data.layouts.draft import Draft
from data.layouts.page_flow import Piece
from data.layouts.setting.block_setting import STYLES, set_text
from data.layouts.setting.line_breaking import Align
from data.layouts.setting.strips import Desk, Strip
from data.layouts.setting.table_setting import Cell, Ruling, TableContent, set_table
from data.synthesis.typesetting import CELL
from data.text.generators import write, write_document

_NUMBER_SIGNS = frozenset("0123456789.,-%R$/ ")


def spanned_table(draft: Draft) -> None:
    """Print a table whose head has groups of columns, and whose first column spans several rows."""
    choose = draft.random
    groups = [write("table_group", f"{draft.seed}/{n}") for n in range(choose.randint(2, 3))]
    under = [write("table_period", f"{draft.seed}/{n}") for n in range(choose.randint(2, 3))]
    head = [Cell(write("table_stub", draft.seed), row_span=2)]
    if two_stubs := choose.random() < 0.5:
        head.append(Cell("Item", row_span=2))
    head += [Cell(group, column_span=len(under), align="center") for group in groups]
    rows: list[tuple[Cell, ...]] = [tuple(head), tuple(Cell(name, align="center") for _ in groups for name in under)]
    columns = len(groups) * len(under)
    for n in range(choose.randint(2, 5)):
        tall = choose.randint(1, 3) if two_stubs else 1
        for r in range(tall):
            stub = [Cell(write("table_thing", f"{draft.seed}/{n}"), row_span=tall)] if r == 0 else []
            item = [Cell(write("an_m", f"{draft.seed}/{n}/{r}"))] if two_stubs else []
            figures = [Cell(_figure(draft), align="right") for _ in range(columns)]
            rows.append((*stub, *item, *figures))
    if choose.random() < 0.5:
        label = Cell("TOTAL", column_span=2 if two_stubs else 1)
        rows.append((label, *(Cell(_figure(draft), align="right") for _ in range(columns))))
    ruling: Ruling = choose.choice(("grid", "grid", "columns", "rows"))
    _add_table(draft, TableContent(tuple(rows), header_rows=2, ruling=ruling, size=choose.uniform(0.72, 0.86)))


def _figure(draft: Draft) -> str:
    """Return a number, or a sign for none."""
    choose = draft.random
    if choose.random() < 0.08:
        return choose.choice(("-", "–", "...", ""))
    return choose.choice((f"{choose.randint(0, 999)}", f"{choose.randint(0, 99)},{choose.randint(0, 9)}"))


def open_table(draft: Draft) -> None:
    """Print a table without vertical rules: columns stand far apart, figures at their right edge."""
    choose = draft.random
    rows = _body_rows("wide_table", f"{draft.seed}/open")
    gap = choose.uniform(6, 40)
    ruling: Ruling = choose.choice(("none", "none", "head", "rows", "frame", "columns"))
    right = choose.random() < 0.6
    most = max(map(len, rows))
    aligns = [_align_of(text, right) for text in next(row for row in rows[::-1] if len(row) == most)]
    over: list[Align] = ["left"] * len(aligns) if choose.random() < 0.4 else aligns
    cells = tuple(
        tuple(Cell(text, align=align) for text, align in zip(row, aligns if n else over, strict=False))
        for n, row in enumerate(rows)
    )
    content = TableContent(
        cells, choose.choice((1, 1, 0)), ruling, choose.uniform(0.8, 1.0), stretch=choose.random() < 0.7, gap=gap
    )
    _add_table(draft, content)


def _align_of(text: str, right: bool) -> Align:
    return "right" if right and set(text) <= _NUMBER_SIGNS else "left"


def _body_rows(symbol: str, seed: str) -> list[list[str]]:
    return [text.split(CELL) for style, text in write_document(symbol, seed) if style == "row"]


def upright_heads(draft: Draft) -> None:
    """Print a table of many narrow columns whose heads run up the page."""
    choose = draft.random
    heads = [write("table_period", f"{draft.seed}/{n}") for n in range(choose.randint(5, 12))]
    names = [write("table_stub", draft.seed)]
    head = [Cell(names[0]), *(Cell(text, upright=True) for text in heads)]
    rows = [tuple(head)]
    for n in range(choose.randint(4, 12)):
        thing = Cell(write("table_thing", f"{draft.seed}/{n}"))
        rows.append((thing, *(Cell(str(choose.randint(0, 99)), align="center") for _ in heads)))
    _add_table(draft, TableContent(tuple(rows), size=choose.uniform(0.7, 0.85)))


def continued_table(draft: Draft) -> None:
    """Open the page with the rest of a table, without its head or with the head again."""
    choose = draft.random
    head, *rows = _body_rows("wide_table", draft.seed)
    for n in range(12):
        other, *more = _body_rows("wide_table", f"{draft.seed}/{n}")
        rows += more if other == head else []
    repeated = choose.random() < 0.4
    cells = tuple(tuple(Cell(text) for text in row) for row in ([head, *rows] if repeated else rows))
    ruling: Ruling = choose.choice(("grid", "columns", "rows", "none"))
    content = TableContent(cells, int(repeated), ruling, continued=True, gap=0.0 if ruling == "grid" else 12.0)
    said = choose.choice(("(continuação)", "Continuação da página anterior", ""))

    def build(width: float, desk: Desk) -> list[Strip]:
        note = set_text(said, replace(STYLES["plain"], role="caption", italic=True, below=0.3), width, desk)
        return [*(note if said else []), *set_table(content, width, desk)]

    draft.pieces.insert(0, Piece(build, wide=True))


def _add_table(draft: Draft, content: TableContent) -> None:
    """Insert a table, across all columns, with a caption above or a source below it."""
    choose = draft.random
    caption = write("table_caption", f"{draft.seed}/{len(content.rows)}")
    source = write("table_source", draft.seed) if choose.random() < 0.5 else ""
    style = replace(STYLES["plain"], role="caption", bold=choose.random() < 0.5, below=0.1, keep=True)
    style = replace(style, align=choose.choice(("left", "center")))

    def build(width: float, desk: Desk) -> list[Strip]:
        below = replace(STYLES["plain"], role="caption", size=0.8, below=0.5)
        note = set_text(source, below, width, desk) if source else []
        return [*set_text(caption, style, width, desk), *set_table(content, width, desk), *note]

    draft.insert(Piece(build, wide=True), 4)
