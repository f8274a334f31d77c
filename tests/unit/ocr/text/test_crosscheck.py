"""Omissions, inventions and changed digits are discrepancies; misreadings and another order are not."""

import pytest

from ocr.core.document import Line
from ocr.text.crosscheck import Discrepancy, find_discrepancies

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
    """Lines of the built-in engine, one under the other."""
    return [Line(text, (100, 40 * at, 900, 40 * at + 30), confidence) for at, text in enumerate(lines)]


def only(found: tuple[Discrepancy, ...]) -> Discrepancy:
    assert len(found) == 1, found
    return found[0]


def test_equal_readings_have_no_discrepancy() -> None:
    assert find_discrepancies(TEXT, read(PAGE)) == ()


def test_the_order_of_lines_says_nothing() -> None:
    assert find_discrepancies(TEXT, read(PAGE[::-1])) == ()
    assert find_discrepancies("\n".join(PAGE[4:] + PAGE[:4]), read(PAGE)) == ()


def test_the_built_in_engine_may_misread() -> None:
    seen = [line.replace("ç", "c").replace("de", "do").replace("ã", "a").replace("nº", "n°") for line in PAGE]
    seen[6] = "0uvid0, o réu confossou a divida o podiu praz0 para o seu pagarnento."
    assert find_discrepancies(TEXT, read(seen)) == ()


def test_lines_may_break_elsewhere() -> None:
    words = TEXT.split()
    seen = [" ".join(words[at : at + 7]) for at in range(0, len(words), 7)]
    assert find_discrepancies(TEXT, read(seen)) == ()


@pytest.mark.parametrize("at", range(7))
def test_an_omitted_line_is_missed_where_it_stands(at: int) -> None:
    one = only(find_discrepancies("\n".join(PAGE[:at] + PAGE[at + 1 :]), read(PAGE)))
    assert one.kind == "omitted"
    assert one.box == (100, 40 * at, 900, 40 * at + 30)
    assert PAGE[at] in one.reason


def test_a_line_written_twice_is_one_too_many() -> None:
    one = only(find_discrepancies("\n".join([*PAGE, PAGE[6]]), read(PAGE)))
    assert one.kind == "invented"


def test_an_omitted_twin_is_missed() -> None:
    assert only(find_discrepancies(TEXT, read([*PAGE, PAGE[6]]))).kind == "omitted"


def test_an_invented_line_is_shown() -> None:
    made_up = "Publique-se, registre-se e cumpra-se imediatamente o mandado."
    text = "\n".join([*PAGE[:5], made_up, *PAGE[5:]])
    one = only(find_discrepancies(text, read(PAGE)))
    assert one.kind == "invented"
    assert one.span is not None
    assert text[slice(*one.span)] == made_up.rstrip(".")


def test_a_whole_page_made_up_is_shown_where_the_built_in_engine_reads_nothing() -> None:
    assert only(find_discrepancies(TEXT, ())).kind == "invented"


@pytest.mark.parametrize(
    ("true", "wrong"),
    [("1.275", "1.215"), ("1998", "1993"), ("4.560,00", "4.660,00"), ("14 de", "11 de"), ("30 de", "39 de")],
)
def test_a_changed_number_is_shown_with_its_place(true: str, wrong: str) -> None:
    text = TEXT.replace(true, wrong)
    one = only(find_discrepancies(text, read(PAGE)))
    assert one.kind == "number"
    assert one.span is not None
    assert text[slice(*one.span)] == wrong.removesuffix(" de")


def test_letters_read_for_digits_are_digits() -> None:
    misread = [line.replace("1.275", "I.275").replace("1998", "l998") for line in PAGE]
    assert find_discrepancies(TEXT, read(misread)) == ()


def test_check_digits_speak_against_the_text() -> None:
    kinds = {one.kind for one in find_discrepancies(TEXT.replace("529.982.247-25", "529.982.241-25"), read(PAGE))}
    assert "check digits" in kinds


def test_check_digits_speak_for_the_text() -> None:
    assert find_discrepancies(TEXT, read([line.replace("529.982.247-25", "529.982.241-25") for line in PAGE])) == ()


def test_what_the_paper_has_wrong_is_no_discrepancy() -> None:
    wrong = [line.replace("529.982.247-25", "529.982.241-25") for line in PAGE]
    assert find_discrepancies("\n".join(wrong), read(wrong)) == ()


def test_an_unsure_page_is_not_compared() -> None:
    assert find_discrepancies("", read(PAGE, confidence=0.6)) == ()


def test_an_unsure_line_is_not_missed() -> None:
    lines = [*read(PAGE), Line("nodoa ou carimbo ilegivel na margem", (0, 0, 9, 9), 0.4)]
    assert find_discrepancies(TEXT, lines) == ()


@pytest.mark.parametrize("text", ["", " \n", "0", "º", "—"])
def test_nothing_against_nothing(text: str) -> None:
    assert find_discrepancies(text, ()) == ()
