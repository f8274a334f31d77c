"""Write files atomically, append and read JSON lines, and hash content."""

import errno
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from ocr.core.errors import OutputError

Row = TypeVar("Row")

HASHED_SUFFIXES = (".json", ".safetensors", ".txt", ".jinja", ".toml", ".model")
"""Files of a checkpoint that decide what the model does."""
HASHED_BYTES = 1 << 20
"""How much of the beginning and of the end of a file goes into the digest of a checkpoint."""


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that it is complete or absent, also after a crash. Raises `OutputError`."""
    _write(path, content, private=False)


def write_private(path: Path, text: str) -> None:
    """Write a file like `write_atomic`, readable by its owner only: it holds text of pages. Raises `OutputError`."""
    _write(path, text.encode("utf-8"), private=True)


def _write(path: Path, content: bytes, *, private: bool) -> None:
    temporary = None
    try:
        path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        # mkstemp creates the file with mode 0600.
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not private:
            temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as cause:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise _cannot_write(path, cause) from cause


def lock_file(file: IO[str]) -> None:
    """Lock an open file until it is closed or this process ends, also by a kill.

    Raises `OSError` if another process holds the lock. Does nothing on a system without file locks.
    """
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        return
    try:
        import fcntl
    except ImportError:
        return
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def append_line(path: Path, line: bytes) -> None:
    """Append a line to a file of lines; a last line that a crash cut short is ended first. Raises `OutputError`."""
    try:
        with path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line + b"\n")
    except OSError as cause:
        raise _cannot_write(path, cause) from cause


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not a row: its 1-based number, and what its parser raised."""

    number: int
    error: ValueError


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write a file of lines like `write_atomic`. Raises `OutputError`."""
    write_atomic(path, b"".join(line + b"\n" for line in lines))


def read_jsonl(path: Path, parse: Callable[[bytes], Row]) -> tuple[list[Row], list[BadLine]]:
    """Return the rows of a file of JSON lines, and the lines for which `parse` raised `ValueError`.

    A crash or a full disk can cut a line short, so the caller decides whether bad lines are an error. Empty lines are
    skipped. Raises `OSError` if the file cannot be read.
    """
    rows: list[Row] = []
    bad: list[BadLine] = []
    # Only line feeds end a line of JSON: other line separators may stand in a string.
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line.strip():
            try:
                rows.append(parse(line))
            except ValueError as error:
                bad.append(BadLine(number, error))
    return rows, bad


def is_full(cause: OSError) -> bool:
    """Return whether the disk is full or the quota is used up."""
    return cause.errno in (errno.ENOSPC, errno.EDQUOT)


def _cannot_write(path: Path, cause: OSError) -> OutputError:
    words = cause.strerror or str(cause)
    return OutputError(f"{path}: cannot be written: {words}", hint="free space or name another --to")


def hash_bytes(content: bytes) -> str:
    """Return the SHA-256 of `content` in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seed_from(text: str) -> int:
    """Return the first 32 bits of the SHA-256 of `text`: a random seed that a repeated run computes again."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:4], "big")


def hash_checkpoint(folder: Path) -> str:
    """Return a fingerprint of a model folder: content of small files; size, first and last mebibyte of large ones."""
    sha = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix not in HASHED_SUFFIXES:
            continue
        size = path.stat().st_size
        sha.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as stream:
            sha.update(stream.read(HASHED_BYTES))
            stream.seek(max(0, size - HASHED_BYTES))
            sha.update(stream.read())
    return sha.hexdigest()[:16]
