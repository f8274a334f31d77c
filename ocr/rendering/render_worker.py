"""The render child (`python -m ocr.rendering.render_worker`): open scan files and render their pages.

Decoders of damaged or hostile files crash, hang and use up memory. Here they may: this process has limits, can be
killed at any time, and starts fast. It answers JSON requests. The pixels of a page are sent in shared memory beside the
reply.
"""

import errno
import json
import sys
from pathlib import Path
from typing import Any

from ocr.core import process_tree
from ocr.core.channel import JSON, STANDARD_STREAMS, Channel
from ocr.core.errors import LockedScanError, ScanError
from ocr.rendering.filetype import HEAD_BYTES, Kind, kind_of, list_kinds
from ocr.rendering.page_buffer import DAMAGE, Limits, OpenDocument, PageBuffer


class Decoder:
    """Answers requests. Keeps the last document open, because its next page is usually requested next."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._key: object = None
        self._document: OpenDocument | None = None
        self._kind: Kind = "pdf"

    def inspect(self, path: Path, password: str | None, version: list[int] | None) -> dict[str, Any]:
        """Return the number of pages and the kind of a file. Raises `ScanError`."""
        document = self._opened(path, password, version)
        return {"pages": document.pages, "kind": self._kind}

    def render(self, path: Path, password: str | None, version: list[int] | None, number: int) -> PageBuffer:
        """Return a rendered page. Raises `ScanError`."""
        document = self._opened(path, password, version)
        if not 1 <= number <= document.pages:
            raise ScanError(f"there is no such page: the file has {document.pages}", hint="check --pages")
        buffer = PageBuffer(self._limits)
        document.render(number, buffer)
        return buffer

    def forget(self) -> None:
        """Close the document: after a failure its state is not reliable."""
        if self._document is not None:
            self._document.close()
        self._key = self._document = None

    def _opened(self, path: Path, password: str | None, version: list[int] | None) -> OpenDocument:
        status = path.stat()
        now = (status.st_ino, status.st_size, status.st_mtime_ns)
        if version is not None and now != tuple(version):
            raise ScanError("changed while it was being read", hint="run the same again")
        key = (path, password, now)
        if self._document is None or key != self._key:
            self.forget()
            self._document = self._open(path, password)
            self._key = key
        return self._document

    def _open(self, path: Path, password: str | None) -> OpenDocument:
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD_BYTES))
        if kind is None:
            raise ScanError(f"is not a {list_kinds('or')} file", hint="convert it to PDF or TIFF")
        self._kind = kind
        # Each decoder is imported when the first file needs it.
        if kind == "pdf":
            from ocr.rendering.decoders.pdf import open_pdf

            return open_pdf(path, password, self._limits)
        if kind == "djvu":
            from ocr.rendering.decoders.djvu import DjvuDocument

            return DjvuDocument(path, self._limits)
        from ocr.rendering.decoders.image import ImageDocument

        return ImageDocument(path, kind, self._limits)


def answer(decoder: Decoder, request: dict[str, Any]) -> tuple[dict[str, Any], PageBuffer | None]:
    """Return the reply to one request, and the page that goes with it."""
    path, number = Path(request["path"]).absolute(), request["number"]
    password, version = request["password"], request["version"]
    try:
        if number is None:
            return decoder.inspect(path, password, version), None
        page = decoder.render(path, password, version, number)
        return {"dpi": page.dpi}, page
    except ScanError as problem:
        reply = {"error": problem.message, "hint": problem.hint, "locked": isinstance(problem, LockedScanError)}
    except (MemoryError, ImportError, *DAMAGE) as cause:
        reply = _explain(cause)
    decoder.forget()
    return reply, None


def _explain(cause: Exception) -> dict[str, Any]:
    if isinstance(cause, MemoryError) or getattr(cause, "errno", None) == errno.ENOMEM:
        return {"error": "needs more memory than allowed", "hint": "raise the limit: --set render.memory_mb=MB"}
    if isinstance(cause, ImportError):
        return {"error": f"its decoder does not load: {cause}", "hint": "pip install --force-reinstall lusocr"}
    reason = " ".join(str(cause).split()) or type(cause).__name__  # decoders' messages may have several lines
    return {"error": f"is damaged: {reason}", "hint": "copy, export or scan it again"}


def _limit_resources(limits: Limits) -> None:
    """Write no core files, and keep to the memory limit, where the system has such limits."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_mb << 20,) * 2)


def main() -> None:
    """Serve until the parent is gone. The arguments are the limits as JSON and the address of the channel."""
    limits, address = Limits(**json.loads(sys.argv[1])), sys.argv[2]
    if address != STANDARD_STREAMS:
        process_tree.hold(sys.stdin.fileno())
    _limit_resources(limits)
    decoder, channel = Decoder(limits), Channel.in_child(address, JSON)
    while True:
        try:
            request, _ = channel.receive()
        except EOFError:
            return
        reply, page = answer(decoder, request)
        channel.send(reply, page.pixels if page else None)
        if page is not None:
            page.close()


if __name__ == "__main__":
    main()
