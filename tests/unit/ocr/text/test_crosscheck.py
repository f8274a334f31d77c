"""Omissions, inventions and changed digits raise doubts with their place; misreadings and another order do not."""

import pytest

from ocr.core.document import Line
from ocr.text.crosscheck import Discrepancy, cross_examine

PAGE = [
    "TRIBUNAL DE JUSTIÇA DO ESTADO DE PERNAMBUCO",
    "Processo nº 0001234-19.2019.8.17.2001, da terceira vara cível da capital.",
    "O requerente, Manuel Gonçalves da Silva, CPF 529.982.247-25, residente",
    "na rua da Aurora, 1.275, alegou que o réu deixou de pagar os aluguéis",
    "vencidos entre 12 de março de 1998 e 30 de junho de 1999, no valor de",
    "R$ 4.560,00, acrescidos de juros e correção monetária desde a citação.",
    "Ouvido, o réu confessou a dívida e pediu prazo para o seu pagamento.",
    "Recife, 14 de setembro de 2001.",
]
TEXT = "\n".join(PAGE)


def read(lines: list[str], confidence: float = 0.98) -> list[Line]:
    """Witness lines, one under the other."""
    return [Line(text, (100, 40 * at, 900, 40 * at + 30), confidence) for at, text in enumerate(lines)]


def only(doubts: tuple[Discrepancy, ...]) -> Discrepancy:
    assert len(doubts) == 1, doubts
    return doubts[0]


def test_two_readings_that_agree_raise_no_doubt() -> None:
    assert cross_examine(TEXT, read(PAGE)) == ()


def test_the_order_of_lines_says_nothing() -> None:
    assert cross_examine(TEXT, read(PAGE[::-1])) == ()
    assert cross_examine("\n".join(PAGE[4:] + PAGE[:4]), read(PAGE)) == ()


def test_the_witness_may_misread() -> None:
    seen = [line.replace("ç", "c").replace("de", "do").replace("ã", "a").replace("nº", "n°") for line in PAGE]
    seen[6] = "0uvid0, o réu confossou a divida o podiu praz0 para o seu pagarnento."
    assert cross_examine(TEXT, read(seen)) == ()


def test_lines_may_break_elsewhere() -> None:
    words = TEXT.split()
    seen = [" ".join(words[at : at + 7]) for at in range(0, len(words), 7)]
    assert cross_examine(TEXT, read(seen)) == ()


@pytest.mark.parametrize("at", range(7))
def test_an_omitted_line_is_missed_where_it_stands(at: int) -> None:
    doubt = only(cross_examine("\n".join(PAGE[:at] + PAGE[at + 1 :]), read(PAGE)))
    assert doubt.kind == "omitted"
    assert doubt.box == (100, 40 * at, 900, 40 * at + 30)
    assert PAGE[at] in doubt.reason


def test_a_line_written_twice_is_one_too_many() -> None:
    doubt = only(cross_examine("\n".join([*PAGE, PAGE[6]]), read(PAGE)))
    assert doubt.kind == "invented"


def test_an_omitted_twin_is_missed() -> None:
    assert only(cross_examine(TEXT, read([*PAGE, PAGE[6]]))).kind == "omitted"


def test_an_invented_line_is_shown() -> None:
    made_up = "Publique-se, registre-se e cumpra-se imediatamente o mandado."
    text = "\n".join([*PAGE[:5], made_up, *PAGE[5:]])
    doubt = only(cross_examine(text, read(PAGE)))
    assert doubt.kind == "invented"
    assert doubt.span is not None
    assert text[slice(*doubt.span)] == made_up.rstrip(".")


def test_a_whole_page_made_up_is_shown_where_the_witness_sees_nothing() -> None:
    assert only(cross_examine(TEXT, ())).kind == "invented"


@pytest.mark.parametrize(
    ("true", "wrong"),
    [("1.275", "1.215"), ("1998", "1993"), ("4.560,00", "4.660,00"), ("14 de", "11 de"), ("30 de", "39 de")],
)
def test_a_changed_number_is_shown_with_its_place(true: str, wrong: str) -> None:
    text = TEXT.replace(true, wrong)
    doubt = only(cross_examine(text, read(PAGE)))
    assert doubt.kind == "number"
    assert doubt.span is not None
    assert text[slice(*doubt.span)] == wrong.removesuffix(" de")


def test_letters_read_for_digits_are_digits() -> None:
    assert cross_examine(TEXT, read([line.replace("1.275", "I.275").replace("1998", "l998") for line in PAGE])) == ()


def test_check_digits_speak_against_the_text() -> None:
    kinds = {doubt.kind for doubt in cross_examine(TEXT.replace("529.982.247-25", "529.982.241-25"), read(PAGE))}
    assert "check digits" in kinds


def test_check_digits_speak_for_the_text() -> None:
    assert cross_examine(TEXT, read([line.replace("529.982.247-25", "529.982.241-25") for line in PAGE])) == ()


def test_what_the_paper_has_wrong_is_no_doubt() -> None:
    wrong = [line.replace("529.982.247-25", "529.982.241-25") for line in PAGE]
    assert cross_examine("\n".join(wrong), read(wrong)) == ()


def test_a_witness_who_cannot_read_the_page_is_not_heard() -> None:
    assert cross_examine("", read(PAGE, confidence=0.6)) == ()


def test_a_line_that_the_witness_doubts_is_not_missed() -> None:
    lines = [*read(PAGE), Line("nodoa ou carimbo ilegivel na margem", (0, 0, 9, 9), 0.4)]
    assert cross_examine(TEXT, lines) == ()


@pytest.mark.parametrize("text", ["", " \n", "0", "º", "—"])
def test_nothing_against_nothing(text: str) -> None:
    assert cross_examine(text, ()) == ()
