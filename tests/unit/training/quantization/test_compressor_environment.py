"""The parent's side of quantising, without llm-compressor: a small program stands in for its Python."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ocr.core.errors import DependencyError, TrainingError, UsageError
from training.quantization import compressor_environment
from training.quantization.quantize import PRESETS, choose_scheme


def stand_in(folder: Path, body: str) -> None:
    """A `bin/python` that runs `body`, a Python program, whatever it is asked."""
    python = folder / "bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
    python.chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    named = tmp_path / "environment"
    monkeypatch.setenv(compressor_environment.VARIABLE, str(named))
    return named


def never(question: str) -> bool:
    pytest.fail(f"asked: {question}")


def test_what_is_missing_is_announced_with_its_size_and_the_commands(folder: Path) -> None:
    asked: list[str] = []

    def refuse(question: str) -> bool:
        asked.append(question)
        return False

    with pytest.raises(DependencyError, match=r"1\.5 GB") as missing:
        compressor_environment.obtain(agreed=False, ask=refuse)
    assert str(folder) in asked[0]
    for typed in ("--yes", "-m venv", *compressor_environment.REQUIREMENTS, compressor_environment.VARIABLE):
        assert typed in missing.value.hint
    assert not folder.exists()


def test_the_version_is_what_makes_it_ready(folder: Path) -> None:
    stand_in(folder, f"print({compressor_environment.VERSION!r})")
    assert compressor_environment.is_ready(folder)
    compressor_environment.obtain(agreed=False, ask=never)
    (folder / "bin/python").write_text(f"#!{sys.executable}\nprint('0.13')\n", encoding="utf-8")
    assert not compressor_environment.is_ready(folder)


def test_it_is_made_when_agreed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed: list[list[str]] = []

    def record(command: list[str], **_: object) -> "subprocess.CompletedProcess[str]":
        typed.append([str(word) for word in command])
        return subprocess.CompletedProcess(command, 0, stdout="")

    monkeypatch.setattr(subprocess, "run", record)
    compressor_environment.obtain(agreed=True, ask=never)
    assert typed[-2][1:] == ["-m", "venv", str(folder)]
    assert typed[-1] == [str(folder / "bin/python"), "-m", "pip", "install", *compressor_environment.REQUIREMENTS]


def test_the_worker_sees_nothing_of_ours(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    stand_in(folder, "import os, sys; print(sys.argv[1:], os.environ.get('PYTHONPATH'), os.environ['PYTHONSAFEPATH'])")
    compressor_environment.run_worker(tmp_path / "job.json", tmp_path / "log")
    said = (tmp_path / "log").read_text(encoding="utf-8")
    assert said.split() == [f"['{compressor_environment.WORKER}',", f"'{tmp_path / 'job.json'}']", "None", "1"]
    assert compressor_environment.WORKER.is_file()


def test_a_failure_is_told_by_its_last_line(folder: Path, tmp_path: Path) -> None:
    stand_in(folder, "import sys; print('many words'); sys.exit('ValueError: 100 is no multiple of 128')")
    with pytest.raises(TrainingError, match=r"exit code 1: ValueError: 100 is no multiple of 128") as failure:
        compressor_environment.run_worker(tmp_path / "job.json", tmp_path / "log")
    assert str(tmp_path / "log") in failure.value.hint


def test_the_worker_imports_nothing_of_lusocr() -> None:
    text = compressor_environment.WORKER.read_text(encoding="utf-8")
    for package in ("ocr", "data", "eval", "training"):
        assert f"import {package}" not in text
        assert f"from {package}" not in text
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(compressor_environment.WORKER), os.devnull],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "JSONDecodeError" in done.stderr, "it starts without a single package, and reads its job first"


def test_another_scheme_is_refused() -> None:
    assert [choose_scheme(name) for name in PRESETS] == list(PRESETS)
    with pytest.raises(UsageError, match="gptq") as refused:
        choose_scheme("gptq")
    assert "awq, fp8" in refused.value.hint
