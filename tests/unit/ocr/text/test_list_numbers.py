"""Roman numbers of list items are corrected where their neighbors decide, and Arabic ones stay."""

import pytest

from ocr.core.document import Line, Word
from ocr.text.list_numbers import correct_list_numbers
from ocr.text.post_correction import correct_lines

BOX = (0.0, 0.0, 100.0, 20.0)


def corrected(*texts: str) -> list[str]:
    return [line.text for line in correct_list_numbers([Line(text, BOX) for text in texts])]


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        (("1- a entrega;", "II - o laudo;"), ("I - a entrega;", "II - o laudo;")),
        (("1 – a;", "texto que segue", "II – b;"), ("I – a;", "texto que segue", "II – b;")),
        (("I - a;", "11 - b;", "111 - c;", "IV - d."), ("I - a;", "II - b;", "III - c;", "IV - d.")),
        (("I. a", "l1. b", "III. c"), ("I. a", "II. b", "III. c")),
        (("1 - a", "11 - b", "111 - c"), ("I - a", "II - b", "III - c")),
        (("I -", "II -", "IIIII -"), ("I -", "II -", "III -")),
        (("1) a", "II) b"), ("I) a", "II) b")),
        (("a) sim", "|- a", "b) não", "II- b"), ("a) sim", "I- a", "b) não", "II- b")),
    ],
)
def test_a_roman_neighbor_decides(read: tuple[str, ...], printed: tuple[str, ...]) -> None:
    assert corrected(*read) == list(printed)
    assert corrected(*printed) == list(printed)


@pytest.mark.parametrize(
    "printed",
    [
        ("1 - um", "2 - dois", "3 - três"),
        ("10 - dez", "11 - onze", "12 - doze"),
        ("1 - capítulo", "I - inciso", "II - inciso"),
        ("11 - onze", "I - inciso", "II - inciso", "12 - doze"),
        ("1 - um",),
        ("1- um", "11 - onze"),
        ("1 - um", "III - três"),
        ("1 - um", "II. Dois"),
        ("I - primeiro", "1 - um", "2 - dois", "II - segundo"),
        ("1.1 Este", "1.2 O", "II. Dos"),
        ("111 - cento e onze", "112 - cento e doze"),
        ("11 de maio", "III - três"),
    ],
)
def test_numbers_without_such_a_neighbor_stay(printed: tuple[str, ...]) -> None:
    assert corrected(*printed) == list(printed)


def test_the_words_follow_the_text() -> None:
    first = Line("1- a entrega", BOX, words=tuple(Word(text, BOX) for text in ("1-", "a", "entrega")))
    second = Line("II - b", BOX, words=tuple(Word(text, BOX) for text in ("II", "-", "b")))
    line = correct_list_numbers([first, second])[0]
    assert [word.text for word in line.words] == ["I", "-", "a", "entrega"]
    assert [word.box for word in line.words[:2]] == [(0.0, 0.0, 50.0, 20.0), (50.0, 0.0, 100.0, 20.0)]


def test_a_marker_that_stands_alone_is_corrected_with_the_page() -> None:
    lines = [Line(text, BOX) for text in ("1-", "a entrega;", "II -", "o laudo;", "ⅢII -", "decide o Diretor.")]
    assert [line.text for line in correct_lines(lines)][::2] == ["I -", "II -", "III -"]
