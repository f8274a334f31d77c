"""The message of a stage that fails the regression check."""

from dataclasses import replace
from pathlib import Path

import pytest

from eval.metrics.stats import Interval
from ocr.core.errors import GateError
from training.plan import StageContext, StageRequest
from training.recipe import read_recipe
from training.run import Metrics, Run, SetComparison, Sets
from training.run_dir import RunDir
from training.stages import conclude

WORSE, LOOPS = "composite worse: -0.0533, 95% bound -0.0656", "degeneration more: +24.53 points, 95% bound +27.92"


def refused(*complaints: str) -> StageContext:
    compared = SetComparison(
        685, 0.49, 0.44, Interval(-0.05, -0.07, -0.04), 0, 0.2, Interval(0.2, 0.1, 0.3), complaints
    )
    run = Run("domain-1", "domain", "base", "0" * 64, read_recipe("miniature", []), Sets("t", "h", "g"))
    metrics = Metrics(gate={"domain": compared}, lost={"domain: accent ã": "3 -> 2 of 4"})
    run = replace(run, state="refused", metrics=metrics)
    return StageContext(StageRequest("domain"), run, RunDir(Path("runs/domain-1")))


def test_a_refusal_says_why_what_is_lost_and_how_to_go_on() -> None:
    with pytest.raises(GateError) as caught:
        conclude(refused(WORSE, LOOPS))
    first, composite, loops, *_ = str(caught.value).splitlines()
    assert (first, composite, loops) == ("domain-1 fails the regression check", f"domain: {WORSE}", f"domain: {LOOPS}")
    assert str(caught.value).endswith("Worse in:\n\n- domain: accent ã: 3 -> 2 of 4")
    assert "--stage dpo" not in caught.value.hint


def test_loops_alone_are_what_the_next_stage_is_for() -> None:
    with pytest.raises(GateError) as caught:
        conclude(refused(LOOPS))
    assert "--stage dpo" in caught.value.hint
    assert "--force-promote" in caught.value.hint
