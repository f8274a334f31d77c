"""What a refused stage says to whoever typed it."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from eval.metrics.stats import Interval
from ocr.core.errors import GateError
from training.evaluation.promotion import Verdict
from training.finetune import conclude
from training.recipe import read_recipe
from training.run_dir import Run, Sets

WORSE, LOOPS = "composite worse: -0.0533, 95% bound -0.0656", "degeneration more: +24.53 points, 95% bound +27.92"


def refused(*complaints: str) -> Run:
    verdict = Verdict(685, 0.49, 0.44, Interval(-0.05, -0.07, -0.04), 0, 0.2, Interval(0.2, 0.1, 0.3), complaints)
    run = Run("domain-1", "domain", "base", "0" * 64, read_recipe("miniature", []), Sets("t", "h", "g"))
    metrics = {"gate": {"domain": asdict(verdict)}, "lost": {"domain: accent ã": "3 -> 2 of 4"}}
    return replace(run, state="refused", metrics=metrics)


def test_a_refusal_says_why_what_is_lost_and_how_to_go_on() -> None:
    with pytest.raises(GateError) as caught:
        conclude(refused(WORSE, LOOPS), Path("runs/domain-1"))
    first, composite, loops, *_ = str(caught.value).splitlines()
    assert (first, composite, loops) == ("domain-1 is refused", f"domain: {WORSE}", f"domain: {LOOPS}")
    assert str(caught.value).endswith("Worse in:\n\n- domain: accent ã: 3 -> 2 of 4")
    assert "--stage dpo" not in caught.value.hint


def test_loops_alone_are_what_the_next_stage_is_for() -> None:
    with pytest.raises(GateError) as caught:
        conclude(refused(LOOPS), Path("runs/domain-1"))
    assert "--stage dpo" in caught.value.hint
    assert "--force-promote" in caught.value.hint
