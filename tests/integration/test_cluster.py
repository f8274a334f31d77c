"""A local Ray of several processes through the real command: workers are killed as they read, and nothing is lost."""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command import ENVIRONMENT, OCR, outputs
from PIL import Image, ImageDraw, ImageFont

pytestmark = pytest.mark.serial

pytest.importorskip("ray", reason="the extra cluster is not installed")
psutil = pytest.importorskip("psutil", reason="psutil is not installed")

KILLS = int(os.environ.get("LUSOCR_CLUSTER_KILLS", "1"))
"""benchmarks/robustness/killed_cluster_workers.py asks for more."""
PAGES = 24 * KILLS
"""Enough that the run is not over before the last worker is killed, on a fast machine too."""
PATIENCE = 240 + 30 * KILLS


def make_scans(folder: Path, count: int = PAGES) -> Path:
    folder.mkdir()
    pages = []
    for number in range(count):
        image = Image.new("L", (900, 500), 255)
        draw = ImageDraw.Draw(image)
        for row in range(8):
            words = f"Processo {number * 37 + row} da comarca de Araçuaí, folha {row + 1}."
            draw.text((40, 30 + 55 * row), words, 0, ImageFont.load_default(30))
        pages.append(image)
    pages[0].save(folder / "autos.tif", save_all=True, append_images=pages[1:])
    return folder


def extract(scans: Path, to: Path, *words: str) -> "subprocess.Popen[str]":
    arguments = [OCR, "extract", scans, "--to", to, "--out", "json,txt", *words]
    environment = {**ENVIRONMENT, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(list(map(str, arguments)), env=environment, stderr=subprocess.PIPE, encoding="utf-8")


def workers_of(process: "subprocess.Popen[str]") -> list[int]:
    """Processes of this run that hold an engine; Ray names them by what they do."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            # Asked once: a process that ends has no command line any more.
            if "".join(child.cmdline()[:1]).startswith("ray::EngineActor"):
                found.append(child.pid)
        except psutil.Error:
            continue
    return found


def test_killed_workers_cost_no_page_and_change_no_reading(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    scans = make_scans(tmp_path / "scans")
    alone = extract(scans, tmp_path / "alone", "--engine", "rapid")
    assert alone.wait(PATIENCE) == 0, alone.stderr.read() if alone.stderr else ""

    luck = random.Random(0)
    spread = extract(scans, tmp_path / "spread", "--engine", "rapid", "--cluster", "auto", "--set", "options.actors=2")
    request.addfinalizer(spread.kill)  # a failed test must leave no run beside the tests after it
    killed = 0
    deadline = time.monotonic() + PATIENCE
    while spread.poll() is None and killed < KILLS and time.monotonic() < deadline:
        workers = workers_of(spread)
        if workers:
            time.sleep(luck.uniform(0.0, 1.5))
            workers = workers_of(spread)
            if not workers:
                continue
            victim = luck.choice(workers)
            if psutil.pid_exists(victim):
                os.kill(victim, signal.SIGKILL)
                killed += 1
        time.sleep(0.2)
    said = spread.communicate(timeout=PATIENCE)[1]
    assert spread.returncode == 0, said
    assert "pages rendered on this machine" not in said, "a worker could not render a page that the driver could"
    assert killed == KILLS, "the run was over before the workers were killed"
    assert outputs(tmp_path / "spread") == outputs(tmp_path / "alone")
    assert subprocess.run([OCR, "verify", tmp_path / "spread"], check=False, capture_output=True).returncode == 0
    print(f"{killed} workers killed, {PAGES} pages with a status, outputs byte for byte those of an undisturbed run")


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path) -> None:
    scans = make_scans(tmp_path / "scans", count=1)
    gone = extract(scans, tmp_path / "out", "--engine", "rapid", "--cluster", "127.0.0.1:1")
    said = gone.communicate(timeout=300)[1]
    assert gone.returncode == 6, said
    assert "no Ray cluster at 127.0.0.1:1" in said
