"""Draw docs/assets/layer-at-the-edges.png: parts of five PDFs, with the letters of the layer in their boxes.

python docs/assets/make_layer_picture.py
"""

import subprocess
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw, ImageFont

from data.synthesis.fonts import SHIPPED

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parents[1] / "samples"
SCALE = 1.4
PANEL = (480, 320)
FONT = str(SHIPPED / "carlito-400-normal.ttf")


def scans(folder: Path) -> dict[str, tuple[Path, tuple[float, float]]]:
    """Write the scans; return for each its file, and the part shown: left and top as shares of the page."""
    letter = Image.open(SAMPLES / "letter.jpg").convert("L")
    leaning = letter.rotate(-3, Image.Resampling.BICUBIC, expand=True, fillcolor=244)
    stamp = Image.new("L", (760, 60), 244)
    ImageDraw.Draw(stamp).text((10, 8), "PROTOCOLO GERAL 2001/123", fill=30, font=ImageFont.truetype(FONT, 40))
    stamped = letter.copy()
    stamped.paste(stamp.rotate(90, expand=True), (40, 180))
    made = {"turned": letter.rotate(90, expand=True), "leaning": leaning, "stamp": stamped}
    for name, image in made.items():
        image.save(folder / f"{name}.png", dpi=(200, 200))
    found = {name: (folder / f"{name}.png", (0.1, 0.08)) for name in made}
    found["stamp"] = (found["stamp"][0], (0.0, 0.08))
    return found | {"columns": (SAMPLES / "gazette.png", (0.2, 0.1)), "table": (SAMPLES / "table.png", (0.1, 0.1))}


def draw(pdf: Path, place: tuple[float, float]) -> Image.Image:
    """Return a part of the first page, pale, with each character of the layer in red in its box."""
    page = pypdfium2.PdfDocument(pdf)[0]
    scale = SCALE
    image = page.render(scale=scale).to_pil().convert("RGB")
    image = Image.blend(image, Image.new("RGB", image.size, "white"), 0.55)
    pen = ImageDraw.Draw(image)
    text = page.get_textpage()
    for number in range(text.count_chars()):
        character = text.get_text_range(number, 1)
        left, bottom, right, top = text.get_charbox(number, loose=True)
        corners = [page_to_view(page, x, y, image.size) for x, y in ((left, bottom), (right, top))]
        (x1, x2), (y1, y2) = (sorted(pair) for pair in zip(*corners, strict=True))
        if character.strip():
            pen.rectangle((x1, y1, x2, y2), outline="#f2b8b5")
            size = max(5, round(0.8 * max(y2 - y1, 1) if y2 - y1 > x2 - x1 else 0.8 * (x2 - x1)))
            pen.text(((x1 + x2) / 2, (y1 + y2) / 2), character, fill="#c62828", anchor="mm",
                     font=ImageFont.truetype(FONT, size))  # fmt: skip
    left, top = (round(share * side) for share, side in zip(place, image.size, strict=True))
    return image.crop((left, top, left + PANEL[0], top + PANEL[1]))


def page_to_view(page: pypdfium2.PdfPage, x: float, y: float, size: tuple[int, int]) -> tuple[int, int]:
    """Return a point of the PDF page in pixels of its picture."""
    import ctypes

    across, down = ctypes.c_int(), ctypes.c_int()
    pypdfium2.raw.FPDF_PageToDevice(page.raw, 0, 0, *size, 0, x, y, across, down)
    return across.value, down.value


def main() -> None:
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        chosen = scans(folder)
        paths = [path for path, _ in chosen.values()]
        subprocess.run(["ocr", "extract", *paths, "--to", folder / "out", "--out", "pdf", "--quiet"], check=True)
        panels = [draw(folder / f"out/{path.name}.pdf", place) for path, place in chosen.values()]
    picture = Image.new("RGB", (2 * PANEL[0] + 10, 3 * PANEL[1] + 20), "white")
    for number, panel in enumerate(panels):
        picture.paste(panel, (number % 2 * (PANEL[0] + 10), number // 2 * (PANEL[1] + 10)))
    picture.quantize(24, dither=Image.Dither.NONE).save(HERE / "layer-at-the-edges.png", optimize=True)


if __name__ == "__main__":
    main()
