from dataclasses import replace

from eval.metrics.stats import Interval
from training.evaluation.model_card import describe, describe_gate
from training.recipe import read_recipe
from training.run import LossSummary, Metrics, Run, SetComparison, Sets

COMPARED = SetComparison(
    *(200, 0.91, 0.93, Interval(0.02, 0.011, 0.029), 0.05, 0.01, Interval(-0.04, -0.06, -0.02)), complaints=()
)
RUN = Run(
    *("domain-1", "domain", "/home/somebody/models/base", "0" * 64, read_recipe("miniature", [])),
    Sets("t", "h", "g"),
    state="promoted",
    data={"/home/somebody/pages/train.jsonl": "1" * 64},
    tokens=12_345,
    metrics=Metrics(LossSummary(40, 6.5, 0.25), {"domain": COMPARED}),
)


def test_the_gate_is_a_table_with_its_bounds() -> None:
    heads, rule, row = describe_gate(RUN).splitlines()
    assert len(heads) == len(rule) == len(row)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        *("domain", "200", "0.9100 -> 0.9300", "+0.0200 (>= +0.0110)", "5.00% -> 1.00%", "-4.00 (<= -2.00)", "no worse")
    ]


def test_where_nothing_loops_the_table_says_what_may_hide() -> None:
    for pages, said in ((200, "no worse; repetition on up to 1.5% of pages may not show"), (600, "no worse")):
        seen = replace(COMPARED, pages=pages, degeneration_before=0.0, degeneration_after=0.0)
        assert f"| {said} " in describe_gate(replace(RUN, metrics=Metrics(gate={"domain": seen})))


def test_the_card_says_what_it_was_made_of_and_nothing_of_the_machine() -> None:
    card = describe(RUN)
    assert "models/base" in card
    assert "12,345 tokens of answers, loss 6.500 -> 0.250 in 40 steps" in card
    assert "somebody" not in card
    assert "shrunk by | not recorded" in card
    assert "shrunk by | blur-cubic |" in describe(replace(RUN, page_resize="blur-cubic"))
    assert "ocr extract scans/ --model runs/domain-1" in card


def test_the_card_says_what_was_lost_by_a_run_that_is_promoted_too() -> None:
    lost = replace(RUN, metrics=replace(RUN.metrics, lost={"domain: pages read to the end": "717 -> 712 of 726"}))
    assert "\nWorse in:\n\n- domain: pages read to the end: 717 -> 712 of 726\n\nUse it" in describe(lost)
    assert "Worse in" not in describe(RUN)


def test_a_refused_run_is_not_recommended_and_an_old_one_has_a_card() -> None:
    refused = describe(replace(RUN, state="refused", metrics=Metrics()))
    assert "ocr extract" not in refused
    assert "refused" in refused
