"""Image files that lie, broken byte by byte from good ones that Pillow writes."""

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import partial

from hostile_case import HostileCase, file
from PIL import Image, ImageDraw

SIZE = (300, 200)


def picture(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    """A white page with a black bar."""
    page = Image.new("RGB", size, "white")
    ImageDraw.Draw(page).rectangle((20, 20, size[0] // 2, size[1] // 2), fill="black")
    return page.convert(mode)


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """The picture as a file of this kind."""
    buffer = io.BytesIO()
    picture(mode).save(buffer, kind, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def cut(kind: str, share: float) -> bytes:
    """The first part of a file."""
    whole = encoded(kind)
    return whole[: max(30, int(len(whole) * share))]


def chunk(name: bytes, data: bytes) -> bytes:
    """A PNG chunk with a right checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, data: bytes, more: bytes = b"", depth: int = 1) -> bytes:
    """A grey PNG with these compressed data."""
    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def png_rows(width: int, height: int) -> bytes:
    """Compressed black rows of a 1-bit PNG, never held in memory as a whole."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    return b"".join(packer.compress(row) for _ in range(height)) + packer.flush()


def flipped(whole: bytes, place: int, value: int = 0xFF, count: int = 40) -> bytes:
    """`count` bytes from `place` on (negative: from the end) overwritten."""
    start = place % len(whole)
    return whole[:start] + bytes([value]) * min(count, len(whole) - start) + whole[start + count :]


def patched_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose frame header says another size."""
    whole = encoded("JPEG")
    start = whole.index(b"\xff\xc0") + 5
    return whole[:start] + struct.pack(">HH", height, width) + whole[start + 4 :]


Entry = tuple[int, int, int, int]
"""Tag, type (3 short, 4 long), count, value or offset."""


def tiff_page(width: int, height: int, offset: int, size: int) -> list[Entry]:
    """The directory of an uncompressed 8-bit grey page."""
    return [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, offset),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, size),
    ]


def directory(entries: Sequence[Entry], following: int) -> bytes:
    """One little-endian TIFF directory."""
    rows = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + rows + struct.pack("<I", following)


def tiff(following: int, width: int = 40, height: int = 30) -> bytes:
    """A one-page TIFF: directory at byte 8, the next one said to be at `following`, pixels at the end."""
    length = len(directory(tiff_page(width, height, 0, 0), 0))
    pixels = bytes(range(200)) * 6
    page = tiff_page(width, height, 8 + length, len(pixels))
    return b"II*\x00\x08\x00\x00\x00" + directory(page, following) + pixels


def tiff_circle() -> bytes:
    """Two directories that name each other as the next."""
    first = tiff(0)
    place = len(first)
    page = tiff_page(40, 30, len(tiff(0)) - 1200, 1200)
    return tiff(place) + directory(page, 8)


def tiff_pages(bad: Callable[[list[bytes]], None]) -> bytes:
    """Three deflated pages, one of which `bad` breaks in the finished file."""
    buffer = io.BytesIO()
    picture().save(
        buffer, "TIFF", save_all=True, append_images=[picture("L"), picture()], compression="tiff_adobe_deflate"
    )
    parts = [buffer.getvalue()]
    bad(parts)
    return parts[0]


def break_second(parts: list[bytes]) -> None:
    """Overwrite the compressed data of page 2."""
    with Image.open(io.BytesIO(parts[0])) as whole:
        whole.seek(1)
        offset = int(whole.tag_v2[273][0])  # type: ignore[attr-defined]
    parts[0] = flipped(parts[0], offset, count=30)


def tiff_many(pages: int) -> bytes:
    """Thousands of directories, all of the same pixels."""
    length = len(directory(tiff_page(1, 1, 0, 0), 0))
    body = b"II*\x00\x0c\x00\x00\x00\xff\xff\xff\xff"
    for number in range(pages):
        body += directory(tiff_page(1, 1, 8, 1), 12 + (number + 1) * length if number + 1 < pages else 0)
    return body


def tiff_with(tag: int, value: int, count: int = 1, kind: int = 4) -> bytes:
    """The one-page TIFF with one entry replaced or added."""
    entries = {entry[0]: entry for entry in tiff_page(40, 30, 8 + 2 + 12 * 10 + 4, 1200)}
    entries[tag] = (tag, kind, count, value)
    filler = (305, 2, 1, 0)
    rows = sorted(entries.values()) if len(entries) == 10 else sorted([*entries.values(), filler])
    return b"II*\x00\x08\x00\x00\x00" + directory(rows, 0) + bytes(range(200)) * 6


def bmp(width: int, height: int, data: bytes, compression: int = 0) -> bytes:
    """An 8-bit BMP with a black and white palette."""
    palette = b"\x00\x00\x00\x00\xff\xff\xff\x00" * 128
    offset = 14 + 40 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, compression, len(data), 2835, 2835, 256, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + head + palette + data


def webp_canvas(width: int, height: int) -> bytes:
    """An extended WebP that claims a large canvas over small data."""
    inner = encoded("WEBP", lossless=True)[12:]
    extended = (
        b"VP8X" + struct.pack("<IB3x", 10, 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", 4 + len(extended + inner)) + b"WEBP" + extended + inner


BAD = {1: ""}
MEGAPIXELS = {1: "megapixels"}

IMAGES = [
    *(
        HostileCase(
            f"{kind.lower()}-truncated-{round(share * 100)}",
            file(f"a.{kind.lower()}", partial(cut, kind, share)),
            1,
            BAD,
        )
        for kind, share in (
            ("PNG", 0.5),
            ("PNG", 0.9),
            ("JPEG", 0.5),
            ("JPEG", 0.9),
            ("TIFF", 0.5),
            ("BMP", 0.5),
            ("BMP", 0.99),
        )
    ),
    *(
        HostileCase(f"{kind.lower()}-head-only", file(f"a.{kind.lower()}", partial(cut, kind, 0)), 0, problem=DAMAGED)
        for kind, DAMAGED in (
            ("PNG", "damaged"),
            ("JPEG", "damaged"),
            ("TIFF", "damaged"),
            ("WEBP", "damaged"),
            ("BMP", "damaged"),
        )
    ),
    HostileCase("webp-truncated", file("a.webp", partial(cut, "WEBP", 0.5)), 0, problem="damaged"),
    HostileCase(
        "png-bomb-claimed",
        file("a.png", lambda: png(50_000, 50_000, png_rows(10, 10))),
        1,
        MEGAPIXELS,
        hint="max_pixels",
    ),
    HostileCase(
        "png-bomb",
        file("a.png", lambda: png(30_000, 30_000, png_rows(30_000, 30_000))),
        1,
        MEGAPIXELS,
        hint="max_pixels",
    ),
    HostileCase("png-zero-size", file("a.png", lambda: png(0, 0, png_rows(1, 1))), 0, problem="damaged"),
    HostileCase("png-checksum", file("a.png", lambda: flipped(encoded("PNG"), 30, count=3)), 0, problem="damaged"),
    HostileCase("png-data-junk", file("a.png", lambda: png(100, 100, b"\x78\x9c" + b"\xa5" * 500)), 1, BAD),
    HostileCase("png-data-missing", file("a.png", lambda: png(100, 100, b"")), 1, BAD),
    HostileCase(
        "png-text-bomb",
        file(
            "a.png",
            lambda: png(100, 100, png_rows(100, 100), chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(50_000_000)))),
        ),
        0,
        problem="damaged",
    ),
    HostileCase(
        "png-profile-bomb",
        file(
            "a.png",
            lambda: png(100, 100, png_rows(100, 100), chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(50_000_000)))),
        ),
        0,
        problem="too large",
    ),
    HostileCase(
        "png-exif-junk", file("a.png", lambda: png(100, 100, png_rows(100, 100), chunk(b"eXIf", b"MM\0*junkjunkjunk")))
    ),
    HostileCase("jpeg-huge", file("a.jpg", partial(patched_jpeg, 65_500, 65_500)), 1, MEGAPIXELS, hint="max_pixels"),
    HostileCase("jpeg-larger-than-its-data", file("a.jpg", partial(patched_jpeg, 3000, 3000))),
    HostileCase("jpeg-no-height", file("a.jpg", partial(patched_jpeg, 300, 0)), 0, problem="damaged"),
    HostileCase("jpeg-junk", file("a.jpg", lambda: b"\xff\xd8\xff\xe0" + bytes(range(256)) * 9), 0, problem="damaged"),
    HostileCase(
        "jpeg-exif-junk", file("a.jpg", lambda: encoded("JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xfe" * 90))
    ),
    HostileCase("jpeg-cmyk", file("a.jpg", partial(encoded, "JPEG", "CMYK"))),
    HostileCase("tiff-huge", file("a.tif", partial(tiff, 0, 60_000, 60_000)), 1, MEGAPIXELS, hint="max_pixels"),
    HostileCase("tiff-wider-than-its-data", file("a.tif", partial(tiff, 0, 4000, 3000)), 1, BAD),
    HostileCase("tiff-next-is-itself", file("a.tif", partial(tiff, 8))),
    HostileCase("tiff-circle", file("a.tif", tiff_circle), 2),
    HostileCase("tiff-next-is-outside", file("a.tif", partial(tiff, 2**31)), 2, {2: ""}),
    HostileCase("tiff-next-is-inside-pixels", file("a.tif", partial(tiff, 200)), 2, {2: ""}),
    HostileCase("tiff-bad-page", file("a.tif", partial(tiff_pages, break_second)), 3, {2: ""}),
    HostileCase("tiff-30000-pages", file("a.tif", partial(tiff_many, 30_000)), 0, problem="pages", hint="max_pages"),
    HostileCase(
        "tiff-no-directory", file("a.tif", lambda: b"II*\x00\x00\x00\x00\x00" + b"\0" * 50), 0, problem="damaged"
    ),
    HostileCase(
        "tiff-directory-outside", file("a.tif", lambda: b"II*\x00\xff\xff\xff\x7f" + b"\0" * 50), 0, problem="damaged"
    ),
    HostileCase("tiff-unknown-compression", file("a.tif", partial(tiff_with, 259, 9999, kind=3)), 1, BAD),
    HostileCase("tiff-pixels-outside", file("a.tif", partial(tiff_with, 273, 2**31)), 1, BAD),
    HostileCase("tiff-tag-bomb", file("a.tif", partial(tiff_with, 65000, 0, 2**31)), 1),
    HostileCase("tiff-sixty-samples", file("a.tif", partial(tiff_with, 277, 60, kind=3)), 1, BAD),
    HostileCase("tiff-no-size", file("a.tif", partial(tiff_with, 256, 0)), 1, BAD),
    HostileCase("tiff-big-endian-junk", file("a.tif", lambda: b"MM\x00*" + b"\xff" * 100), 0, problem="damaged"),
    HostileCase(
        "bigtiff-junk", file("a.tif", lambda: b"II+\x00\x08\x00\x00\x00" + b"\xff" * 100), 0, problem="damaged"
    ),
    HostileCase("webp-canvas-huge", file("a.webp", partial(webp_canvas, 16_000_000, 16_000_000)), 0, problem="damaged"),
    HostileCase("webp-canvas-lies", file("a.webp", partial(webp_canvas, 16_383, 16_383)), 0, problem="damaged"),
    HostileCase(
        "webp-junk",
        file("a.webp", lambda: b"RIFF\xff\xff\xff\x00WEBPVP8 " + bytes(range(256)) * 4),
        0,
        problem="damaged",
    ),
    HostileCase(
        "bmp-huge", file("a.bmp", partial(bmp, 60_000, 60_000, b"\0" * 1000)), 1, MEGAPIXELS, hint="max_pixels"
    ),
    HostileCase("bmp-top-down", file("a.bmp", partial(bmp, 20, -20, b"\0" * 400))),
    HostileCase("bmp-run-length-junk", file("a.bmp", partial(bmp, 400, 400, b"\0\x02\xff\xff" * 50, 1))),
    HostileCase("bmp-unknown-compression", file("a.bmp", partial(bmp, 20, 20, b"\0" * 400, 77)), 0, problem="damaged"),
    HostileCase("bmp-negative-width", file("a.bmp", partial(bmp, -20, 20, b"\0" * 400)), 1, MEGAPIXELS),
]
