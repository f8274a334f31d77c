"""What `options.recognizer` names, and what goes into the fingerprint."""

from pathlib import Path

import pytest

from ocr.core.errors import DependencyError, UsageError
from ocr.engines.local.recognizers import selection
from ocr.engines.local.recognizers.selection import RecognizerChoice, choose_recognizer

FAST = b"... lusocr-fast ..."


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder in place of the package's weights."""
    monkeypatch.setattr(
        selection, "shipped_file", lambda name: file if (file := tmp_path / f"{name}.onnx").is_file() else None
    )
    return tmp_path


def test_stock_leaves_the_fingerprint_alone() -> None:
    assert choose_recognizer("stock") == RecognizerChoice()
    assert RecognizerChoice().fingerprint == ""


def test_a_cascade_has_both_files_and_its_threshold_in_the_fingerprint(shipped: Path) -> None:
    (shipped / "fast.onnx").write_bytes(FAST)
    alone = choose_recognizer("cascade", 0.02)
    assert (alone.cascade, alone.large) == (True, "")
    assert alone.fingerprint.endswith("+stock threshold=0.02")
    (shipped / "pt.onnx").write_bytes(b"pt")
    both = choose_recognizer("cascade", 0.02)
    assert both.large == str(shipped / "pt.onnx")
    found = {
        choice.fingerprint for choice in (alone, both, choose_recognizer("cascade", 0.03), choose_recognizer("fast"))
    }
    assert len(found) == 4


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("name", ["fast", "cascade", "pt"])
def test_missing_weights_are_named(name: str) -> None:
    with pytest.raises(DependencyError, match="weights of the recognizer") as problem:
        choose_recognizer(name)
    assert "options.recognizer=stock" in problem.value.hint


def test_files_and_runs_of_both_kinds(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recognizer.onnx").write_bytes(FAST)
    (tmp_path / "large.onnx").write_bytes(b"another network")
    run, large = choose_recognizer(str(tmp_path / "run")), choose_recognizer(str(tmp_path / "large.onnx"))
    assert (run.fast, run.large) == (str(tmp_path / "run" / "recognizer.onnx"), "")
    assert (large.fast, large.large) == ("", str(tmp_path / "large.onnx"))
    assert RecognizerChoice.from_text(run.to_text()) == run


def test_what_leads_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a recognizer"):
        choose_recognizer(str(tmp_path / "none.onnx"))
