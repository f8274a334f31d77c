"""A plugin for OCRmyPDF: its pipeline and options with our reader, as `ocrmypdf --plugin lusocr in.pdf out.pdf`.

OCRmyPDF renders, turns, deskews and writes the PDF. It asks this plugin for the rotation, the skew and the text of a
page image. Written for the plugin interface of OCRmyPDF 17 (`ocrmypdf.pluginspec`).
"""

import logging
import shutil
from argparse import ArgumentParser
from collections.abc import Set
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from ocrmypdf import OcrOptions, hookimpl
from ocrmypdf.hocrtransform import BoundingBox, OcrClass, OcrElement
from ocrmypdf.pluginspec import OcrEngine, OrientationConfidence

from ocr.core.document import Box, EngineIdentity, Line, Page, Source
from ocr.core.environment import VERSION
from ocr.formats.line_blocks import Block, blocks_of, direction_of
from ocr.formats.pdf.text_only import write_text_only
from ocr.formats.scanned_boxes import as_scanned, scanned_box
from ocr.formats.text.plain_text import write_text
from ocr.formats.xml.hocr import write_hocr
from ocr.integrations.ocrmypdf_reader import LusocrOptions, count_workers, exit_codes, read_image, settings_of
from ocr.text.text_places import words_of

if TYPE_CHECKING:
    import pluggy
    from ocrmypdf.pdfinfo import PdfInfo
    from pydantic import BaseModel

LOG = logging.getLogger(__name__)
LANGUAGES = frozenset({"por", "eng"})
"""What `-l` may name. OCRmyPDF's default is `eng`, and it does not tell whether a person asked for it."""
_TESSERACT = "ocrmypdf.builtin_plugins.tesseract_ocr"
_FALLBACK_DPI = 300.0
"""Resolution of an image that does not say its own."""
_DOUBT, _PER_POINT = 0.5, 0.02
"""Mean confidence of characters that stands for no confidence in a rotation, and its growth for each point. OCRmyPDF
turns a page from 14 points on: 0.78. Upright print has 0.93 and more; print read upside down has less than 0.6."""
_PAGES: list[int] = [1]
"""Number of pages of the file that this process works on."""


@hookimpl
def initialize(plugin_manager: "pluggy.PluginManager") -> None:
    """Do without Tesseract where it is not installed: OCRmyPDF would refuse to start. Its options stay known."""
    if shutil.which("tesseract") is not None:
        return
    tesseract = plugin_manager.unregister(name=_TESSERACT)
    kept = {name: getattr(tesseract, name) for name in ("register_options", "add_options")}
    plugin_manager.register(SimpleNamespace(**kept))


@hookimpl
def register_options() -> "dict[str, type[BaseModel]]":
    """Name the options of this plugin."""
    return {"lusocr": LusocrOptions}


@hookimpl
def add_options(parser: ArgumentParser) -> None:
    """Add the options that choose engine, model and settings."""
    group = parser.add_argument_group("lusocr", "Options of the lusocr engine")
    group.add_argument("--lusocr-engine", metavar="NAME", help="engine, as --engine of ocr extract")
    group.add_argument("--lusocr-model", metavar="NAME", help="vision-language model, as --model of ocr extract")
    group.add_argument("--lusocr-config", metavar="FILE", help="TOML file with settings, as --config of ocr extract")
    group.add_argument(
        "--lusocr-set",
        metavar="KEY=VALUE",
        dest="lusocr_settings",
        action="append",
        help="one setting, as --set of ocr extract; may be repeated",
    )


@hookimpl
def check_options(options: OcrOptions) -> None:
    """Set what `auto` stands for, and refuse settings that do not exist before a page is rendered."""
    if not _is_chosen(options):
        return
    if options.languages == ["eng"]:
        options.languages = ["por"]
    if options.pdf_renderer == "auto":
        options.pdf_renderer = "sandwich"
    with exit_codes():
        settings_of(options.lusocr, 1)


@hookimpl
def validate(pdfinfo: "PdfInfo", options: OcrOptions) -> None:
    """Note the number of pages: no more worker processes are started."""
    del options
    _PAGES[0] = len(pdfinfo)


@hookimpl
def get_ocr_engine(options: OcrOptions | None) -> "LusocrEngine | None":
    """Return our engine, unless `--ocr-engine` names another."""
    return LusocrEngine() if options is None or _is_chosen(options) else None


def _is_chosen(options: OcrOptions) -> bool:
    return options.ocr_engine in ("auto", "lusocr")


