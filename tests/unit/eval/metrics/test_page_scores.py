"""What each score says at its edges: the cases that docs/concepts/metrics.md promises."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import page_scores
from eval.metrics.composite import canonical, flatten, published, strict
from eval.metrics.diacritics import count_diacritics, sum_counts
from eval.metrics.edit_distance import character_errors, word_errors
from eval.metrics.page_scores import Pair, score_page, score_pages, sum_identifiers


def page(**fields: str) -> str:
    return json.dumps(fields, ensure_ascii=False)


def test_flattening_joins_what_is_not_empty_in_the_order_written() -> None:
    assert flatten(page(text="corpo", header="", footer="pé")) == "corpo\npé"
    assert flatten('{"text": null, "n": 3, "header": "topo"}') == "3\ntopo"
    assert flatten("```json\n{}\n```") == "```json\n{}\n```"
    assert flatten("plain") == "plain"
    assert flatten("[1]") == "[1]"


@pytest.mark.parametrize(("words", "score"), [(1, 0.178), (2, 0.316), (3, 0.562), (4, 1.0)])
def test_published_keeps_the_quirk_of_short_texts(words: int, score: float) -> None:
    text = " ".join("abcd"[:words])
    assert published(text, text).bleu == pytest.approx(score, abs=5e-4)
    assert strict(text, text).score == 1.0


def test_blank_read_as_blank() -> None:
    assert published("", "").score == 0.0
    assert strict("", "").score == 1.0
    assert strict(page(text=""), page()).score == 1.0
    assert strict("", "x").score == strict("x", "").score == 0.0


def test_key_order_counts_in_the_published_composite_only() -> None:
    truth, turned = (
        page(header="topo da folha", text="corpo do texto"),
        page(text="corpo do texto", header="topo da folha"),
    )
    assert published(truth, turned).score < 1
    assert strict(truth, turned).score == 1.0
    assert canonical(turned) == "topo da folha\ncorpo do texto"


def test_a_short_page_with_one_error_is_not_punished_for_its_length() -> None:
    assert strict("Brasília DF", "Brasília DE").score > published("Brasília DF", "Brasília DE").score


def test_error_rates_pass_one_and_empty_truth_counts_edits() -> None:
    assert character_errors("ab", "abcdef", "raw").rate == 2.0
    assert character_errors("", "abc", "raw").rate == 3.0
    assert character_errors("", "", "raw").rate == 0.0
    assert word_errors("a\nb", "a b").rate == 0.0


def test_forms_differ_in_white_space_and_composition() -> None:
    truth, reading = "a\u0303 linha\nquebrada", "ã linha quebrada"
    assert character_errors(truth, reading, "raw").edits == 3
    assert character_errors(truth, reading, "normalized").edits == 0
    assert character_errors("duas palavras", "duaspalavras", "dense").edits == 0
    with pytest.raises(ValueError, match="no words"):
        word_errors("a", "a", "dense")


def test_the_fate_of_every_accent() -> None:
    table = count_diacritics("ação é São nº 1ª § Ú", "açao e Sâo n° 1a  Ú")
    assert table["ã"] == {"kept": 0, "dropped": 1, "wrong": 1, "lost": 0}
    assert table["ç"]["kept"] == 1
    assert table["é"]["dropped"] == 1
    assert table["º"]["wrong"] == table["ª"]["wrong"] == table["§"]["lost"] == 1
    assert table["ú"]["kept"] == 1
    assert list(sum_counts([table, table])) == ["ã", "ç", "é", "ú", "º", "ª", "§"]
    assert sum_counts([table, table])["ã"]["dropped"] == 2


@given(st.text(alphabet="aãáâçcoõ §º \n", max_size=60), st.text(alphabet="aãáâçcoõ §º \n", max_size=60))
def test_every_accent_of_the_truth_has_one_fate(truth: str, reading: str) -> None:
    for letter, fates in count_diacritics(truth, reading).items():
        assert sum(fates.values()) == truth.count(letter) + (
            truth.count(letter.upper()) if letter.isalpha() and letter.upper() != letter else 0
        )
        assert min(fates.values()) >= 0


def test_identifiers_are_right_only_when_exact() -> None:
    truth = "CPF 529.982.247-25 e CPF 529.982.247-25, CNPJ 11.222.333/0001-81, em 06/12/2001"
    reading = "CPF 529.982.247-25 e CPF 529.982.247-26, CNPJ 11.222.333/0001 - 81, em 06/12/2007"
    found = score_page(Pair(truth, reading)).identifiers
    assert found["cpf"] == page_scores.IdentifierCount(true=2, right=1, read=2, failing=1, failing_wrong=1)
    assert found["cnpj"].right == 1
    assert found["date"] == page_scores.IdentifierCount(true=1, right=0, read=1)
    assert sum_identifiers([score_page(Pair(truth, reading))] * 2)["cpf"].true == 4


def test_fields_are_scored_apart_and_only_where_there_are_fields() -> None:
    truth = page(header="topo", text="corpo")
    swapped = score_page(Pair(truth, page(header="corpo", text="topo"))).fields
    assert (swapped["header"].rate, swapped["text"].rate) == (2 / 4, 2 / 5)
    assert score_page(Pair(truth, page(text="corpo", margin="selo"))).fields["margin"].edits == 4
    assert score_page(Pair("plain", page(text="plain"))).fields == {}


def test_the_published_composite_scores_the_response_as_written() -> None:
    pair = Pair("um dois três quatro", page(text="um dois três quatro"), response="```\num dois três quatro\n```")
    assert score_page(pair).published.score < 1.0 == score_page(pair).strict.score


@given(st.text(max_size=200), st.text(max_size=200))
def test_every_pair_has_scores_within_bounds(truth: str, reading: str) -> None:
    score = score_page(Pair(truth, reading))
    assert 0 <= score.published.score <= 1
    assert 0 <= score.strict.score <= 1
    assert (score.strict.score == 1) == (canonical(truth) == canonical(reading))


def test_two_workers_give_what_one_gives() -> None:
    pairs = [
        Pair(f"página número {n} de um processo", f"pagina número {n} de um") for n in range(page_scores.POOL_FROM)
    ]
    assert score_pages(pairs, workers=2) == score_pages(pairs, workers=1)
