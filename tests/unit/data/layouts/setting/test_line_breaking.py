"""Lines are as full as they can be, and words are divided where Portuguese divides them."""

import pytest

pytest.importorskip("fontTools")

from data.layouts.setting.glyph_metrics import font_of, measure
from data.layouts.setting.line_breaking import Ink, Measure, Token, break_lines, hyphen_points, line_width, tokens_of
from ocr.core.errors import DataError

INK = Ink(font_of("tinos"), 12)


def said(text: str, shape: Measure) -> list[str]:
    return [" ".join(word.text for word in row) for row in break_lines(tokens_of(text, INK), shape)]


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("constituição", "cons-ti-tui-ção"), ("prorrogado", "pror-ro-ga-do"), ("trabalhador", "tra-ba-lha-dor"),
        ("Secretaria,", "Se-cre-ta-ria,"), ("20/11/1998", "20/11/1998"), ("casa", "casa"),
    ],
)  # fmt: skip
def test_words_are_divided_between_syllables(word: str, syllables: str) -> None:
    cuts = {len("".join(syllables.split("-")[:n])) for n in range(1, syllables.count("-") + 1)}
    assert set(hyphen_points(word)) <= cuts
    assert len(hyphen_points(word)) >= min(2, len(cuts))


def test_no_line_is_wider_than_its_column() -> None:
    text = "A constituição do trabalhador prorrogado depende de processo administrativo regularmente instaurado."
    for row in break_lines(tokens_of(text, INK), Measure(90, hyphenate=True, align="justify")):
        last = row[-1]
        assert last.x + measure(last.ink.font, last.text).advance * 12 <= 90.01
    joined = "".join(said(text, Measure(90, hyphenate=True))).replace("-", "").replace(" ", "")
    assert joined == text.replace(" ", "")


def test_a_word_wider_than_the_column_is_cut() -> None:
    rows = said("x" * 60, Measure(50))
    assert len(rows) > 3 and "".join(rows) == "x" * 60


def test_justified_lines_reach_the_edge_except_the_last() -> None:
    rows = break_lines(
        tokens_of("um dois tres quatro cinco seis sete oito nove dez", INK), Measure(100, align="justify")
    )
    ends = [row[-1].x + measure(INK.font, row[-1].text).advance * 12 for row in rows]
    assert all(end == pytest.approx(100) for end in ends[:-1]) and ends[-1] < 100


def test_a_drop_cap_moves_the_first_lines() -> None:
    rows = break_lines(tokens_of("palavra " * 30, INK), Measure(200, dent_rows=2, dent=40))
    assert [row[0].x for row in rows[:3]] == [40, 40, 0]


def test_glued_words_have_no_space() -> None:
    letters = [Token(letter, INK, glued=n > 0) for n, letter in enumerate("EDITAL")]
    assert line_width(letters) == pytest.approx(sum(measure(INK.font, letter).advance * 12 for letter in "EDITAL"))


def test_a_missing_glyph_is_named() -> None:
    with pytest.raises(DataError, match="漢"):
        measure(INK.font, "漢")
