"""Identifiers are found as Brazilian documents write them and held to their own check digits."""

import pytest

from ocr.text import identifiers


def only(text: str) -> identifiers.Identifier:
    found = identifiers.find(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "kind", "value", "valid"),
    [
        ("CPF 529.982.247-25.", "cpf", "52998224725", True),
        ("CPF nº 529.982.247-26", "cpf", "52998224726", False),
        ("CPF: 52998224725", "cpf", "52998224725", True),
        ("o CPF/MF nº 529.982.247 - 25", "cpf", "52998224725", True),
        ("529.982.\n247-25", "cpf", "52998224725", True),
        ("111.111.111-11", "cpf", "11111111111", False),
        ("CNPJ 11.222.333/0001-81", "cnpj", "11222333000181", True),
        ("CNPJ 11.222.333/0001-18", "cnpj", "11222333000118", False),
        ("44.038.188/0001–32", "cnpj", "44038188000132", True),
        # The example of SERPRO's manual on the alphanumeric CNPJ.
        ("CNPJ 12.ABC.345/01DE-35", "cnpj", "12ABC34501DE35", True),
        ("CNPJ nº 12ABC34501DE36", "cnpj", "12ABC34501DE36", False),
        ("Processo nº 0000002-65.2005.4.05.8100,", "process", "00000026520054058100", True),
        ("0000002-56.2005.4.05.8100", "process", "00000025620054058100", False),
        ("em 29/02/2020", "date", "2020-02-29", True),
        ("em 29/02/2019", "date", "2019-02-29", False),
        ("31.12.1999", "date", "1999-12-31", True),
        ("Brasília, 1º de março de 2001.", "date", "2001-03-01", True),
        ("6 de Dezembro de\n2001", "date", "2001-12-06", True),
        ("R$ 1.234,56", "amount", "123456", True),
        ("R$1,00)", "amount", "100", True),
        ("R$ 1.000", "amount", "100000", True),
    ],
)
def test_one_identifier_is_found_with_its_value(text: str, kind: str, value: str, valid: bool) -> None:
    found = only(text)
    assert (found.kind, found.value, found.valid) == (kind, value, valid)
    assert text[found.start : found.start + len(found.text)] == found.text


@pytest.mark.parametrize(
    "text", ["", "06.122.0100.2438.0001", "12345678901", "1.2.3", "artigo 5º", "99/99", "R$ ", "2001-12-31/5/6"]
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert identifiers.find(text) == ()


def test_several_stand_in_order() -> None:
    text = "CPF 529.982.247-25, CNPJ 11.222.333/0001-81, em 06/12/2001, R$ 10,00"
    assert [found.kind for found in identifiers.find(text)] == ["cpf", "cnpj", "date", "amount"]


def test_every_single_digit_change_of_a_process_number_is_noticed() -> None:
    right = "0000002-65.2005.4.05.8100"
    for place, digit in enumerate(right):
        for other in "0123456789":
            if digit.isdigit() and other != digit:
                assert not only(right[:place] + other + right[place + 1 :]).valid


@pytest.mark.parametrize("base", ["529982247", "000000001", "123456789"])
def test_check_digits_make_a_valid_cpf(base: str) -> None:
    assert only(f"CPF {base}{identifiers.cpf_digits(base)}").valid
