"""A gate for continuous integration: is the engine good enough, and no worse than it was?"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.metrics import stats
from eval.results import METRICS
from ocr.core.errors import DataError, GateError, UsageError

NAMES = {"score": "published", **{name: name for name in METRICS}}
"""What --fail-under knows; "score" is the published composite."""


def parse_limits(written: Sequence[str]) -> dict[str, float]:
    """`score=0.90`, `cer=0.02`: metric -> limit. Raises UsageError."""
    limits = {}
    for text in written:
        name, _, value = text.partition("=")
        try:
            limits[NAMES[name]] = float(value)
        except (KeyError, ValueError) as cause:
            raise UsageError(f"--fail-under {text}", hint=f"METRIC=NUMBER, with one of {', '.join(NAMES)}") from cause
    return limits


def check_limits(system: dict[str, Any], limits: dict[str, float]) -> list[str]:
    """What is wrong, in words. A CER must not pass its limit, any other metric must not fall below it."""
    wrong = []
    for metric, limit in limits.items():
        value = system["scores"][metric]["all"]["value"]
        if value > limit if metric == "cer" else value < limit:
            wrong.append(f"{metric} is {value:.4f}, {'above' if metric == 'cer' else 'below'} {limit:g}")
    return wrong


def check_baseline(results: dict[str, Any], path: Path) -> list[str]:
    """Whether the first system is worse than the first one of an earlier results.json, on the same pages.

    "Worse" is a resolved difference: p below 0.05 and an interval that leaves zero out. Raises DataError where the
    file is none of ours or of other pages.
    """
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        pages, digest = before["systems"][0]["per_page"], before["data"]["sha256"]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as cause:
        raise DataError(f"--baseline {path}: is no results.json of `ocr bench`: {cause}") from cause
    if digest != results["data"]["sha256"]:
        raise DataError(f"--baseline {path}: was measured on other pages", hint="measure the baseline again on these")
    ours = results["systems"][0]["per_page"]
    documents = [ours[name]["document"] for name in ours]
    wrong = []
    for metric in METRICS:
        comparison = stats.compare(
            [ours[name][metric] for name in ours],
            [pages[name][metric] for name in ours],
            documents,
            seed=results["seed"],
        )
        verdict = stats.verdict(comparison, comparison.p)
        if verdict == ("better" if metric == "cer" else "worse"):
            wrong.append(f"{metric} is worse than the baseline's by {abs(comparison.difference.value):.4f}")
    return wrong


def hold(wrong: Sequence[str]) -> None:
    """Raise GateError where anything is wrong."""
    if wrong:
        raise GateError("the gate says no: " + "; ".join(wrong), hint="report.html shows the worst pages")
