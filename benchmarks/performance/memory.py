"""Measure peak memory of `ocr extract` and its children for a short and a very long scan; both should need the same.

    python -m benchmarks.performance.memory --pages 10 5000

PSS counts shared memory once, however many processes map it. The engine is the fake one, so what is measured is
rendering, the pages in flight, the ledger, and writing the document (all four formats). Leaves with 1 when the
longest scan needs more than 10% or 15 MB more than the shortest.
"""

import argparse
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psutil

from benchmarks.robustness.killed_runs import ENVIRONMENT, OCR, make_scan

ALLOWED_SHARE, ALLOWED_MB = 0.10, 15.0


def tree_mb(process: psutil.Process) -> float:
    """PSS of a process and everything below it, in MB."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 2**20


def peak_mb(scan: Path, out: Path) -> tuple[float, float]:
    """The peak while `scan` is read, and the seconds that it took."""
    words = [OCR, "extract", scan, "--to", out, "--out", "json,jsonl,md,txt", "--engine", "ocr.engines.fake:create"]
    # As many words as a full page has: short pages would hide what is kept by mistake.
    run = subprocess.Popen([*words, "--set", "options.words=400"], env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    started = time.monotonic()
    peak = 0.0
    done = threading.Event()
    threading.Thread(target=lambda: (run.wait(), done.set()), daemon=True).start()
    process = psutil.Process(run.pid)
    while not done.wait(0.05):
        try:
            peak = max(peak, tree_mb(process))
        except psutil.Error:
            break
    if run.wait():
        raise SystemExit(f"ocr extract left with {run.returncode}")
    return peak, time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, nargs="+", default=[10, 5000])
    arguments = parser.parse_args()
    peaks = []
    with tempfile.TemporaryDirectory() as work:
        for pages in arguments.pages:
            scan = make_scan(Path(work) / f"{pages}.pdf", pages=pages)
            peak, seconds = peak_mb(scan, Path(work) / f"out-{pages}")
            peaks.append(peak)
            print(f"{pages:>6} pages: peak {peak:6.1f} MB in {seconds:.1f} s ({pages / seconds:.0f} pages/s)")
    more = max(peaks) - peaks[0]
    print(f"growth: {more:.1f} MB ({more / peaks[0]:.0%}); allowed: {ALLOWED_SHARE:.0%} or {ALLOWED_MB:.0f} MB")
    if more > max(ALLOWED_SHARE * peaks[0], ALLOWED_MB):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
