"""Small printed forms for a miniature: eight lines of typewriter text, a fixed wording with entries that vary.

    python -m benchmarks.decoding.small_forms DIR --train 20000 --held-out 200

Every sign has a cell of its own, so that a model of a few million parameters learns to read them in half an hour on one
core. Most of the wording repeats from form to form. This is the easiest case for drafting; real pages are harder.
"""

import argparse
import random
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from data.examples import Example, write_manifest
from ocr.core.files import hash_bytes

COLUMNS, ROWS = 40, 8
CELL, PITCH = 8, 32
"""Pixels of a sign in width, and of a line in height."""
SIZE = 13
"""Points of the face: its signs are then 8 pixels wide."""

FIRST = (
    "Ana", "Bruno", "Carla", "Davi", "Elisa", "Fábio", "Glória", "Hugo", "Inês", "João", "Kátia", "Luís",
    "Marta", "Nélson", "Olívia", "Paulo", "Rita", "Sérgio", "Tânia", "Vítor",
)  # fmt: skip
LAST = (
    "Alves", "Barros", "Castro", "Dias", "Esteves", "Farias", "Gomes", "Leão", "Moraes", "Nunes", "Pires", "Ramos",
    "Souza", "Teles", "Uchôa", "Viana",
)  # fmt: skip
CITIES = ("Belém", "Curitiba", "Goiânia", "Maceió", "Natal", "Olinda", "Palmas", "Recife", "Santos", "Vitória")
MONTHS = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro",
    "dezembro",
)  # fmt: skip

FORMS = (
    """CERTIDÃO DE NASCIMENTO Nº {n4}
Registro Civil das Pessoas Naturais
Certifico que, às folhas {n2} do livro {n2},
foi lavrado o assento de nascimento de
{name}
nascido em {city} no dia {date}
O referido é verdade e dou fé.
{city}, {date}""",
    """CERTIDÃO DE ÓBITO Nº {n4}
Registro Civil das Pessoas Naturais
Certifico que, às folhas {n2} do livro {n2},
consta o registro de óbito de
{name}
falecido em {city} no dia {date}
O referido é verdade e dou fé.
{city}, {date}""",
    """RECIBO Nº {n4}
Recebi de {name}
a importância de R$ {n2}{n1},00
referente ao aluguel do imóvel situado
na cidade de {city}
pelo que firmo o presente recibo.
{city}, {date}
{name}""",
    """EDITAL DE INTIMAÇÃO Nº {n4}
O Juiz de Direito da Comarca de {city}
faz saber a todos quantos o presente
edital virem que fica intimado
{name}
para comparecer à audiência no dia
{date}
Publique-se. Cumpra-se.""",
    """REQUERIMENTO Nº {n4}
Ilustríssimo Senhor Diretor
{name}
residente em {city}
vem respeitosamente requerer a certidão
de tempo de serviço de {name}
Nestes termos, pede deferimento.
{city}, {date}""",
    """TERMO DE POSSE Nº {n4}
Aos {date}
na Prefeitura Municipal de {city}
compareceu {name}
nomeado para exercer o cargo efetivo
de escriturário, padrão {n2}, e prestou
o compromisso de bem servir.
Lavrado por {name}""",
)


def write_text(luck: random.Random) -> str:
    """Return the text of one form."""
    entries = {
        "name": lambda: f"{luck.choice(FIRST)} {luck.choice(LAST)}",
        "city": lambda: luck.choice(CITIES),
        "date": lambda: f"{luck.randint(1, 28)} de {luck.choice(MONTHS)}",
        "n4": lambda: f"{luck.randint(1000, 9999)}",
        "n2": lambda: f"{luck.randint(10, 99)}",
        "n1": lambda: f"{luck.randint(0, 9)}",
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
    parser.add_argument("--train", type=int, default=20_000)
    parser.add_argument("--held-out", type=int, default=200)
    wanted = parser.parse_args()
    print(make_forms(wanted.to, "train", wanted.train, 1))
    print(make_forms(wanted.to, "validation", wanted.held_out, 2))


if __name__ == "__main__":
    main()
