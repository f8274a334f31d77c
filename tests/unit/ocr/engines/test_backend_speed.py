import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ocr.engines import backend_speed
from ocr.engines.backend_speed import BackendSpeed, measure, processor, remember, remembered, usual_backends


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of this test's user; two backends of version 1 are installed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(backend_speed, "package_version", lambda _: "1")
    return tmp_path / "lusocr" / "backend-speed.json"


def reader(times: list[float]) -> Callable[[], float]:
    waiting = iter(times)
    return lambda: next(waiting)


def test_the_least_time_after_the_first_reading_counts() -> None:
    speed = measure({"openvino": reader([0.1, 3.0, 2.0]), "onnxruntime": reader([9.0, 1.0, 4.0])}, rounds=2)
    assert speed.seconds == {"openvino": 2.0, "onnxruntime": 1.0}


@pytest.mark.parametrize(
    ("seconds", "fastest"),
    [
        ({"openvino": 1.0, "onnxruntime": 2.0}, "openvino"),
        ({"openvino": 2.0, "onnxruntime": 1.0}, "onnxruntime"),
        ({"openvino": 1.04, "onnxruntime": 1.0}, "openvino"),
        ({"onnxruntime": 1.0}, "onnxruntime"),
    ],
)
def test_a_small_difference_changes_nothing(seconds: dict[str, float], fastest: str) -> None:
    assert BackendSpeed(seconds).fastest == fastest


def test_a_measurement_is_remembered_for_each_processor(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert remembered() == ""
    monkeypatch.setattr(backend_speed, "processor", lambda: "Marca ç 1")
    assert remember(BackendSpeed({"openvino": 2.0, "onnxruntime": 1.0})) == state
    assert remembered() == "onnxruntime"
    monkeypatch.setattr(backend_speed, "processor", lambda: "Marca ç 2")
    assert remembered() == ""
    remember(BackendSpeed({"openvino": 1.0, "onnxruntime": 2.0}))
    assert remembered() == "openvino"
    assert list(json.loads(state.read_text(encoding="utf-8"))) == ["Marca ç 1", "Marca ç 2"]


@pytest.mark.parametrize(
    ("table", "first"),
    [
        ("flags : fpu avx2 sse", "onnxruntime"),
        ("flags : fpu avx2 avx512f", "openvino"),
        ("flags : fpu sse", "openvino"),
        ("Features : fp asimd", "openvino"),
    ],
)
def test_the_instructions_of_the_processor_decide_where_nothing_was_measured(
    tmp_path: Path, table: str, first: str
) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(table, encoding="utf-8")
    assert usual_backends(file)[0] == first
    assert usual_backends(tmp_path / "missing")[0] == "openvino"


def test_another_version_has_to_be_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    remember(BackendSpeed({"openvino": 2.0, "onnxruntime": 1.0}))
    monkeypatch.setattr(backend_speed, "package_version", lambda name: "2" if name == "openvino" else "1")
    assert remembered() == ""


@pytest.mark.parametrize("content", ["", "{", "[]", "\xff", '{"%s": 1}', '{"%s": {"versions": {"openvino": "1"}}}'])
def test_a_damaged_file_is_no_failure(state: Path, content: str) -> None:
    state.parent.mkdir()
    state.write_bytes(content.replace("%s", processor()).encode("latin-1"))
    assert remembered() == ""
    remember(BackendSpeed({"openvino": 2.0, "onnxruntime": 1.0}))
    assert remembered() == "onnxruntime"


def test_the_name_of_the_processor_is_never_empty(tmp_path: Path) -> None:
    table = tmp_path / "cpuinfo"
    table.write_text("processor\t: 0\nmodel name\t: Marca X 100\n", encoding="utf-8")
    assert processor(table) == "Marca X 100"
    assert processor(tmp_path / "none")
