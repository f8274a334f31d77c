"""Small printed forms for a miniature: five lines of 21 signs in a wide typewriter face.

    python -m benchmarks.decoding.small_forms DIR --train 6000 --held-out 200

What is easy about them: every sign has a cell of its own, which is one patch of the model's image. The rest of each
line is filled up with dashes, as in a notary's deed, so that line and column follow from the number of a sign. The
wordings are few. What is not: half of the training forms are words of random syllables and random numbers in random
order, which no wording predicts, and the names and towns of the held-out forms are in no training form.
"""

import argparse
import random
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from data.examples import Example, write_manifest
from ocr.core.files import hash_bytes

COLUMNS, ROWS = 21, 5
CELL = 20
"""Pixels of a sign in width and in height."""
SIZE, NARROW = 16, 11
"""Points of the face, and the pixels of a sign in width before it is made as wide as its cell."""
RANDOM_SHARE = 0.5
"""Share of the training forms that are random syllables and numbers."""
SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789áâãàçéêíóôõúÁÂÃÀÇÉÊÍÓÔÕÚºª$.,:;/-() \n"
"""Signs that forms are made of; each is one token of the miniature."""


@dataclass(frozen=True, slots=True)
class Entries:
    """What is filled in: first names, surnames and towns."""

    names: tuple[str, ...]
    surnames: tuple[str, ...]
    towns: tuple[str, ...]


TRAINING = Entries(
    (
        "Ana", "Bruno", "Carla", "Davi", "Fábio", "Gilda", "Hugo", "Inês", "João", "Kátia", "Luís", "Marta", "Nuno",
        "Olívia", "Paulo", "Rita", "Sônia", "Téo",
    ),
    (
        "Leão", "Dias", "Pires", "Nunes", "Gomes", "Viana", "Castro", "Teles", "Ramos", "Souza", "Uchôa", "Moraes",
        "Brandão", "Queirós", "Falcão",
    ),
    (
        "Belém", "Curitiba", "Goiânia", "Maceió", "Natal", "Olinda", "Recife", "Vitória", "Jundiaí", "Caxias",
        "Macapá", "Sobral",
    ),
)  # fmt: skip
HELD_OUT = Entries(
    (
        "Zélia", "Otávio", "Lívia", "Jacó", "Benício", "Flora", "Rômulo", "Gisela", "Tarcísio", "Noêmia", "Wilma",
        "Íris",
    ),
    (
        "Vasconcelos", "Prado", "Xavier", "Lobão", "Serpa", "Guimarães", "Zanini", "Coutinho", "Jordão", "Bulhões",
    ),
    ("Manaus", "Aracaju", "Teresina", "Floripa", "Itabuna", "Óbidos", "Xapuri", "Quixadá"),
)  # fmt: skip
MONTHS = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro",
    "dezembro",
)  # fmt: skip
WORDINGS = (
    "CERTIDÃO Nº {number} Certifico que a fls. {few} consta o registro de {person}. {town}, {day} de {month} "
    "de {year}.",
    "RECIBO Nº {few} Recebi de {person} a quantia de R$ {money}. {town}, {day} de {month} de {year}.",
    "EDITAL {few}/{year} Fica intimado {person} a pagar R$ {money} no dia {day} de {month}, em {town}.",
    "REQUERIMENTO {person}, RG {number}, pede certidão de tempo de serviço. {town}, {day} de {month} de {year}.",
    "TERMO DE POSSE Nº {few} {person} foi nomeado escriturário em {town}, {day} de {month} de {year}.",
    "PROCURAÇÃO {person}, RG {number}, nomeia procurador {person}. {town}, {day} de {month} de {year}.",
    "GUIA {number} Contribuinte: {person}. Imposto: R$ {money}. Vence: {day} de {month} de {year}. {town}.",
    "AUTOS {number}/{year} Autor: {person}. Réu: {person}. Comarca de {town}, {day} de {month}.",
)


