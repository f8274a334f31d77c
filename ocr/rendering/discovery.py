"""Find the scans in folders: which files are scans, their names, and what is wrong with the others.

Names: a scan's `name` is its path relative to the folder that the user named, or the base name of a file that the user
named. If another file of the run has that name, it is the whole path without its root; over several runs the ledger
keeps names unique. Bytes of a file name that are not UTF-8 are written `\\xNN`. A path that is named twice, and a
folder that symbolic links reach twice, are read once, under the first name.

Types: the content decides. In a folder, files that are scans neither by content nor by name are ignored (and reported
to `on_ignored`), as are hidden files and the output folder. A file that claims to be a scan and is not, or that cannot
be read, is a scan with a problem. A file that the user named is a scan, or a scan with a problem.
"""

import glob
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from ocr.core.errors import ScanError
from ocr.core.files import hash_file
from ocr.rendering.filetype import EXTENSIONS, HEAD_BYTES, Kind, describe, kind_of, list_kinds

OUTPUT_FOLDER = "ocr-out"
_SUPPORTED = f"{list_kinds('and')} can be read"
_NOT_FILES = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


@dataclass(frozen=True, slots=True)
class Scan:
    """A file to read, or a file that cannot be read and the reason."""

    path: Path
    name: str
    """Unique among the scans of a run, with forward slashes; always UTF-8, never a surrogate."""
    kind: Kind | None = None
    """The type of the content; None exactly if there is a `problem`."""
    problem: ScanError | None = None

    @property
    def place(self) -> str:
        """The absolute path, written like a name."""
        return _clean(self.path.absolute().as_posix())


Version = tuple[int, int, int]
"""Inode, size and modification time in ns: it changes when a file is written or replaced."""


def version_of(path: Path) -> Version | None:
    """Return the version of a regular file, None if there is none that can be examined."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return (status.st_ino, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def discover(
    inputs: Iterable[str | Path],
    *,
    output: Path | None = None,
    on_ignored: Callable[[Path], object] = lambda _path: None,
    listing: Iterable[str] | None = None,
    null: bool = False,
) -> Iterator[Scan]:
    """Yield the scans of `inputs` (folders, files, glob patterns, `-` for a list) lazily, folders in sorted order.

    `output` is the output folder: nothing in it is a scan. `listing` are the lines that `-` stands for
    (default: standard input), one path each; `null` says that NUL characters separate those of standard input. Never
    raises: a file that cannot be read has a `problem`.
    """
    listed = _standard_input(null=null) if listing is None else (line.rstrip("\r\n") for line in listing)
    seen = _Seen(on_ignored)
    if output is not None and output.exists():
        seen.first_time(output)
    for entry in inputs:
        for line in [str(entry)] if str(entry) != "-" else listed:
            if line.strip():
                yield from _input(line, seen)


def _standard_input(*, null: bool) -> Iterator[str]:
    """Yield the paths of a list on standard input: one a line, or with NUL characters between them.

    NUL characters, which `find -print0` writes, are recognized in what comes first; `null` says that they separate.
    """
    # Not sys.stdin: a thread that waits in its lock when the run ends (a list may stay open) crashes the interpreter.
    with open(sys.stdin.fileno(), "rb", closefd=False) as stream:
        yield from read_list(stream, null=null)


def read_list(stream: BufferedReader, *, null: bool = False) -> Iterator[str]:
    """Yield the paths of a list as they come; see `discover`."""
    if not null and b"\0" not in stream.peek():
        yield from (os.fsdecode(line.rstrip(b"\r\n")) for line in stream)
        return
    rest = b""
    while part := stream.read1():
        *paths, rest = (rest + part).split(b"\0")
        yield from map(os.fsdecode, paths)
    yield os.fsdecode(rest.rstrip(b"\r\n"))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits. Raises `ScanError` if the file cannot be read."""
    try:
        return hash_file(path)
    except OSError as cause:
        raise _unreadable(path, cause) from cause


def shown(path: str | Path) -> str:
    """Return a path for messages: on one line, with control characters and invalid bytes escaped."""
    text = _clean(str(path))
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


@dataclass
class _Seen:
    """What a run has found already: folders by device and inode (links may be circular), files by path, used names."""

    on_ignored: Callable[[Path], object]
    places: set[object] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def first_time(self, path: Path) -> bool:
        place: object = str(path.absolute())
        if path.is_dir():
            status = path.stat()
            place = (status.st_dev, status.st_ino)
        new = place not in self.places
        self.places.add(place)
        return new

    def take(self, name: str, path: Path) -> str:
        if name in self.names:
            name = _clean(path.absolute().as_posix().lstrip("/"))
        self.names.add(name)
        return name


