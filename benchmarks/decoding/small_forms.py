"""Small printed forms for a miniature: five lines of typewriter text, a fixed wording with entries that vary.

    python -m benchmarks.decoding.small_forms DIR --train 4000 --held-out 200

Every sign has a cell of its own and every entry comes from a short list, so that a model of half a million parameters
learns to read them on a share of one core. Most of the wording repeats from form to form. This is the easiest case for
drafting; real pages are harder.
"""

import argparse
import random
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from data.examples import Example, write_manifest
from ocr.core.files import hash_bytes

COLUMNS, ROWS = 32, 5
CELL, PITCH = 8, 32
"""Pixels of a sign in width, and of a line in height."""
SIZE = 13
"""Points of the face: its signs are then 8 pixels wide."""

NAMES = (
    "Ana Leão", "Bruno Dias", "Carla Pires", "Davi Nunes", "Fábio Gomes", "Inês Viana", "João Castro", "Luís Teles",
    "Marta Ramos", "Olívia Souza", "Paulo Uchôa", "Rita Moraes",
)  # fmt: skip
CITIES = ("Belém", "Curitiba", "Goiânia", "Maceió", "Natal", "Olinda", "Recife", "Vitória")
MONTHS = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro",
    "dezembro",
)  # fmt: skip

FORMS = (
    """CERTIDÃO DE NASCIMENTO
Certifico que, às folhas {day},
foi lavrado o assento de
{name}
{city}, {day} de {month}""",
    """CERTIDÃO DE ÓBITO
Certifico que, às folhas {day},
consta o registro de óbito de
{name}
{city}, {day} de {month}""",
    """RECIBO
{name}
pagou R$ {day}0,00 do aluguel do
imóvel situado na comarca de
{city}, {day} de {month}""",
    """EDITAL DE INTIMAÇÃO
{name}
fica intimado a comparecer à
audiência no dia {day} de {month}
no fórum da comarca de {city}""",
    """REQUERIMENTO
{name}
vem requerer a certidão de tempo
de serviço. Pede deferimento.
{city}, {day} de {month}""",
    """TERMO DE POSSE
{name}
foi nomeado para o cargo de
escriturário, padrão {day}
{city}, {day} de {month}""",
)


def write_text(luck: random.Random) -> str:
    """Return the text of one form."""
    entries = {
        "name": lambda: luck.choice(NAMES),
        "city": lambda: luck.choice(CITIES),
        "day": lambda: str(luck.randint(10, 29)),
        "month": lambda: luck.choice(MONTHS),
    }
    text = luck.choice(FORMS)
    for name, write in entries.items():
        while f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", write(), 1)
    return text


def draw(text: str, face: ImageFont.FreeTypeFont) -> Image.Image:
    """Return the picture of a form: gray, (`COLUMNS` x `CELL`, `ROWS` x `PITCH`) pixels."""
    page = Image.new("L", (COLUMNS * CELL, ROWS * PITCH), 255)
    pen = ImageDraw.Draw(page)
    for row, line in enumerate(text.split("\n")):
        pen.text((0, row * PITCH + PITCH // 4), line, font=face, fill=0)
    return page


def make_forms(folder: Path, name: str, count: int, seed: int) -> Path:
    """Write `count` forms and their manifest `name`.jsonl into `folder`, unless they are there; return the manifest."""
    manifest = folder / f"{name}.jsonl"
    if not manifest.is_file():
        (folder / name).mkdir(parents=True, exist_ok=True)
        write_manifest(manifest, _examples(folder, name, count, seed))
    return manifest


def _examples(folder: Path, name: str, count: int, seed: int) -> Iterator[Example]:
    luck = random.Random(seed)
    face = ImageFont.truetype(str(files("data.synthesis").joinpath("fonts/cousine-400-normal.ttf")), SIZE)
    for number in range(count):
        text = write_text(luck)
        path = folder / name / f"{number:06d}.png"
        page = draw(text, face)
        page.save(path, compress_level=1)
        yield Example(
            id=f"{name}-{number:06d}",
            document=f"{name}-{number // 10:05d}",
            page=number % 10 + 1,
            image=f"{name}/{path.name}",
            sha256=hash_bytes(path.read_bytes()),
            width=page.width,
            height=page.height,
            kind="small form",
            origin="composed",
            licence="CC0-1.0",
            text=text,
            seed=seed,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("to", type=Path)
    parser.add_argument("--train", type=int, default=4000)
    parser.add_argument("--held-out", type=int, default=200)
    wanted = parser.parse_args()
    print(make_forms(wanted.to, "train", wanted.train, 1))
    print(make_forms(wanted.to, "validation", wanted.held_out, 2))


if __name__ == "__main__":
    main()
