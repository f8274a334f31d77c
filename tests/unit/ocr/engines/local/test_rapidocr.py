from pathlib import Path

import pytest

from ocr.core.errors import DependencyError
from ocr.engines.backend_speed import BackendSpeed, remember, usual_backends
from ocr.engines.local import rapidocr
from ocr.engines.local.rapidocr import choose_backend


def test_auto_takes_the_backend_that_was_measured_as_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert choose_backend("auto") == usual_backends()[0]
    remember(BackendSpeed({"openvino": 2.0, "onnxruntime": 1.0}))
    assert choose_backend("auto") == "onnxruntime"
    remember(BackendSpeed({"openvino": 1.0, "onnxruntime": 2.0}))
    assert choose_backend("auto") == "openvino"
    assert choose_backend("onnxruntime") == "onnxruntime"


def test_without_a_backend_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    remember(BackendSpeed({"openvino": 2.0, "onnxruntime": 1.0}))
    monkeypatch.setattr(rapidocr, "find_spec", lambda _: None)
    with pytest.raises(DependencyError, match="openvino and onnxruntime not installed") as refusal:
        choose_backend("auto")
    assert refusal.value.hint == "pip install openvino"
