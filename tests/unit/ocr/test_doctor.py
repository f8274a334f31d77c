"""`ocr doctor` tells ready from missing, and never fails itself."""

import subprocess

import pytest

from ocr import doctor


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
