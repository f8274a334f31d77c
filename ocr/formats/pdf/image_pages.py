"""Pages of PDF from image files. JPEG, JPEG 2000 and CCITT Group 4 streams go in as they are; others without loss."""

import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.core.environment import load
from ocr.formats.scan_job import FormatError
from ocr.rendering.discovery import shown
from ocr.rendering.filetype import HEAD_BYTES, kind_of
from ocr.rendering.image import resolution_of
from ocr.rendering.tiff import page_offsets, single_page

if TYPE_CHECKING:
    from PIL import Image

_PAGES_LIMIT = 1_000_000


def is_pdf(path: Path) -> bool:
    """Return whether the file is a PDF by its content."""
    with path.open("rb") as file:
        return kind_of(file.read(HEAD_BYTES)) == "pdf"


def image_pages(path: Path) -> Iterator[bytes | FormatError]:
    """Yield one PDF a page of an image file, each of one page; for a damaged page, why it cannot become one."""
    from PIL import UnidentifiedImageError

    for number, read in enumerate(_single_images(path), start=1):
        try:
            content = _as_pdf(read())
        except _refusals() as cause:
            damaged = isinstance(cause, UnidentifiedImageError)  # its message names an object of this process
            yield FormatError(
                f"{shown(path)}: page {number}: cannot become a page of PDF: "
                f"{'its header makes no sense' if damaged else cause}",
                hint="save the image as JPEG, PNG or TIFF, or use --out alto or hocr",
            )
        else:
            yield content


def _single_images(path: Path) -> Iterator[Callable[[], bytes]]:
    """Yield functions that read the bytes of image files of one page each."""
    with path.open("rb") as file:
        is_tiff = kind_of(file.read(HEAD_BYTES)) == "tiff"
    if not is_tiff:
        yield path.read_bytes
        return
    for offset in page_offsets(path, _PAGES_LIMIT):
        yield partial(single_page, path, offset)


def _as_pdf(content: bytes) -> bytes:
    img2pdf = load("img2pdf", extra="pdf")
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        across, stretch = resolution_of(image)
        has_alpha = image.has_transparency_data
        if has_alpha:
            content = _on_white(image)
    layout = img2pdf.get_fixed_dpi_layout_fun((across, across / stretch))
    converted: bytes = img2pdf.convert(
        content, layout_fun=layout, rotation=img2pdf.Rotation.ifvalid, engine=img2pdf.Engine.pikepdf, nodate=True
    )
    return converted


def _on_white(image: "Image.Image") -> bytes:
    """Return the image as PNG with its transparent parts on white, as it was read."""
    from PIL import Image

    opaque = image.convert("RGBA")
    white = Image.new("RGB", opaque.size, "white")
    white.paste(opaque, mask=opaque.getchannel("A"))
    buffer = io.BytesIO()
    white.save(buffer, "PNG")
    return buffer.getvalue()


def _refusals() -> tuple[type[Exception], ...]:
    """Return what is raised for pictures that are damaged or that img2pdf does not convert."""
    img2pdf = load("img2pdf", extra="pdf")
    return (
        *(ValueError, OSError, SyntaxError, ArithmeticError, img2pdf.ImageOpenError, img2pdf.JpegColorspaceError),
        *(img2pdf.UnsupportedColorspaceError, img2pdf.AlphaChannelError, img2pdf.ExifOrientationError),
        *(img2pdf.PdfTooLargeError, img2pdf.NegativeDimensionError),
    )
