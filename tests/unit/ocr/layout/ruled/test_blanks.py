from ocr.core.document import EngineOutput, Line
from ocr.layout.page import arrange
from ocr.layout.ruled.blanks import MARK, find_blanks

HEIGHT = 40.0
LABELS = [Line("Nome:", (54, 50, 164, 89), 0.99), Line("RG:", (851, 49, 925, 90), 0.99)]
RULES = [(164.0, 82.0, 844.0, 86.0), (924.0, 82.0, 1194.0, 86.0)]


def test_lines_beside_labels_are_blanks() -> None:
    assert find_blanks(LABELS, RULES, HEIGHT) == [0, 1]


def test_underlines_and_borders_are_no_blanks() -> None:
    assert find_blanks([Line("Assinatura", (170, 48, 400, 90))], [(164.0, 86.0, 420.0, 88.0)], HEIGHT) == []
    assert find_blanks(LABELS, [RULES[0], (300.0, 40.0, 302.0, 200.0)], HEIGHT) == []
    assert find_blanks(LABELS, [RULES[0], (164.0, 60.0, 844.0, 62.0)], HEIGHT) == []
    assert find_blanks([], RULES, HEIGHT) == []


def test_a_form_line_keeps_its_blanks_and_is_no_table() -> None:
    lines = [
        Line(text, (left, 50 + 80 * row, left + 110, 89 + 80 * row), 0.99)
        for row in range(3)
        for text, left in (("Nome:", 54), ("RG:", 854))
    ]
    rulings = [(left, 84 + 80 * row, left + 600, 86 + 80 * row) for row in range(3) for left in (170.0, 970.0)]
    page = arrange(EngineOutput("stop", lines=tuple(lines), width=1600, height=480, rulings=tuple(rulings)), 1)
    assert page.text.splitlines() == [f"Nome: {MARK} RG: {MARK}"] * 3
    assert page.tables == ()
