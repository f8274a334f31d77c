"""Write files atomically and hash content."""

import hashlib
import os
import tempfile
from pathlib import Path

from ocr.core.errors import OutputError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all. Raises OutputError when the disk is full or not writable."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as failure:
        if temporary:
            temporary.unlink(missing_ok=True)
        raise OutputError(
            f"{path}: cannot be written: {failure.strerror}", hint="free space or name another --to"
        ) from failure


def hash_bytes(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, for its owner's eyes: it holds the text of pages. Raises OutputError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file 0600.
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError as cause:
        raise OutputError(
            f"{path}: cannot be written: {cause.strerror}", hint="free space, or name another --to"
        ) from cause


def digest(folder: Path) -> str:
    """A fingerprint of a checkpoint: the content of small files; size, first and last mebibyte of large ones."""
    sha = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix not in (".json", ".safetensors", ".txt", ".jinja", ".toml", ".model"):
            continue
        size = path.stat().st_size
        sha.update(f"{path.name}\0{size}\0".encode())
        with path.open("rb") as stream:
            sha.update(stream.read(1 << 20))
            stream.seek(max(0, size - (1 << 20)))
            sha.update(stream.read())
    return sha.hexdigest()[:16]
