"""Names into systems, recorded outputs into readings, and what is said before pages leave."""

import json
from pathlib import Path

import pytest

from eval.datasets import ReferencePage
from eval.systems.registry import SystemOptions, estimate, find_system, is_priced, read_recorded
from eval.systems.response_cache import Unread
from eval.systems.vendor_engine import Budget, RetryPolicy, VendorEngine
from eval.systems.vendors import VENDORS
from ocr.core.document import EngineOutput
from ocr.core.errors import UsageError

MEANS = SystemOptions(Budget(), RetryPolicy(), {})


def page(identity: str, number: int = 1, truth: str = "x") -> ReferencePage:
    return ReferencePage(identity, identity, Path("/scans") / identity.partition("#")[0], number, truth, "0" * 64)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for names in (vendor.keys for vendor in VENDORS.values()):
        for name in names:
            monkeypatch.delenv(name, raising=False)


def test_a_vendor_without_a_key_is_a_system_with_a_reason() -> None:
    for name in ("opus", "gpt", "gemini", "claude-opus-4-6", "gpt-7-unheard-of"):
        system = find_system(name, MEANS)
        assert isinstance(system.engine, VendorEngine)
        assert "is not set" in system.missing
        assert "export" in system.hint


def test_a_model_without_a_row_can_be_run_but_not_priced() -> None:
    system = find_system("gemini-9-ultra", MEANS)
    assert system.price is not None
    assert not is_priced(system.price)
    assert "price unknown" in str(estimate(system, [page("a.png")]))


def test_an_estimate_says_what_goes_where_and_for_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    found = estimate(find_system("opus", MEANS), [page("a.png", truth="texto " * 500)] * 10)
    assert 0 < found.likely < found.most
    assert str(found).startswith("10 page images to https://api.anthropic.com (claude-opus-5-5): about $")
    assert "secret" not in str(found)


@pytest.mark.parametrize("name", ["opuss", "nowhere:create", "recorded:nowhere", "rapd"])
def test_an_unknown_system_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_system(name, MEANS)
    assert caught.value.hint


def test_recorded_outputs_are_found_by_name_and_say_what_was_lost(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("lido", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    document = {
        "schema_version": 1,
        "pages": [
            {
                "number": 2,
                "status": "failed",
                "reason": "time-out",
                "header": "",
                "text": "",
                "margin": "",
                "footer": "",
            },
            {"number": 1, "status": "ok", "reason": "", "header": "h", "text": "t", "margin": "", "footer": ""},
        ],
    }
    (tmp_path / "sub/b.pdf.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    pages = [
        page("a.png"),
        page("sub/b.pdf#1"),
        page("sub/b.pdf#2", 2),
        page("sub/b.pdf#3", 3),
        page("bad.png"),
        page("c.png"),
    ]
    first, ok, failed, beyond, bad, absent = read_recorded(tmp_path, pages)
    assert first == EngineOutput("stop", text="lido")
    assert isinstance(ok, EngineOutput)
    assert json.loads(ok.text or "") == {"header": "h", "text": "t"}
    assert failed == Unread("failed", "time-out")
    assert beyond == Unread("failed", "b.pdf.json has no page 3")
    assert isinstance(bad, Unread)
    assert "bad.json" in bad.reason
    assert isinstance(absent, Unread)
    assert "holds no file for c.png" in absent.reason
