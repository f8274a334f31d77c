"""A PDF of one page that holds nothing but invisible text, for programs that put it below a page of their own."""

import zlib
from pathlib import Path

from ocr.core.document import Page
from ocr.core.environment import load
from ocr.formats.pdf.glyphless_font import CharacterCodes
from ocr.formats.pdf.invisible_text import Sheet, layer_of

FONT = "F1"
"""Name of the font in the page's resources: OCRmyPDF copies a font of this name with the layer."""


def write_text_only(page: Page, path: Path, size: tuple[float, float]) -> None:
    """Write the text of `page` to a PDF of `size` points, on the scan as it lies in its file."""
    pikepdf = load("pikepdf", extra="pdf")
    codes = CharacterCodes(2)
    content = layer_of(page, Sheet((0.0, 0.0, *size), page.rotation), {FONT: codes})
    with pikepdf.new() as pdf:
        leaf = pdf.add_blank_page(page_size=size)
        leaf.obj.Contents = pdf.make_indirect(
            pikepdf.Stream(pdf, zlib.compress(content, 9), Filter=pikepdf.Name.FlateDecode)
        )
        if content:
            font = pdf.make_indirect(pikepdf.Dictionary())
            codes.fill(pdf, font)
            leaf.add_resource(font, pikepdf.Name.Font, pikepdf.Name(f"/{FONT}"))
        pdf.save(path, deterministic_id=True)
