"""The metrics by which systems are compared: name, title, direction and value, defined once.

Scoring, results.json, the regression check, the tables and the plots read `METRICS`. To add a metric, add its value to
`PageScore` (`eval.metrics.page_scores`), its name to `MetricName` and its row to `METRICS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from eval.metrics.page_scores import PageScore
from eval.metrics.stats import Verdict

MetricName = Literal["published", "strict", "cer"]
"""Keys of results.json; they never change."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by which systems are compared."""

    name: MetricName
    title: str
    """Shown in tables."""
    score: Callable[[PageScore], float]
    higher_is_better: bool = True
    unread: float | None = None
    """Value of a page without output, whatever the reference; None scores it as an empty output."""
    is_rate: bool = False
    """Shown in percent."""

    def value(self, score: PageScore, *, is_read: bool) -> float:
        """Return the value of a page from its scores; `is_read` says whether the page has an output."""
        return self.score(score) if is_read or self.unread is None else self.unread

    def is_worse(self, value: float, limit: float) -> bool:
        """Return whether a value is on the wrong side of a limit."""
        return value < limit if self.higher_is_better else value > limit

    def orient(self, verdict: Verdict) -> Verdict:
        """Return the verdict on a difference as a verdict on quality: a lower value may be the better one."""
        opposite: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}
        return verdict if self.higher_is_better else opposite.get(verdict, verdict)

    def show(self, value: float) -> str:
        """Return a value as tables show it."""
        return f"{value * 100:.2f}%" if self.is_rate else f"{value:.3f}"


METRICS = (
    Metric("published", "published composite", lambda score: score.published.score, unread=0.0),
    Metric("strict", "strict", lambda score: score.strict.score, unread=0.0),
    Metric(
        "cer",
        "CER",
        # Cut at 1, so that one page with repetition does not decide a mean.
        lambda score: min(1.0, score.characters["normalized"].rate),
        higher_is_better=False,
        is_rate=True,
    ),
)
"""In the order of results.json and of the tables. The first is the one that plots show."""

BY_NAME: dict[MetricName, Metric] = {metric.name: metric for metric in METRICS}
