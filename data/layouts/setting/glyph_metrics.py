"""Measure text with the shipped fonts: advances and ink of every character, without drawing anything."""

from functools import cache, lru_cache
from typing import Any, NamedTuple

from data.synthesis.fonts import SHIPPED, Style
from ocr.core.environment import load
from ocr.core.errors import DataError

FAMILIES: dict[Style, tuple[str, ...]] = {
    "serif": ("tinos", "gelasio"),
    "sans": ("arimo", "carlito"),
    "typewriter": ("cousine",),
    "antique": ("old-standard-tt",),
    "script": ("kalam", "patrick-hand", "shadows-into-light", "nothing-you-could-do", "homemade-apple"),
}
"""Shipped families by style; handwriting faces are those that have all Portuguese letters."""
_VARIANTS = {(False, False): "400-normal", (True, False): "700-normal", (False, True): "400-italic"}


SHAPES = "shapes"
"""The name of a font of drawn shapes: empty and crossed boxes."""


class Extent(NamedTuple):
    """The advance of a text and its ink around the start of its baseline, y down; all in em."""

    advance: float
    left: float
    top: float
    right: float
    bottom: float


def font_of(family: str, *, bold: bool = False, italic: bool = False) -> str:
    """Return the file stem of a shipped font; a variant that the family lacks falls back to upright or regular."""
    stem = f"{family}-{_VARIANTS[bold, italic and not bold]}"
    return stem if (SHIPPED / f"{stem}.ttf").is_file() else f"{family}-400-normal"


@lru_cache(maxsize=200_000)
def measure(font: str, text: str) -> Extent:
    """Return the extent of a text in a font. Raises DataError that names characters which the font lacks."""
    glyphs = read_glyphs(font)
    at, left, top, right, bottom = 0.0, 9.0, 9.0, -9.0, -9.0
    try:
        for sign in text:
            glyph = glyphs[sign]
            if glyph.right > glyph.left:
                left, right = min(left, at + glyph.left), max(right, at + glyph.right)
                top, bottom = min(top, glyph.top), max(bottom, glyph.bottom)
            at += glyph.advance
    except KeyError as failure:
        raise DataError(f"the font {font} has no glyph for {failure.args[0]!r} in {text!r}") from failure
    return Extent(at, left, top, right, bottom) if right > left else Extent(at, 0.0, 0.0, at, 0.0)


@cache
def read_glyphs(font: str) -> dict[str, Extent]:
    """Return the extent of every character of a shipped font, or of the drawn shapes."""
    if font == SHAPES:
        frame = Extent(0.95, 0.05, -0.74, 0.85, 0.06)
        return {"☐": frame, "☒": frame}
    fonts: Any = load("fontTools.ttLib", extra="data")
    with fonts.TTFont(SHIPPED / f"{font}.ttf", lazy=True) as opened:
        em, outlines, widths = opened["head"].unitsPerEm, opened["glyf"], opened["hmtx"]
        glyphs = {}
        for code, name in opened.getBestCmap().items():
            outline = outlines[name]
            box = [getattr(outline, side, 0) / em for side in ("xMin", "yMax", "xMax", "yMin")]
            glyphs[chr(code)] = Extent(widths[name][0] / em, box[0], -box[1], box[2], -box[3])
    glyphs.setdefault("\u00a0", glyphs[" "])
    return glyphs