def is_pattern(entry: str) -> bool:
    """Return whether an entry is a glob pattern; the name of a file that exists is none, whatever its signs."""
    return any(sign in entry for sign in "*?[") and not os.path.lexists(entry)


def _input(entry: str, seen: _Seen) -> Iterator[Scan]:
    path = Path(entry)
    if is_pattern(entry):
        matches = sorted(glob.glob(entry, recursive=True))  # noqa: PTH207 (patterns may be absolute)
        if not matches:
            problem = ScanError(f"{shown(entry)}: nothing matches this pattern", hint="ls the folder to see its files")
            yield Scan(path, seen.take(_clean(entry), path), problem=problem)
        for match in matches:
            yield from _named(Path(match), seen)
    else:
        yield from _named(path, seen)


def _named(path: Path, seen: _Seen) -> Iterator[Scan]:
    """Yield the scans of a file or folder that the user named."""
    try:
        folder = path.is_dir()
        if not seen.first_time(path):
            return
    except OSError as cause:
        yield Scan(path, seen.take(_clean(path.name), path), problem=_unreadable(path, cause))
        return
    if folder:
        yield from _walk(path, path, seen)
    else:
        kind, problem = _examine(path)
        yield Scan(path, seen.take(_clean(path.name), path), kind, problem)


def _walk(folder: Path, root: Path, seen: _Seen) -> Iterator[Scan]:
    """Yield the scans under `folder`, sorted by name, depth first, without recursion (folders may nest deeply)."""
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        try:
            if not path.is_dir():
                yield from _found(path, root, seen)
                continue
            if path != folder and not seen.first_time(path):
                seen.on_ignored(path)
                continue
            inside = sorted(path.iterdir(), key=lambda entry: os.fsencode(entry.name), reverse=True)
        except OSError as cause:
            yield Scan(path, seen.take(_relative(path, root), path), problem=_unreadable(path, cause))
            continue
        waiting += [entry for entry in inside if not _is_hidden(entry, seen)]


def _is_hidden(entry: Path, seen: _Seen) -> bool:
    hidden = entry.name.startswith(".") or entry.name == OUTPUT_FOLDER
    if hidden:
        seen.on_ignored(entry)
    return hidden


def _found(path: Path, root: Path, seen: _Seen) -> Iterator[Scan]:
    """Yield a file in a folder that the user named, if it is a scan."""
    claims = path.suffix.lower() in EXTENSIONS
    if not seen.first_time(path) or not (claims or path.is_file()):
        seen.on_ignored(path)
        return
    kind, problem = _examine(path)
    # A file without read permission could be a scan, so it is not ignored.
    if kind or claims or (problem and isinstance(problem.__cause__, OSError)):
        yield Scan(path, seen.take(_relative(path, root), path), kind, problem)
    else:
        seen.on_ignored(path)


def _examine(path: Path) -> tuple[Kind | None, ScanError | None]:
    """Return the type of a file, or why it cannot be read; a pipe or device is never opened, because that can block."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            words = _NOT_FILES.get(stat.S_IFMT(mode), "something else")
            return None, ScanError(f"{shown(path)}: is {words}, not a file", hint="give a regular file")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as cause:
        problem = _unreadable(path, cause)
        problem.__cause__ = cause
        return None, problem
    except ValueError:
        return None, ScanError(
            f"{shown(path)}: no path can hold a NUL character", hint="--null reads a list that NUL characters separate"
        )
    kind = kind_of(head)
    return kind, None if kind else _unsupported(path, head)


def _unsupported(path: Path, head: bytes) -> ScanError:
    if not head:
        return ScanError(f"{shown(path)}: the file is empty", hint="copy or scan it again")
    claimed = EXTENSIONS.get(path.suffix.lower())
    if claimed:
        return ScanError(
            f"{shown(path)}: is not what its name says: no {claimed.upper()} but {describe(head)}",
            hint=f"copy or scan it again; {_SUPPORTED}",
        )
    return ScanError(f"{shown(path)}: is {describe(head)}", hint=f"convert it to PDF or TIFF; {_SUPPORTED}")


def _unreadable(path: Path, cause: OSError) -> ScanError:
    if isinstance(cause, PermissionError):
        return ScanError(f"{shown(path)}: no permission to read it", hint=f"chmod u+rX '{shown(path)}'")
    if isinstance(cause, FileNotFoundError):
        if path.is_symlink():
            return ScanError(f"{shown(path)}: a link to a file that does not exist", hint="fix or remove the link")
        return ScanError(f"{shown(path)}: does not exist", hint="check the spelling of the path")
    return ScanError(f"{shown(path)}: cannot be read: {cause.strerror or cause}", hint="check the path and the disk")


def _relative(path: Path, root: Path) -> str:
    return _clean(path.relative_to(root).as_posix() if path != root else root.absolute().name)


def _clean(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")
