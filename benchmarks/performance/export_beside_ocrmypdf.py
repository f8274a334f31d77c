"""Measure `ocr export --out pdf` beside OCRmyPDF's step from hOCR to PDF, on the same pages, in one run.

    python -m benchmarks.performance.export_beside_ocrmypdf [--pages 1000] [--rounds 3]

A scan of N pages, each one JPEG, was read: 400 words a page. `ocr export` writes its searchable PDF from the ledger.
OCRmyPDF grafts the same words onto the same scan from one hOCR file a page (`ocrmypdf.api._hocr_to_ocr_pdf`, one job,
no optimization, no PDF/A); writing those files is not counted. The commands take turns; each is one process, and its
start counts. Speeds are pages per second of processor time (median), with those by the clock beside them. Then the
words of both PDFs are compared. Exits with 1 where OCRmyPDF is faster by processor time or a PDF lacks words.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pikepdf

from benchmarks.performance.export_speed import make_folder, page_of_words
from benchmarks.robustness.killed_runs import ENVIRONMENT, OCR
from ocr.core.document import EngineIdentity, Source
from ocr.formats.writers import FORMATS

GRAFT = """
import sys
from pathlib import Path
from ocrmypdf import api
api._hocr_to_ocr_pdf(Path(sys.argv[1]), Path(sys.argv[2]), jobs=1, use_threads=True, optimize=0, output_type="pdf")
"""
"""OCRmyPDF's second half: it takes a folder that its first half left, and writes the PDF."""


def make_work_folder(root: Path, scan: Path, pages: int) -> Path:
    """Return the folder that OCRmyPDF's first half would leave: the scan, and one hOCR file a page."""
    from ocrmypdf._pipelines._common import HOCRResult

    folder = root / "graft"
    folder.mkdir()
    (folder / "origin.pdf").write_bytes(scan.read_bytes())
    source, engine = Source(scan.name, "0" * 64, 1), EngineIdentity("fake", "fake 1")
    for number in range(1, pages + 1):
        content = b"".join(FORMATS["hocr"].render(source, engine, [page_of_words(number)]))
        hocr = folder / f"{number:06}_ocr_hocr.hocr"
        hocr.write_bytes(content)
        result = HOCRResult(pageno=number - 1, hocr=hocr)
        (folder / f"{number:06}_hocr.json").write_text(result.to_json(), encoding="utf-8")
    return folder


def timed(*words: object) -> tuple[float, float]:
    """Run a command; return its processor time and its time by the clock, in seconds."""
    before, started = os.times(), time.monotonic()
    done = subprocess.run(list(map(str, words)), env=ENVIRONMENT, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode("utf-8", "replace"))
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return spent, time.monotonic() - started


def words_of(path: Path) -> list[str]:
    """Return the words of a PDF, as poppler reads them."""
    text = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, check=True, encoding="utf-8").stdout
    return text.split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as work:
        root = Path(work)
        folder = make_folder(root, arguments.pages)
        scan = root / f"scan-{arguments.pages}.pdf"
        graft = make_work_folder(root, scan, arguments.pages)
        pdf, grafted = folder / f"{scan.name}.pdf", root / "grafted.pdf"
        for _ in range(arguments.rounds):
            pdf.unlink(missing_ok=True)
            ours.append(timed(OCR, "export", folder, "--out", "pdf"))
            theirs.append(timed(sys.executable, "-c", GRAFT, graft, grafted))
        expected = [
            word.text for n in range(1, arguments.pages + 1) for one in page_of_words(n).lines for word in one.words
        ]
        same = [words_of(path) == expected for path in (pdf, grafted)]
        sizes = [(path.stat().st_size - scan.stat().st_size) / arguments.pages for path in (pdf, grafted)]
        with pikepdf.open(pdf) as written:
            tagged = "/StructTreeRoot" in written.Root
    print(f"| {arguments.pages:,} pages, {arguments.rounds} rounds | pages/s of CPU | pages/s | bytes a page | words |")
    print("|---|---|---|---|---|")
    for name, times, size, is_same in zip(
        ("ocr export, tagged" if tagged else "ocr export", "OCRmyPDF, hOCR"), (ours, theirs), sizes, same, strict=True
    ):
        cpu, clock = (statistics.median(values) for values in zip(*times, strict=True))
        print(
            f"| {name} | {arguments.pages / cpu:.0f} | {arguments.pages / clock:.0f} | {size:,.0f} "
            f"| {'equal' if is_same else 'differ'} |"
        )
    is_faster = statistics.median(cpu for cpu, _ in ours) <= statistics.median(cpu for cpu, _ in theirs)
    sys.exit(0 if is_faster and same[0] else 1)


if __name__ == "__main__":
    main()
