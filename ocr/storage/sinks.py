"""Deliver documents: as files of an output folder, or as JSON lines to a stream."""

import asyncio
import threading
from collections.abc import Iterable, Sequence
from typing import IO, Protocol

from ocr.core.document import Page, Source
from ocr.core.errors import OutputError
from ocr.formats.scan_job import FormatError
from ocr.formats.text.json_lines import write_json_lines
from ocr.formats.writers import FORMATS
from ocr.rendering.discovery import shown
from ocr.storage.ledger import Ledger
from ocr.storage.output_dir import NotOursError, OutputDirectory


class Sink(Protocol):
    """Receives every file and page of a run, on the event loop; slow work runs on threads."""

    async def admit(self, source: Source) -> None:
        """Raise `OutputError` where the output of this file could not be delivered."""

    async def page_saved(self, source: Source) -> None:
        """Take note that one more page of the file is in the ledger."""

    async def complete(self, source: Source) -> None:
        """Deliver the file: the ledger has all of its pages that this run reads."""


class FileSink:
    """Write one file a scan and format. Files that are current stay; formats of earlier runs are updated too."""

    def __init__(self, folder: OutputDirectory, forms: Sequence[str]) -> None:
        self._folder = folder
        self._forms = forms
        self.left_alone: list[str] = []
        """Current output files that someone changed: they stay as they are."""

    async def admit(self, source: Source) -> None:
        for form in self._forms:
            await asyncio.to_thread(self._folder.check_free, source, form)

    async def page_saved(self, source: Source) -> None:
        """Write nothing: a file appears as a whole."""

    async def complete(self, source: Source) -> None:
        await asyncio.to_thread(self._write, source)

    def _write(self, source: Source) -> None:
        refusals: list[OutputError] = []
        for form in FORMATS:
            wanted = form in self._forms or self._folder.has_written(source, form)
            if not wanted or not self._folder.has_output(source, form):
                continue
            if not self._folder.is_current(source, form):
                try:
                    self._folder.write(source, form)
                except (NotOursError, FormatError) as refusal:
                    refusals.append(refusal)
                continue
            outputs = self._folder.outputs(source, form)
            self.left_alone += [output.path for output in outputs if self._folder.is_edited(source, output)]
        if refusals:
            raise refusals[0]


def export(folder: OutputDirectory, forms: Sequence[str]) -> tuple[int, list[OutputError]]:
    """Write the scans of a folder in these formats, without reading any page; outputs that are current stay.

    Returns the number of outputs that were written, and why others were not.
    """
    written, refusals = 0, list[OutputError]()
    for source in folder.ledger.files():
        unread = source.pages - len(folder.ledger.states(source.sha256))
        if unread > 0:
            words = f"{shown(source.path)}: {unread:,} of {source.pages:,} pages are not read yet"
            refusals.append(OutputError(words, hint="run ocr extract again with the same --to"))
            continue
        for form in forms:
            if not folder.has_output(source, form) or folder.is_current(source, form):
                continue
            try:
                folder.check_free(source, form)
                folder.write(source, form)
                written += 1
            except (NotOursError, FormatError) as refusal:
                refusals.append(refusal)
    known = [form for form in folder.ledger.recall("formats").split(",") if form]
    folder.ledger.remember("formats", ",".join(dict.fromkeys([*known, *forms])))
    return written, refusals


STREAM_FORMATS = ("json", "jsonl", "md", "txt")
"""Formats that standard output can get."""


class StreamSink:
    """Write to a stream. JSON lines: a page as soon as all pages before it are known; every line names its file.

    Markdown and text: a document as soon as it is complete; a comment names its file, a form feed separates texts.
    """

    def __init__(self, stream: IO[str], ledger: Ledger, form: str = "jsonl") -> None:
        self._stream = stream
        self._ledger = ledger
        self._form = form
        self._documents = 0
        self._next: dict[str, int] = {}
        self._lock = threading.Lock()

    async def admit(self, source: Source) -> None:
        """Accept every file."""

    async def page_saved(self, source: Source) -> None:
        if self._form == "jsonl":
            await asyncio.to_thread(self._advance, source)

    async def complete(self, source: Source) -> None:
        if self._form != "jsonl":
            await asyncio.to_thread(self._write_document, source)
        elif source.reason:
            await asyncio.to_thread(self._write, source, [])
        else:
            await self.page_saved(source)
        self._next.pop(source.path, None)

    def _advance(self, source: Source) -> None:
        with self._lock:
            number = self._next.get(source.path, 1)
            for page in self._ledger.pages(source.sha256, number):
                if page.number != number:
                    break
                self._write(source, [page])
                number += 1
            self._next[source.path] = number

    def _write_document(self, source: Source) -> None:
        with self._lock:
            if self._form == "md":
                name = shown(source.path).replace("--", "- -")
                self._write_pieces([f"{'' if not self._documents else chr(10)}<!-- {name} -->\n\n"])
            elif self._documents:
                self._write_pieces(["\f"])
            self._documents += 1
            engine = self._ledger.engine()
            assert engine is not None
            pages = self._ledger.pages(source.sha256) if source.pages else ()
            self._write_pieces(piece.decode("utf-8") for piece in FORMATS[self._form].render(source, engine, pages))

    def _write(self, source: Source, pages: list[Page]) -> None:
        engine = self._ledger.engine()
        assert engine is not None
        self._write_pieces(write_json_lines(source, engine, pages))

    def _write_pieces(self, pieces: Iterable[str]) -> None:
        try:
            self._stream.writelines(pieces)
            self._stream.flush()
        except OSError as cause:
            raise OutputError(
                f"cannot write to standard output: {cause.strerror}", hint="is the program behind the pipe gone?"
            ) from cause
