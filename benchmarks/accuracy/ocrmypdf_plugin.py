"""Run OCRmyPDF with our plugin on real pages: as they are, deskewed, turned and forced; compare its words with ours.

    python -m benchmarks.accuracy.ocrmypdf_plugin [PAGES]

Ours are the words of the PDF that `ocr extract --out pdf` writes for the same file. For pages that were made to lean,
or were turned, they are those of the pages as they were. Where OCRmyPDF shows us the page as it is, the words must be
ours, all in order. Then every exit code that the plugin can cause is shown. Exits with 1 where words or codes differ,
with 77 without pages or programs.
"""

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import img2pdf
import pikepdf
from PIL import Image
from rapidfuzz.distance import Indel

from benchmarks.arguments import parse_positional
from benchmarks.paths import PAGES, ROOT
from benchmarks.robustness.killed_runs import ENVIRONMENT, OCR

COMMAND = Path(sys.executable).with_name("ocrmypdf")
DPI, PIXELS = 200, 25
"""Resolution of the PDF, and the pixels that are a whole number of points (9)."""
LEAN = 1.5
NAMES = (
    "machado_casaVelha_p002.png", "machado_casaVelha_p012.png", "dodf2001_p007.png", "dodf2019_p003.png",
    "dodf2020jan_p011.png", "hemdig_paiz1887_c1a.png", "hemdig_paiz1900_c3.png", "machado_casaVelha_p051.png",
    "dodf2001_p012.png", "dodf2020x5_p003.png",
)  # fmt: skip
SAME = 0.97
"""Least share of words that a page read after deskewing or turning has in common with the page as it was."""


def make_pdf(path: Path, images: Sequence[Image.Image]) -> Path:
    """Write images as a PDF of one page each."""
    pictures = []
    for image in images:
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        pictures.append(buffer.getvalue())
    path.write_bytes(img2pdf.convert(pictures, layout_fun=img2pdf.get_fixed_dpi_layout_fun((DPI, DPI))))
    return path


def run_ocrmypdf(*words: object) -> int:
    """Return the exit code of `ocrmypdf --plugin lusocr` with these arguments."""
    environment = ENVIRONMENT | {"PYTHONPATH": f"{ROOT}:{ROOT / 'ocr/integrations'}"}
    command = [COMMAND, "--plugin", "lusocr", "--quiet", "--output-type", "pdf", *map(str, words)]
    return subprocess.run(command, env=environment, stderr=subprocess.DEVNULL, check=False).returncode


def words_of(path: Path) -> list[str]:
    """Return the words of a PDF in the order of its content."""
    done = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, encoding="utf-8", check=True)
    return done.stdout.split()


def alike(words: list[str], others: list[str]) -> float:
    """Return the share of words that both have in the same order."""
    return Indel.normalized_similarity(words, others)


def compare(work: Path, images: list[Image.Image]) -> bool:
    """Print a row for each mode; return whether all have the words that they must have."""
    plain = make_pdf(work / "plain.pdf", images)
    subprocess.run(
        [OCR, "extract", plain, "--to", work / "own", "--out", "pdf", "--quiet"], env=ENVIRONMENT, check=True
    )
    ours = words_of(work / "own/plain.pdf.pdf")
    modes: dict[str, tuple[Callable[[], Path], tuple[str, ...]]] = {
        "as they are": (lambda: plain, ()),
        "--pdf-renderer fpdf2": (lambda: plain, ("--pdf-renderer", "fpdf2")),
        "--force-ocr on a PDF with text": (lambda: work / "as_they_are.pdf", ("--force-ocr",)),
        f"--deskew, made to lean by {LEAN} degrees": (lambda: make_pdf(work / "lean.pdf", lean(images)), ("--deskew",)),
        "--rotate-pages, turned": (lambda: make_pdf(work / "turned.pdf", turned(images)), ("--rotate-pages",)),
    }
    good = True
    print("| mode | exit code | words | as in our PDF |\n|---|---|---|---|")
    for name, (source, options) in modes.items():
        out = work / f"{name.replace(' ', '_')[:11]}.pdf"
        code = run_ocrmypdf(*options, source(), out)
        words = words_of(out)
        same = alike(words, ours)
        print(f"| {name} | {code} | {len(words):,} | {same:.2%} |", flush=True)
        good = good and code == 0 and same >= (SAME if name.startswith(("--deskew", "--rotate")) else 1.0)
    return good


def whole_points(image: Image.Image) -> Image.Image:
    """Return the page cut to whole points: the two programs round fractions of a pixel in different ways."""
    width, height = (size - size % PIXELS for size in image.size)
    return image.crop((0, 0, width, height))


def lean(images: list[Image.Image]) -> list[Image.Image]:
    """Return the pages leaning, on white."""
    return [image.rotate(-LEAN, Image.Resampling.BICUBIC, fillcolor="white") for image in images]


def turned(images: list[Image.Image]) -> list[Image.Image]:
    """Return the pages turned by 90, 180 and 270 degrees."""
    return [image.rotate(90 * (1 + place % 3), expand=True) for place, image in enumerate(images)]


def check_codes(work: Path) -> bool:
    """Print a row for each failure; return whether each ends with OCRmyPDF's own exit code for it."""
    small = make_pdf(work / "small.pdf", [Image.new("L", (300, 200), 255)])
    with pikepdf.open(small) as pdf:
        pdf.save(work / "locked.pdf", encryption=pikepdf.Encryption(owner="o", user="u"))
    (work / "no.pdf").write_text("no PDF", encoding="utf-8")
    failures = {
        "a page with text, no mode": (6, (work / "as_they_are.pdf",)),
        "-l deu": (3, ("-l", "deu", small)),
        "--lusocr-set nothing=1": (1, ("--lusocr-set", "nothing=1", small)),
        "--lusocr-engine nothing": (1, ("--lusocr-engine", "nothing", small)),
        "an encrypted PDF": (8, (work / "locked.pdf",)),
        "no PDF": (2, (work / "no.pdf",)),
    }
    good = True
    print("\n| what is wrong | exit code | OCRmyPDF's own |\n|---|---|---|")
    for name, (expected, words) in failures.items():
        code = run_ocrmypdf(*words, work / "never.pdf")
        print(f"| {name} | {code} | {expected} |", flush=True)
        good = good and code == expected
    return good


def main() -> None:
    arguments = parse_positional(__doc__, pages=len(NAMES))
    found = [PAGES / name for name in NAMES[: arguments.pages]]
    if not all(path.is_file() for path in found) or shutil.which("pdftotext") is None or not COMMAND.is_file():
        print("needs the shared pages, pdftotext and ocrmypdf")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        images = [whole_points(Image.open(path).convert("L")) for path in found]
        good = compare(Path(folder), images)
        good = check_codes(Path(folder)) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
