"""Faces that no recognizer was trained on: the letters of a shipped face, each bent, turned and moved in its own way.

A letter is changed once and for all, and a letter with an accent as the letter without: a machine or a fount of types
wears so.
"""

import random
from dataclasses import dataclass
from math import cos, radians, sin
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont

from data.lines.faces import SHIPPED

MIDDLE = 0.26
"""Height about which a type is turned, share of the em."""


@dataclass(frozen=True, slots=True)
class TypeWear:
    """How much letters are changed."""

    bent: float
    """Most, share of the em."""
    turned: float
    """Degrees, standard deviation."""
    moved: float
    """Share of the em, standard deviation."""


def wear_type(glyph: Any, luck: random.Random, em: int, wear: TypeWear) -> None:
    """Bend, turn and move the outline of one letter of a font of fontTools."""
    angle, across, up = (
        radians(luck.gauss(0, wear.turned)), luck.gauss(0, wear.moved * em), luck.gauss(0, wear.moved * em)
    )  # fmt: skip
    waves = [(luck.uniform(6, 25) / em, luck.uniform(0, 6.3), luck.uniform(0, wear.bent) * em) for _ in range(4)]
    middle = sum(x for x, _ in glyph.coordinates) / len(glyph.coordinates)

    def bend(wave: tuple[float, float, float], along: float) -> float:
        return wave[2] * sin(wave[0] * along + wave[1])

    for place, (x, y) in enumerate(glyph.coordinates):
        right = x + bend(waves[0], y) + bend(waves[1], x) - middle
        above = y + bend(waves[2], x) + bend(waves[3], y) - MIDDLE * em
        glyph.coordinates[place] = (
            round(middle + right * cos(angle) - above * sin(angle) + across),
            round(MIDDLE * em + right * sin(angle) + above * cos(angle) + up),
        )


def write_face(shipped: str, to: Path, seed: int, wear: TypeWear) -> Path:
    """Write the worn face of a shipped font file into the folder `to`, unless it is there; return the folder."""
    file = to / f"{Path(shipped).stem}-{seed}.ttf"
    if not file.is_file():
        to.mkdir(parents=True, exist_ok=True)
        font = TTFont(SHIPPED / shipped)
        em, types = font["head"].unitsPerEm, font["glyf"]
        for name in font.getGlyphOrder():
            if types[name].numberOfContours > 0:
                wear_type(types[name], random.Random(f"{seed}/{name}"), em, wear)
                types[name].recalcBounds(types)
        font.save(file)
    return to
