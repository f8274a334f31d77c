"""The wheel holds all that it needs: installed into an empty environment, it works from any folder.

The folder that it is run from holds packages named like ours, as a user's folder may.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from paths import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (built,) = folder.glob("lusocr-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `ocr` command of an environment that holds the wheel and its core dependencies only."""
    environment = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    subprocess.run([environment / "bin/pip", "install", "--quiet", str(wheel)], check=True)
    return environment / "bin/ocr"


@pytest.fixture
def foreign_folder(tmp_path: Path) -> Path:
    for name in ("ocr", "data", "eval", "training"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('the wrong package')\n", encoding="utf-8")
    (tmp_path / "cli.py").write_text("raise RuntimeError('the wrong module')\n", encoding="utf-8")
    return tmp_path


def run(command: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def test_the_wheel_holds_what_is_read_at_run_time_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in ("cli.py", "ocr/samples/gazette.png", "ocr/samples/truth/ruling.pdf.json", "lusocr.py"):
        assert needed in names
    strangers = {name.split("/")[0] for name in names} - {"ocr", "data", "eval", "training", "cli.py", "lusocr.py"}
    assert all(name.startswith("lusocr-") for name in strangers), strangers


def test_samples_are_read_from_another_folder_without_torch(installed: Path, foreign_folder: Path) -> None:
    sample = ROOT / "samples/letter.jpg"
    done = run(installed, foreign_folder, "extract", str(sample), "--out", "json,md")
    assert done.returncode == 0, done.stderr
    text = (foreign_folder / "ocr-out/letter.jpg.md").read_text(encoding="utf-8")
    assert "Prezado amigo" in text
    listing = subprocess.run([installed.parent / "pip", "list"], capture_output=True, text=True, check=True).stdout
    assert "torch" not in listing.split()


def test_the_finished_output_verifies(installed: Path, foreign_folder: Path) -> None:
    run(installed, foreign_folder, "extract", str(ROOT / "samples/table.png"), "--out", "json")
    done = run(installed, foreign_folder, "verify", "ocr-out")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [("--version",), ("schema",), ("doctor",)])
def test_small_commands_work_from_anywhere(installed: Path, foreign_folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(installed, foreign_folder, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout
