import io

import pytest

from ocr.formats.pdf.glyphless_font import CharacterCodes, _program

pikepdf = pytest.importorskip("pikepdf")


def test_every_character_has_one_code_that_needs_no_escape() -> None:
    codes = CharacterCodes()
    text = "".join(map(chr, range(32, 1200))) + "𝔘ﬁ"
    encoded = codes.encode(text)
    pairs = [encoded[start : start + 2] for start in range(0, len(encoded), 2)]
    assert len(set(pairs)) == len(pairs) == len(text)
    assert not set(encoded) & set(b"()\\\r\n")
    assert codes.encode(text) == encoded


def test_more_characters_than_codes_share_the_first_code() -> None:
    codes = CharacterCodes()
    codes.encode("".join(chr(value) for value in range(0x10000, 0x20000)))
    assert codes.encode("\U0002ffff") == b"\x00\x01"


def test_the_font_maps_codes_back_to_characters() -> None:
    codes = CharacterCodes()
    codes.encode("ção 𝔘")
    with pikepdf.new() as pdf:
        font = pdf.make_indirect(pikepdf.Dictionary())
        codes.fill(pdf, font)
        mapping = font.ToUnicode.read_bytes().decode("ascii")
        assert "5 beginbfchar" in mapping
        assert "<0001> <00E7>" in mapping
        assert "<0005> <D835DD18>" in mapping
        assert font.DescendantFonts[0].CIDToGIDMap.read_bytes() == b"\x00\x01" * 6


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
