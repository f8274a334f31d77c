"""The type of a file by its first bytes: its name may be wrong."""

from typing import Literal

Kind = Literal["pdf", "tiff", "png", "jpeg", "webp", "bmp"]
KIND_NAMES: dict[Kind, str] = {
    "pdf": "PDF",
    "tiff": "TIFF",
    "png": "PNG",
    "jpeg": "JPEG",
    "webp": "WebP",
    "bmp": "BMP",
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
}

# Sizes of the header that follows the 14 bytes of a BMP file header: "BM" alone is not enough.
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)

_FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF image"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"\xd0\xcf\x11\xe0", "an old office document"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (0, b"\x97JB2", "a JBIG2 image"),
    (4, b"ftypheic", "a HEIC image"),
    (4, b"ftypavif", "an AVIF image"),
    (0, b"AT&TFORM", "a DjVu document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
)


def kind_of(head: bytes) -> Kind | None:
    """Return the kind of scan that begins with `head` (`HEAD_BYTES` are enough), or None."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return "tiff"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    return "pdf" if b"%PDF-" in head[:HEAD_BYTES] else None


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
