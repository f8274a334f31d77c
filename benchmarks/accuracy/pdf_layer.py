"""Compare the text layer of searchable PDFs with the text that was read: words, boxes, sizes and images.

    python -m benchmarks.accuracy.pdf_layer [PAGES]

Real pages, two of them turned and one made to lean, become JPEG files and are read with `--out json,pdf`. poppler's
`pdftotext -raw` must give the words of the JSON output in their order; `pdftotext -bbox` gives their boxes. Then the
same pages become one Group 4 TIFF file with the same layers. A PDF may be 1.05 times as large as its scan and 3 kB a
page; JPEG and Group 4 data must stand in it byte for byte. Exits with 1 where a bar is missed, with 77 without pages or
poppler.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any

import pikepdf
from PIL import Image

from benchmarks.arguments import parse_positional
from benchmarks.paths import PAGES
from benchmarks.robustness.killed_runs import ENVIRONMENT, OCR
from ocr.core.document import Box, Document, Source
from ocr.core.files import hash_file
from ocr.formats.json_schema import document_from_json
from ocr.formats.pdf.searchable import write_searchable_pdf
from ocr.formats.scan_job import ScanJob
from ocr.text.text_places import words_of

CASES = (
    ("book", "machado_casaVelha_p012.png", 0), ("book, leaning 2 degrees", "machado_casaVelha_p051.png", 2),
    ("book, turned left", "machado_casaVelha_p002.png", 90), ("two columns", "dodf2001_p007.png", 0),
    ("two columns, upside down", "dodf2001_p012.png", 180), ("table", "dodf2019_p003.png", 0),
    ("newspaper of 1900", "hemdig_paiz1900_c3.png", 0), ("newspaper of 1887", "hemdig_paiz1887_c1a.png", 0),
)  # fmt: skip
"""What each page is, its file, and the degrees to the left by which it is turned before it is read."""
DPI = 200
OVERLAP, SHARE = 0.8, 0.99
"""Least overlap (IoU) of a word's boxes, and least share of words that reach it."""
FACTOR, ROOM = 1.05, 3000
"""Most bytes of a PDF: so many times those of the scan, and so many more a page."""
_WORD = re.compile(r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>')


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured on one page."""

    words: int
    is_equal: bool
    overlapping: int
    sizes: tuple[int, int]
    """Bytes of the JPEG and of its PDF."""
    has_images: bool


def make_scans(folder: Path, pages: Path) -> None:
    """Write the pages as JPEG files."""
    for place, (_, name, degrees) in enumerate(CASES):
        with Image.open(pages / name) as image:
            turned = image.convert("L").rotate(degrees, expand=True, fillcolor=255)
        turned.save(folder / f"{place}.jpg", quality=85, dpi=(DPI, DPI))


def layer_words(pdf: Path) -> list[str]:
    """Return the words of a PDF in the order of its content."""
    text = subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, check=True, encoding="utf-8").stdout
    return text.split()


def layer_boxes(pdf: Path, scale: float) -> list[tuple[str, Box]]:
    """Return the words of a PDF's only page with their boxes in pixels, `scale` of which are a point."""
    text = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, check=True, encoding="utf-8").stdout
    found = []
    for left, top, right, bottom, word in _WORD.findall(text):
        box = (float(left) * scale, float(top) * scale, float(right) * scale, float(bottom) * scale)
        found.append((unescape(word), box))
    return found


def overlap(first: Box, second: Box) -> float:
    """Return the intersection of two boxes over their union."""
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0.0, wide) * max(0.0, high)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return shared / (areas - shared) if areas > shared else 0.0


def group4_result(folder: Path, scans: Sequence[Path], documents: Sequence[Document]) -> tuple[int, int, bool]:
    """Make one Group 4 TIFF of all pages, and its PDF; return the bytes of both, and whether all data stands in it."""
    tiff, pdf = folder / "all.tiff", folder / "all.tiff.pdf"
    pages = []
    for scan in scans:
        with Image.open(scan) as image:
            pages.append(image.point(lambda value: 255 * (value > 128)).convert("1"))
    one_strip = {278: max(page.height for page in pages)}  # as fax and scanners write it
    options: dict[str, Any] = {"compression": "group4", "dpi": (DPI, DPI), "tiffinfo": one_strip}
    pages[0].save(tiff, save_all=True, append_images=pages[1:], **options)
    read = [replace(document.pages[0], number=number) for number, document in enumerate(documents, start=1)]
    source = Source(tiff.name, hash_file(tiff), len(read))
    job = ScanJob(source, documents[0].engine, read, tiff, folder)
    pdf.write_bytes(b"".join(write_searchable_pdf(job)))
    return tiff.stat().st_size, pdf.stat().st_size, has_images(tiff, pdf)