class LusocrEngine(OcrEngine):
    """Our reader as OCRmyPDF calls it: static methods, from many threads or processes."""

    @staticmethod
    def version() -> str:
        """Return the version of lusocr."""
        return VERSION

    @staticmethod
    def creator_tag(options: OcrOptions) -> str:
        """Return what the PDF's metadata say of us."""
        engine = options.lusocr.engine or options.lusocr.model
        return f"lusocr {VERSION}" + (f" ({engine})" if engine else "")

    def __str__(self) -> str:
        return f"lusocr {VERSION}"

    @staticmethod
    def languages(options: OcrOptions) -> Set[str]:
        """Return the languages that `-l` may name."""
        del options
        return LANGUAGES

    @staticmethod
    def get_orientation(input_file: Path, options: OcrOptions) -> OrientationConfidence:
        """Return by how many degrees clockwise the page must be turned to be upright: the way it reads best."""
        page = _read(input_file, options)
        points = max(0.0, (page.confidence or 0.0) - _DOUBT) / _PER_POINT
        return OrientationConfidence(page.rotation, points)

    @staticmethod
    def get_deskew(input_file: Path, options: OcrOptions) -> float:
        """Return the skew in degrees, clockwise; OCRmyPDF turns the page back by as much."""
        import numpy as np
        from PIL import Image

        from ocr.engines.local.orientation import is_sideways, turn
        from ocr.engines.local.skew import find_skew

        del options
        with Image.open(input_file) as image:
            gray = np.asarray(image.convert("L"))
        return find_skew(turn(gray, 90) if is_sideways(gray) else gray)

    @staticmethod
    def supports_generate_ocr() -> bool:
        """Return True: the renderer `fpdf2` is given elements, not a file of hOCR."""
        return True

    @staticmethod
    def generate_ocr(input_file: Path, options: OcrOptions, page_number: int = 0) -> tuple[OcrElement, str]:
        """Return blocks, lines and words of the page as elements, and its text."""
        page = _read(input_file, options)
        width, height, dpi = _size(input_file)
        root = OcrElement(
            OcrClass.PAGE, BoundingBox(0, 0, width, height), dpi=dpi, page_number=page_number, language="por"
        )
        root.children = [_paragraph(block, page, (width, height)) for block in blocks_of(page)]
        return root, _text(page)

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: OcrOptions) -> None:
        """Write the page as hOCR, with boxes on the image as it is, and its text."""
        page = as_scanned(_read(input_file, options))
        with output_hocr.open("w", encoding="utf-8") as file:
            file.writelines(write_hocr(Source(input_file.name, "", 1), _identity(options), [page]))
        output_text.write_text(_text(page), encoding="utf-8")

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: OcrOptions) -> None:
        """Write the page as a PDF of invisible text, as large as the image, and its text."""
        page = _read(input_file, options)
        width, height, dpi = _size(input_file)
        write_text_only(page, output_pdf, (72 * width / dpi, 72 * height / dpi))
        output_text.write_text(_text(page), encoding="utf-8")


def _read(image: Path, options: OcrOptions) -> Page:
    return read_image(image, options.lusocr, count_workers(options.jobs, _PAGES[0], threads=options.use_threads))


def _identity(options: OcrOptions) -> EngineIdentity:
    return EngineIdentity(options.lusocr.engine or "rapid", LusocrEngine.creator_tag(options))


def _text(page: Page) -> str:
    return "".join(write_text(Source("", "", 1), EngineIdentity("", ""), [page]))


def _size(path: Path) -> tuple[int, int, float]:
    """Return width and height of an image in pixels, and its resolution in dots per inch."""
    from PIL import Image

    with Image.open(path) as image:
        dpi = float(image.info.get("dpi", (_FALLBACK_DPI,))[0])
        return image.width, image.height, dpi if dpi > 1 else _FALLBACK_DPI


def _paragraph(block: Block, page: Page, size: tuple[int, int]) -> OcrElement:
    lines = [_line(line, page, size) for line in block.lines]
    return OcrElement(OcrClass.PARAGRAPH, _box(block.box, page, size), children=lines, direction="ltr", language="por")


def _line(line: Line, page: Page, size: tuple[int, int]) -> OcrElement:
    words = [
        OcrElement(OcrClass.WORD, _box(word.box, page, size), text=word.text, confidence=word.confidence)
        for word in words_of(line)
        if word.text.strip()
    ]
    angle = float((page.rotation + 90 * direction_of(line, page.lines)) % 360)
    return OcrElement(OcrClass.LINE, _box(line.box, page, size), children=words, textangle=angle, direction="ltr")


def _box(box: Box, page: Page, size: tuple[int, int]) -> BoundingBox:
    """Return a box on the image as it is, of `size` pixels."""
    left, top, right, bottom = scanned_box(box, page)
    right, bottom = min(right, size[0]), min(bottom, size[1])
    return BoundingBox(min(max(left, 0), right), min(max(top, 0), bottom), right, bottom)
