"""Render PDF files in the render child, with PDFium or with poppler.

PDFium renders in this process, several times faster than a call of poppler. Poppler is used if PDFium cannot open a
file, or if the settings put it first.
"""

import ctypes
import math
import re
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium_c

from ocr.core.errors import LockedScanError, ScanError
from ocr.core.process_tree import lend_to_grandchildren
from ocr.rendering.page_buffer import Limits, OpenDocument, PageBuffer, check_pages

_POINTS_PER_INCH = 72
_LEAST_DPI = 72
_BLACK = bytes(3)

# Points: 24 inches, the longer side of a broadsheet newspaper. Larger pages are posters, or their size is wrong.
_LARGEST_PAPER = 24 * _POINTS_PER_INCH

Program = Callable[[Path, str | None, Limits], OpenDocument]


class DamagedPdfError(ValueError):
    """The program cannot interpret the file or page."""


class PdfiumDocument:
    """A PDF rendered by PDFium directly into shared memory."""

    def __init__(self, path: Path, password: str | None, limits: Limits) -> None:
        # A document without pages does not open, and keeps the error code of the file before: set a known code.
        pdfium_c.FPDF_LoadDocument(b"", None)
        try:
            # The path of a nameless file (/proc/PID/fd/N) opens it, but does not resolve, as pypdfium2 requires.
            source = path if path.resolve().is_file() else path.open("rb")
            self._document = pypdfium2.PdfDocument(source, password=password, autoclose=True)
        except pypdfium2.PdfiumError as cause:
            if cause.err_code == pdfium_c.FPDF_ERR_PASSWORD:
                raise _locked(password) from cause
            if cause.err_code == pdfium_c.FPDF_ERR_FILE:
                check_pages(0, limits)
            raise
        self._dpi = limits.dpi
        self._max_pixels = limits.max_pixels
        self.pages = check_pages(len(self._document), limits)
        self._document.init_forms()

    def render(self, number: int, buffer: PageBuffer) -> None:
        """Render a page. Raises `ScanError`."""
        try:
            page = self._document[number - 1]
            try:
                self._render(page, buffer)
            finally:
                page.close()
        except (pypdfium2.PdfiumError, DamagedPdfError) as cause:
            raise ScanError(
                f"is damaged: {cause}", hint="export it again, or try the other program: --set render.pdf=poppler"
            ) from cause

    def _render(self, page: pypdfium2.PdfPage, buffer: PageBuffer) -> None:
        if 0 in page.get_size():
            # A crop box outside of the paper: other viewers show the paper.
            page.set_cropbox(*page.get_mediabox())
        dpi = min(fitting_dpi(page.get_size(), self._dpi, self._max_pixels), _picture_dpi(page))

        def paper(width: int, height: int, format: int, rev_byteorder: bool) -> pypdfium2.PdfBitmap:
            memory = buffer.allocate(width, height, dpi)
            pixels = (ctypes.c_ubyte * len(memory)).from_buffer(memory)
            return pypdfium2.PdfBitmap.new_native(width, height, format, rev_byteorder, buffer=pixels)

        page.render(
            scale=dpi / _POINTS_PER_INCH,
            bitmap_maker=paper,
            rev_byteorder=True,
            force_bitmap_format=pdfium_c.FPDFBitmap_BGR,
        ).close()
        color = buffer.single_color()
        if color is not None and _has_lost_images(page, color):
            raise DamagedPdfError("its image cannot be decoded")

    def close(self) -> None:
        """Free the document."""
        self._document.close()


class PopplerDocument:
    """A PDF rendered by poppler's programs through pdf2image: one process for each page.

    A password is on their command line, where other users of the machine can see it for a moment.
    """

    def __init__(self, path: Path, password: str | None, limits: Limits) -> None:
        self._path, self._password, self._limits = path, password, limits
        self.pages = check_pages(int(self._info()["Pages"]), limits)

    def render(self, number: int, buffer: PageBuffer) -> None:
        """Render a page. Raises `ScanError`."""
        import pdf2image

        from ocr.rendering.decoders.image import copy_to

        dpi = fitting_dpi(self._size(number), self._limits.dpi, self._limits.max_pixels)
        with lend_to_grandchildren():
            images = pdf2image.convert_from_path(
                str(self._path),
                dpi=dpi,
                first_page=number,
                last_page=number,
                userpw=self._password,
                use_cropbox=True,
            )
        if not images:
            raise DamagedPdfError("poppler cannot draw it")
        image = images[0]
        copy_to(buffer.allocate(image.width, image.height, dpi), image)

    def close(self) -> None:
        """Do nothing: no file is open between pages."""

    def _size(self, number: int) -> tuple[float, float]:
        words = str(self._info(number).get(f"Page {number:4} size", ""))
        found = re.match(r"\s*(\S+) x (\S+) pts", words)
        if not found:
            raise DamagedPdfError("poppler does not find it")
        return float(found[1]), float(found[2])

    def _info(self, number: int | None = None) -> dict[str, str | int]:
        from pdf2image import exceptions, pdfinfo_from_path

        try:
            with lend_to_grandchildren():
                found: dict[str, str | int] = pdfinfo_from_path(
                    str(self._path), userpw=self._password, first_page=number, last_page=number
                )
        except exceptions.PDFPageCountError as cause:
            if _is_locked(self._path, self._password):
                raise _locked(self._password) from cause
            raise DamagedPdfError("poppler does not find its pages") from cause
        return found


