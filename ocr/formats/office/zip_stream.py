"""Write a zip package as a stream, with the same bytes for the same content: what DOCX and XLSX share."""

import io
import zipfile
from typing import Any


class Outlet(io.RawIOBase):
    """A stream that cannot go back: what was written is handed on and forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any, /) -> int:
        self._written += content
        return len(content)

    def drained(self) -> bytes:
        """Return what was written since the last call."""
        content = bytes(self._written)
        self._written.clear()
        return content


def entry(name: str) -> zipfile.ZipInfo:
    """Return an entry with the earliest date of the format: the same document gives the same bytes."""
    made = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    made.compress_type = zipfile.ZIP_DEFLATED
    return made
