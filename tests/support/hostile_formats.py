"""Hostile JPEG 2000, HEIC, AVIF, GIF and DjVu files, and TIFF files with thumbnails."""

import io
import shutil
import struct
from functools import cache, partial

import pillow_heif
from hostile_case import HostileCase, file
from hostile_images import BAD, MEGAPIXELS, SIZE, encoded, picture
from PIL import Image


@cache
def whole(kind: str) -> bytes:
    """The picture as a good file of this kind."""
    if kind != "HEIC":
        return encoded(kind)
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture()).save(buffer)
    return buffer.getvalue()


def part(kind: str, share: float) -> bytes:
    """The first part of a file."""
    return whole(kind)[: int(len(whole(kind)) * share)]


def start(kind: str) -> bytes:
    """The first bytes of a file, without a whole header."""
    return whole(kind)[:20]


def patched(kind: str, mark: bytes, skip: int, value: bytes) -> bytes:
    """A file with other bytes, `skip` bytes behind the beginning of `mark`."""
    start = whole(kind).index(mark) + skip
    return whole(kind)[:start] + value + whole(kind)[start + len(value) :]


def jpeg2000_size(width: int, height: int) -> bytes:
    """A JPEG 2000 file whose header and codestream say another size."""
    size = struct.pack(">II", width, height)
    content = patched("JPEG2000", b"\xff\x51", 6, size)
    start = content.index(b"ihdr") + 4
    return content[:start] + struct.pack(">II", height, width) + content[start + 8 :]


def media_size(kind: str, width: int, height: int) -> bytes:
    """A HEIC or AVIF file whose picture claims another size."""
    return patched(kind, b"ispe", 8, struct.pack(">II", width, height))


def gif_frame(width: int, height: int) -> bytes:
    """A GIF whose first picture is larger than its canvas."""
    start = whole("GIF").rindex(struct.pack("<HH", *SIZE))
    return whole("GIF")[:start] + struct.pack("<HH", width, height) + whole("GIF")[start + 4 :]


def animation(kind: str) -> bytes:
    """A good first frame and two more."""
    buffer = io.BytesIO()
    frames = [picture().rotate(angle) for angle in (0, 90, 180)]
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=90)
    return buffer.getvalue()


# One page and two pages, written by cjb2 and djvm of DjVuLibre: 200 x 300 pixels at 200 dpi, 300 x 200 at 600 dpi.
DJVU_PAGE = bytes.fromhex(
    "41542654464f524d0000002e444a5655494e464f0000000a00c8012c1800c8001601536a627a0000001080b6d386e5a7ccf3955e134c5e60abed"
)
DJVU_PAGES = bytes.fromhex(
    "41542654464f524d0000009b444a564d4449524d000000228100020000003a00000070ffffe6bf8a1fe946fd94480370a094cf495b15438fdd3f464f524d0000002e444a5655494e464f0000000a00c8012c1800c8001601536a627a0000001080b6d386e5a7ccf3955e134c5e60abed464f524d0000002f444a5655494e464f0000000a012c00c8180058021601536a627a000000118074b3c344726bafd865c63fb607330bbf"
)


def djvu(content: bytes, mark: bytes, skip: int, value: bytes) -> bytes:
    """A DjVu file with other bytes, `skip` bytes behind the beginning of the last `mark`."""
    start = content.rindex(mark) + skip
    return content[:start] + value + content[start + len(value) :]


def tiff_with_thumbnails(*sizes: tuple[int, int], flag: int | None = None, other: bool = False) -> bytes:
    """A page of 1200 x 800 and the same picture (or another one) in other sizes, flagged or not."""
    page = picture(size=(1200, 800)).convert("L")
    small = [(page.rotate(180) if other else page).resize(size) for size in sizes]
    buffer = io.BytesIO()
    page.save(buffer, "TIFF", save_all=True, append_images=[_flagged(picture, flag) for picture in small])
    return buffer.getvalue()


def _flagged(small: Image.Image, flag: int | None) -> Image.Image:
    if flag is not None:
        small.encoderinfo = {"tiffinfo": {254: flag}}
    return small


DAMAGED = "damaged"

