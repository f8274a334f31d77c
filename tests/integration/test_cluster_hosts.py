"""A cluster of several machines, made of Linux namespaces: a head joined by address, workers that lack the scans."""

import shutil
import subprocess
from pathlib import Path

import pytest
from command import ENVIRONMENT, OCR, outputs
from hostile_pdfs import slow_page
from hosts import CLUSTER, form_cluster, machines, why_not
from paths import SAMPLES

pytest.importorskip("ray", reason="the extra cluster is not installed")

REASON = why_not()
pytestmark = [pytest.mark.serial, pytest.mark.slow, pytest.mark.skipif(bool(REASON), reason=REASON)]
SINGLE = {**ENVIRONMENT, "OMP_NUM_THREADS": "1"}
SLOW = ("--set", "render.seconds=6")
PATIENCE = 300


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two good files, a damaged one, and one that the decoder is killed over."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("ruling.pdf", "minutes.tiff"):
        shutil.copy(SAMPLES / name, folder)
    (folder / "cut.jpg").write_bytes((SAMPLES / "letter.jpg").read_bytes()[:3000])
    (folder / "slow.pdf").write_bytes(slow_page())
    return folder


def extract(to: Path, scans: Path, *words: str) -> list[str]:
    return [str(OCR), "extract", str(scans), "--to", str(to), "--out", "json,txt", "--engine", "rapid", *SLOW, *words]


def alone(scans: Path, to: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        extract(to, scans), env=SINGLE, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize("shared", [True, False], ids=["shared storage", "no shared storage"])
def test_workers_elsewhere_draw_and_read_what_one_machine_does(scans: Path, tmp_path: Path, shared: bool) -> None:
    one = alone(scans, tmp_path / "alone")
    hidden = () if shared else (scans,)
    with machines(1, *hidden) as (head, workers):
        assert bool(workers[0].run("ls", scans)) == shared
        address = form_cluster(head, workers, SINGLE)
        before = head.sent()
        command = head.command(*extract(tmp_path / "spread", scans, "--cluster", address))
        spread = subprocess.run(
            command, env={**SINGLE, **CLUSTER}, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False
        )
        travelled = head.sent() - before
    assert spread.returncode == one.returncode == 3, spread.stderr
    assert outputs(tmp_path / "spread") == outputs(tmp_path / "alone")
    assert "took longer than 6 s" in (tmp_path / "spread/slow.pdf.json").read_text(encoding="utf-8")
    assert "drawn here" not in spread.stderr
    files = sum(path.stat().st_size for path in scans.iterdir())
    # A page has 6 to 12 MB of pixels here; what travels beside the files is Ray's own talk.
    assert travelled < 2_000_000 + (0 if shared else 2 * files)


def test_a_head_that_asks_for_a_token_is_said(scans: Path, tmp_path: Path) -> None:
    with machines(0) as (head, workers):
        address = form_cluster(head, workers, SINGLE)
        command = head.command(*extract(tmp_path / "out", scans, "--cluster", address))
        for mode in ("disabled", "token"):
            without = {**SINGLE, "RAY_AUTH_MODE": mode, "HOME": str(tmp_path)}
            refused = subprocess.run(
                command, env=without, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False
            )
            assert refused.returncode == 6, refused.stderr
            assert "RAY_AUTH_TOKEN" in refused.stderr
            assert "Traceback" not in refused.stderr
