"""Draw ocr/canary.png, the page that a model must read before any other: python benchmarks/draw_canary.py"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ocr.engines.vlm.canary import TEXT

ROOT = Path(__file__).resolve().parent.parent
FONT = ROOT / "data" / "fonts" / "arimo-400-normal.ttf"

image = Image.new("L", (640, 224), 252)
draw = ImageDraw.Draw(image)
for row, line in enumerate(TEXT.split("\n")):
    draw.text((28, 20 + 38 * row), line, 20, ImageFont.truetype(str(FONT), 26))
image.save(ROOT / "ocr" / "canary.png", optimize=True)
