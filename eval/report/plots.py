"""The pictures of a report as PNG: quality against cost, quality against degeneration, how scores are spread."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from ocr.core.environment import load

COLOURS = ("#1b6ca8", "#d1495b", "#3a7d44", "#e09f3e", "#6a4c93", "#7a7a7a", "#00798c", "#9c6644")
"""One a system, in its order in the report; told apart in print and by most colour-blind readers."""
MARKS = "osD^vP*X"

PUBLISHED_GREY = "#9a9a9a"


def draw_all(results: dict[str, Any]) -> dict[str, bytes]:
    """File name -> PNG, for each plot that has anything to show. Raises DependencyError without matplotlib."""
    figures = load("matplotlib.figure", extra="bench")
    measured = [row for row in results["systems"] if row["status"] == "measured" and row["scores"]["published"]["all"]]
    drawn = {}
    for name, draw in PLOTS.items():
        figure = figures.Figure(figsize=(6.4, 4.2), dpi=130, layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        if draw(axes, measured, results):
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", metadata={"Software": None})
            drawn[name] = buffer.getvalue()
    return drawn


def _cost(axes: Any, measured: Sequence[dict[str, Any]], _results: dict[str, Any]) -> bool:
    priced = [(place, row) for place, row in enumerate(measured) if row["cost"]["per_million"] is not None]
    for place, row in priced:
        _point(axes, row["cost"]["per_million"], row, place)
    costs = [row["cost"]["per_million"] for _, row in priced]
    if costs:
        axes.set(xscale="log", xlim=(min(costs) / 2, max(costs) * 2))
    for axis_format in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        axis_format("{x:,.0f}")
    axes.tick_params(axis="x", which="both", labelsize=8)
    axes.set(xlabel="US dollars per million pages (log)", ylabel="published composite")
    axes.set_title("Quality against cost (up and left is better)", fontsize=11)
    _legend(axes, bool(priced))
    return bool(priced)


def _degeneration(axes: Any, measured: Sequence[dict[str, Any]], results: dict[str, Any]) -> bool:
    for place, row in enumerate(measured):
        found = row["degeneration"]["ours"]
        _point(axes, found["value"] * 100, row, place)
        axes.plot([found["low"] * 100, found["high"] * 100], [row["scores"]["published"]["all"]["value"]] * 2,
                  color=COLOURS[place % len(COLOURS)], alpha=0.5, linewidth=1.2)  # fmt: skip
    # Published figures are of other pages unless these are the benchmark's own.
    others = [row for row in results["published"] if row["degeneration"] is not None]
    for row in others if results["data"]["name"] == "dharma" else ():
        axes.plot(row["degeneration"], row["score"], "o", markerfacecolor="none", color=PUBLISHED_GREY)
        axes.annotate(row["system"] + " (published)", (row["degeneration"], row["score"]), fontsize=7,
                      color=PUBLISHED_GREY, xytext=(4, 4), textcoords="offset points")  # fmt: skip
    axes.set(xlabel="degenerate pages, % (our rule, 95% Wilson)", ylabel="published composite")
    axes.set_title("Quality against degeneration (up and left is better)", fontsize=11)
    _legend(axes, bool(measured))
    return bool(measured)


def _spread(axes: Any, measured: Sequence[dict[str, Any]], _results: dict[str, Any]) -> bool:
    for place, row in enumerate(measured):
        scores = sorted(page["published"] for page in row["per_page"].values() if page["status"] != "skipped")
        shares = [(number + 1) / len(scores) for number in range(len(scores))]
        colour = COLOURS[place % len(COLOURS)]
        axes.step([0, *scores, 1], [0, *shares, 1], where="post", color=colour, label=row["title"])
    axes.set(xlabel="published composite of a page", ylabel="share of pages at or below", ylim=(0, 1.02))
    axes.set_title("How the pages' scores are spread (lower and right is better)", fontsize=11)
    _legend(axes, bool(measured))
    return bool(measured)


def _point(axes: Any, x: float, row: dict[str, Any], place: int) -> None:
    score = row["scores"]["published"]["all"]
    colour = COLOURS[place % len(COLOURS)]
    if score["low"] is not None:
        axes.plot([x, x], [score["low"], score["high"]], color=colour, alpha=0.5, linewidth=1.2)
    axes.plot(x, score["value"], MARKS[place % len(MARKS)], color=colour, label=row["title"], markersize=8)


def _legend(axes: Any, wanted: bool) -> None:
    if wanted:
        axes.legend(fontsize=8, frameon=False)


PLOTS: dict[str, Callable[[Any, Sequence[dict[str, Any]], dict[str, Any]], bool]] = {
    "quality-cost.png": _cost,
    "quality-degeneration.png": _degeneration,
    "scores.png": _spread,
}