def open_pdf(path: Path, password: str | None, limits: Limits) -> OpenDocument:
    """Open a PDF with the program that the settings put first, or with the other one. Raises `ScanError`.

    The choice is made once for a file: if a page is missing, the programs number the following pages differently.
    """
    programs: list[Program] = [PdfiumDocument]
    if shutil.which("pdftoppm"):
        programs.insert(limits.pdf == "pdfium", PopplerDocument)
    failure: Exception | None = None
    for program in programs:
        try:
            return program(path, password, limits)
        except (pypdfium2.PdfiumError, DamagedPdfError) as cause:
            failure = failure or cause
    raise ScanError(f"the PDF is damaged: {failure}", hint="copy, export or scan it again") from failure


def fitting_dpi(points: tuple[float, float], dpi: int, max_pixels: int) -> float:
    """Return the resolution for a page of this size in points: `dpi`, or less if that is too many pixels.

    Raises `ScanError` if no useful resolution fits, `DamagedPdfError` for an impossible size.
    """
    width, height = points
    if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
        raise DamagedPdfError(f"its size is {width:g} x {height:g} points")
    # One pixel less on each side: programs round up.
    most = math.sqrt(max_pixels / (width * height)) * _POINTS_PER_INCH * 0.999
    if most < min(_LEAST_DPI, dpi):
        inches = f"{width / _POINTS_PER_INCH:.0f} x {height / _POINTS_PER_INCH:.0f} inches"
        raise ScanError(
            f"the page is too large: {inches}",
            hint=f"if it is no bomb: --set render.max_pixels={math.ceil(width * height)}",
        )
    return min(float(dpi), most)


def _picture_dpi(page: pypdfium2.PdfPage) -> float:
    """Return the resolution of the single picture of an oversized page; infinite for any other page.

    Phones and converters write one point per pixel, so a letter is a meter tall. At 200 dpi it would have eight times
    the pixels of the picture and no more detail.
    """
    if max(page.get_size()) <= _LARGEST_PAPER:
        return math.inf
    seen = list(islice((part for part in page.get_objects() if _is_visible(part)), 2))
    if len(seen) != 1 or seen[0].type != pdfium_c.FPDF_PAGEOBJ_IMAGE:
        return math.inf
    width, height = seen[0].get_px_size()
    left, bottom, right, top = seen[0].get_bounds()
    area = (right - left) * (top - bottom)
    return math.sqrt(width * height / area) * _POINTS_PER_INCH if area > 0 else math.inf


def _is_visible(part: pypdfium2.PdfObject) -> bool:
    """Return whether it is neither a form (its parts are examined one by one) nor invisible text under a picture."""
    if part.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
        return bool(pdfium_c.FPDFTextObj_GetTextRenderMode(part) != pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE)
    return bool(part.type != pdfium_c.FPDF_PAGEOBJ_FORM)


def _has_lost_images(page: pypdfium2.PdfPage, color: bytes) -> bool:
    """Return whether a page of one color lost images: PDFium omits what it cannot decode, or fills it with zeros."""
    images = list(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3))
    try:
        for image in images:
            image.get_bitmap().close()
    except pypdfium2.PdfiumError:
        return True
    return bool(images) and color == _BLACK


def _is_locked(path: Path, password: str | None) -> bool:
    """Return whether PDFium asks for another password: poppler says so in words only."""
    try:
        pypdfium2.PdfDocument(path, password=password).close()
    except pypdfium2.PdfiumError as cause:
        return bool(cause.err_code == pdfium_c.FPDF_ERR_PASSWORD)
    return False


def _locked(password: str | None) -> LockedScanError:
    if password is None:
        return LockedScanError("the PDF is encrypted", hint="type --password PASSWORD")
    return LockedScanError("the password does not open the PDF", hint="type --password with the right one")
