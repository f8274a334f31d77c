"""The faces that lines are set in: font files, what each can print, and its letters as small arrays of ink.

A folder of fonts may hold `fonts.jsonl`, which `write_index` makes: it names the style of each file and saves the
reading of its tables. Without it every file is read, and the style is guessed from the font's tables.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.lines.texts import ALPHABET, FOREIGN
from ocr.core.environment import load
from ocr.core.errors import DataError

Ink = NDArray[np.uint8]

EM = 64
"""Pixels: letters are drawn once at this size and resized with the line."""
STYLES = ("serif", "antique", "slab", "sans", "narrow", "typewriter", "script", "blackletter", "dots", "display")
INDEX = "fonts.jsonl"
SHIPPED = Path(__file__).parent.parent / "synthesis" / "fonts"
_SHIPPED_STYLES = {
    "arimo": "sans", "carlito": "sans", "tinos": "serif", "gelasio": "serif", "cousine": "typewriter",
    "old-standard-tt": "antique",
}  # fmt: skip
NEEDED = frozenset("abcdefghijlmnopqrstuvxzABCDEFGHIJLMNOPQRSTUVXZ0123456789.-")
"""What a face must print to be used at all; a face without accents sets only lines that have none."""
OPTIONAL = "ﬁﬂ"
"""Ligatures that take the place of two letters where a face has them."""
SUFFIXES = (".ttf", ".otf", ".woff")


@dataclass(frozen=True, slots=True)
class Glyph:
    """The ink of one character: `ink` (height, width) lies `left` right of the pen and `top` below the baseline."""

    ink: Ink
    left: int
    top: int
    advance: float


@dataclass(frozen=True, slots=True)
class FontFile:
    """What is known of a font file without drawing it."""

    file: str
    family: str
    style: str
    bold: bool
    italic: bool
    missing: str
    """Characters of `ALPHABET` and `OPTIONAL` that it cannot print."""
    licence: str = ""
    source: str = ""
    foreign: str = ""
    """Letters of `FOREIGN` that it can print."""


@dataclass
class Face:
    """One font file and the letters drawn from it so far."""

    path: Path
    font: FontFile
    characters: frozenset[str]
    _glyphs: dict[str, Glyph] = field(default_factory=dict)
    _loaded: Any = None

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def style(self) -> str:
        return self.font.style

    def can_print(self, characters: Iterable[str]) -> bool:
        """Return whether the face has a glyph for each of `characters`; a space always counts as there."""
        return self.characters.issuperset(characters)

    def glyph(self, character: str) -> Glyph:
        """Return a character's ink at `EM` pixels; drawn at its first use."""
        known = self._glyphs.get(character)
        if known is None:
            known = self._glyphs[character] = self._draw(character)
        return known

    @property
    def x_height(self) -> float:
        """Height of the letter x as a share of the em."""
        return -self.glyph("x").top / EM

    @property
    def cap_height(self) -> float:
        """Height of the letter H as a share of the em."""
        return -self.glyph("H").top / EM

    def _draw(self, character: str) -> Glyph:
        if self._loaded is None:
            image_font = load("PIL.ImageFont")
            self._loaded = image_font.truetype(str(self.path), EM, layout_engine=image_font.Layout.BASIC)
        advance = float(self._loaded.getlength(character))
        left, top, right, bottom = self._loaded.getbbox(character, anchor="ls")
        if right <= left or bottom <= top or character == " ":
            return Glyph(np.zeros((0, 0), np.uint8), 0, 0, advance)
        canvas = load("PIL.Image").new("L", (right - left, bottom - top), 0)
        load("PIL.ImageDraw").Draw(canvas).text((-left, -top), character, 255, font=self._loaded, anchor="ls")
        return Glyph(np.array(canvas), int(left), int(top), advance)


class Faces:
    """All faces at hand, by style, and the bold and italic siblings of each."""

    def __init__(self, faces: Sequence[Face]) -> None:
        self.all = tuple(faces)
        self._styles: dict[str, list[Face]] = {}
        self._families: dict[str, dict[tuple[bool, bool], Face]] = {}
        for face in self.all:
            self._styles.setdefault(face.style, []).append(face)
            self._families.setdefault(face.font.family, {})[face.font.bold, face.font.italic] = face

    @property
    def styles(self) -> Mapping[str, Sequence[Face]]:
        return self._styles

    def sibling(self, face: Face, *, bold: bool, italic: bool) -> Face:
        """Return the face of the same family in the cut asked for, or `face` itself where there is none."""
        return self._families[face.font.family].get((bold, italic), face)


