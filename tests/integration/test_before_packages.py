"""Output folders of lusocr 0.1.0, from before `ocr` was divided into packages, still resume, verify and re-arrange.

tests/fixtures/before_packages holds one ZIP file a folder, with the scans it was read from:

- `fake`: four files (one of them damaged, two alike), every format, pages that are truncated, blank and refused;
- `partial`: two of four pages read;
- `builtin`: two scans read with the built-in engine.
"""

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from command import ENVIRONMENT, outputs, run_ocr
from paths import ROOT

from ocr.pipeline.page_builder import ARRANGEMENT

FIXTURES = ROOT / "tests" / "fixtures" / "before_packages"
OLD_ARRANGEMENT = "layout-2 markup-1"
SCANS = {"fake": "scans", "partial": "scans", "builtin": "prints"}

ENGINES = '''
"""Engines as they were called then: `fakes:create` was the fake engine; `fakes:dead` has a given fingerprint."""
from ocr.core.errors import EngineError
from ocr.engines.fake import create


class Dead:
    concurrency = 1

    def __init__(self, name, fingerprint):
        self.name, self.fingerprint = name, fingerprint

    async def start(self):
        raise EngineError("a page would be read again")

    async def close(self):
        pass


def dead(options):
    return Dead(options["name"], options["fingerprint"])
'''


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in SCANS:
        with zipfile.ZipFile(FIXTURES / f"{folder}.zip") as archive:
            archive.extractall(tmp_path)
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "fakes.py").write_text(ENGINES, encoding="utf-8")
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", f"{tmp_path / 'plugins'}:{ENVIRONMENT['PYTHONPATH']}")
    return tmp_path


def ask(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / ".lusocr" / "ledger.sqlite")) as ledger, ledger:
        return ledger.execute(query).fetchall()


def dead_engine(folder: Path) -> list[str]:
    """Options for an engine that cannot be started, with the identity that the folder was read with."""
    ((name, fingerprint),) = ask(folder, "SELECT name, fingerprint FROM engines")
    own = str(fingerprint).rpartition(" at ")[0]
    return ["--engine", "fakes:dead", "--set", f"options.name={name}", "--set", f"options.fingerprint={own}"]


@pytest.mark.parametrize(("folder", "code"), [("fake", 3), ("partial", 0), ("builtin", 0)])
def test_old_folders_verify(place: Path, folder: str, code: int) -> None:
    done = run_ocr("verify", folder, cwd=place)
    assert done.returncode == code, done.stderr
    assert "is out of date" not in done.stdout + done.stderr


@pytest.mark.parametrize("folder", ["fake", "builtin"])
def test_old_folders_resume_without_reading_a_page(place: Path, folder: str) -> None:
    before = outputs(place / folder)
    pages = ask(place / folder, "SELECT * FROM pages ORDER BY id")
    done = run_ocr("extract", SCANS[folder], "--to", folder, *dead_engine(place / folder), cwd=place)
    assert done.returncode in (0, 3), done.stderr
    assert "read 0 pages" in done.stderr
    if ARRANGEMENT == OLD_ARRANGEMENT:
        assert ask(place / folder, "SELECT * FROM pages ORDER BY id") == pages
        assert outputs(place / folder) == before


def test_an_old_folder_remembers_its_engine_and_reads_the_rest(place: Path) -> None:
    done = run_ocr("extract", "scans/atas 1887.tiff", "--to", "partial", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "read 2 pages" in done.stderr
    assert ask(place / "partial", "SELECT DISTINCT status FROM pages") == [("ok",)]
    assert run_ocr("verify", "partial", cwd=place).returncode == 0


@pytest.mark.parametrize("folder", ["fake", "builtin"])
def test_old_folders_are_rearranged_without_reading_a_page(place: Path, folder: str) -> None:
    before = outputs(place / folder)
    ask(place / folder, "UPDATE pages SET arrangement = 'layout-1 markup-1'")
    done = run_ocr("extract", SCANS[folder], "--to", folder, *dead_engine(place / folder), cwd=place)
    assert done.returncode in (0, 3), done.stderr
    assert ask(place / folder, "SELECT DISTINCT arrangement FROM pages") == [(ARRANGEMENT,)]
    assert run_ocr("verify", folder, cwd=place).returncode == done.returncode
    after = outputs(place / folder)
    assert after.keys() == before.keys()
    if ARRANGEMENT == OLD_ARRANGEMENT:
        assert after == before


def test_a_ledger_is_rebuilt_from_old_outputs(place: Path) -> None:
    done = run_ocr("verify", "builtin", "--rebuild", cwd=place)
    assert done.returncode == 0, done.stderr
    done = run_ocr("extract", "prints", "--to", "builtin", *dead_engine(place / "builtin"), cwd=place)
    assert (done.returncode, "read 0 pages" in done.stderr) == (0, True), done.stderr
