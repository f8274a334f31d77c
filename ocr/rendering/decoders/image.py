"""Render image files in the render child with Pillow: every mode to upright 8-bit RGB on white, a band at a time."""

import math
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageChops, ImageOps, ImageStat, UnidentifiedImageError

from ocr.rendering.decoders.thumbnails import picture_offsets
from ocr.rendering.decoders.tiff import TiffPage
from ocr.rendering.filetype import Kind
from ocr.rendering.page_buffer import DAMAGE, DEFAULT_DPI, Limits, PageBuffer, check_pages

# The limit on pixels is ours (`PageBuffer.check`), known before anything is decoded.
Image.MAX_IMAGE_PIXELS = None

# Rows converted at once, so that little memory is needed beside the decoded image and the page.
_BAND = 256

# A lower resolution is the default of a camera or a program; a higher one is wrong.
_PLAUSIBLE_DPI = (100.0, 2400.0)
_LEAST_STRETCH, _MOST_STRETCH = 1.5, 5.0

# White print on transparency covers less than the first share of the image, and is lighter than the second.
_COVERED, _LIGHT = 0.5, 0.66

# Share of the range of 16-bit samples below which all of them lie if they have 10 or 12 bits.
_DARK = 0.25

_PILLOW_NAMES: dict[Kind, str] = {"heic": "HEIF"}
"""Kinds that Pillow and its plug-ins call by another name."""


class ImageDocument:
    """An image file. Only TIFF has more than one page: of an animation the first frame, of HEIC the main picture."""

    def __init__(self, path: Path, kind: Kind, limits: Limits) -> None:
        self._path = path
        self._formats = [_PILLOW_NAMES.get(kind, kind.upper())]
        if kind == "heic":
            _register_heic()
        self._offsets = picture_offsets(path, limits.max_pages, limits.max_pixels) if kind == "tiff" else None
        if self._offsets is None:
            with self._open(1):
                self.pages = 1
        else:
            self.pages = check_pages(len(self._offsets), limits)

    def render(self, number: int, buffer: PageBuffer) -> None:
        """Render a page. Raises what Pillow raises on damaged bytes, or `ScanError`."""
        with self._open(number) as image:
            dpi, stretch = resolution_of(image)
            buffer.check(image.width, round(image.height * stretch))
            image.load()
            _turn_upright(image)
            page = _to_square_pixels(_to_bytes_deep(image), stretch)
            copy_to(buffer.allocate(page.width, page.height, dpi), page)

    def close(self) -> None:
        """Do nothing: no file is open between pages."""

    @contextmanager
    def _open(self, number: int) -> Iterator[Image.Image]:
        with (
            self._path.open("rb") if self._offsets is None else TiffPage(self._path, self._offsets[number - 1]) as file
        ):
            try:
                image = Image.open(file, formats=self._formats)
            except UnidentifiedImageError as cause:
                # Pillow's message names the file object and not the cause.
                raise ValueError("its header makes no sense to the decoder") from cause
            with image:
                yield image


def _register_heic() -> None:
    """Let Pillow open HEIC files. Raises `ImportError` where the package is missing."""
    from pi_heif import register_heif_opener

    register_heif_opener(thumbnails=False)


def copy_to(memory: mmap.mmap, image: Image.Image) -> None:
    """Write an image as packed RGB rows, transparent parts on white, or on black where what is drawn is light."""
    background = "black" if image.has_transparency_data and _is_light(image) else "white"
    for band in _bands(image):
        memory.write(_to_rgb(band, background).tobytes())


def _bands(image: Image.Image) -> Iterator[Image.Image]:
    for top in range(0, image.height, _BAND):
        yield image.crop((0, top, image.width, min(top + _BAND, image.height)))


def _is_light(image: Image.Image) -> bool:
    """Return whether what is drawn on transparency is light: white print, which white paper would hide.

    An image that covers most of its area brings its own paper.
    """
    covered = light = 0.0
    for band in _bands(image):
        drawn = band.convert("RGBA")
        opacity = drawn.getchannel("A")
        whole = ImageStat.Stat(opacity)
        covered += whole.sum[0]
        light += ImageStat.Stat(ImageChops.multiply(drawn.convert("L"), opacity)).sum[0]
    return covered < _COVERED * 255 * image.width * image.height and light > _LIGHT * covered


def _turn_upright(image: Image.Image) -> None:
    """Apply the EXIF orientation (Pillow itself does it for TIFF); invalid EXIF is ignored."""
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except DAMAGE:
        return


def _to_bytes_deep(image: Image.Image) -> Image.Image:
    """Return 16-bit samples scaled by their depth, 32-bit samples and floats by their range; other images unchanged.

    Samples of 10 or 12 bits are often stored in 16: where none reaches a quarter of the depth, the brightest is white.
    """
    if image.mode.startswith("I;16"):
        depth = int(getattr(image, "tag_v2", {}).get(258, (16,))[0])
        low, high = 0.0, float(2**depth - 1)
        image = image.convert("I")
        brightest = float(image.getextrema()[1])  # type: ignore[arg-type]
        high = brightest if 0 < brightest < _DARK * high else high
    elif image.mode in ("I", "F"):
        low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    else:
        return image
    scale = 255 / (high - low) if math.isfinite(high - low) and high > low else 1.0
    return image.point(lambda value: value * scale - low * scale).convert("L")


def _to_rgb(band: Image.Image, background: str = "white") -> Image.Image:
    if band.mode == "RGB" and "transparency" not in band.info:
        return band
    if band.has_transparency_data:
        band = band.convert("RGBA")
        paper = Image.new("RGB", band.size, background)
        paper.paste(band, mask=band.getchannel("A"))
        return paper
    return band.convert("RGB")


def _to_square_pixels(image: Image.Image, stretch: float) -> Image.Image:
    return image if stretch == 1 else image.convert("L").resize((image.width, round(image.height * stretch)))


def resolution_of(image: Image.Image) -> tuple[float, float]:
    """Return dots per inch across, and a pixel's height over its width: 2 in faxes of standard quality (204 x 98)."""
    try:
        across, down = (float(value) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return DEFAULT_DPI, 1.0
    least, most = _PLAUSIBLE_DPI
    if not least <= across <= most:
        return DEFAULT_DPI, 1.0
    # Fine faxes (204 x 196) and rounding are left alone; only clearly squashed pages are stretched.
    is_fax = image.mode == "1" and across / _MOST_STRETCH <= down <= across / _LEAST_STRETCH
    return across, across / down if is_fax else 1.0
