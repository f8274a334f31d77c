import random

import pytest

from data.lines.corrected.line_texts import align_lines

LINES = [
    "Aos vinte e tres dias do mez de Abril de mil",
    "oitocentos e noventa, nesta villa de Porto Ale-",
    "gre, compareceu o cidadão João da Silva e disse",
    "que vendia a casa da rua da Praia, numero 12.",
]


@pytest.mark.parametrize("break_", ["\n", " ", "\n\n"])
def test_lines_as_printed_are_found_again(break_: str) -> None:
    assert align_lines(LINES, break_.join(LINES)) == LINES


def test_a_corrected_word_comes_into_its_line_and_a_joined_word_gets_its_hyphen_back() -> None:
    text = " ".join(LINES).replace("Ale- gre", "Alegre").replace("tres", "três").replace("numero 12", "numero 72")
    found = align_lines(LINES, text)
    assert found == [LINES[0].replace("tres", "três"), *LINES[1:3], LINES[3].replace("12", "72")]


@pytest.mark.parametrize("text", ["Dir-se-ia", "Dir- -se-ia", "dir-se-ia"])
def test_a_hyphen_that_is_printed_on_both_lines_stays_on_both(text: str) -> None:
    lines = ["antes de qualquer decisão. Dir-", "-se-ia que o orçamento é baixo"]
    first = text[:3]
    expected = [f"antes de qualquer decisão. {first}-", lines[1]]
    assert align_lines(lines, f"antes de qualquer decisão. {text} que o orçamento é baixo") == expected


def test_a_hyphen_of_the_word_is_no_second_one() -> None:
    lines = ["o melhor é ouvir o sócio-", "gerente da construtora"]
    assert align_lines(lines, "o melhor é ouvir o sócio-gerente da construtora") == lines


def test_a_line_that_was_deleted_or_torn_apart_gets_no_text() -> None:
    without = align_lines(LINES, f"{LINES[0]} {LINES[3]}")
    assert without[1] is None and without[2] is None
    assert set(without) <= {None, LINES[0], LINES[3]}
    moved = align_lines(LINES, " ".join([LINES[3], *LINES[:3]]))
    assert set(moved) <= {None, *LINES}


def test_words_that_were_added_beside_a_line_give_it_no_wrong_end() -> None:
    found = align_lines(LINES[:2], f"{LINES[0]} quinhentos e sessenta e quatro mais outros tantos {LINES[1]}")
    assert set(found) <= {None, *LINES[:2]}


def test_a_word_that_was_corrected_over_the_end_of_a_line_leaves_both_out() -> None:
    found = align_lines(["A sessão foi aberta pelo senhor presi-", "cente da camara municipal"], "A sessão foi aberta")
    assert found == [None, None]


@pytest.mark.parametrize("lines", [[], ["", ""], ["a"]])
def test_nothing_to_align(lines: list[str]) -> None:
    assert align_lines(lines, "") == [None] * len(lines)


def test_empty_lines_keep_their_places() -> None:
    assert align_lines(["", LINES[0], "  ", LINES[1]], " ".join(LINES[:2])) == [None, LINES[0], None, LINES[1]]


def test_misread_lines_get_their_true_text_or_none() -> None:
    """Lines with a tenth of their letters misread: most are found, and what is found is true."""
    source = random.Random(5)
    words = " ".join(LINES).replace("- ", "").split()
    true = [" ".join(source.choices(words, k=8)) for _ in range(60)]
    read = ["".join(source.choice("aeiou") if source.random() < 0.1 else sign for sign in line) for line in true]
    found = align_lines(read, " ".join(true))
    wrong = [pair for pair in zip(found, true, strict=True) if pair[0] not in (None, pair[1])]
    assert len(wrong) <= 1, wrong
    assert sum(text is not None for text in found) >= 50
