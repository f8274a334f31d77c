"""What Windows and macOS do not have is hidden; a sample is read all the same, and `ocr doctor` says what is weaker."""

import json
import os
from pathlib import Path

import pytest
from command import ENVIRONMENT, ROOT, run_ocr

HIDDEN = """
import os, signal, socket, sys

for module in ("resource", "fcntl", "pwd", "grp", "termios"):
    sys.modules[module] = None
for module, names in {
    os: ("memfd_create", "killpg", "pread", "preadv", "pwrite", "sched_getaffinity", "pidfd_open"),
    socket: ("send_fds", "recv_fds"),
    signal: ("pidfd_send_signal",),
}.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
"""


@pytest.fixture(autouse=True)
def _hide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(HIDDEN, encoding="utf-8")
    path = os.pathsep.join((str(tmp_path / "site"), ENVIRONMENT["PYTHONPATH"]))
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", path)


def test_a_sample_is_read_as_elsewhere(tmp_path: Path) -> None:
    done = run_ocr("extract", ROOT / "samples/ruling.pdf", ROOT / "samples/letter.jpg", "--to", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "out").glob("*.json")]
    assert {page["status"] for document in documents for page in document["pages"]} == {"ok"}
    text = "\n".join(page["text"] for document in documents for page in document["pages"])
    assert len(text) > 1000
    assert run_ocr("verify", "out", cwd=tmp_path).returncode == 0


def test_the_doctor_says_what_is_weaker(tmp_path: Path) -> None:
    said = run_ocr("doctor", cwd=tmp_path).stdout
    for feature in ("memory limit", "process group", "copied", "lock"):
        assert feature in said, said
