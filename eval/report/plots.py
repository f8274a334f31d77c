"""Draw the plots of a report as PNG: quality against cost, quality against repetition, distribution of scores."""

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from eval.bench_result import BenchResult, SystemResult
from eval.metrics.compared_metrics import METRICS
from ocr.core.environment import load

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = ("#1b6ca8", "#d1495b", "#3a7d44", "#e09f3e", "#6a4c93", "#7a7a7a", "#00798c", "#9c6644")
"""One for each system, in the order of the report; different in print and for most color-blind readers."""
MARKS = "osD^vP*X"
SHOWN = METRICS[0]

PUBLISHED_GRAY = "#9a9a9a"


def draw_all(result: BenchResult) -> dict[str, bytes]:
    """Return file name -> PNG for each plot that has data. Raises DependencyError without matplotlib."""
    figures = load("matplotlib.figure", extra="bench")
    measured = [system for system in result.measured if system.scores[SHOWN.name].all]
    pictures = {}
    for name, draw in PLOTS.items():
        figure = figures.Figure(figsize=(6.4, 4.2), dpi=130, layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        if draw(axes, measured, result):
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", metadata={"Software": None})
            pictures[name] = buffer.getvalue()
    return pictures


def _cost(axes: "Axes", measured: Sequence[SystemResult], _result: BenchResult) -> bool:
    costs = []
    for place, system in enumerate(measured):
        if system.cost.per_million is not None:
            costs.append(system.cost.per_million)
            _point(axes, system.cost.per_million, system, place)
    if costs:
        axes.set(xscale="log", xlim=(min(costs) / 2, max(costs) * 2))
    for axis_format in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        axis_format("{x:,.0f}")
    axes.tick_params(axis="x", which="both", labelsize=8)
    axes.set(xlabel="US dollars per million pages (log)", ylabel=SHOWN.title)
    axes.set_title("Quality against cost (up and left is better)", fontsize=11)
    _legend(axes, bool(costs))
    return bool(costs)


def _repetition(axes: "Axes", measured: Sequence[SystemResult], result: BenchResult) -> bool:
    for place, system in enumerate(measured):
        found, score = system.repetition.ours, system.scores[SHOWN.name].all
        if score is None or found.low is None or found.high is None:
            continue
        _point(axes, found.value * 100, system, place)
        axes.plot([found.low * 100, found.high * 100], [score.value] * 2,
                  color=COLORS[place % len(COLORS)], alpha=0.5, linewidth=1.2)  # fmt: skip
    # Published figures are of other pages, unless these are the pages of the published benchmark.
    for row in result.published if result.data.name == "dharma" else ():
        if row.degeneration is None:
            continue
        axes.plot(row.degeneration, row.score, "o", markerfacecolor="none", color=PUBLISHED_GRAY)
        axes.annotate(row.system + " (published)", (row.degeneration, row.score), fontsize=7,
                      color=PUBLISHED_GRAY, xytext=(4, 4), textcoords="offset points")  # fmt: skip
    axes.set(xlabel="pages with repetition, % (our rule, 95% Wilson)", ylabel=SHOWN.title)
    axes.set_title("Quality against repetition (up and left is better)", fontsize=11)
    _legend(axes, bool(measured))
    return bool(measured)


def _distribution(axes: "Axes", measured: Sequence[SystemResult], _result: BenchResult) -> bool:
    for place, system in enumerate(measured):
        scores = sorted(page.values[SHOWN.name] for page in system.per_page.values() if page.status != "skipped")
        shares = [(number + 1) / len(scores) for number in range(len(scores))]
        axes.step([0, *scores, 1], [0, *shares, 1], where="post", color=COLORS[place % len(COLORS)], label=system.title)
    axes.set(xlabel=f"{SHOWN.title} of a page", ylabel="share of pages at or below", ylim=(0, 1.02))
    axes.set_title("Distribution of the page scores (lower and right is better)", fontsize=11)
    _legend(axes, bool(measured))
    return bool(measured)


def _point(axes: "Axes", x: float, system: SystemResult, place: int) -> None:
    score, color = system.scores[SHOWN.name].all, COLORS[place % len(COLORS)]
    if score is None:
        return
    if score.low is not None and score.high is not None:
        axes.plot([x, x], [score.low, score.high], color=color, alpha=0.5, linewidth=1.2)
    axes.plot(x, score.value, MARKS[place % len(MARKS)], color=color, label=system.title, markersize=8)


def _legend(axes: "Axes", wanted: bool) -> None:
    if wanted:
        axes.legend(fontsize=8, frameon=False)


PLOTS: dict[str, Callable[["Axes", Sequence[SystemResult], BenchResult], bool]] = {
    "quality-cost.png": _cost,
    "quality-degeneration.png": _repetition,
    "scores.png": _distribution,
}
