"""Draw the page that a model must read before any other: `python -m benchmarks.tools.draw_canary [TO]`."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchmarks.arguments import parse_positional
from benchmarks.paths import ROOT
from data.synthesis.fonts import SHIPPED
from ocr.engines.vlm.canary import TEXT


def draw(to: Path) -> None:
    """Write the page as PNG."""
    image = Image.new("L", (640, 224), 252)
    canvas = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(SHIPPED / "arimo-400-normal.ttf"), 26)
    for row, line in enumerate(TEXT.split("\n")):
        canvas.text((28, 20 + 38 * row), line, 20, font)
    image.save(to, optimize=True)


if __name__ == "__main__":
    draw(parse_positional(__doc__, to=ROOT / "ocr/engines/vlm/canary.png").to)
