"""An image of two book pages is ordered page by page; one page with two columns or a wide table is not."""

from ocr.core.document import Attempt, EngineOutput, Line, Page
from ocr.pipeline.page_builder import SplitSpreads, arrangement_of, build_page, find_gutter

WIDTH, HEIGHT = 2400, 1700


def line(text: str, left: float, top: float, right: float) -> Line:
    return Line(text, (left, top, right, top + 30), 0.99)


def half(name: str, left: float, rows: int = 20) -> list[Line]:
    """A running head, lines of text and a page number."""
    body = [line(f"{name} linha {row} do texto corrido", left, 250 + 50 * row, left + 900) for row in range(rows)]
    head = line(f"CAPÍTULO {name.upper()}", left + 300, 90, left + 600)
    foot = line("folha doze" if left < WIDTH / 2 else "folha treze", left + 430, 1600, left + 470)
    return [head, *body, foot]


def spread(width: int = WIDTH) -> EngineOutput:
    lines = [*half("esquerda", 140), *half("direita", 1360)]
    return EngineOutput("stop", lines=tuple(sorted(lines, key=lambda each: each.box[1])), width=width, height=HEIGHT)


def built(output: EngineOutput, spreads: SplitSpreads = "auto") -> Page:
    return build_page(Attempt(output, "ok"), 5, spreads=spreads)


def test_the_left_page_stands_before_the_right_one_in_each_field() -> None:
    page = built(spread())
    assert page.number == 5
    rows = [row for row in page.text.split("\n") if "linha" in row]
    assert [row.split()[0] for row in rows] == ["esquerda"] * 20 + ["direita"] * 20
    printed = "\n".join((page.header, page.text, page.footer))
    assert printed.index("CAPÍTULO ESQUERDA") < printed.index("CAPÍTULO DIREITA")
    assert printed.index("folha doze") < printed.index("folha treze")
    assert (page.width, page.height, page.flags) == (WIDTH, HEIGHT, ())


def test_boxes_stay_on_the_image_and_blocks_are_numbered_on() -> None:
    output = spread()
    page = built(output)
    boxes = {each.text: each.box for each in output.lines or ()}
    assert len(page.lines) == len(boxes)
    assert all(each.box == boxes[each.text] for each in page.lines)
    left = {each.block for each in page.lines if each.box[2] < WIDTH / 2}
    right = {each.block for each in page.lines if each.box[0] > WIDTH / 2}
    assert not (left & right) - {None}


def test_off_leaves_a_spread_and_flags_it() -> None:
    page = built(spread(), "off")
    assert any("--split-spreads auto" in flag for flag in page.flags)
    assert arrangement_of(spreads="off") != arrangement_of() == arrangement_of(spreads="auto")


def test_other_pages_are_no_spreads() -> None:
    assert find_gutter(spread()) is not None
    assert find_gutter(EngineOutput("stop", lines=(), width=WIDTH, height=HEIGHT)) is None
    tall = EngineOutput("stop", lines=spread().lines, width=WIDTH, height=2300)
    assert find_gutter(tall) is None
    title = line("RELATÓRIO ANUAL DE CONTAS", 900, 150, 1500)
    assert find_gutter(EngineOutput("stop", lines=(title, *(spread().lines or ())), width=WIDTH, height=HEIGHT)) is None
    narrow = [*half("a", 290), *half("b", 1230)]
    assert find_gutter(EngineOutput("stop", lines=tuple(narrow), width=WIDTH, height=HEIGHT)) is None
    cells = [line("1.234,56", left, 200 + 60 * row, left + 160) for row in range(20) for left in (200, 700, 1500, 2000)]
    assert find_gutter(EngineOutput("stop", lines=tuple(cells), width=WIDTH, height=HEIGHT)) is None
