"""The table of hostile inputs: each is made by code, and each has the states that its pages must end in.

`test_hostile.py` runs it against the renderer, `ocr extract`'s tests against the command.
"""

import os
import socket
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hostile_case import HostileCase, file
from hostile_formats import FORMATS, whole
from hostile_images import IMAGES, encoded
from hostile_pdfs import PDFS, one_page


def pipe(folder: Path) -> Path:
    """A named pipe: whoever opens it waits for ever."""
    path = folder / "pipe.pdf"
    os.mkfifo(path)
    return path


def unix_socket(folder: Path) -> Path:
    """A socket in the file system."""
    path = folder / "socket.pdf"
    # A short relative name: socket paths may not be longer than about 100 bytes.
    before = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path.name)
    finally:
        os.chdir(before)
    return path


def link(target: str) -> Callable[[Path], Path]:
    """A symbolic link."""

    def make(folder: Path) -> Path:
        path = folder / "link.pdf"
        path.symlink_to(target)
        return path

    return make


def forbidden(folder: Path) -> Path:
    """A file that may not be read."""
    path = file("secret.pdf", one_page)(folder)
    path.chmod(0)
    return path


def forbidden_folder(folder: Path) -> Path:
    """A folder that may not be listed."""
    path = folder / "closed"
    path.mkdir()
    file("a.pdf", one_page)(path)
    path.chmod(stat.S_IWUSR)
    return path


def folder_named_pdf(folder: Path) -> Path:
    """A folder that is called like a file, with a scan in it."""
    path = folder / "folder.pdf"
    path.mkdir()
    file("inside.pdf", one_page)(path)
    return path


def folder_in_itself(folder: Path) -> Path:
    """A folder with a scan and with links to itself and to its parent."""
    path = folder / "circle"
    path.mkdir()
    file("a.pdf", one_page)(path)
    (path / "again").symlink_to(".")
    (path / "up").symlink_to("..")
    return path


def folder_deep(folder: Path) -> Path:
    """A scan under 200 folders."""
    path = folder / "deep"
    inner = path.joinpath(*["d"] * 200)
    inner.mkdir(parents=True)
    file("a.pdf", one_page)(inner)
    return path


def named(name: str | bytes) -> Callable[[Path], Path]:
    """A good PDF with a difficult name."""
    return file(os.fsdecode(name), one_page)


def refused(name: str, make: Callable[[Path], Path], problem: str, hint: str = "") -> HostileCase:
    """A case that `discover` itself refuses."""
    return HostileCase(name, make, 0, problem=problem, hint=hint, refused_by_name=True)


PLACES = [
    refused("pipe", pipe, "is a pipe"),
    refused("socket", unix_socket, "is a socket"),
    refused("link-to-itself", link("link.pdf"), "cannot be read"),
    refused("link-to-nothing", link("gone.pdf"), "does not exist"),
    refused("link-to-device", link("/dev/zero"), "is a device"),
    refused("link-to-null", link("/dev/null"), "is a device"),
    refused("no-such-file", lambda folder: folder / "gone.pdf", "does not exist", "spelling"),
    refused("no-such-pattern", lambda folder: folder / "gone-*.pdf", "nothing matches"),
    refused("no-permission", forbidden, "no permission", "chmod"),
    refused("no-permission-folder", forbidden_folder, "no permission", "chmod"),
    HostileCase("folder-named-pdf", folder_named_pdf),
    HostileCase("folder-in-itself", folder_in_itself),
    HostileCase("folder-deep", folder_deep),
]

NAMES = [
    HostileCase("name-with-newline", named("two\nlines.pdf")),
    HostileCase("name-with-escape", named("\x1b[31mred\x07.pdf")),
    HostileCase("name-accented", named("petição nº 1 — ação.pdf")),
    HostileCase("name-decomposed", named("petic\u0327a\u0303o.pdf")),
    HostileCase("name-right-to-left", named("a\u202efdp.exe.pdf")),
    HostileCase("name-long", named("n" * 251 + ".pdf")),
    HostileCase("name-not-utf8", named(b"caf\xe9.pdf")),
    HostileCase("name-with-dash", named("-upw x.pdf")),
    HostileCase("name-with-tilde", named("~root.pdf")),
    HostileCase("name-with-quotes", named("a'b\"c $(touch x) `y`;.pdf")),
    HostileCase("name-like-a-pattern", named("[1]*?.pdf")),
    HostileCase("name-without-extension", named("scan")),
    HostileCase("name-only-spaces", named("   ")),
]

WRONG_NAMES = [
    HostileCase("png-named-pdf", file("a.pdf", partial(encoded, "PNG"))),
    HostileCase("jpeg-named-png", file("a.png", partial(encoded, "JPEG"))),
    HostileCase("tiff-named-jpg", file("a.jpg", partial(encoded, "TIFF"))),
    HostileCase("webp-named-tif", file("a.tif", partial(encoded, "WEBP"))),
    HostileCase("bmp-named-webp", file("a.webp", partial(encoded, "BMP"))),
    HostileCase("pdf-named-png", file("a.png", one_page)),
    HostileCase("pdf-named-txt", file("a.txt", one_page)),
    refused("text-named-pdf", file("a.pdf", lambda: b"Prezado senhor,\n"), "not what its name says: no PDF but text"),
    refused("html-named-pdf", file("a.pdf", lambda: b"<!DOCTYPE html><html>404</html>"), "an HTML page"),
    refused("zip-named-pdf", file("a.pdf", lambda: b"PK\x03\x04" + bytes(90)), "a ZIP archive"),
    HostileCase("gif-named-png", file("a.png", partial(encoded, "GIF"))),
    HostileCase("heic-named-jpg", file("a.jpg", partial(whole, "HEIC"))),
    HostileCase("avif-named-heic", file("a.heic", partial(whole, "AVIF"))),
    refused("video-named-heic", file("a.heic", lambda: b"\0\0\0\x18ftypisom" + bytes(90)), "a video", "copy"),
    refused("program-named-tif", file("a.tif", lambda: b"\x7fELF\x02\x01" + bytes(90)), "not known"),
    *(refused(f"empty-{ending}", file(f"a.{ending}", bytes), "empty") for ending in ("pdf", "png", "tif", "jpg")),
    refused("zeros-named-pdf", file("a.pdf", partial(bytes, 5000)), "zero bytes"),
]

CASES: list[HostileCase] = [*PDFS, *IMAGES, *FORMATS, *WRONG_NAMES, *PLACES, *NAMES]
