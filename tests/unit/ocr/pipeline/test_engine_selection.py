import json
from pathlib import Path

import pytest

from ocr.core.document import EngineIdentity
from ocr.core.errors import EngineError, UsageError
from ocr.engines.backend_speed import BACKENDS, BackendSpeed, remember
from ocr.engines.base import create, identity_of
from ocr.engines.fallback import BUILT_IN_ENGINE
from ocr.engines.local import rapidocr
from ocr.models import catalog, weights
from ocr.models.catalog import Model
from ocr.models.weights import obtain, warnings_about
from ocr.pipeline import engine_selection
from ocr.pipeline.engine_selection import choose, choose_engine, promoted_run
from ocr.pipeline.options import ExtractSettings
from ocr.rendering.renderer import RenderSettings
from ocr.storage.ledger import Ledger


def make_run(runs: Path, name: str, **values: str) -> Path:
    (runs / name).mkdir(parents=True)
    (runs / name / "run.json").write_text(json.dumps(values), encoding="utf-8")
    (runs / name / "config.json").write_text("{}", encoding="utf-8")
    return runs / name


def test_without_a_gpu_the_built_in_engine_reads_and_a_promoted_run_is_named(tmp_path: Path) -> None:
    assert choose(tmp_path, gpu=False) == engine_selection.Choice(BUILT_IN_ENGINE)
    make_run(tmp_path, "b", state="refused", stage="dpo", started="2026")
    assert choose(tmp_path, gpu=False) == engine_selection.Choice(BUILT_IN_ENGINE)
    run = make_run(tmp_path, "a", state="promoted", stage="dpo", started="2026")
    named = choose(tmp_path, gpu=False)
    assert (named.engine, f"--model {run}" in named.hint) == (BUILT_IN_ENGINE, True)
    (run / "config.json").unlink()
    assert choose(tmp_path, gpu=False) == engine_selection.Choice(BUILT_IN_ENGINE), "its weights were thrown away"


def test_a_promoted_run_of_the_last_stage_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path, "a", state="promoted", stage="domain", started="2026-03")
    make_run(tmp_path, "b", state="refused", stage="dpo", started="2026-04")
    best = make_run(tmp_path, "c", state="promoted", stage="dpo", started="2026-01")
    make_run(tmp_path, "d", state="promoted", stage="general", started="2026-05")
    make_run(tmp_path, "e", unknown="1")
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "run.json").write_text("{", encoding="utf-8")
    assert promoted_run(tmp_path) == best
    monkeypatch.setattr(engine_selection, "find_spec", lambda _: object())
    assert choose(tmp_path, gpu=True) == engine_selection.Choice("vllm", {"model": str(best)})


def test_a_gpu_without_the_extra_or_the_weights_gets_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_selection, "find_spec", lambda _: None)
    lacking = choose(tmp_path, gpu=True)
    assert (lacking.engine, "lusocr[gpu]" in lacking.hint) == (BUILT_IN_ENGINE, True)
    monkeypatch.setattr(engine_selection, "find_spec", lambda _: object())
    monkeypatch.setattr(weights, "find_weights", lambda _: None)
    weightless = choose(tmp_path, gpu=True)
    assert (weightless.engine, catalog.default_name() in weightless.hint) == (BUILT_IN_ENGINE, True)
    monkeypatch.setattr(weights, "find_weights", lambda _: tmp_path)
    assert choose(tmp_path, gpu=True).options == {"model": catalog.default_name()}


@pytest.mark.parametrize(("agreed", "answer", "fetched"), [(True, False, 1), (False, True, 1), (False, False, 0)])
def test_a_download_is_announced_with_its_size(
    agreed: bool, answer: bool, fetched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    downloads: list[Model] = []
    monkeypatch.setattr(weights, "find_weights", lambda _: None)
    monkeypatch.setattr(weights, "weigh_download", lambda _: 7_530_000_000)
    monkeypatch.setattr(weights, "download", downloads.append)

    def ask(question: str) -> bool:
        asked.append(question)
        return answer

    if fetched:
        obtain("nanonets-ocr2-3b", agreed=agreed, ask=ask)
    else:
        with pytest.raises(UsageError, match=r"7\.5 GB") as caught:
            obtain("nanonets-ocr2-3b", agreed=agreed, ask=ask)
        assert "--yes" in caught.value.hint
    assert len(downloads) == fetched
    assert len(asked) == (not agreed)


def test_offline_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants", reason="the extra gpu is not installed")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EngineError, match="not on this machine") as caught:
        obtain("organisation/that-does-not-exist", agreed=True, ask=lambda _: True)
    assert "--model PATH" in caught.value.hint


def test_what_is_not_pinned_is_said() -> None:
    assert "unpinned" in warnings_about(Model(name="x", id="o/x"))[0]
    assert warnings_about(Model(name="x", id="o/x", revision="abc")) == []


def old_identity(recognizer: str) -> EngineIdentity:
    return identity_of(create("rapid", {"recognizer": recognizer, "detector": "full"}), RenderSettings())


@pytest.mark.parametrize("recognizer", ["stock", "pt"])
def test_a_folder_that_was_read_with_an_older_default_goes_on_with_it(tmp_path: Path, recognizer: str) -> None:
    new = Ledger(tmp_path / "new.sqlite")
    default = choose_engine(ExtractSettings(engine="rapid"), new)
    assert default.identity != old_identity(recognizer)
    assert "recognizer=" not in old_identity("stock").fingerprint, "as it was before there was a choice"
    old = Ledger(tmp_path / "old.sqlite")
    old.begin(old_identity(recognizer), version="0.1.0", host="here")
    old.adopt()
    old.remember("engine typed", "rapid")
    assert choose_engine(ExtractSettings(), old).identity == old_identity(recognizer)
    assert choose_engine(ExtractSettings(options={"workers": 1}), old).identity == old_identity(recognizer)
    assert choose_engine(ExtractSettings(engine="rapid"), old).identity == default.identity


def test_a_folder_goes_on_with_its_backend_after_another_was_measured_as_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(rapidocr, "usual_backends", lambda: BACKENDS)  # whatever the processor
    ledger = Ledger(tmp_path / "a.sqlite")
    first = choose_engine(ExtractSettings(engine="rapid"), ledger)
    ledger.begin(first.identity, version="0.1.0", host="here")
    first.adopt(ledger)
    remember(BackendSpeed({"openvino": 2.0, "onnxruntime": 1.0}))
    new = choose_engine(ExtractSettings(engine="rapid"), Ledger(tmp_path / "b.sqlite"))
    assert ("openvino=" in first.identity.fingerprint, "onnxruntime=" in new.identity.fingerprint) == (True, True)
    for settings in (ExtractSettings(), ExtractSettings(engine="rapid"), ExtractSettings(options={"workers": 1})):
        assert choose_engine(settings, ledger).identity == first.identity
    other = ExtractSettings(engine="rapid", options={"backend": "onnxruntime"})
    assert choose_engine(other, ledger).identity == new.identity
