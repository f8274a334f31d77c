"""Pages of PDF from image files.

JPEG, JPEG 2000 and CCITT Group 4 streams go in as they are, other pictures without loss. What PDF cannot hold (HEIC,
AVIF, GIF, DjVu) is rendered as for reading: pages of black and white go in as Group 4, others as JPEG.
"""

import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.core.document import PageImage
from ocr.core.environment import load
from ocr.core.errors import ScanError
from ocr.formats.page_pictures import PagePictures
from ocr.formats.scan_job import FormatError
from ocr.rendering.decoders.image import resolution_of
from ocr.rendering.decoders.thumbnails import picture_offsets
from ocr.rendering.decoders.tiff import single_page
from ocr.rendering.discovery import shown
from ocr.rendering.filetype import HEAD_BYTES, Kind, kind_of
from ocr.rendering.passwords import Passwords

if TYPE_CHECKING:
    from PIL import Image

_RENDERED: tuple[Kind, ...] = ("heic", "avif", "gif", "djvu")
_QUALITY = 90
"""JPEG quality of rendered pages."""
_PAGES_LIMIT, _PIXELS_LIMIT = 1_000_000, 150_000_000


def is_pdf(path: Path) -> bool:
    """Return whether the file is a PDF by its content."""
    with path.open("rb") as file:
        return kind_of(file.read(HEAD_BYTES)) == "pdf"


def image_pages(path: Path) -> Iterator[bytes | FormatError]:
    """Yield one PDF a page of an image file, each of one page; for a damaged page, why it cannot become one."""
    from PIL import UnidentifiedImageError

    with path.open("rb") as file:
        kind = kind_of(file.read(HEAD_BYTES))
    if kind in _RENDERED:
        yield from _rendered_pages(path)
        return
    for number, read in enumerate(_single_images(path, kind), start=1):
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


def _single_images(path: Path, kind: Kind | None) -> Iterator[Callable[[], bytes]]:
    """Yield functions that read the bytes of image files of one page each."""
    if kind != "tiff":
        yield path.read_bytes
        return
    for offset in picture_offsets(path, _PAGES_LIMIT, _PIXELS_LIMIT):
        yield partial(single_page, path, offset)


def _rendered_pages(path: Path) -> Iterator[bytes | FormatError]:
    """Yield PDFs of pages that the render child decodes. Raises `FormatError` where the scan cannot be opened."""
    with PagePictures(path, Passwords()) as pictures:
        try:
            pages = pictures.count()
        except ScanError as problem:
            raise FormatError(problem.message, hint=problem.hint) from problem
        for number in range(1, pages + 1):
            try:
                page = pictures.render(number)
            except ScanError as problem:
                yield FormatError(problem.message, hint=problem.hint)
            else:
                yield _as_pdf(_encoded(page))


def _encoded(page: PageImage) -> bytes:
    """Return a page as Group 4 TIFF if it is black and white, else as JPEG."""
    import numpy as np
    from PIL import Image

    levels = page.pixels[..., 0]
    is_gray = bool((levels == page.pixels[..., 1]).all() and (levels == page.pixels[..., 2]).all())
    picture = Image.fromarray(levels if is_gray else page.pixels)
    buffer = io.BytesIO()
    dpi = (page.dpi, page.dpi)
    if is_gray and bool(np.isin(levels, (0, 255)).all()):
        picture.convert("1", dither=Image.Dither.NONE).save(buffer, "TIFF", compression="group4", dpi=dpi)
    else:
        picture.save(buffer, "JPEG", quality=_QUALITY, dpi=dpi)
    return buffer.getvalue()


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
