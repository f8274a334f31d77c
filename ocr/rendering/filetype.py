"""The type of a file by its first bytes: its name may be wrong."""

from typing import Literal

Kind = Literal["pdf", "tiff", "png", "jpeg", "webp", "bmp", "jpeg2000", "heic", "avif", "gif", "djvu"]
KIND_NAMES: dict[Kind, str] = {
    "pdf": "PDF",
    "tiff": "TIFF",
    "png": "PNG",
    "jpeg": "JPEG",
    "webp": "WebP",
    "bmp": "BMP",
    "jpeg2000": "JPEG 2000",
    "heic": "HEIC",
    "avif": "AVIF",
    "gif": "GIF",
    "djvu": "DjVu",
}
"""Each kind as messages name it."""
KINDS: tuple[Kind, ...] = tuple(KIND_NAMES)

HEAD_BYTES = 1024
"""How much of a file `kind_of` needs: the PDF header may be anywhere in the first 1,024 bytes."""

EXTENSIONS: dict[str, Kind] = {
    ".pdf": "pdf",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".jfif": "jpeg",
    ".webp": "webp",
    ".bmp": "bmp",
    ".dib": "bmp",
    ".jp2": "jpeg2000",
    ".jpx": "jpeg2000",
    ".jpf": "jpeg2000",
    ".j2k": "jpeg2000",
    ".j2c": "jpeg2000",
    ".jpc": "jpeg2000",
    ".heic": "heic",
    ".heif": "heic",
    ".hif": "heic",
    ".avif": "avif",
    ".gif": "gif",
    ".djvu": "djvu",
    ".djv": "djvu",
}

# Sizes of the header that follows the 14 bytes of a BMP file header: "BM" alone is not enough.
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)

_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)

# Brands of ISO base media files (ISO/IEC 23008-12 and the AVIF specification): the first brand that is known decides.
_BRANDS: dict[bytes, Kind] = {
    b"avif": "avif",
    b"avis": "avif",
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"), "heic"),
}
_DJVU_FORMS = (b"DJVU", b"DJVM")

_FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"\xd0\xcf\x11\xe0", "an old office document"),
    (0, b"\x97JB2", "a JBIG2 image"),
    (0, b"AT&TFORM", "a part of a DjVu document"),
    (4, b"ftyp", "a video or another media file"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
)


def kind_of(head: bytes) -> Kind | None:
    """Return the kind of scan that begins with `head` (`HEAD_BYTES` are enough), or None."""
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if head[:8] == b"AT&TFORM" and head[12:16] in _DJVU_FORMS:
        return "djvu"
    if head[4:8] == b"ftyp":
        return _media_kind(head)
    return "pdf" if b"%PDF-" in head[:HEAD_BYTES] else None


def _media_kind(head: bytes) -> Kind | None:
    """Return the kind by the brands of the file's first box: the major one, then the compatible ones."""
    brands = head[8:12] + head[16 : min(int.from_bytes(head[:4]), HEAD_BYTES)]
    return next((_BRANDS[brand] for brand in _in_fours(brands) if brand in _BRANDS), None)


def _in_fours(content: bytes) -> list[bytes]:
    return [content[start : start + 4] for start in range(0, len(content), 4)]


def list_kinds(word: str) -> str:
    """Return the names of all kinds for a message, joined by `word`: with "or", "PDF, TIFF ... or BMP"."""
    *names, last = KIND_NAMES.values()
    return f"{', '.join(names)} {word} {last}"


def describe(head: bytes) -> str:
    """Return what an unsupported file seems to be, in words for a message."""
    for offset, magic, words in _FOREIGN:
        if head[offset : offset + len(magic)] == magic:
            return words
    if head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if not head.strip(b"\x00"):
        return "nothing but zero bytes"
    return "text" if _is_text(head) else "of a kind that is not known here"


def _is_text(head: bytes) -> bool:
    return b"\x00" not in head and all(byte >= 32 or byte in b"\t\n\r\f" for byte in head)
