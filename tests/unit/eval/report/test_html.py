"""The pieces of a report: marked differences, tables in words, plots, and the gate's arithmetic."""

import copy
import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.datasets import TruePage
from eval.metrics import stats
from eval.regression import check_baseline, check_limits, hold, parse_limits
from eval.report import plots, report_tables
from eval.report.text_diff import LONGEST, mark
from eval.results import Terms, compare_all, compute_cost, make_results, summarise
from eval.systems.pricing import Usage, find_machine, find_model
from eval.systems.response_cache import Session, Unread
from eval.systems.vendor_engine import PaidGeneration, count_tokens
from ocr.core.document import EngineOutput
from ocr.core.errors import DataError, GateError, UsageError

TEXT = st.text(alphabet="aã<&> \n", max_size=60)


def unmarked(text: str) -> str:
    return html.unescape(re.sub(r"</?(?:del|ins)>", "", text))


@given(TEXT, TEXT)
def test_marking_changes_no_text(truth: str, reading: str) -> None:
    left, right = mark(truth, reading)
    assert (unmarked(left), unmarked(right)) == (truth.lstrip(), reading.lstrip())


def test_only_what_differs_is_marked() -> None:
    left, right = mark("o réu\nnão <veio>", "o reu\nnão <veio> hoje")
    assert left == "o <del>réu</del>\nnão &lt;veio&gt;"
    assert right == "o <ins>reu</ins>\nnão &lt;veio&gt; <ins>hoje</ins>"
    assert mark("x " * LONGEST, "")[0].endswith("more characters</em>")


def pages(count: int) -> list[TruePage]:
    truth = json.dumps({"text": "A ação nº 1 do CPF 529.982.247-25 foi julgada"}, ensure_ascii=False)
    return [TruePage(f"p{n}", f"d{n // 2}", Path(f"p{n}.png"), 1, truth, "0" * 64) for n in range(count)]


def answer(text: str, finish: Any = "stop") -> PaidGeneration:
    return PaidGeneration(finish, text=text, completion_tokens=100, usage=Usage(3000, 100), attempts=2)


@pytest.fixture
def outcomes() -> list[Any]:
    truth = pages(1)[0].truth
    loop = "de novo e " * 400
    return [
        answer(truth),
        answer(truth.replace("ç", "c").replace("-25", "-26")),
        answer(loop, "length"),
        answer('{"text": ""}'),
        Unread("failed", "HTTP 500"),
        Unread("skipped", "budget"),
    ]


def test_states_means_and_tables_of_one_system(outcomes: list[Any]) -> None:
    results = make_results(pages(6), outcomes)
    assert [result.status for result in results] == ["ok", "ok", "degenerate", "blank", "failed", "skipped"]
    row = summarise(results, seed=0)
    assert row["states"] == {"ok": 2, "degenerate": 1, "blank": 1, "failed": 1, "skipped": 1}
    assert (row["pages"], row["read"]) == (6, 4)
    assert row["scores"]["strict"]["all"]["value"] == pytest.approx(sum(r.strict for r in results) / 5)
    assert row["scores"]["strict"]["read"] == pytest.approx(sum(r.strict for r in results) / 4)
    assert results[4].strict == results[4].published == 0
    assert row["degeneration"]["ours"]["value"] == row["degeneration"]["published"]["value"] == 0.25
    assert row["accents"]["ç"] == {"kept": 1, "dropped": 1, "wrong": 0, "lost": 3}
    assert row["identifiers"]["cpf"]["right"] == 1
    assert row["identifiers"]["cpf"]["failing_wrong"] == 1
    assert results[2].wasted_tokens > 90


def test_cost_counts_retries_and_what_failed_pages_lost(outcomes: list[Any]) -> None:
    results, price = make_results(pages(6), outcomes), find_model("opus")
    cost = compute_cost(results, outcomes, Session(4, 8.0, Usage(0, 0, 1000, 0)), Terms(price))
    assert cost["usage"] == {"prompt": 12000, "completion": 400, "uncertain_prompt": 1000, "uncertain_completion": 0}
    assert cost["dollars"] == pytest.approx((13000 * 4 + 400 * 20) / 1e6)
    assert cost["per_million"] == pytest.approx(cost["dollars"] / 4 * 1e6)
    assert cost["batch_per_million"] == pytest.approx(cost["per_million"] / 2)
    assert cost["uncertain_dollars"] == pytest.approx(0.004)
    hours = compute_cost(results, outcomes, Session(4, 8.0), Terms(None, find_machine("box=0.36"), 0.5))
    assert hours["per_million"] == pytest.approx(400.0)
    assert compute_cost(results, outcomes, Session(), Terms(None))["per_million"] is None


