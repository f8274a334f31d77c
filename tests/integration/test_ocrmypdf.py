"""OCRmyPDF's own command reads with our plugin, which the module `lusocr` holds."""

import subprocess
import sys
from pathlib import Path

import img2pdf
import pikepdf
import pypdfium2
import pytest
from command import ENVIRONMENT, ROOT
from PIL import Image

COMMAND = Path(sys.executable).with_name("ocrmypdf")
PLACE = ROOT / "ocr/integrations"
"""Where the module `lusocr` stands in the source tree; the wheel has it at its top."""


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    Image.linear_gradient("L").resize((700, 400)).save(tmp_path / "a.png")
    picture = (tmp_path / "a.png").read_bytes()
    layout = img2pdf.get_fixed_dpi_layout_fun((100, 100))
    (tmp_path / "in.pdf").write_bytes(img2pdf.convert([picture, picture], layout_fun=layout))
    return tmp_path / "in.pdf"


def run(*words: object) -> "subprocess.CompletedProcess[str]":
    command = [COMMAND, "--plugin", "lusocr", "--lusocr-engine", "ocr.engines.fake:create", *map(str, words)]
    environment = ENVIRONMENT | {"PYTHONPATH": f"{ENVIRONMENT['PYTHONPATH']}:{PLACE}"}
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False)


@pytest.mark.parametrize("mode", [(), ("--no-use-threads", "--jobs", "2", "--pdf-renderer", "fpdf2")])
def test_a_pdf_gets_the_words_of_our_engine(scan: Path, tmp_path: Path, mode: tuple[str, ...]) -> None:
    done = run("--output-type", "pdf", *mode, scan, tmp_path / "out.pdf")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        assert "lusocr" in str(pdf.docinfo["/Creator"])
    pages = pypdfium2.PdfDocument(tmp_path / "out.pdf")
    words = [page.get_textpage().get_text_range().split() for page in pages]
    assert [page[:2] for page in words] == [["réu", "interpôs"]] * 2
    assert [len(page) for page in words] == [12, 12]


def test_its_exit_codes_say_what_failed(scan: Path, tmp_path: Path) -> None:
    done = run("--output-type", "pdf", "--lusocr-set", "options.start=fails", scan, tmp_path / "out.pdf")
    assert (done.returncode, "does not load" in done.stderr) == (7, True), done.stderr
    assert not (tmp_path / "out.pdf").exists()
