"""Measure what `--out pdf` costs: its time beside reading, pages per second of `ocr export`, and peak memory.

    python -m benchmarks.performance.export_speed [--pages 10 1000] [--formats pdf alto hocr] [--no-reading]

Reading: the built-in engine reads the samples once; then the PDFs of the same folder are written. The ratio of the two
times is the cost of a PDF. Both are measured in one run, so a busy machine slows both.

Export: a scan of N pages, each one JPEG, with 400 words a page in the ledger, is exported by the real command in a
process of its own. Peak memory is that process's resident set. Exits with 1 where the longest scan needs more than 10%
or 20 MB more than the shortest with `pdf`, or where PDFs cost more than 5% of reading.
"""

import argparse
import io
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pikepdf
from PIL import Image

from benchmarks.robustness.killed_runs import ENVIRONMENT, OCR
from ocr.core.document import EngineIdentity, Line, Page, Role, Source, Table, Word, box_around
from ocr.core.files import hash_file
from ocr.storage.ledger import Entry
from ocr.storage.output_dir import open_folder

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
WIDTH, HEIGHT = 1240, 1754
TABLE_AT = 28
"""First line of the table."""
ALLOWED_SHARE, ALLOWED_MB, ALLOWED_COST = 0.10, 20.0, 0.05


def make_scan(path: Path, pages: int) -> None:
    """Write a PDF whose every page is one JPEG."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((WIDTH, HEIGHT)).save(buffer, "JPEG", quality=40)
    with pikepdf.new() as pdf:
        name = pikepdf.Name
        for _ in range(pages):
            page = pdf.add_blank_page(page_size=(595, 842))
            image = pikepdf.Stream(
                pdf, buffer.getvalue(), Type=name.XObject, Subtype=name.Image, Width=WIDTH, Height=HEIGHT,
                ColorSpace=name.DeviceGray, BitsPerComponent=8, Filter=name.DCTDecode,
            )  # fmt: skip
            page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=pdf.make_indirect(image)))
            page.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Im Do Q")
        pdf.save(path)


def page_of_words(number: int) -> Page:
    """Return a page of 40 lines with ten words each: a title, nine paragraphs, and a table of twelve rows."""
    lines = list[Line]()
    for row in range(40):
        words, left = [], 100.0
        for column in range(10):
            text = "abcdefghijklmnop"[: 2 + (number + 3 * row + 7 * column) % 9]
            words.append(Word(text, (left, 60 + 40 * row, left + 11 * len(text), 90 + 40 * row), 0.98))
            left += 11 * (len(text) + 1)
        joined = " ".join(word.text for word in words)
        role: Role = "title" if row == 0 else "table-cell" if row >= TABLE_AT else "paragraph"
        block = min((row + 2) // 3, TABLE_AT // 3 + 1)
        lines.append(Line(joined, box_around(word.box for word in words), 0.98, tuple(words), "text", role, block))
    text = "\n".join(line.text for line in lines)
    blocks = groupby(lines[:TABLE_AT], key=lambda line: line.block)
    paragraphs = tuple(" ".join(line.text for line in group) for _, group in blocks)
    cells = tuple(
        tuple(" ".join(word.text for word in line.words[start : start + 2]) for start in range(0, 10, 2))
        for line in lines[TABLE_AT:]
    )
    tables = (Table(box_around(line.box for line in lines[TABLE_AT:]), cells, len(paragraphs), header_rows=1),)
    return Page(
        *(number, "ok"), text=text, paragraphs=paragraphs, lines=tuple(lines), tables=tables, width=WIDTH, height=HEIGHT
    )


def make_folder(root: Path, pages: int) -> Path:
    """Return an output folder in which a scan of `pages` pages was read."""
    scan = root / f"scan-{pages}.pdf"
    make_scan(scan, pages)
    source = Source(scan.name, hash_file(scan), pages)
    with open_folder(root / f"out-{pages}", create=True) as folder:
        folder.ledger.begin(EngineIdentity("fake", "fake 1"), version="0", host="here")
        folder.ledger.add_file(source, scan.as_posix())
        for number in range(1, pages + 1):
            saved = folder.ledger.record(source.sha256, Entry(page_of_words(number)))
        saved.result(timeout=60)
    return root / f"out-{pages}"


def run(*words: object) -> tuple[float, float]:
    """Run `ocr`; return its seconds and its peak resident memory in MB."""
    started = time.monotonic()
    process = subprocess.Popen([OCR, *map(str, words)], env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        # The kernel's own high mark: the rusage of a child also counts what its parent had at the fork.
        for mark in re.findall(r"VmHWM:\s+(\d+)", _read(Path(f"/proc/{process.pid}/status"))):
            peak = max(peak, int(mark) / 1024)
        time.sleep(0.01)
    if process.returncode:
        raise SystemExit(f"ocr left with {process.returncode}")
    return time.monotonic() - started, peak


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""  # the process has ended


def exports(root: Path, counts: list[int], forms: list[str]) -> Iterator[bool]:
    """Print a row for each format and page count; yield whether memory stays within bounds."""
    folders = {pages: make_folder(root, pages) for pages in counts}
    print(f"{'format':<8} {'pages':>6} {'seconds':>8} {'pages/s':>8} {'MB':>7}")
    for form in forms:
        peaks = []
        for pages, folder in folders.items():
            seconds, peak = run("export", folder, "--out", form)
            peaks.append(peak)
            print(f"{form:<8} {pages:>6,} {seconds:>8.1f} {pages / seconds:>8.0f} {peak:>7.0f}", flush=True)
        yield form != "pdf" or peaks[-1] - peaks[0] <= max(ALLOWED_MB, ALLOWED_SHARE * peaks[0])


def cost_of_pdf(root: Path) -> float:
    """Return the seconds of writing the samples' PDFs over those of reading the samples."""
    scans = [path for path in sorted(SAMPLES.iterdir()) if path.suffix in (".pdf", ".png", ".jpg", ".tiff")]
    reading, _ = run("extract", *scans, "--to", root / "read", "--out", "json")
    idle, _ = run("export", root / "read", "--out", "json")
    writing, _ = run("export", root / "read", "--out", "pdf")
    print(f"reading {reading:.1f} s, PDF {max(0.0, writing - idle):.2f} s (a start of the command takes {idle:.2f} s)")
    return max(0.0, writing - idle) / reading


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, nargs="+", default=[10, 1000])
    parser.add_argument("--formats", nargs="+", default=["pdf", "alto", "page", "hocr", "docx"])
    parser.add_argument("--no-reading", action="store_true", help="only export; read nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        good = all(list(exports(Path(work), arguments.pages, arguments.formats)))
        if not arguments.no_reading:
            cost = cost_of_pdf(Path(work))
            print(f"PDF over reading: {cost:.1%}")
            good = good and cost <= ALLOWED_COST
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
