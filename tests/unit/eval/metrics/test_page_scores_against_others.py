"""Each metric equals an independent implementation of its stated definition, on random and on hostile pairs."""

import random
import warnings

import jiwer
import pytest
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rapidfuzz.distance import Levenshtein

from eval.metrics.composite import bleu, published, strict
from eval.metrics.edit_distance import character_errors, in_form, word_errors

COUNT = 1_000
WORDS = [
    "o",
    "a",
    "de",
    "juízo",
    "réu",
    "ação",
    "não",
    "são",
    "§",
    "º",
    "1ª",
    "R$",
    "10,00",
    "�",
    "𝄞",
    "é",
    "\u200b",
    "...",
    "|",
    "0,00",
    "Brasília",
]
SPACES = [" ", "\n", "\t", "  ", "\u00a0", "\r\n", "\x1f", "\u2028"]
HOSTILE = [
    ("", ""), ("", "a"), ("a", ""), (" ", "\n"), ("a", "a"), ("a b", "a b"), ("a b c", "a b c"), ("a b c d", "a b c d"),
    ("a b c d", "a\nb\nc\nd"), ("ação", "ac\u0327a\u0303o"), ("x " * 3000, "x"), ("x", "x " * 3000), ("{", "}"),
    ("{}", ""), ("[1, 2]", "[1, 2]"), ("a" * 5000, "b" * 5000), ("\U0001f600 a b c d", "\U0001f600 a b c e"),
    ("a b c d e", "e d c b a"), ("a a a a", "a a a a a a"), ("um dois três quatro", "um dois três"),
    ("\x00 \x00", "\x00"),
]  # fmt: skip


def make_pairs() -> list[tuple[str, str]]:
    source = random.Random(20_261_121)
    pairs = list(HOSTILE)
    while len(pairs) < COUNT:
        truth = "".join(
            source.choice(WORDS) + source.choice(SPACES) for _ in range(source.choice([1, 2, 3, 4, 5, 30, 200]))
        )
        letters = list(truth)
        for _ in range(source.choice([0, 1, 2, 10, len(letters)])):
            place = source.randrange(len(letters) + 1)
            letters[place : place + source.randrange(3)] = source.choice(["", "a", "ã", " ", "não ", "\n"])
        pairs.append((truth, "".join(letters)))
    return pairs


PAIRS = make_pairs()


def reference_bleu(truth: str, answer: str, order: int = 4) -> float:
    weights = (1 / order,) * order
    smooth = SmoothingFunction().method1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(sentence_bleu([truth.split()], answer.split(), weights=weights, smoothing_function=smooth))


def test_bleu_equals_nltk() -> None:
    for truth, answer in PAIRS:
        assert bleu(truth.split(), answer.split()) == pytest.approx(reference_bleu(truth, answer), abs=1e-9)


def test_published_composite_equals_rapidfuzz_and_nltk() -> None:
    for truth, answer in PAIRS:
        if truth.lstrip().startswith("{"):
            continue
        ratio = Levenshtein.normalized_similarity(truth, answer) if truth or answer else 0.0
        expected = (ratio + reference_bleu(truth, answer)) / 2
        assert published(truth, answer).score == pytest.approx(expected, abs=1e-9)


def test_strict_composite_equals_its_definition() -> None:
    for truth, answer in PAIRS:
        if truth.lstrip().startswith("{"):
            continue
        order = max(1, min(4, len(truth.split())))
        ratio = Levenshtein.normalized_similarity(truth, answer)
        expected = 1.0 if truth == answer else (ratio + reference_bleu(truth, answer, order)) / 2
        assert strict(truth, answer).score == pytest.approx(expected, abs=1e-9)


def test_character_error_rates_equal_jiwer() -> None:
    for truth, answer in PAIRS:
        for form in ("raw", "normalized", "dense"):
            expected = jiwer.cer(in_form(truth, form), in_form(answer, form))
            assert character_errors(truth, answer, form).rate == pytest.approx(expected, abs=1e-9)


def test_word_error_rates_equal_jiwer() -> None:
    for truth, answer in PAIRS:
        expected = jiwer.wer(" ".join(truth.split()), " ".join(answer.split()))
        assert word_errors(truth, answer).rate == pytest.approx(expected, abs=1e-9)


def test_micro_rate_equals_jiwer_over_all_pages() -> None:
    pages = [(" ".join(truth.split()), " ".join(answer.split())) for truth, answer in PAIRS if truth.strip()]
    errors = [word_errors(truth, answer) for truth, answer in pages]
    expected = jiwer.wer([truth for truth, _ in pages], [answer for _, answer in pages])
    assert sum(e.edits for e in errors) / sum(e.length for e in errors) == pytest.approx(expected, abs=1e-9)
