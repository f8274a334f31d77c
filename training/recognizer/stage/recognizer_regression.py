"""The regression check of a recognizer: the same frozen lines read by its base and by itself, compared line by line.

Both are read by the engine, from their ONNX files: what is compared is what `ocr extract` will do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from eval.metrics.stats import Interval, bootstrap_mean
from training.recognizer.ctc.line_scores import ALL, LineResult, rates

ALLOWED = {"general": 0.002, "clean": 0.001, "domain": 0.002}
"""Frozen set -> how much its character error rate may rise (share of characters). Clean print is nearly free of errors,
so that it may rise least."""
ONE_SIDED = 0.9
"""A two-sided interval of 90% has the one-sided bounds of 95%."""
LEAST_LINES = 10
"""A set of fewer lines is not compared: chance decides."""

ReadLines = Callable[[Sequence[object]], list[str]]


@dataclass(frozen=True, slots=True)
class LineComparison:
    """One frozen set before and after; rates are character error rates, the change is after minus before."""

    lines: int
    before: float
    after: float
    change: Interval
    """95% one-sided bounds, by a bootstrap over lines."""
    wears_before: dict[str, float]
    wears_after: dict[str, float]
    complaint: str = ""
    """Why the set fails the check; empty where it passes."""

    @property
    def passed(self) -> bool:
        return not self.complaint


def compare_lines(name: str, before: Sequence[LineResult], after: Sequence[LineResult], *, seed: int) -> LineComparison:
    """Compare two readings of the same frozen lines; `name` is the set's."""
    mean_length = sum(result.length for result in before) / len(before)
    changes = [(new.edits - old.edits) / max(1.0, mean_length) for old, new in zip(before, after, strict=True)]
    change = bootstrap_mean(changes, [str(place) for place in range(len(changes))], seed=seed, confidence=ONE_SIDED)
    rates_before, rates_after = rates(before), rates(after)
    return LineComparison(
        lines=len(before),
        before=rates_before.pop(ALL),
        after=rates_after.pop(ALL),
        change=change,
        wears_before=rates_before,
        wears_after=rates_after,
        complaint=_complaint(name, change),
    )


def _complaint(name: str, change: Interval) -> str:
    allowed = ALLOWED[name]
    if change.high is None:
        return "not resolved: a single line"
    if change.high < allowed:
        return ""
    word = "more errors" if change.low is not None and change.low > 0 else "not resolved"
    return (
        f"{word}: character error rate {100 * change.value:+.2f} points, "
        f"95% bound {100 * change.high:+.2f}, allowed {100 * allowed:+.1f}"
    )


def worse_wears(compared: Mapping[str, LineComparison]) -> dict[str, str]:
    """Return what reads worse than before: set and wear -> the two rates."""
    found = {}
    for name, comparison in compared.items():
        for wear, after in comparison.wears_after.items():
            before = comparison.wears_before[wear]
            if after > before:
                found[f"{name}, {wear}"] = f"CER {before:.2%} -> {after:.2%}"
    return found


COLUMNS = ("set", "lines", "CER", "change in points (95% bound)", "verdict")


def describe_comparison(compared: Mapping[str, LineComparison]) -> str:
    """Return the check as a Markdown table whose columns are aligned for a terminal."""
    rows = [COLUMNS]
    for name, seen in compared.items():
        bound = "not known" if seen.change.high is None else f"{100 * seen.change.high:+.2f}"
        change = f"{100 * seen.change.value:+.2f} (<= {bound})"
        verdict = seen.complaint or "no worse"
        rows.append((name, str(seen.lines), f"{seen.before:.2%} -> {seen.after:.2%}", change, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    first, *others = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([first, rule, *others])
