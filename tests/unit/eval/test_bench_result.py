"""results.json: its keys and shape, and loading it again."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from eval import cer, score_page
from eval.bench import _score_to_json
from eval.bench_result import (
    BenchResult,
    DataSummary,
    HardwareCost,
    NotRun,
    SystemResult,
    VendorCost,
    load_results,
    to_json,
)
from eval.costs import CostTerms, compute_cost
from eval.datasets import ReferencePage
from eval.results import SystemName, compare_all, score_outputs, summarize
from eval.systems.pricing import Usage, find_machine, find_model, read_table
from eval.systems.response_cache import Session
from eval.systems.vendor_engine import PaidOutput
from ocr.core.errors import DataError

TEXT = "A ação nº 1 do CPF 529.982.247-25 foi julgada"
SYSTEM_KEYS = [
    "name", "title", "status", "fingerprint", "pages", "read", "states", "scores", "parts", "cer", "wer", "fields",
    "accents", "identifiers", "degeneration", "cost", "per_page",
]  # fmt: skip


def make() -> BenchResult:
    pages = [ReferencePage(f"p{n}", f"d{n}", Path("p.png"), 1, TEXT, "0" * 64) for n in range(3)]
    outputs = [PaidOutput("stop", text=TEXT, completion_tokens=9, usage=Usage(3000, 9)) for _ in pages]
    results = score_outputs(pages, outputs)
    systems = []
    for name, terms in (("opus", CostTerms(find_model("opus"))), ("rapid", CostTerms(machine=find_machine("l4")))):
        cost = compute_cost(results, outputs, Session(3, 6.0), terms)
        systems.append(summarize(SystemName(name, name.title(), "v1"), results, cost, seed=0))
    return BenchResult(
        version="0.1.0",
        command="ocr bench",
        seed=0,
        python="3.11",
        packages={"numpy": "2"},
        data=DataSummary("some", 3, 3, "CC0", ("x: no text",), "ab"),
        systems=(*systems, NotRun("gpt", "GPT", "not run", "no key", "get one")),
        comparisons=compare_all(results, {"rapid": results}, seed=0),
        published=read_table().published,
    )


def test_keys_are_those_that_results_json_has_always_had() -> None:
    found = json.loads(to_json(make()))
    assert list(found) == [
        "version", "command", "seed", "python", "packages", "data", "systems", "comparisons", "published",
    ]  # fmt: skip
    assert list(found["data"]) == ["name", "pages", "documents", "licence", "left_out", "sha256"]
    vendor, hardware, absent = found["systems"]
    assert list(vendor) == list(hardware) == SYSTEM_KEYS
    assert list(absent) == ["name", "title", "status", "reason", "hint"]
    assert list(vendor["scores"]) == ["published", "strict", "cer"]
    assert vendor["scores"]["strict"] == {"all": {"value": 1.0, "low": 1.0, "high": 1.0}, "read": 1.0}
    assert list(vendor["cer"]) == ["raw", "normalised", "dense"]
    assert vendor["cer"]["raw"]["edits"] == 0
    assert vendor["accents"]["ç"] == {"kept": 3, "dropped": 0, "wrong": 0, "lost": 0}
    assert list(vendor["degeneration"]) == ["published", "ours", "kinds"]
    assert vendor["per_page"]["p0"] == {
        "document": "d0", "status": "ok", "published": 1.0, "strict": 1.0, "cer": 0.0,
    }  # fmt: skip
    assert vendor["cost"]["how"] == "tokens"
    assert vendor["cost"]["price"]["date"] == "2026-09-22"
    assert hardware["cost"]["how"] == "hours"
    assert hardware["cost"]["utilisation"] == 1.0
    assert hardware["cost"]["machine"]["name"] == "l4"
    assert list(found["comparisons"]["rapid"]["cer"]) == ["difference", "p", "pages", "p_adjusted", "verdict"]


def test_what_was_written_is_loaded_again(tmp_path: Path) -> None:
    result = make()
    (tmp_path / "results.json").write_text(to_json(result), encoding="utf-8")
    loaded = load_results(tmp_path / "results.json")
    assert loaded == result
    assert [type(system.cost) for system in loaded.measured] == [VendorCost, HardwareCost]
    assert {field.name for field in fields(SystemResult)} >= {"diacritics", "repetition"}


@pytest.mark.parametrize("content", ["[]", "{", '{"version": "0"}'])
def test_another_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "results.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"results\.json: not a results\.json of `ocr bench`"):
        load_results(tmp_path / "results.json")


def test_pages_jsonl_has_the_keys_that_it_has_always_had() -> None:
    score = _score_to_json(score_page(TEXT, TEXT))
    assert list(score) == ["published", "strict", "characters", "words", "fields", "accents", "identifiers"]
    assert list(score["characters"]) == ["raw", "normalised", "dense"]
    assert list(score["words"]) == ["raw", "normalised"]


def test_the_earlier_spelling_of_a_form_is_accepted() -> None:
    assert cer("um  dois", "um dois", form="normalised") == cer("um  dois", "um dois", form="normalized") == 0.0
