"""Find the faces for typesetting: a small free set that ships with the project, and fonts of any folder.

Every face is a file, so that its glyphs can be checked for every character of a page. System fonts are not used unless
their folder is named: the same seed must give the same page on every machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ocr.core.environment import load
from ocr.core.errors import DataError

SHIPPED = Path(__file__).parent / "fonts"

Style = Literal["serif", "sans", "typewriter", "antique", "script"]
STYLES: tuple[Style, ...] = ("serif", "sans", "typewriter", "antique", "script")

_SHIPPED_STYLES: dict[str, Style] = {
    "Arimo": "sans", "Carlito": "sans", "Tinos": "serif", "Gelasio": "serif", "Cousine": "typewriter",
    "Old Standard TT": "antique",
}  # fmt: skip
_SANS, _SCRIPT = 8, 10  # IBM font classes in the OS/2 table


@dataclass(frozen=True, slots=True)
class Face:
    """One family: its style, and the characters that all of its files have."""

    family: str
    style: Style
    characters: frozenset[int]

    def missing(self, text: str) -> str:
        """Return the characters of `text` for which this family has no glyph, sorted."""
        return "".join(sorted({sign for sign in text if ord(sign) not in self.characters and not sign.isspace()}))


@cache
def read_faces(folders: tuple[Path, ...] = ()) -> tuple[Face, ...]:
    """Return the shipped faces and those of `folders`, sorted by family.

    Raises DataError when a folder holds no font that the typesetter can read.
    """
    faces = _faces_below(SHIPPED, _SHIPPED_STYLES)
    for folder in folders:
        more = _faces_below(folder, {})
        if not more:
            raise DataError(f"{folder}: holds no .ttf or .otf font", hint="name a folder of TrueType or OpenType fonts")
        faces |= more
    return tuple(faces[family] for family in sorted(faces))


def faces_for(style: Style, text: str, faces: Iterable[Face]) -> list[Face]:
    """Return the faces of a style that have every character of `text`. Raises DataError that names what is missing."""
    wanted = [face for face in faces if face.style == style]
    able = [face for face in wanted if not face.missing(text)]
    if able:
        return able
    nearest = min(wanted, key=lambda face: len(face.missing(text)))
    raise DataError(
        f"no {style} font has all characters: {nearest.family} has the most and lacks {nearest.missing(text)!r}",
        hint="name a folder with a font that has them: --fonts FOLDER",
    )


def _faces_below(folder: Path, styles: dict[str, Style]) -> dict[str, Face]:
    """Return the faces by the typesetter's family names, which drop words such as "Light" from a font's own name."""
    typst: Any = load("typst", extra="data")
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    faces: dict[str, Face] = {}
    for font in sorted(fonts.fonts(), key=lambda font: str(font.path)):
        style, characters = _read_font(Path(font.path), font.index)
        if styles:
            style = styles.get(font.family, "script")
        if known := faces.get(font.family):
            characters &= known.characters
        faces[font.family] = Face(font.family, style, characters)
    return faces


def _read_font(path: Path, index: int) -> tuple[Style, frozenset[int]]:
    fonts: Any = load("fontTools.ttLib", extra="data")
    try:
        with fonts.TTFont(path, lazy=True, fontNumber=index) as font:
            return _style_of(font), frozenset(font.getBestCmap() or ())
    except (fonts.TTLibError, KeyError, OSError) as failure:
        raise DataError(f"{path}: cannot be read as a font: {failure}", hint="remove it from the folder") from failure


def _style_of(font: Any) -> Style:
    if font["post"].isFixedPitch:
        return "typewriter"
    family_class = font["OS/2"].sFamilyClass >> 8
    return {_SANS: "sans", _SCRIPT: "script"}.get(family_class, "serif")  # type: ignore[return-value]
