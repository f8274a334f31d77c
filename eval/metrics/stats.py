"""Compute confidence intervals and paired tests; a difference that the pages cannot show is "not resolved".

Errors on pages of one document are correlated, so documents are resampled and permuted, never single pages.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 10_000
EXACT_UP_TO = 12
"""Up to this number of documents, all 2^n sign patterns are tried instead of a random sample of them."""

_BLOCK = 500
"""Resamples made at once; limits memory to 500 x documents numbers."""


Verdict = Literal["better", "worse", "not resolved"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its two-sided interval; the bounds are None where the data give none (a single document)."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The evaluated system minus another system on the same pages."""

    difference: Interval
    p: float
    """p value of a two-sided paired permutation test; `holm` adjusts a family of them."""
    pages: int


def bootstrap_mean(
    values: Sequence[float],
    documents: Sequence[str],
    *,
    seed: int,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Compute the mean over pages with a percentile bootstrap interval (Efron 1979) over whole documents.

    `values` and `documents` are parallel, one entry a page. Raises ValueError when they are empty.
    """
    if not values:
        raise ValueError("no values")
    sums, sizes = _by_document(values, documents)
    mean = float(sums.sum() / sizes.sum())
    if len(sums) < 2:
        return Interval(mean, None, None)
    generator = np.random.default_rng(seed)
    means = []
    for start in range(0, resamples, _BLOCK):
        chosen = generator.integers(0, len(sums), size=(min(_BLOCK, resamples - start), len(sums)))
        means.append(sums[chosen].sum(axis=1) / sizes[chosen].sum(axis=1))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return Interval(mean, float(low), float(high))


def wilson(count: int, total: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Compute a rate with its score interval (Wilson 1927); without any pages, the interval is 0 to 1."""
    if total == 0:
        return Interval(0.0, 0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, weight = count / total, z * z / total
    centre = (rate + weight / 2) / (1 + weight)
    half = z * math.sqrt(rate * (1 - rate) / total + weight / (4 * total)) / (1 + weight)
    return Interval(rate, max(0.0, centre - half) if count else 0.0, min(1.0, centre + half) if count < total else 1.0)


def compare(
    ours: Sequence[float], theirs: Sequence[float], documents: Sequence[str], *, seed: int, resamples: int = RESAMPLES
) -> Comparison:
    """Compute the paired difference of two systems on the same pages: its interval, and p of a permutation test.

    The test (Fisher 1935) swaps the two systems within whole documents; its statistic is the mean over pages. It is
    exact up to `EXACT_UP_TO` documents; beyond, it uses `resamples` seeded patterns plus the observed one.
    """
    differences = [mine - other for mine, other in zip(ours, theirs, strict=True)]
    interval = bootstrap_mean(differences, documents, seed=seed, resamples=resamples)
    sums, _ = _by_document(differences, documents)
    observed = abs(sums.sum())
    # Sums in another order differ in their last digits: allow for that when comparing with the observed sum.
    enough = observed - 1e-12 * max(1.0, float(np.abs(sums).sum()))
    if len(sums) <= EXACT_UP_TO:
        signs = 1 - 2 * ((np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums))) & 1)
        return Comparison(interval, float(np.mean(np.abs(signs @ sums) >= enough)), len(differences))
    generator = np.random.default_rng(seed)
    extreme = 0
    for start in range(0, resamples, _BLOCK):
        flips = generator.integers(0, 2, size=(min(_BLOCK, resamples - start), len(sums))) * 2 - 1
        extreme += int((np.abs(flips @ sums) >= enough).sum())
    return Comparison(interval, (extreme + 1) / (resamples + 1), len(differences))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p values of a family of tests (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def verdict(comparison: Comparison, adjusted_p: float) -> Verdict:
    """Return "better", "worse" or "not resolved"; a verdict needs a small adjusted p and an interval without zero."""
    low, high = comparison.difference.low, comparison.difference.high
    if low is None or high is None or adjusted_p >= 1 - CONFIDENCE or low <= 0 <= high:
        return "not resolved"
    return "better" if comparison.difference.value > 0 else "worse"


def _by_document(values: Sequence[float], documents: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sum and number of pages of each document, in order of first appearance."""
    places = {name: place for place, name in enumerate(dict.fromkeys(documents))}
    sums, sizes = np.zeros(len(places)), np.zeros(len(places))
    for value, document in zip(values, documents, strict=True):
        sums[places[document]] += value
        sizes[places[document]] += 1
    return sums, sizes