def read_faces(folders: Sequence[Path], *, shipped: bool = True) -> Faces:
    """Return the faces of the project (unless `shipped` is False) and those of `folders`, in a fixed order.

    Font files that lack letters of `NEEDED` are left out. Raises DataError when a folder is missing, holds no font
    that can be used, or when no face remains.
    """
    faces = _faces_of(SHIPPED) if shipped else []
    for folder in folders:
        found = _faces_of(folder)
        if not found:
            raise DataError(
                f"{folder}: holds no font that prints Portuguese", hint="name a folder of .ttf, .otf or .woff files"
            )
        faces += found
    if not faces:
        raise DataError("no face to set lines in", hint="name a folder of fonts, or allow the shipped ones")
    return Faces(faces)


def write_index(folder: Path, styles: Mapping[str, str], licences: Mapping[str, tuple[str, str]]) -> int:
    """Write `fonts.jsonl` for a folder of fonts and return the number of its rows.

    `styles` maps the start of a file name to a style, `licences` to (licence, source); the longest start counts.
    """
    rows = []
    for path in _font_files(folder):
        font = _read_font(path)
        style = styles.get(_longest_start(path.name, styles), font.style)
        licence, source = licences.get(_longest_start(path.name, licences), ("", ""))
        rows.append(replace(font, style=style, licence=licence, source=source))
    lines = (json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
    (folder / INDEX).write_text("".join(lines), encoding="utf-8")
    return len(rows)


def _longest_start(name: str, starts: Iterable[str]) -> str:
    return max((start for start in starts if name.startswith(start)), key=len, default="")


def _font_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder", hint="name a folder of .ttf, .otf or .woff files")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def _faces_of(folder: Path) -> list[Face]:
    known = _read_index(folder)
    fonts = []
    for path in _font_files(folder):
        font = known.get(path.relative_to(folder).as_posix()) or _read_font(path)
        characters = frozenset(ALPHABET + OPTIONAL) - frozenset(font.missing) | {" ", *font.foreign}
        if characters.issuperset(NEEDED):
            fonts.append(Face(path, font, characters))
    return fonts


def _read_index(folder: Path) -> dict[str, FontFile]:
    index = folder / INDEX
    if not index.is_file():
        return {}
    try:
        rows = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {row["file"]: FontFile(**row) for row in rows}
    except (ValueError, TypeError, KeyError) as failure:
        raise DataError(f"{index}: is not an index of fonts: {failure}", hint=f"delete {index}") from failure


@lru_cache(maxsize=1024)
def _read_font(path: Path) -> FontFile:
    fonts: Any = load("fontTools.ttLib", extra="data")
    try:
        with fonts.TTFont(path, lazy=True) as font:
            present = font.getBestCmap() or {}
            missing = "".join(sign for sign in ALPHABET + OPTIONAL if sign != " " and ord(sign) not in present)
            foreign = "".join(sign for sign in FOREIGN if ord(sign) in present)
            names = font["name"]
            family = str(names.getBestFamilyName() or path.stem)
            weight, sloped = font["OS/2"].usWeightClass, bool(font["OS/2"].fsSelection & 1)
            style = _guess_style(path, bool(font["post"].isFixedPitch), font["OS/2"].sFamilyClass >> 8)
    except (fonts.TTLibError, KeyError, OSError) as failure:
        raise DataError(f"{path}: cannot be read as a font: {failure}", hint="remove it from the folder") from failure
    return FontFile(path.name, family, style, weight >= 600, sloped, missing, foreign=foreign)


def _guess_style(path: Path, fixed_pitch: bool, family_class: int) -> str:
    if path.parent == SHIPPED:
        return _SHIPPED_STYLES.get(path.name.split("-400")[0].split("-700")[0], "script")
    if fixed_pitch:
        return "typewriter"
    return {8: "sans", 10: "script"}.get(family_class, "serif")
