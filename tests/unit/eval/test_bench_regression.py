"""The regression check: limits, a baseline, and files that are no baseline."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from eval.bench_regression import RegressionReport, check, parse_limits
from eval.bench_result import BenchResult, DataSummary, HardwareCost, NotRun, PageEntry, SystemResult, to_json
from eval.datasets import ReferencePage
from eval.results import SystemName, score_outputs, summarize
from ocr.core.document import EngineOutput
from ocr.core.errors import DataError, GateError, UsageError

NO_COST = HardwareCost(0, 0, None, "hours", None, None, None, 1.0)
TEXT = "A ação nº 1 foi julgada procedente em parte"


def result(per_page: dict[str, PageEntry] | None = None, text: str = TEXT) -> BenchResult:
    pages = [ReferencePage(f"q{n}", f"d{n}", Path(f"q{n}.png"), 1, TEXT, "0" * 64) for n in range(20)]
    results = score_outputs(pages, [EngineOutput("stop", text=text)] * 20)
    system = summarize(SystemName("mine", "mine"), results, NO_COST, seed=0)
    data = DataSummary("some", 20, 20, "", (), "x")
    measured = replace(system, per_page=per_page or system.per_page)
    return BenchResult("0", "ocr bench", 0, "3", {}, data, (measured,), {}, ())


def entries(score: Callable[[int], tuple[float, float]]) -> dict[str, PageEntry]:
    return {
        f"q{n}": PageEntry(f"d{n}", "ok", {"published": score(n)[0], "strict": 0.9, "cer": score(n)[1]})
        for n in range(20)
    }


def test_limits() -> None:
    assert parse_limits(["score=0.9", "cer=0.02"]) == {"published": 0.9, "cer": 0.02}
    for wrong in ("score", "score=high", "beauty=1"):
        with pytest.raises(UsageError):
            parse_limits([wrong])
    assert check(result(), {"published": 0.9, "cer": 0.02}, None).passed
    failed = check(result(text="outra coisa"), {"published": 0.9, "cer": 0.02}, None)
    assert [words.split()[0] for words in failed.failures] == ["published", "cer"]
    assert "below 0.9" in failed.failures[0]
    assert "above 0.02" in failed.failures[1]


def test_only_a_resolved_difference_is_worse(tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    same = result(entries(lambda _: (0.9, 0.01)))
    before.write_text(to_json(same), encoding="utf-8")
    assert check(same, {}, before) == RegressionReport()
    worse = result(entries(lambda n: (0.8 + n / 1000, 0.02 + n / 1000)))
    report = check(worse, {}, before)
    assert [words.split()[0] for words in report.failures] == ["published", "cer"]
    with pytest.raises(GateError, match="published is worse than the baseline's by"):
        report.raise_if_failed()
    better = result(entries(lambda n: (0.95 + n / 1000, 0.001)))
    assert check(better, {}, before).passed


def test_the_part_that_any_version_wrote_is_enough_of_a_baseline(tmp_path: Path) -> None:
    """Keys that other versions add or leave out do not matter."""
    before = tmp_path / "before.json"
    page = {"document": "d", "status": "ok", "published": 1.0, "strict": 1.0, "cer": 0.0, "more": 1}
    system = {"name": "old", "status": "measured", "per_page": {f"q{n}": page for n in range(20)}}
    before.write_text(json.dumps({"systems": [system], "data": {"sha256": "x", "size": 3}}), encoding="utf-8")
    failures = check(result(text="outra coisa"), {}, before).failures
    assert [words.split()[0] for words in failures] == ["published", "strict", "cer"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[]", "not a results.json"),
        ("{", "not a results.json"),
        ('{"systems": [], "data": {}}', "sha256"),
        ('{"systems": [], "data": {"sha256": "x"}}', "was not run"),
        (
            '{"systems": [{"name": "a", "title": "a", "status": "not run", "reason": "", "hint": ""}],'
            ' "data": {"sha256": "x"}}',
            "was not run",
        ),
        ('{"systems": [{"per_page": {}}], "data": {"sha256": "y"}}', "on other pages"),
        ('{"systems": [{"per_page": {}}], "data": {"sha256": "x"}}', "has no page 'q0'"),
    ],
)
def test_a_file_that_is_no_baseline_is_named(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "before.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        check(result(), {}, path)
    assert words in raised.value.message
    assert "before.json" in raised.value.message


def test_an_absent_baseline_and_a_system_that_was_not_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        check(result(), {}, tmp_path / "gone.json")
    absent = replace(result(), systems=(NotRun("a", "a", "not run", "no key", ""),))
    assert check(absent, {"published": 0.9}, tmp_path / "gone.json").passed
    assert not any(isinstance(system, SystemResult) for system in absent.systems)


def test_a_baseline_without_a_metric_is_refused(tmp_path: Path) -> None:
    page = {"document": "d", "status": "ok", "published": 1.0, "strict": 1.0}
    system = {"name": "old", "status": "measured", "per_page": {f"q{n}": page for n in range(20)}}
    path = tmp_path / "before.json"
    path.write_text(json.dumps({"systems": [system], "data": {"sha256": "x"}}), encoding="utf-8")
    with pytest.raises(DataError, match="cer is missing"):
        check(result(), {}, path)
