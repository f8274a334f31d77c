"""`ocr doctor` tells ready from missing, and never fails itself."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cli import app
from ocr import doctor
from ocr.core.document import EngineOutput, Finish, PageImage
from ocr.core.errors import DependencyError, EngineError
from ocr.engines.backend_speed import BackendSpeed, remembered
from ocr.engines.base import Request


def found(what: str) -> doctor.Finding:
    return next(finding for finding in doctor.examine() if what in finding.what)


def test_the_core_is_ready_here() -> None:
    assert found("built-in engine").state == "ready"
    assert "rapidocr" in found("built-in engine").detail


def test_a_missing_core_package_is_missing_and_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "package_version", lambda _: "")
    assert found("built-in engine").state == "missing"
    assert found("built-in engine").install == "pip install lusocr"
    assert found("training").state == "optional"


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_one_runtime_is_enough_for_the_built_in_engine(monkeypatch: pytest.MonkeyPatch, runtime: str) -> None:
    installed = {"rapidocr", runtime}

    monkeypatch.setattr(doctor, "package_version", lambda name: "1.0" if name in installed else "")
    assert found("built-in engine").state == "ready"
    assert found("built-in engine").detail == f"rapidocr 1.0, {runtime} 1.0"
    installed.remove(runtime)
    assert found("built-in engine").state == "missing"


def test_missing_programs_are_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda _: None)
    assert found("Tesseract").state == "optional"
    assert "tesseract-ocr-por" in found("Tesseract").install
    assert found("poppler").state == "optional"
    assert found("GPU").state == "optional"


def test_a_program_that_hangs_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("tesseract", 10)

    monkeypatch.setattr(doctor.shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(doctor.subprocess, "run", hang)
    assert "without Portuguese" in found("Tesseract").detail
    assert found("GPU").state == "optional"


def test_vendors_packages_come_from_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "extra_packages", lambda extra: ("one", "two") if extra == "bench" else ())
    monkeypatch.setattr(doctor, "package_version", lambda name: "1.0" if name == "one" else "")
    assert found("vendors").detail == "not installed: two"
    assert found("vendors").install == "pip install 'lusocr[bench]'"
    monkeypatch.setattr(doctor, "extra_packages", lambda _: ())
    assert "not known" in found("vendors").detail


class StandIn:
    """An engine that reads with a backend, and moves a clock by the time that it takes."""

    def __init__(self, backend: str, log: list[str], finish: Finish = "stop") -> None:
        self.name = self.fingerprint = "rapid"
        self.concurrency = 1
        self._backend, self._log, self._finish = backend, log, finish

    async def start(self) -> None:
        self._log.append(f"start {self._backend}")

    async def read(self, _request: Request) -> EngineOutput:
        self._log.append(f"read {self._backend}")
        return EngineOutput(self._finish)

    async def close(self) -> None:
        self._log.append(f"close {self._backend}")


PAGE = PageImage(1, np.zeros((1, 1, 3), np.uint8), 200.0)


def test_both_backends_read_in_turns_and_are_closed() -> None:
    log: list[str] = []

    def clock() -> float:
        return sum({"read openvino": 2.0, "read onnxruntime": 1.0}.get(step, 0.0) for step in log)

    speed = doctor.compare_backends(PAGE, lambda _, options: StandIn(options["backend"], log), clock, rounds=1)
    assert (speed.seconds, speed.fastest) == ({"openvino": 2.0, "onnxruntime": 1.0}, "onnxruntime")
    assert log == [f"{step} {name}" for step in ("start", "read", "read", "close") for name in speed.seconds]


def test_a_backend_that_does_not_read_is_an_error() -> None:
    log: list[str] = []
    with pytest.raises(EngineError, match="does not read a page of samples"):
        doctor.compare_backends(PAGE, lambda _, options: StandIn(options["backend"], log, "error"))
    assert log[-2:] == ["close openvino", "close onnxruntime"]


def test_one_backend_cannot_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "installed_backends", lambda: ["openvino"])
    with pytest.raises(DependencyError, match="onnxruntime not installed") as refusal:
        doctor.compare_backends(PAGE)
    assert refusal.value.hint == "pip install onnxruntime"


def test_the_command_says_which_backend_is_faster_and_remembers_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    pages: list[PageImage] = []

    def compare(page: PageImage) -> BackendSpeed:
        pages.append(page)
        return BackendSpeed({"openvino": 2.0, "onnxruntime": 1.25})

    monkeypatch.setattr(doctor, "compare_backends", compare)
    done = CliRunner().invoke(app, ["doctor", "--speed"])
    assert done.exit_code == 0, done.output
    assert "onnxruntime  1.25 CPU seconds" in done.output and "onnxruntime is used from now on" in done.output
    assert pages[0].pixels.shape == (1754, 1241, 3)
    assert remembered() == "onnxruntime"