def report(outcomes: list[Any]) -> dict[str, Any]:
    good = [answer(page.truth) for page in pages(6)]
    ours, rival = make_results(pages(6), good), make_results(pages(6), outcomes)
    rows = []
    for name, results, found in (("mine", ours, good), ("rival", rival, outcomes)):
        cost = compute_cost(results, found, Session(), Terms(find_model("opus")))
        per_page = {
            r.page.id: {
                "document": r.page.document,
                "status": r.status,
                "published": r.published,
                "strict": r.strict,
                "cer": r.cer,
            }
            for r in results
        }
        rows.append(
            {
                "name": name,
                "title": name,
                "status": "measured",
                **summarise(results, seed=0),
                "cost": cost,
                "per_page": per_page,
            }
        )
    rows.append({"name": "gpt", "title": "GPT", "status": "not run", "reason": "no key", "hint": "get one"})
    published = [{"system": "GPT-5.4", "score": 0.75, "degeneration": None, "beside": "gpt", "source": "a blog"}]
    data = {"name": "some", "pages": 6, "documents": 3, "licence": "", "left_out": [], "sha256": "x"}
    return {
        "data": data,
        "systems": rows,
        "published": published,
        "seed": 0,
        "comparisons": compare_all(ours, {"rival": rival}, seed=0),
    }


def test_every_table_has_cells_for_its_columns(outcomes: list[Any]) -> None:
    found = {table.title: table for table in report_tables.build(report(outcomes))}
    assert {"Summary", "Portuguese signs", "Identifiers", "Cost", "Fields", "mine against each rival"} <= set(found)
    for table in found.values():
        assert all(len(row) == len(table.columns) for row in table.rows), table.title
    assert "GPT-5.4 scored 0.750 on DharmaOCR-Benchmark (published, not measured here)" in found["Summary"].rows[2][1]


def test_plots_are_drawn(outcomes: list[Any]) -> None:
    drawn = plots.draw_all(report(outcomes))
    assert set(drawn) == set(plots.PLOTS)
    assert all(content.startswith(b"\x89PNG") for content in drawn.values())


def test_limits_and_baseline(outcomes: list[Any], tmp_path: Path) -> None:
    results = report(outcomes)
    assert parse_limits(["score=0.9", "cer=0.02"]) == {"published": 0.9, "cer": 0.02}
    with pytest.raises(UsageError):
        parse_limits(["score"])
    assert check_limits(results["systems"][0], {"published": 0.9, "cer": 0.02}) == []
    assert len(check_limits(results["systems"][1], {"published": 0.9, "cer": 0.02})) == 2
    before = tmp_path / "before.json"
    before.write_text(json.dumps(results), encoding="utf-8")
    assert check_baseline(results, before) == []
    many = copy.deepcopy(results)
    rows = {f"q{n}": {"document": f"q{n}", "published": 0.9, "strict": 0.9, "cer": 0.01} for n in range(20)}
    many["systems"][0]["per_page"] = rows
    before.write_text(json.dumps(many), encoding="utf-8")
    worse = copy.deepcopy(many)
    for number, row in enumerate(worse["systems"][0]["per_page"].values()):
        row["published"], row["cer"] = 0.8 + number / 1000, 0.02 + number / 1000
    wrong = check_baseline(worse, before)
    assert [words.split()[0] for words in wrong] == ["published", "cer"]
    with pytest.raises(GateError, match="published is worse"):
        hold(wrong)
    before.write_text("[]", encoding="utf-8")
    with pytest.raises(DataError):
        check_baseline(worse, before)


def test_words() -> None:
    assert report_tables.between({"value": 0.9271, "low": 0.9, "high": 0.95}) == "0.927 [0.900, 0.950]"
    assert report_tables.between({"value": 0.5, "low": None, "high": None}) == "0.500 [one document]"
    assert report_tables.rate(vars_of(stats.wilson(1, 496))) == "0.20% [0.04%, 1.13%]"
    assert (report_tables.plural(1, "page"), report_tables.plural(1200, "page")) == ("1 page", "1,200 pages")
    assert count_tokens("abcd") == 2


def vars_of(interval: stats.Interval) -> dict[str, Any]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def test_a_classical_engine_is_not_accused_of_the_page_s_own_repetition() -> None:
    from ocr.core.document import Line

    line = Line("0,00 0,00 0,00", (0.0, 0.0, 9.0, 9.0), 0.9)
    (result,) = make_results(pages(1), [EngineOutput("stop", lines=(line,) * 200, width=9, height=9)])
    assert result.loop == ""