def has_images(scan: Path, pdf: Path) -> bool:
    """Return whether the images in the PDF have the very bytes of the scan."""
    content = scan.read_bytes()
    with pikepdf.open(pdf) as opened:
        images = [image for page in opened.pages for image in page.get_images().values()]
        return all(bytes(image.read_raw_bytes()).rstrip(b"\0") in content for image in images)


def measure(out: Path, scan: Path, document: Document) -> Result:
    """Return what is measured on one page."""
    page = document.pages[0]
    ours = [word for line in page.lines for word in words_of(line)]
    pdf = out / f"{scan.name}.pdf"
    with Image.open(scan) as image:
        scale = max(page.width, page.height) / max(image.size) * DPI / 72
    theirs = layer_boxes(pdf, scale)
    good = sum(any(text == word.text and overlap(word.box, box) >= OVERLAP for text, box in theirs) for word in ours)
    words = [part for word in ours for part in word.text.split()]
    sizes = (scan.stat().st_size, pdf.stat().st_size)
    return Result(len(ours), layer_words(pdf) == words, good, sizes, has_images(scan, pdf))


def show(results: Sequence[Result], group4: tuple[int, int, bool]) -> bool:
    """Print the table; return whether all bars were held."""
    print("| page | words | in our order | boxes | JPEG | its PDF | image |")
    print("|---|---|---|---|---|---|---|")
    for (name, _, _), one in zip(CASES, results, strict=True):
        print(
            f"| {name} | {one.words:,} | {'equal' if one.is_equal else 'differ'} | {one.overlapping / one.words:.1%} "
            f"| {one.sizes[0]:,} | {_over(*one.sizes, pages=1)} | {'same bytes' if one.has_images else 'differ'} |"
        )
    tiff, pdf, is_same = group4
    pages = len(results)
    print(f"all as one Group 4 TIFF: {tiff:,} bytes, PDF {_over(tiff, pdf, pages=pages)}", end="")
    print(f" ({(pdf - tiff) / pages:,.0f} a page), images {'same bytes' if is_same else 'differ'}")
    words = sum(one.words for one in results)
    share = sum(one.overlapping for one in results) / words
    print(f"{words:,} words; boxes that overlap by {OVERLAP} or more: {share:.2%} (bar: {SHARE:.0%})")
    is_small = _is_within(tiff, pdf, pages) and all(_is_within(*one.sizes, 1) for one in results)
    return share >= SHARE and is_small and is_same and all(one.is_equal and one.has_images for one in results)


def _over(scan: int, pdf: int, pages: int) -> str:
    return f"+{pdf - scan:,}{'' if _is_within(scan, pdf, pages) else ' (bar missed)'}"


def _is_within(scan: int, pdf: int, pages: int) -> bool:
    return pdf <= FACTOR * scan + ROOM * pages


def main() -> None:
    pages = Path(parse_positional(__doc__, pages=str(PAGES)).pages)
    if not shutil.which("pdftotext") or not all((pages / name).is_file() for _, name, _ in CASES):
        print(f"needs pdftotext, and pages in {pages}")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "scans"
        folder.mkdir()
        make_scans(folder, pages)
        scans = [folder / f"{place}.jpg" for place in range(len(CASES))]
        command = [OCR, "extract", *scans, "--to", folder / "out", "--out", "json,pdf", "--quiet"]
        subprocess.run(list(map(str, command)), env=ENVIRONMENT, check=True)
        outputs = [(folder / f"out/{scan.name}.json").read_text(encoding="utf-8") for scan in scans]
        documents = [document_from_json(json.loads(output)) for output in outputs]
        results = [measure(folder / "out", *pair) for pair in zip(scans, documents, strict=True)]
        is_good = show(results, group4_result(folder, scans, documents))
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
