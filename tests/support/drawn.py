"""Four short lines drawn as images, for tests that train on something."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from data.examples import Example, write_manifest
from ocr.core.files import hash_bytes

TEXTS = ("Art. 1º Fica", "São Paulo, 3", "Processo nº 12", "Página 7")


def draw_lines(folder: Path) -> Path:
    """Write an image of 160 x 32 pixels for each of TEXTS; answers their manifest, `train.jsonl`."""
    examples = []
    for number, text in enumerate(TEXTS):
        image = Image.new("RGB", (160, 32), "white")
        ImageDraw.Draw(image).text((3, 3), text, fill="black", font=ImageFont.load_default(18))
        path = folder / f"{number}.png"
        image.save(path)
        sha256 = hash_bytes(path.read_bytes())
        examples.append(
            Example(str(number), str(number), 1, path.name, sha256, 160, 32, "line", "drawn", "none", text=text)
        )
    manifest = folder / "train.jsonl"
    write_manifest(manifest, examples)
    return manifest
