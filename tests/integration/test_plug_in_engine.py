"""A vision engine of the user's own gets the canary page, the fallback and the cross-check, by the real command."""

import json
from pathlib import Path

import pytest
from command import ENVIRONMENT, ROOT, run_ocr

from ocr.core.errors import ExitCode

ENGINE = """
from ocr.core.document import EngineOutput
from ocr.engines.base import Capabilities
from ocr.engines.vlm import canary

class Mine:
    name, fingerprint, concurrency = "mine", "mine 1", 1
    capabilities = Capabilities(generates_text=True)

    def __init__(self, options):
        self.known = options.get("known", canary.TEXT)
        self.asked = 0

    async def start(self): pass
    async def close(self): pass

    async def read(self, request):
        self.asked += 1
        if self.asked == 1:
            return EngineOutput("stop", self.known)
        if request.image.number == 1:
            return EngineOutput("repetition", "assim por diante e " * 200)
        return EngineOutput("stop", "Uma frase que não está na página, escrita por um modelo.")

create = Mine
"""


@pytest.fixture(autouse=True)
def _plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(ENGINE, encoding="utf-8")
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", f"{tmp_path}:{ENVIRONMENT['PYTHONPATH']}")


def test_it_gets_the_fallback_and_the_cross_check(tmp_path: Path) -> None:
    words = ("extract", ROOT / "samples/minutes.tiff", "--pages", "1-2", "--to", "out", "--engine", "mine:create")
    done = run_ocr(*words, "--witness", "all", cwd=tmp_path)
    assert done.returncode == ExitCode.OK, done.stderr
    (file,) = (tmp_path / "out").glob("*.json")
    first, second = json.loads(file.read_text(encoding="utf-8"))["pages"][:2]
    assert (first["status"], bool(first["lines"])) == ("ok", True), "the built-in engine read what the model repeated"
    assert first["flags"][0].startswith("attempt 5: ")
    assert second["text"].startswith("Uma frase")
    assert {flag.partition(":")[0] for flag in second["flags"]} == {"invented", "omitted"}


def test_it_gets_the_canary_page(tmp_path: Path) -> None:
    words = ("extract", ROOT / "samples/letter.jpg", "--engine", "mine:create", "--set", "options.known=nada")
    done = run_ocr(*words, cwd=tmp_path)
    assert done.returncode == ExitCode.ENGINE
    assert "mine misread the known page" in done.stderr