PICTURES = [
    *(
        HostileCase(f"{kind.lower()}-truncated-{share}", file("a.scan", partial(part, kind, share / 100)), 1, BAD)
        for kind, share in (("JPEG2000", 60), ("JPEG2000", 95), ("HEIC", 98), ("AVIF", 95), ("GIF", 50), ("GIF", 90))
    ),
    *(
        HostileCase(f"{kind.lower()}-head-only", file("a.scan", partial(start, kind)), 0, problem=DAMAGED)
        for kind in ("JPEG2000", "HEIC", "AVIF", "GIF")
    ),
    *(
        HostileCase(f"{kind.lower()}-good", file("a.scan", partial(whole, kind)))
        for kind in ("JPEG2000", "HEIC", "GIF")
    ),
    *(HostileCase(f"{kind.lower()}-animated", file("a.scan", partial(animation, kind))) for kind in ("GIF", "AVIF")),
    HostileCase(
        "jpeg2000-bomb", file("a.jp2", partial(jpeg2000_size, 60_000, 60_000)), 1, MEGAPIXELS, hint="max_pixels"
    ),
    HostileCase("jpeg2000-no-size", file("a.jp2", partial(jpeg2000_size, 0, 0)), 0, problem=DAMAGED),
    HostileCase("heic-bomb", file("a.heic", partial(media_size, "HEIC", 60_000, 60_000)), 1, MEGAPIXELS),
    HostileCase("heic-size-lies", file("a.heic", partial(media_size, "HEIC", 3000, 2000)), 1, BAD),
    HostileCase("heic-no-size", file("a.heic", partial(media_size, "HEIC", 0, 0)), 0, problem=DAMAGED),
    HostileCase("heic-brand-only", file("a.heic", lambda: b"\0\0\0\x18ftypheic" + bytes(90)), 0, problem=DAMAGED),
    HostileCase("avif-bomb", file("a.avif", partial(media_size, "AVIF", 60_000, 60_000)), 0, problem=DAMAGED),
    HostileCase("avif-no-size", file("a.avif", partial(media_size, "AVIF", 0, 0)), 0, problem=DAMAGED),
    HostileCase(
        "gif-bomb",
        file("a.gif", partial(patched, "GIF", b"GIF8", 6, b"\xff\xff\xff\xff")),
        1,
        MEGAPIXELS,
        hint="max_pixels",
    ),
    HostileCase("gif-frame-outside", file("a.gif", partial(gif_frame, 65_535, 65_535)), 1, MEGAPIXELS),
    HostileCase("gif-no-size", file("a.gif", partial(patched, "GIF", b"GIF8", 6, bytes(4)))),
]

THUMBNAILS = [
    HostileCase("tiff-thumbnail", file("a.tif", partial(tiff_with_thumbnails, (600, 400), flag=1))),
    HostileCase("tiff-tiny-other-page", file("a.tif", partial(tiff_with_thumbnails, (150, 100), other=True)), 2),
]

_WITH_DJVULIBRE = [
    HostileCase("djvu-good", file("a.djvu", lambda: DJVU_PAGE)),
    HostileCase("djvu-pages", file("a.djvu", lambda: DJVU_PAGES), 2),
    HostileCase("djvu-named-pdf", file("a.pdf", lambda: DJVU_PAGES), 2),
    HostileCase("djvu-name-accented", file("petição nº 1.djvu", lambda: DJVU_PAGES), 2),
    HostileCase("djvu-truncated", file("a.djvu", lambda: DJVU_PAGE[:-20]), 0, problem=DAMAGED),
    HostileCase("djvu-head-only", file("a.djvu", lambda: DJVU_PAGE[:17]), 0, problem=DAMAGED),
    HostileCase("djvu-bad-page", file("a.djvu", lambda: djvu(DJVU_PAGES, b"Sjbz", 0, b"\xa5" * 20)), 2, {2: ""}),
    HostileCase("djvu-cut-page", file("a.djvu", lambda: DJVU_PAGES[:-30]), 2, {2: ""}),
    HostileCase("djvu-bomb", file("a.djvu", lambda: djvu(DJVU_PAGE, b"INFO", 8, b"\xea\x60" * 2)), 1, MEGAPIXELS),
    HostileCase("djvu-no-size", file("a.djvu", lambda: djvu(DJVU_PAGE, b"INFO", 8, bytes(4))), 1, {1: "no area"}),
    HostileCase("djvu-junk", file("a.djvu", lambda: DJVU_PAGE[:16] + bytes(range(256))), 0, problem=DAMAGED),
]

_WITHOUT_DJVULIBRE = [
    HostileCase("djvu", file("a.djvu", lambda: DJVU_PAGE), 0, problem="not installed", hint="djvulibre-bin"),
]

FORMATS = [*PICTURES, *THUMBNAILS, *(_WITH_DJVULIBRE if shutil.which("ddjvu") else _WITHOUT_DJVULIBRE)]
