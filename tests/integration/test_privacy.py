"""Reading with the local engine opens no connection to anywhere, by whatever package."""

import json
from pathlib import Path

import pytest
from command import ENVIRONMENT, run_ocr
from paths import ROOT

# Loaded by every Python process of the run, children too. Unix sockets between our own processes are no connection.
GUARD = """
import socket, sys

def watch(event, arguments):
    inside = event in ("socket.connect", "socket.bind") and arguments[0].family == getattr(socket, "AF_UNIX", None)
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.bind", "socket.sendto"):
        if not inside:
            open(NOTES, "a").write(f"{event} {arguments}\\n")
            raise PermissionError(f"{event} while reading locally")

sys.addaudithook(watch)
open(NOTES, "a").write("watching\\n")
"""


def test_no_connection_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = tmp_path / "notes.txt"
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(f"NOTES = {str(notes)!r}\n{GUARD}", encoding="utf-8")
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", str(tmp_path / "site"))
    done = run_ocr("extract", ROOT / "samples/letter.jpg", "--engine", "rapid", "--to", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = json.loads((tmp_path / "out/letter.jpg.json").read_text(encoding="utf-8"))["pages"][0]
    assert (page["status"], len(page["text"]) > 100) == ("ok", True)
    said = notes.read_text(encoding="utf-8").splitlines()
    assert len(said) >= 3, "the guard stood in the command and in its children"
    assert set(said) == {"watching"}
