"""Regression check for continuous integration: is the engine good enough, and no worse than before?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.bench_result import BenchResult, SystemResult, load_baseline
from eval.metrics import stats
from eval.metrics.compared_metrics import METRICS, MetricName
from ocr.core.errors import DataError, GateError, UsageError

NAMES: Mapping[str, MetricName] = {"score": "published", **{metric.name: metric.name for metric in METRICS}}
"""What --fail-under accepts; "score" is the published composite."""

Limits = dict[MetricName, float]


@dataclass(frozen=True, slots=True)
class RegressionReport:
    """The outcome of a regression check."""

    failures: tuple[str, ...] = ()
    """Each metric that failed, in words."""

    @property
    def passed(self) -> bool:
        """Return whether nothing failed."""
        return not self.failures

    def raise_if_failed(self) -> None:
        """Raise GateError where anything failed."""
        if not self.passed:
            raise GateError(
                f"the regression check failed: {'; '.join(self.failures)}", hint="report.html shows the worst pages"
            )


def parse_limits(written: Sequence[str]) -> Limits:
    """Parse `score=0.90`, `cer=0.02` into metric -> limit. Raises UsageError."""
    limits: Limits = {}
    for text in written:
        name, _, value = text.partition("=")
        try:
            limits[NAMES[name]] = float(value)
        except (KeyError, ValueError) as cause:
            raise UsageError(
                f"--fail-under {text}: not METRIC=NUMBER", hint=f"METRIC is one of {', '.join(NAMES)}: score=0.90"
            ) from cause
    return limits


def check(result: BenchResult, limits: Limits, baseline: Path | None) -> RegressionReport:
    """Check the evaluated system; one that was not run has nothing to check. Raises what `check_baseline` raises."""
    first = result.systems[0]
    if not isinstance(first, SystemResult):
        return RegressionReport()
    failures = check_limits(first, limits)
    return RegressionReport(tuple(failures + (check_baseline(result, baseline) if baseline else [])))


def check_limits(system: SystemResult, limits: Limits) -> list[str]:
    """Return what failed. A CER must not exceed its limit; any other metric must not fall below it."""
    failures = []
    for metric in METRICS:
        limit, score = limits.get(metric.name), system.scores[metric.name].all
        if limit is not None and score is not None and metric.is_worse(score.value, limit):
            side = "below" if metric.higher_is_better else "above"
            failures.append(f"{metric.name} is {score.value:.4f}, {side} {limit:g}")
    return failures


def check_baseline(result: BenchResult, path: Path) -> list[str]:
    """Return the metrics in which the evaluated system is worse than that of an earlier results.json on the same pages.

    "Worse" is a resolved difference: p below 0.05 and an interval without zero. Raises DataError where the file is no
    results.json, or was measured on other pages.
    """
    baseline = load_baseline(path)
    if baseline.pages is None:
        raise DataError(f"--baseline {path}: its first system was not run", hint="measure the baseline again")
    if baseline.data.sha256 != result.data.sha256:
        raise DataError(f"--baseline {path}: was measured on other pages", hint="measure the baseline again on these")
    ours, before = result.measured[0].per_page, baseline.pages
    if missing := [name for name in ours if name not in before]:
        raise DataError(f"--baseline {path}: has no page {missing[0]!r}", hint="measure the baseline again")
    failures = []
    for metric in METRICS:
        comparison = stats.compare(
            [page.values[metric.name] for page in ours.values()],
            [before[name].values[metric.name] for name in ours],
            [page.document for page in ours.values()],
            seed=result.seed,
        )
        if metric.orient(stats.verdict(comparison, comparison.p)) == "worse":
            failures.append(f"{metric.name} is worse than the baseline's by {abs(comparison.difference.value):.4f}")
    return failures
