"""The parts of a report: marked differences, tables as text, plots; and the numbers that they are made from."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.bench_result import BenchResult, DataSummary, HardwareCost, NotRun, SystemResult, VendorCost
from eval.costs import CostTerms, compute_cost
from eval.datasets import ReferencePage
from eval.metrics import stats
from eval.report import plots, report_tables
from eval.report.text_diff import LONGEST, mark
from eval.results import SystemName, compare_all, score_outputs, summarize
from eval.systems.pricing import PublishedScore, Usage, find_machine, find_model
from eval.systems.response_cache import Session, Unread
from eval.systems.vendor_engine import PaidOutput, count_tokens
from ocr.core.document import EngineOutput

NO_COST = HardwareCost(0, 0, None, "hours", None, None, None, 1.0)
TEXT = st.text(alphabet="aã<&> \n", max_size=60)


def unmarked(text: str) -> str:
    return html.unescape(re.sub(r"</?(?:del|ins)>", "", text))


@given(TEXT, TEXT)
def test_marking_changes_no_text(reference: str, output: str) -> None:
    left, right = mark(reference, output)
    assert (unmarked(left), unmarked(right)) == (reference.lstrip(), output.lstrip())


def test_only_what_differs_is_marked() -> None:
    left, right = mark("o réu\nnão <veio>", "o reu\nnão <veio> hoje")
    assert left == "o <del>réu</del>\nnão &lt;veio&gt;"
    assert right == "o <ins>reu</ins>\nnão &lt;veio&gt; <ins>hoje</ins>"
    assert mark("x " * LONGEST, "")[0].endswith("more characters</em>")


def pages(count: int) -> list[ReferencePage]:
    reference = json.dumps({"text": "A ação nº 1 do CPF 529.982.247-25 foi julgada"}, ensure_ascii=False)
    return [ReferencePage(f"p{n}", f"d{n // 2}", Path(f"p{n}.png"), 1, reference, "0" * 64) for n in range(count)]


def answer(text: str, finish: Any = "stop") -> PaidOutput:
    return PaidOutput(finish, text=text, completion_tokens=100, usage=Usage(3000, 100), attempts=2)


@pytest.fixture
def outcomes() -> list[Any]:
    reference = pages(1)[0].reference
    loop = "de novo e " * 400
    return [
        answer(reference),
        answer(reference.replace("ç", "c").replace("-25", "-26")),
        answer(loop, "length"),
        answer('{"text": ""}'),
        Unread("failed", "HTTP 500"),
        Unread("skipped", "budget"),
    ]


def test_states_means_and_tables_of_one_system(outcomes: list[Any]) -> None:
    results = score_outputs(pages(6), outcomes)
    assert [result.status for result in results] == ["ok", "ok", "degenerate", "blank", "failed", "skipped"]
    row = summarize(SystemName("mine", "mine"), results, NO_COST, seed=0)
    assert row.states == {"ok": 2, "degenerate": 1, "blank": 1, "failed": 1, "skipped": 1}
    assert (row.pages, row.read) == (6, 4)
    assert row.scores["strict"].all.value == pytest.approx(sum(r.values["strict"] for r in results) / 5)
    assert row.scores["strict"].read == pytest.approx(sum(r.values["strict"] for r in results) / 4)
    assert results[4].values["strict"] == results[4].values["published"] == 0
    assert row.repetition.ours.value == row.repetition.published.value == 0.25
    assert row.diacritics["ç"] == {"kept": 1, "dropped": 1, "wrong": 0, "lost": 3}
    assert row.identifiers["cpf"].right == 1
    assert row.identifiers["cpf"].failing_wrong == 1
    assert results[2].wasted_tokens > 90


def test_cost_counts_retries_and_what_failed_pages_lost(outcomes: list[Any]) -> None:
    results, price = score_outputs(pages(6), outcomes), find_model("opus")
    cost = compute_cost(results, outcomes, Session(4, 8.0, Usage(0, 0, 1000, 0)), CostTerms(price))
    assert isinstance(cost, VendorCost)
    assert cost.usage == Usage(12000, 400, 1000, 0)
    assert cost.dollars == pytest.approx((13000 * 4 + 400 * 20) / 1e6)
    assert cost.per_million == pytest.approx(cost.dollars / 4 * 1e6)
    assert cost.batch_per_million == pytest.approx(cost.per_million / 2)
    assert cost.uncertain_dollars == pytest.approx(0.004)
    hours = compute_cost(results, outcomes, Session(4, 8.0), CostTerms(None, find_machine("box=0.36"), 0.5))
    assert hours.per_million == pytest.approx(400.0)
    assert compute_cost(results, outcomes, Session(), CostTerms(None)).per_million is None


def report(outcomes: list[Any]) -> BenchResult:
    good = [answer(page.reference) for page in pages(6)]
    ours, other = score_outputs(pages(6), good), score_outputs(pages(6), outcomes)
    systems: list[SystemResult | NotRun] = []
    for name, results, found in (("mine", ours, good), ("rival", other, outcomes)):
        cost = compute_cost(results, found, Session(), CostTerms(find_model("opus")))
        systems.append(summarize(SystemName(name, name), results, cost, seed=0))
    systems.append(NotRun("gpt", "GPT", "not run", "no key", "get one"))
    published = PublishedScore("GPT-5.4", 0.75, "a blog", None, "gpt")
    return BenchResult(
        version="0",
        command="ocr bench",
        seed=0,
        python="3",
        packages={},
        data=DataSummary("some", 6, 3, "", (), "x"),
        systems=tuple(systems),
        comparisons=compare_all(ours, {"rival": other}, seed=0),
        published=(published,),
    )


def test_every_table_has_cells_for_its_columns(outcomes: list[Any]) -> None:
    found = {table.title: table for table in report_tables.build(report(outcomes))}
    assert {
        "Summary",
        "Portuguese letters and signs",
        "Identifiers",
        "Cost",
        "Fields",
        "mine against each other system",
    } <= set(found)
    for table in found.values():
        assert all(len(row) == len(table.columns) for row in table.rows), table.title
    assert "GPT-5.4 scored 0.750 on DharmaOCR-Benchmark (published, not measured here)" in found["Summary"].rows[2][1]


def test_plots_are_drawn(outcomes: list[Any]) -> None:
    drawn = plots.draw_all(report(outcomes))
    assert set(drawn) == set(plots.PLOTS)
    assert all(content.startswith(b"\x89PNG") for content in drawn.values())


def test_words() -> None:
    assert report_tables.between(stats.Interval(0.9271, 0.9, 0.95)) == "0.927 [0.900, 0.950]"
    assert report_tables.between(stats.Interval(0.5, None, None)) == "0.500 [one document]"
    assert report_tables.rate(stats.wilson(1, 496)) == "0.20% [0.04%, 1.13%]"
    assert (report_tables.plural(1, "page"), report_tables.plural(1200, "page")) == ("1 page", "1,200 pages")
    assert count_tokens("abcd") == 2


def test_a_classical_engine_is_not_accused_of_the_page_s_own_repetition() -> None:
    from ocr.core.document import Line

    line = Line("0,00 0,00 0,00", (0.0, 0.0, 9.0, 9.0), 0.9)
    (result,) = score_outputs(pages(1), [EngineOutput("stop", lines=(line,) * 200, width=9, height=9)])
    assert result.loop == ""
