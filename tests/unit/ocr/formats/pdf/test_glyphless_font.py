import io
from collections.abc import Iterator
from typing import Any

import pytest

from ocr.formats.pdf.glyphless_font import CharacterCodes, _program

pikepdf = pytest.importorskip("pikepdf")


@pytest.mark.parametrize(("width", "text"), [(1, range(32, 282)), (2, range(32, 1200))])
def test_every_character_has_one_code_that_needs_no_escape(width: int, text: range) -> None:
    codes = CharacterCodes(width)
    characters = "".join(map(chr, text))[2:] + "𝔘ﬁ"
    encoded = codes.encode(characters)
    parts = [encoded[start : start + width] for start in range(0, len(encoded), width)]
    assert len(set(parts)) == len(parts) == len(characters)
    assert not set(encoded) & set(b"()\\\r\n")
    assert codes.encode(characters) == encoded


def test_more_characters_than_codes_share_the_first_code() -> None:
    codes = CharacterCodes(2)
    codes.encode("".join(chr(value) for value in range(0x10000, 0x20000)))
    assert codes.encode("\U0002ffff") == b"\x00\x01"


def test_a_simple_font_has_room_for_250_characters() -> None:
    codes = CharacterCodes(1)
    first = "".join(map(chr, range(0x4E00, 0x4E00 + 249)))
    assert not codes.is_used
    codes.encode(first)
    assert codes.is_used
    assert codes.has_room(first + "aaa") and not codes.has_room("ab")
    codes.encode("a")
    assert codes.has_room(first + "a") and not codes.has_room("b")
    assert codes.encode("b") == b"\x01"


@pytest.fixture
def pdf() -> Iterator[pikepdf.Pdf]:
    with pikepdf.new() as made:
        yield made


def filled(pdf: pikepdf.Pdf, width: int, text: str) -> Any:
    codes = CharacterCodes(width)
    codes.encode(text)
    font = pdf.make_indirect(pikepdf.Dictionary())
    codes.fill(pdf, font)
    return font


def test_a_font_of_two_bytes_maps_codes_back_to_characters(pdf: pikepdf.Pdf) -> None:
    font = filled(pdf, 2, "ção 𝔘")
    mapping = font.ToUnicode.read_bytes().decode("ascii")
    assert "5 beginbfchar" in mapping and "<0000> <FFFF>" in mapping
    assert "<0001> <00E7>" in mapping
    assert "<0005> <D835DD18>" in mapping
    assert font.DescendantFonts[0].CIDToGIDMap.read_bytes() == b"\x00\x01" * 6


def test_a_simple_font_has_a_width_for_each_code(pdf: pikepdf.Pdf) -> None:
    font = filled(pdf, 1, "ção 𝔘")
    mapping = font.ToUnicode.read_bytes().decode("ascii")
    assert "5 beginbfchar" in mapping and "<00> <FF>" in mapping
    assert "<01> <00E7>" in mapping
    assert "<05> <D835DD18>" in mapping
    assert (font.Subtype, font.FirstChar, font.LastChar) == ("/TrueType", 1, 5)
    assert list(font.Widths) == [500] * 5
    assert "/Encoding" not in font and int(font.FontDescriptor.Flags) == 4, "a symbolic font has no encoding"


def test_the_embedded_program_is_a_font() -> None:
    ttlib = pytest.importorskip("fontTools.ttLib")
    font = ttlib.TTFont(io.BytesIO(_program()), checkChecksums=2)
    assert font["head"].unitsPerEm == 1000
    assert font["maxp"].numGlyphs == 2
    assert {advance for advance, _ in font["hmtx"].metrics.values()} == {500}
    empty, box = (font["glyf"][name] for name in font.getGlyphOrder())
    assert empty.numberOfContours == 0
    assert (box.xMin, box.yMin, box.xMax, box.yMax) == (0, -200, 500, 800)
    assert list(box.coordinates) == [(0, -200), (0, 800), (500, 800), (500, -200)]
    (cmap,) = font["cmap"].tables
    assert (cmap.platformID, cmap.platEncID, cmap.format) == (1, 0, 0)
    assert cmap.cmap == dict.fromkeys(range(256), font.getGlyphOrder()[1]), "every code is a box"
