"""The wheel holds all that it needs: installed into an empty environment, it works from any folder.

The folder that it is run from holds packages named like ours, as a user's folder may.
"""

import email
import os
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from paths import ROOT

NAMESPACES = ("google",)
"""Folders that hold modules of several packages."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (built,) = folder.glob("lusocr-*.whl")
    return built


def core_dependencies(wheel: Path) -> dict[str, Distribution]:
    """The installed packages that the wheel's metadata names outside its extras, and what these need, by name."""
    (metadata,) = (name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA"))
    fields = email.message_from_bytes(zipfile.ZipFile(wheel).read(metadata))
    waiting, found = list(fields.get_all("Requires-Dist", ())), {}
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found[name] = distribution(name)
            assert requirement.specifier.contains(found[name].version, prereleases=True), requirement
            waiting += found[name].requires or ()
    return found


def link(package: Distribution, place: Path) -> None:
    """Show a package's modules and metadata in the folder `place`; two packages may share a namespace."""
    for file in package.files or ():
        parts = file.parts
        if parts[0] in ("..", "__pycache__"):
            continue
        depth = 2 if parts[0] in NAMESPACES else 1
        there = place.joinpath(*parts[:depth])
        if not there.exists():
            there.parent.mkdir(exist_ok=True)
            there.symlink_to(Path(str(package.locate_file("/".join(parts[:depth])))))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `ocr` command of an environment that holds the wheel and its core dependencies only.

    The dependencies are links to those that are installed here. `pip` would unpack 500 MB of them.
    """
    environment = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (place,) = environment.glob("lib/python*/site-packages")
    for package in core_dependencies(wheel).values():
        link(package, place)
    install(environment, "--no-deps", "--no-index", wheel)
    return environment / "bin/ocr"


def install(environment: Path, *words: object) -> None:
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin/python", "install", "--quiet"]
    subprocess.run([*pip, *map(str, words)], check=True)


@pytest.fixture(scope="module")
def output(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with packages named like ours, in which the installed command has read a sample."""
    folder = make_foreign(tmp_path_factory.mktemp("foreign"))
    done = run(installed, folder, "extract", str(ROOT / "samples/letter.jpg"), "--out", "json,md")
    assert done.returncode == 0, done.stderr
    return folder


def make_foreign(folder: Path) -> Path:
    for name in ("ocr", "data", "eval", "training"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise RuntimeError('the wrong package')\n", encoding="utf-8")
    (folder / "cli.py").write_text("raise RuntimeError('the wrong module')\n", encoding="utf-8")
    return folder


@pytest.fixture
def foreign_folder(tmp_path: Path) -> Path:
    return make_foreign(tmp_path)


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


def test_samples_are_read_from_another_folder_without_torch(output: Path, installed: Path) -> None:
    assert "Prezado amigo" in (output / "ocr-out/letter.jpg.md").read_text(encoding="utf-8")
    for package in ("torch", "vllm", "pytest"):
        probe = [installed.with_name("python"), "-c", f"import {package}"]
        assert subprocess.run(probe, capture_output=True, check=False).returncode == 1


def test_the_finished_output_verifies(output: Path, installed: Path) -> None:
    done = run(installed, output, "verify", "ocr-out")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_pip_installs_the_wheel_with_its_dependencies(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    install(tmp_path / "venv", wheel)
    done = run(tmp_path / "venv/bin/ocr", tmp_path, "extract", str(ROOT / "samples/letter.jpg"), "--out", "md")
    assert done.returncode == 0, done.stderr
    assert "Prezado amigo" in (tmp_path / "ocr-out/letter.jpg.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [("--version",), ("schema",), ("doctor",)])
def test_small_commands_work_from_anywhere(installed: Path, foreign_folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(installed, foreign_folder, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout
