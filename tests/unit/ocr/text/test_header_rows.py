import pytest

from ocr.core.document import CellSpan
from ocr.text.header_rows import count_header_rows

BODY = (("Motorista", "CC-7", "1", "767,10"), ("Arquivista", "CC-6", "17", "386,08"))


@pytest.mark.parametrize(
    "head",
    [
        ("Função", "Símbolo", "Quantidade", "Vencimento (R$)"),
        ("Setor", "Grau", "1997", "2006"),
        ("", "Símbolo", "Quantidade", "Vencimento"),
    ],
)
def test_words_and_years_over_figures_are_heads(head: tuple[str, ...]) -> None:
    assert count_header_rows((head, *BODY)) == 1


def test_groups_of_columns_make_two_rows_of_heads() -> None:
    figures = ("Sobral", "193", "775", "15,7", "102")
    under = ("", "Jan.", "Total", "Jan.", "Total")
    assert count_header_rows((("Município", "Zona urbana", "", "Zona rural", ""), under, figures)) == 2
    assert count_header_rows((("", "Zona urbana", "", "Zona rural", ""), ("Município", *under[1:]), figures)) == 2
    stub = (CellSpan(0, 0, rows=2), CellSpan(0, 1, columns=2), CellSpan(0, 3, columns=2))
    assert count_header_rows((("Município", "Zona urbana", "", "Zona rural", ""), under, figures), stub) == 2


@pytest.mark.parametrize(
    "rows",
    [
        BODY,
        (("Nome:", "Maria da Silva"), ("CPF:", "123.456.789-00"), ("CEP:", "70000-000")),
        (("Maria da Silva", "presente"), ("João de Souza", "ausente")),
        (("TRANSPORTE ESCOLAR", "", ""), ("MERENDA", "395", "398"), ("LIMPEZA", "17", "21")),
        (("Item", "Valor"),),
        (("Item",), ("1",)),
        (),
    ],
    ids=["continued", "form", "words alone", "a section", "one row", "one column", "nothing"],
)
def test_other_tables_have_no_heads(rows: tuple[tuple[str, ...], ...]) -> None:
    assert count_header_rows(rows) == 0


def test_usual_words_are_heads_without_figures_below() -> None:
    assert (
        count_header_rows((("Nome", "Cargo", "Situação"), ("Maria", "Fiscal", "ativa"), ("José", "Juiz", "ativo"))) == 1
    )
