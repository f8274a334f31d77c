"""Intervals and tests against scipy and statsmodels, and what they say where the pages do not tell."""

import random

import numpy as np
import pytest
from scipy import stats as reference
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from eval.metrics import stats


def pages(count: int, per_document: int, seed: int = 5) -> tuple[list[float], list[str]]:
    source = random.Random(seed)
    documents = [f"d{number // per_document}" for number in range(count)]
    level = {name: source.gauss(0.8, 0.05) for name in set(documents)}
    return [level[name] + source.gauss(0, 0.01) for name in documents], documents


def test_bootstrap_of_single_pages_equals_scipy() -> None:
    values, documents = pages(120, 1)
    ours = stats.bootstrap_mean(values, documents, seed=1, resamples=20_000)
    theirs = reference.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=2).confidence_interval
    assert ours.value == pytest.approx(np.mean(values))
    assert (ours.low, ours.high) == (pytest.approx(theirs.low, abs=5e-4), pytest.approx(theirs.high, abs=5e-4))


def test_bootstrap_of_documents_equals_scipy_on_document_sums() -> None:
    values, documents = pages(200, 10)
    sums = np.array(values).reshape(20, 10).sum(axis=1)
    ours = stats.bootstrap_mean(values, documents, seed=1, resamples=20_000)
    theirs = reference.bootstrap((sums,), np.mean, n_resamples=20_000, method="percentile", rng=2).confidence_interval
    assert (ours.low, ours.high) == (
        pytest.approx(theirs.low / 10, abs=2e-3),
        pytest.approx(theirs.high / 10, abs=2e-3),
    )


def test_pages_that_fail_together_widen_the_interval() -> None:
    values, documents = pages(200, 20)
    together = stats.bootstrap_mean(values, documents, seed=1)
    apart = stats.bootstrap_mean(values, [str(n) for n in range(200)], seed=1)
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_bootstrap_is_seeded_and_one_document_gives_no_interval() -> None:
    values, documents = pages(50, 2)
    assert stats.bootstrap_mean(values, documents, seed=3) == stats.bootstrap_mean(values, documents, seed=3)
    assert stats.bootstrap_mean(values, documents, seed=3) != stats.bootstrap_mean(values, documents, seed=4)
    assert stats.bootstrap_mean([0.5, 0.7], ["a", "a"], seed=1) == stats.Interval(0.6, None, None)
    with pytest.raises(ValueError, match="no values"):
        stats.bootstrap_mean([], [], seed=1)


@pytest.mark.parametrize(("count", "total"), [(0, 10), (1, 496), (2, 496), (5, 10), (10, 10), (3, 10_000)])
def test_wilson_equals_statsmodels(count: int, total: int) -> None:
    low, high = proportion_confint(count, total, method="wilson")
    ours = stats.wilson(count, total)
    assert (ours.low, ours.high) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


def test_wilson_of_the_published_rate_and_of_nothing() -> None:
    ours = stats.wilson(1, 496)
    assert (round(ours.low, 4), round(ours.high, 4)) == (0.0004, 0.0113)
    assert stats.wilson(0, 0) == stats.Interval(0.0, 0.0, 1.0)


@pytest.mark.parametrize("count", [6, 10, 12])
def test_small_permutation_tests_are_exact_as_scipy_is(count: int) -> None:
    ours, documents = pages(count, 1)
    theirs = [value + random.Random(n).gauss(0.01, 0.02) for n, value in enumerate(ours)]
    expected = reference.permutation_test(
        (ours, theirs), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf, vectorized=False
    )
    assert stats.compare(ours, theirs, documents, seed=1).p == pytest.approx(expected.pvalue, abs=1e-12)


def test_large_permutation_tests_agree_with_scipy() -> None:
    ours, documents = pages(100, 1)
    theirs = [value + random.Random(n).gauss(0.004, 0.02) for n, value in enumerate(ours)]
    expected = reference.permutation_test(
        (np.array(ours), np.array(theirs)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        vectorized=True,
        rng=1,
    )
    assert stats.compare(ours, theirs, documents, seed=1, resamples=20_000).p == pytest.approx(
        expected.pvalue, abs=0.02
    )


def test_holm_equals_statsmodels() -> None:
    for seed in range(8):
        source = random.Random(seed)
        p_values = [source.random() ** 3 for _ in range(source.randrange(1, 8))]
        assert stats.holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert stats.holm([]) == []


def test_verdicts() -> None:
    values, documents = pages(60, 1)
    worse, same = (
        [value - 0.05 for value in values],
        [value + random.Random(n).gauss(0, 0.05) for n, value in enumerate(values)],
    )
    clear, unclear = stats.compare(values, worse, documents, seed=1), stats.compare(values, same, documents, seed=1)
    assert stats.verdict(clear, clear.p) == "better"
    assert stats.verdict(stats.compare(worse, values, documents, seed=1), clear.p) == "worse"
    assert stats.verdict(unclear, unclear.p) == "not resolved"
    assert stats.verdict(clear, 0.2) == "not resolved"
    assert stats.verdict(stats.compare([1.0], [0.0], ["only"], seed=1), 0.0) == "not resolved"


def test_equal_systems_have_p_one() -> None:
    values, documents = pages(40, 2)
    assert stats.compare(values, values, documents, seed=1).p == 1.0
