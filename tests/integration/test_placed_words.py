"""A model's text gets the boxes of the lines that the real detector finds on a sample page."""

import json
from pathlib import Path

import pytest
from command import ENVIRONMENT, ROOT, run_ocr

from ocr.core.errors import ExitCode

ENGINE = """
import json
from pathlib import Path
from ocr.core.document import EngineOutput
from ocr.engines.base import Capabilities

class Mine:
    name, fingerprint, concurrency = "mine", "mine 1", 1
    capabilities = Capabilities(generates_text=True)

    def __init__(self, options):
        self.text = Path(options["file"]).read_text(encoding="utf-8")

    async def start(self): pass
    async def close(self): pass

    async def read(self, request):
        return EngineOutput("stop", self.text)

create = Mine
"""


@pytest.mark.slow
def test_the_letter_s_words_stand_where_the_built_in_engine_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(ENGINE, encoding="utf-8")
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", f"{tmp_path}:{ENVIRONMENT['PYTHONPATH']}")
    scan = ROOT / "samples/letter.jpg"
    assert run_ocr("extract", scan, "--to", "own", cwd=tmp_path).returncode == ExitCode.OK
    own = json.loads((tmp_path / "own/letter.jpg.json").read_text(encoding="utf-8"))["pages"][0]
    words = [word for line in own["lines"] for word in line["words"] if any(map(str.isalnum, word["text"]))]
    texts = [line["text"] for line in own["lines"]]
    changed = texts[3].split()
    changed[1] = "trocada"
    rows = [*texts[:3], " ".join(changed), "uma linha que ninguém imprimiu", *texts[4:]]
    (tmp_path / "text.txt").write_text("\n".join(rows), encoding="utf-8")
    flags = ("--engine", "mine:create", "--no-canary", "--witness", "off", "--set", "options.file=text.txt")
    done = run_ocr("extract", scan, "--to", "out", "--out", "json,pdf,alto,page,hocr", *flags, cwd=tmp_path)
    assert done.returncode == ExitCode.OK, done.stderr
    page = json.loads((tmp_path / "out/letter.jpg.json").read_text(encoding="utf-8"))["pages"][0]
    assert [line["text"] for line in page["lines"]] == rows
    assert page["unplaced_words"] == 5
    placed = {(word["text"], tuple(word["box"])) for line in page["lines"] for word in line["words"]}
    kept = [word for word in words if (word["text"], tuple(word["box"])) in placed]
    assert len(kept) == len(words) - 1, "all but the changed word have the box of the print"
