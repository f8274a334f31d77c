"""Engines that fail in every way they can: each page ends in its state, the others are read, nothing hangs."""

import json
import subprocess
from pathlib import Path

import pytest
from command import ENVIRONMENT, FAKE, OCR, make_scan, run_ocr

PAGES = 6


def read(folder: Path, *options: str) -> tuple[int, list[str], list[str], str]:
    """Exit code, status and reason of each page, and what was said."""
    words = [word for option in options for word in ("--set", option)]
    done = run_ocr("extract", "a.pdf", *FAKE, *words, cwd=folder)
    pages = json.loads((folder / "ocr-out/a.pdf.json").read_text(encoding="utf-8"))["pages"]
    assert [page["number"] for page in pages] == list(range(1, PAGES + 1))
    return done.returncode, [page["status"] for page in pages], [page["reason"] for page in pages], done.stderr


@pytest.mark.parametrize(
    ("fault", "code", "status", "reason"),
    [
        ("errs", 3, "failed", "could not make sense of it"),
        ("timeouts", 3, "failed", "took too long"),
        ("raises", 3, "failed", "unexpected"),
        ("garbage", 0, "ok", ""),
        ("dies", 3, "failed", "the engine died 3 times on this page"),
        ("refuses", 3, "refused", "I cannot help with that"),
        ("truncates", 0, "truncated", "token budget"),
        ("loops", 0, "degenerate", ""),
        ("empty", 0, "blank", ""),
        ("chats", 0, "ok", ""),
    ],
)
def test_one_bad_page_costs_only_itself(tmp_path: Path, fault: str, code: int, status: str, reason: str) -> None:
    make_scan(tmp_path / "a.pdf", pages=PAGES)
    found, states, reasons, said = read(tmp_path, f"options.{fault}=[3]")
    assert found == code
    assert states == ["ok", "ok", status, "ok", "ok", "ok"]
    assert reason in reasons[2]
    assert "Traceback" not in said


def test_half_a_character_costs_only_itself(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=PAGES)
    read(tmp_path, "options.garbage=[3]")
    pages = json.loads((tmp_path / "ocr-out/a.pdf.json").read_text(encoding="utf-8"))["pages"]
    assert pages[2]["text"].startswith("\ufffd")
    assert run_ocr("verify", "ocr-out", cwd=tmp_path).returncode == 0


def test_an_engine_that_does_not_keep_time_is_stopped_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_scan(tmp_path / "a.pdf", pages=PAGES)
    (tmp_path / "site").mkdir()
    (tmp_path / "site/sitecustomize.py").write_text(
        "from ocr.engines import supervised\nsupervised.GRACE_SECONDS = 0.2\n", "utf-8"
    )
    monkeypatch.setitem(ENVIRONMENT, "PYTHONPATH", f"{tmp_path / 'site'}:{ENVIRONMENT['PYTHONPATH']}")
    code, states, reasons, _ = read(tmp_path, "options.hang=[2]", "seconds=0.1")
    assert (code, states) == (3, ["ok", "failed", "ok", "ok", "ok", "ok"])
    assert "no answer within 0.1 s" in reasons[1]


def test_a_fault_that_passes_leaves_no_trace(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=PAGES)
    code, states, _, _ = read(tmp_path, "options.dies=[2,3]", "options.times=1")
    assert (code, states) == (0, ["ok"] * PAGES)


def test_a_page_that_kills_the_engine_takes_nobody_with_it(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=PAGES)
    code, states, _, _ = read(tmp_path, "options.dies=[1,4]", "options.seconds=0.05", "options.concurrency=6")
    assert (code, states) == (3, ["failed", "ok", "ok", "failed", "ok", "ok"])


def test_an_engine_that_only_dies_ends_the_run(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=20)
    everywhere = str(list(range(1, 21))).replace(" ", "")
    done = run_ocr("extract", "a.pdf", *FAKE, "--set", f"options.dies={everywhere}", cwd=tmp_path)
    assert done.returncode == 6
    assert "died 10 times in a row" in done.stderr


def test_a_full_disk_ends_the_run_and_the_next_one_goes_on(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.pdf", pages=200)
    words = f"{OCR} extract a.pdf --engine ocr.engines.fake:create --set options.words=300"
    # A limit on the size of any file stands for the disk: nothing here needs root.
    full = subprocess.run(
        ["bash", "-c", f"ulimit -f 300; exec {words}"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert full.returncode == 8, full.stderr
    assert "error: the ledger" in full.stderr or "error: cannot write" in full.stderr
    assert "Traceback" not in full.stderr
    done = run_ocr(*words.split()[1:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "200 ok" in done.stderr
    assert run_ocr("verify", "ocr-out", cwd=tmp_path).returncode == 0
