"""Small pages with a few printed lines, for tests that compare engines which ask a vision-language model."""

import numpy as np

from ocr.core.document import PageImage
from ocr.engines.base import Request
from ocr.engines.vlm.request import DETECT_REPEATS

PAGES = 16


def page(number: int) -> PageImage:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (280 + 28 * (number % 3), 196 + 56 * (number % 2)), "white")
    draw = ImageDraw.Draw(image)
    for row in range(6):
        draw.text(
            (8, 8 + 28 * row), f"Página {number}, linha {row * number}", "black", ImageFont.load_default(10 + number)
        )
    return PageImage(number, np.asarray(image), 96.0)


def plain(number: int) -> Request:
    return Request(page(number), decoding={DETECT_REPEATS: False})
