"""Draw docs/assets/scan-and-text.png: a sample scan with its fields outlined, beside the text that lusocr reads.

python docs/assets/make_picture.py
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import ocr
from data.synthesis.fonts import SHIPPED

HERE = Path(__file__).resolve().parent
SCAN = HERE.parents[1] / "samples" / "gazette.png"
COLORS = {"header": "#1565c0", "text": "#2e7d32", "margin": "#ef6c00", "footer": "#6a1b9a"}
WIDTH, HEIGHT, GAP = 700, 860, 24


def outlined(page: ocr.Page) -> Image.Image:
    """Return the top of the scan with a box around each line, in the color of its field."""
    with Image.open(SCAN) as scan:
        image = scan.convert("RGB")
    draw = ImageDraw.Draw(image)
    for line in page.lines:
        draw.rectangle(line.box, outline=COLORS[line.field], width=2)
    left, right = min(line.box[0] for line in page.lines) - 30, max(line.box[2] for line in page.lines) + 30
    top = min(line.box[1] for line in page.lines) - 30
    bottom = top + (right - left) * HEIGHT / WIDTH
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box=(left, top, right, bottom))


def typeset(page: ocr.Page) -> Image.Image:
    """Return the page's header and paragraphs as an image, wrapped, the header in the color of its field."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "#fafafa")
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(str(SHIPPED / "carlito-400-normal.ttf"), 19)
    top = 20
    for color, paragraph in ((COLORS["header"], page.header), *(("#202020", part) for part in page.paragraphs)):
        for line in wrapped(draw, paragraph.replace("\n", " "), font, WIDTH - 40):
            draw.text((20, top), line, fill=color, font=font)
            top += 25
        top += 9
    return image


def wrapped(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Break `text` into lines of at most `width` pixels."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def main() -> None:
    page = ocr.extract(SCAN).pages[0]
    picture = Image.new("RGB", (2 * WIDTH + GAP, HEIGHT), "white")
    picture.paste(outlined(page), (0, 0))
    picture.paste(typeset(page), (WIDTH + GAP, 0))

    picture.quantize(200, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        HERE / "scan-and-text.png", optimize=True
    )


if __name__ == "__main__":
    main()
