"""Fonts for the text layer: every character has a code, a width of half its size, and a Unicode value.

Viewers search and copy by the ToUnicode map, so no character needs a glyph of its own. A simple font has one-byte codes
and room for 250 characters, a Type 0 font has two-byte codes (Identity-H). Both stand over an embedded TrueType font
whose one glyph is a box. The layer's text is invisible, so the box is never drawn; PDFium needs one, because it drops
text up the page whose glyphs have no area.
Source: ISO 32000-1, 9.6.3, 9.7 and 9.10.3; the idea of a font without glyphs is that of Tesseract's PDF output.
"""

import struct
import zlib
from itertools import chain, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pikepdf

WIDTH = 0.5
"""Width of every character, as a share of the font size."""
DESCENT = 0.2
"""How far characters reach below the baseline, as a share of the font size; above it they reach the rest."""
_EM = 1000
_PLAIN = tuple(value for value in range(256) if value not in b"()\\\r\n")
"""Bytes of codes: those that a string of PDF need not escape."""
_MADE = 3_849_984_000
"""Date of the font in seconds since 1904: the first of January 2026."""


class CharacterCodes:
    """The codes of the characters of one font, in the order in which they are first used."""

    def __init__(self, width: int) -> None:
        """`width` is the number of bytes a code: one for a simple font, two for a Type 0 font."""
        self._width = width
        self._room: int = len(_PLAIN) ** width - 1  # zero is no code
        self._codes = _Codes(width)

    @property
    def is_used(self) -> bool:
        """Some text was encoded."""
        return bool(self._codes)

    def has_room(self, text: str) -> bool:
        """Return whether each character of a text has a code or can get one."""
        return len(self._codes) + len(set(text).difference(self._codes)) <= self._room

    def encode(self, text: str) -> bytes:
        """Return the codes of a text. A character that can get no code becomes the first one."""
        return b"".join(map(self._codes.__getitem__, text))

    def fill(self, pdf: "pikepdf.Pdf", font: "pikepdf.Object") -> None:
        """Complete the empty dictionary `font` once all text is encoded."""
        from pikepdf import Array, Dictionary, Name

        program = _program()
        descriptor = Dictionary(
            Type=Name.FontDescriptor, FontName=Name("/LusoText"), Flags=4, FontBBox=Array([0, -200, 500, 800]),
            ItalicAngle=0, Ascent=800, Descent=-200, CapHeight=800, StemV=80,
            FontFile2=_stream(pdf, program, Length1=len(program)),
        )  # fmt: skip
        kind = self._simple if self._width == 1 else self._composite
        for key, value in {
            "/Type": Name.Font, "/BaseFont": Name("/LusoText"), **kind(pdf, pdf.make_indirect(descriptor)),
            "/ToUnicode": _stream(pdf, self._to_unicode()),
        }.items():  # fmt: skip
            font[key] = value

    def _last(self) -> int:
        return max(map(int.from_bytes, self._codes.values()))

    def _simple(self, _: "pikepdf.Pdf", descriptor: "pikepdf.Object") -> dict[str, object]:
        """Return the entries of a symbolic TrueType font: its codes lead to glyphs by the font's own cmap."""
        from pikepdf import Array, Name

        return {
            "/Subtype": Name.TrueType, "/FirstChar": 1, "/LastChar": self._last(),
            "/Widths": Array([round(WIDTH * _EM)] * self._last()), "/FontDescriptor": descriptor,
        }  # fmt: skip

    def _composite(self, pdf: "pikepdf.Pdf", descriptor: "pikepdf.Object") -> dict[str, object]:
        """Return the entries of a Type 0 font."""
        from pikepdf import Array, Dictionary, Name, String

        descendant = Dictionary(
            Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name("/LusoText"), DW=round(WIDTH * _EM),
            CIDSystemInfo=Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0),
            CIDToGIDMap=_stream(pdf, b"\x00\x01" * (self._last() + 1)),
            FontDescriptor=descriptor,
        )  # fmt: skip
        return {
            "/Subtype": Name.Type0, "/Encoding": Name("/Identity-H"),
            "/DescendantFonts": Array([pdf.make_indirect(descendant)]),
        }  # fmt: skip

    def _to_unicode(self) -> bytes:
        """Return the CMap from codes to UTF-16, at most 100 lines a block as the format allows."""
        rows = [
            f"<{code.hex().upper()}> <{character.encode('utf-16-be').hex().upper()}>"
            for character, code in self._codes.items()
        ]
        blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
        body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
        least, most = "00" * self._width, "FF" * self._width
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            f"1 begincodespacerange\n<{least}> <{most}>\nendcodespacerange\n{body}\n"
            "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode("ascii")


class _Codes(dict[str, bytes]):
    """Gives a character its code when it is first asked for."""

    def __init__(self, width: int) -> None:
        super().__init__()
        codes = map(bytes, product(_PLAIN, repeat=width))
        next(codes)  # zero: it ends a string for some programs
        self._first = next(codes)
        self._free = chain([self._first], codes)

    def __missing__(self, character: str) -> bytes:
        code = next(self._free, None)
        if code is None:
            return self._first
        self[character] = code
        return code


def _stream(pdf: "pikepdf.Pdf", content: bytes, **entries: object) -> "pikepdf.Object":
    from pikepdf import Name, Stream

    return pdf.make_indirect(Stream(pdf, zlib.compress(content, 9), Filter=Name.FlateDecode, **entries))


def _program() -> bytes:
    """Return a TrueType font of an empty glyph and a box, both half an em wide. Source: OpenType 1.9, chapter 5."""
    metric = struct.pack(">Hh", round(WIDTH * _EM), 0)
    ascent, descent = round((1 - DESCENT) * _EM), -round(DESCENT * _EM)
    # One contour of four points on the curve, given by their distances from the point before.
    box = struct.pack(">5hHH4B", 1, 0, descent, 500, ascent, 3, 0, 1, 1, 1, 1)
    box += struct.pack(">4h4h", 0, 0, 500, 0, descent, _EM, 0, -_EM)
    # Format 0 for Macintosh: all 256 codes lead to the box.
    cmap = struct.pack(">HHHHIHHH256B", 0, 1, 1, 0, 12, 0, 262, 0, *[1] * 256)
    tables = {
        b"cmap": cmap,
        b"glyf": box.ljust(36, b"\0"),
        b"head": struct.pack(
            *(">IIIIHHQQhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, _EM, _MADE, _MADE),
            *(0, descent, 500, ascent, 0, 8, 2, 0, 0),
        ),
        b"hhea": struct.pack(">IhhhH11hH", 0x10000, ascent, descent, 0, 500, 0, 0, 500, 1, 0, 0, 0, 0, 0, 0, 0, 2),
        b"hmtx": metric * 2,
        b"loca": struct.pack(">HHH", 0, 0, 18),
        b"maxp": struct.pack(">IH13H", 0x10000, 2, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, 0, 0, 1, 0, 0, 0, 0),
    }  # fmt: skip
    offset = 12 + 16 * len(tables)
    directory, body = b"", b""
    for name, content in tables.items():
        padded = content + b"\x00" * (-len(content) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory += name + struct.pack(">III", checksum, offset + len(body), len(content))
        body += padded
    power = len(tables).bit_length() - 1
    head = struct.pack(">IHHHH", 0x10000, len(tables), 16 << power, power, 16 * len(tables) - (16 << power))
    return head + directory + body
