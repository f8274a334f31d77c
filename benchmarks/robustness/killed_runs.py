"""Kill `ocr extract` at random moments, run it again, and compare with an undisturbed run.

    python -m benchmarks.robustness.killed_runs --count 100 --engine ocr.engines.fake:create
    python -m benchmarks.robustness.killed_runs --count 3 --engine rapid

Every other time only the parent is killed (SIGKILL), else its whole process group. Every other pair of runs writes over
what an earlier one left, which drew its pages at another resolution, so that all of it is read again. After 5 seconds
no process of the run may be alive; the second run must leave exactly the bytes of the undisturbed one, and
`ocr verify` must agree.
Leaves with 1 when anything is otherwise.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil

from benchmarks.paths import ROOT

sys.path.insert(0, str(ROOT / "tests" / "support"))
from command import ENVIRONMENT, OCR, make_scan, outputs

MARK = "LUSOCR_KILL_PROOF"


def make_scans(folder: Path, engine: str) -> None:
    """For the fake engine many pages, two copies among them; for a real one pages that take a while."""
    if engine.startswith("ocr.engines.fake:"):
        make_scan(folder / "book.pdf", pages=40)
        make_scan(folder / "notes/minutes.tiff", pages=10, shade=50)
        for number in range(15):
            make_scan(folder / f"notes/{number}.png", shade=70 + number)
        shutil.copy(folder / "notes/3.png", folder / "copy.png")
    else:
        for name in ("letter.jpg", "table.png", "ruling.pdf", "minutes.tiff"):
            shutil.copy(ROOT / "samples" / name, folder / name)


def command(scans: Path, out: Path, engine: str) -> list[str]:
    options = ["--set", "options.seconds=0.03"] if engine.startswith("ocr.engines.fake:") else []
    return [str(OCR), "extract", str(scans), "--to", str(out), "--out", "json,md", "--engine", engine, *options]


def alive(mark: str) -> list[psutil.Process]:
    """Processes that carry the mark in their environment, whoever their parent is now."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill_once(words: list[str], moment: float, *, group: bool) -> tuple[bool, float]:
    """Start, wait, kill. Answers whether it was still running, and the seconds until all of it was gone."""
    mark = uuid.uuid4().hex
    run = subprocess.Popen(words, env={**ENVIRONMENT, MARK: mark}, start_new_session=True, stderr=subprocess.DEVNULL)
    time.sleep(moment)
    running = run.poll() is None
    if running:
        (os.killpg if group else os.kill)(run.pid, signal.SIGKILL)
    killed = time.monotonic()
    run.wait()
    while left := alive(mark):
        if time.monotonic() - killed > 30:
            raise SystemExit(f"still alive after 30 s: {[process.cmdline() for process in left]}")
        time.sleep(0.02)
    return running, time.monotonic() - killed


def states(out: Path) -> str:
    """What `ocr verify` says of the folder; raises when it finds anything wrong."""
    done = subprocess.run([OCR, "verify", out], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"ocr verify left with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def prove(count: int, engine: str, seed: int, work: Path) -> str:
    """Run everything; return one line of numbers."""
    chance = random.Random(seed)
    scans = work / "scans"
    scans.mkdir()
    make_scans(scans, engine)
    started = time.monotonic()
    subprocess.run(command(scans, work / "calm", engine), env=ENVIRONMENT, stderr=subprocess.DEVNULL, check=True)
    seconds = time.monotonic() - started
    wanted, calm = outputs(work / "calm"), states(work / "calm")
    coarse = [*command(scans, work / "coarse", engine), "--set", "render.dpi=100"]
    subprocess.run(coarse, env=ENVIRONMENT, stderr=subprocess.DEVNULL, check=True)
    kills, trials, longest = 0, 0, 0.0
    while kills < count:
        out = work / f"killed-{trials}"
        if trials // 2 % 2:
            shutil.copytree(work / "coarse", out)
        words = command(scans, out, engine)
        moment = chance.uniform(0, seconds)
        running, lingered = kill_once(words, moment, group=trials % 2 == 0)
        trials += 1
        kills += running
        seconds = seconds if running else min(seconds, moment)  # the machine is faster now: aim at the run again
        longest = max(longest, lingered)
        subprocess.run(words, env=ENVIRONMENT, stderr=subprocess.DEVNULL, check=True)
        found = outputs(out)
        if found != wanted:
            names = [name for name in sorted(found.keys() | wanted.keys()) if found.get(name) != wanted.get(name)]
            raise SystemExit(f"trial {trials}: not as the undisturbed run left them: {', '.join(names)}")
        if states(out) != calm:
            raise SystemExit(f"trial {trials}: {states(out)}")
        shutil.rmtree(out)
    if longest > 5:
        raise SystemExit(f"a child lived for {longest:.1f} s after the kill")
    return (
        f"{engine}: {kills} runs killed at random moments; 0 pages lost, 0 outputs differ, "
        f"last child gone after {longest:.2f} s at most"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--engine", default="ocr.engines.fake:create")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        print(prove(arguments.count, arguments.engine, arguments.seed, Path(work)))


if __name__ == "__main__":
    main()