def write_form(luck: random.Random, entries: Entries) -> str:
    """Return the text of one form: `ROWS` lines of `COLUMNS` signs."""
    text = luck.choice(WORDINGS)
    write: dict[str, Callable[[], str]] = {
        "person": lambda: f"{luck.choice(entries.names)} {luck.choice(entries.surnames)}",
        "town": lambda: luck.choice(entries.towns),
        "number": lambda: f"{luck.randint(10, 999)}.{luck.randint(0, 999):03d}",
        "few": lambda: str(luck.randint(1, 999)),
        "money": lambda: f"{luck.randint(1, 99)}.{luck.randint(0, 999):03d},{luck.randint(0, 99):02d}",
        "day": lambda: str(luck.randint(1, 30)),
        "month": lambda: luck.choice(MONTHS),
        "year": lambda: str(luck.randint(1850, 1999)),
    }
    for name, make in write.items():
        while f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", make(), 1)
    return fill_lines(text.split())


def write_noise(luck: random.Random) -> str:
    """Return a form whose words no reader can guess: random syllables, numbers and single signs."""
    signs = SIGNS.replace(" ", "").replace("\n", "")
    words: list[str] = []
    while sum(map(len, words)) < COLUMNS * ROWS:
        kind, size = luck.random(), luck.randint(1, 4)
        if kind < 0.6:
            word = "".join(luck.choice("bcdfghjklmnpqrstvxz") + luck.choice("aeiouáãâéêíóôõú") for _ in range(size))
            words.append(word.capitalize() if luck.random() < 0.3 else word)
        else:
            words.append("".join(luck.choice("0123456789" if kind < 0.75 else signs) for _ in range(2 * size)))
    return fill_lines(words)


def fill_lines(words: Sequence[str]) -> str:
    """Return the words in `ROWS` lines of `COLUMNS` signs, each filled up with dashes; what has no room is left out."""
    lines = textwrap.wrap(" ".join(words), COLUMNS, break_on_hyphens=False)[:ROWS]
    lines += [""] * (ROWS - len(lines))
    return "\n".join(line.ljust(COLUMNS, "-") for line in lines)


@cache
def draw_sign(sign: str) -> Image.Image:
    """Return a sign as wide as its cell: gray, `CELL` x `CELL` pixels."""
    face = ImageFont.truetype(str(files("data.synthesis").joinpath("fonts/cousine-400-normal.ttf")), SIZE)
    narrow = Image.new("L", (NARROW, CELL), 255)
    ImageDraw.Draw(narrow).text((1, 1), sign, font=face, fill=0)
    return narrow.resize((CELL, CELL), Image.Resampling.BILINEAR)


def draw(text: str) -> Image.Image:
    """Return the picture of a form: gray, (`COLUMNS` x `CELL`, `ROWS` x `CELL`) pixels."""
    page = Image.new("L", (COLUMNS * CELL, ROWS * CELL), 255)
    for row, line in enumerate(text.split("\n")):
        for column, sign in enumerate(line):
            page.paste(draw_sign(sign), (column * CELL, row * CELL))
    return page


def make_forms(folder: Path, name: str, count: int, seed: int) -> Path:
    """Write `count` forms and their manifest `name`.jsonl into `folder`, unless they are there; return the manifest.

    Forms called "train" have the entries of `TRAINING` or are random, all others have those of `HELD_OUT`.
    """
    manifest = folder / f"{name}.jsonl"
    if not manifest.is_file():
        (folder / name).mkdir(parents=True, exist_ok=True)
        write_manifest(manifest, _examples(folder, name, count, seed))
    return manifest


def _examples(folder: Path, name: str, count: int, seed: int) -> Iterator[Example]:
    luck = random.Random(seed)
    entries, noise = (TRAINING, RANDOM_SHARE) if name == "train" else (HELD_OUT, 0.0)
    for number in range(count):
        text = write_noise(luck) if luck.random() < noise else write_form(luck, entries)
        path = folder / name / f"{number:06d}.png"
        page = draw(text)
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
    parser.add_argument("--train", type=int, default=6000)
    parser.add_argument("--held-out", type=int, default=200)
    wanted = parser.parse_args()
    print(make_forms(wanted.to, "train", wanted.train, 1))
    print(make_forms(wanted.to, "validation", wanted.held_out, 2))


if __name__ == "__main__":
    main()
