"""Measure what a page costs on a cluster: `python -m benchmarks.performance.cluster_speed SCAN.pdf [PAGES]`.

A head and a worker with two actors, each with its own network, processes and memory files, made of Linux namespaces
(root, iproute2). The actors hold an engine that reads nothing, so that what is measured is drawing and travelling.
CPU seconds are what all pages cost more than the first alone; bytes are all that was sent, Ray's own talk included.
Then one of two workers that read with the built-in engine is cut off.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.arguments import parse_positional
from benchmarks.paths import ROOT

sys.path.insert(0, str(ROOT / "tests" / "support"))
from hosts import CLUSTER, Host, form_cluster, machines

OCR = Path(sys.executable).with_name("ocr")
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests' / 'support'}:{ROOT}", "OMP_NUM_THREADS": "1"}
WAYS = {"pixels": ("options.draw=false", False), "same file": ("options.draw=true", False)}
WAYS |= {"bytes": ("options.draw=true", True)}


def extract(head: Host, *words: object) -> tuple[float, int]:
    """CPU seconds of the driver with its render children, and bytes that left its machine."""
    with tempfile.TemporaryDirectory() as out:
        command = head.command(OCR, "extract", "--to", out, "--engine", "ocr.engines.fake:create", *words)
        before = head.sent()
        process = subprocess.Popen(command, env={**ENVIRONMENT, **CLUSTER}, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"the run ended with {os.waitstatus_to_exitcode(status)}")
        return used.ru_utime + used.ru_stime, head.sent() - before


def measure(scan: Path, pages: int) -> None:
    """Print one line for each way in which a page can get to its reader."""
    print(f"{scan.name}: {pages} pages, {scan.stat().st_size / 1e6:.2f} MB; per page:")
    for way, (draw, hidden) in WAYS.items():
        with machines(1, *((scan.parent,) if hidden else ())) as (head, workers):
            address = form_cluster(head, workers, ENVIRONMENT)
            common = (scan, "--cluster", address, "--set", "options.actors=2", "--set", draw)
            extract(head, *common, "--pages", "1")  # the first run of a cluster also compiles and copies
            (one, _), (every, moved) = extract(head, *common, "--pages", "1"), extract(head, *common)
        milliseconds = (every - one) / (pages - 1) * 1000
        print(f"    {way:10} {milliseconds:6.0f} ms of CPU {moved / pages / 1e6:8.3f} MB sent", flush=True)


def survive(scan: Path, pages: str) -> None:
    """Cut the power of one of two workers while it reads; every page is read all the same, to the same bytes."""
    with tempfile.TemporaryDirectory() as folder, machines(2, scan.parent) as (head, workers):
        words = (OCR, "extract", scan, "--pages", pages, "--engine", "rapid", "--out", "json")
        subprocess.run([*map(str, words), "--to", f"{folder}/alone"], env=ENVIRONMENT, check=True, capture_output=True)
        address = form_cluster(head, workers, ENVIRONMENT)
        command = head.command(*words, "--to", f"{folder}/spread", "--cluster", address)
        spread = subprocess.Popen(
            command, env={**ENVIRONMENT, **CLUSTER}, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        )
        assert spread.stderr is not None
        said = spread.stderr.readline()  # the first page has been read
        workers[1].shut_down()
        said += spread.stderr.read()
        if spread.wait() != 0:
            sys.exit(said)
        same = all(
            (Path(folder) / "spread" / f"{scan.name}.json").read_bytes() == path.read_bytes()
            for path in (Path(folder) / "alone").glob("*.json")
        )
    print(f"one of two workers was cut off; pages {pages} are {'the same' if same else 'NOT THE SAME'}")
    print(said)


if __name__ == "__main__":
    wanted = parse_positional(__doc__, scan=Path, pages=31)
    measure(wanted.scan.resolve(), wanted.pages)
    survive(wanted.scan.resolve(), "1-12")
