"""Manage an output folder: one run at a time, its ledger, and atomic writes.

The folder `.lusocr/` holds the lock, the ledger, and drafts of files. A file outside of it is overwritten only if the
ledger says that lusocr wrote it.
"""

import hashlib
import json
import os
import shlex
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, get_args

from ocr.core.document import Document, EngineIdentity, Page, Source
from ocr.core.errors import OutputError
from ocr.core.files import hash_file, is_full, lock_file
from ocr.formats.json_schema import document_from_json
from ocr.formats.scan_job import FormatError, ScanFinder, ScanJob, TextLayer
from ocr.formats.writers import FORMATS
from ocr.rendering.passwords import Passwords
from ocr.storage.corrections import Correction, Corrections
from ocr.storage.ledger import Ledger, Output

PRIVATE = ".lusocr"
LEDGER = "ledger.sqlite"
NO_PASSWORDS = Passwords()
_NAME_BYTES = 255
"""Bytes of the longest file name on common file systems."""


_HELD: set[tuple[int, int]] = set()
"""Device and inode of the private folders that this process holds."""
_HELD_LOCK = threading.Lock()


class NotOursError(OutputError):
    """An output cannot be written, because another file, or a changed one, has its name. Other outputs still can."""


class OutputDirectory:
    """An output folder that no other process writes to; made by `open_folder`."""

    def __init__(self, root: Path, ledger: Ledger) -> None:
        self.root = root
        self.ledger = ledger
        self._scans = ScanFinder()
        self._passwords = Passwords()
        self.corrections = Corrections(root / PRIVATE / "corrections")

    def is_current(self, source: Source, form: str) -> bool:
        """Return whether the output file exists and shows the pages as they are in the ledger."""
        output = self.ledger.output(output_path(source.path, form))
        if output is None or output.stamp != self._stamp(source, form):
            return False
        if FORMATS[form].parts is None:
            return (self.root / output.path).is_file()
        return all((self.root / part.path).is_file() for part in self.outputs(source, form))

    def has_written(self, source: Source, form: str) -> bool:
        """Return whether an earlier run wrote this output and it still exists."""
        path = output_path(source.path, form)
        is_there = FORMATS[form].parts is not None or (self.root / path).is_file()
        return self.ledger.output(path) is not None and is_there

    def outputs(self, source: Source, form: str) -> list[Output]:
        """Return the records of the files that a format has."""
        return [output for output in self.ledger.outputs_of(source.path, form) if output.sha256]

    def is_edited(self, source: Source, output: Output) -> bool:
        """Return whether someone changed the output file since it was written or accepted."""
        return _digest(self.root / output.path) not in {None, *self._written(source, output)}

    def _written(self, source: Source, output: Output | None) -> set[str]:
        """Return the digests that an output file has unless someone changed it since it was written or accepted."""
        if output is None:
            return set()
        corrected = self.corrections.of_path(output.path)
        if corrected is None:
            return {output.sha256, output.previous}
        # The correction of an earlier scan is someone's work: it is not written over.
        ours = corrected.scan == source.sha256
        return {corrected.sha256} if ours else {output.sha256, output.previous} - {corrected.sha256}

    def check_free(self, source: Source, form: str) -> None:
        """Raise `OutputError` if a file that lusocr did not write has the name of this output."""
        path = output_path(source.path, form)
        if os.path.lexists(self.root / path) and self.ledger.output(path) is None:
            raise NotOursError(
                f"{self.root / path} exists and was not written by lusocr",
                hint="choose another folder with --to DIR, or move that file away",
            )

    def show_scans(
        self,
        text_layer: TextLayer | None = None,
        *,
        pdfa: bool | None = None,
        scans: Sequence[str] = (),
        passwords: Passwords = NO_PASSWORDS,
    ) -> None:
        """Set how formats that show the scan are written.

        `text_layer` and `pdfa` are kept for later runs. `scans` are places to look for scans that were moved.
        `passwords` open encrypted PDF files.
        """
        self._scans, self._passwords = ScanFinder(scans), passwords
        if text_layer is not None:
            self.ledger.remember("text layer", text_layer)
        if pdfa is not None:
            self.ledger.remember("pdfa", "2b" if pdfa else "")

    def has_output(self, source: Source, form: str) -> bool:
        """Return whether a scan has an output in a format; one that could not be opened has no PDF."""
        return bool(source.sha256) and (FORMATS[form].from_scan is None or source.pages > 0)

    def write(self, source: Source, form: str) -> None:
        """Write the output of one format from the ledger. Raises `OutputError`; a file is then as it was before."""
        # Before the pages: a page that changes meanwhile makes the file out of date.
        stamp = self._stamp(source, form)
        path = output_path(source.path, form)
        if FORMATS[form].parts is None:
            self._write_file(source, Output(path, source.path, form, "", stamp=stamp), self.render(source, form))
            return
        mark = Output(path, source.path, form, "")
        self.ledger.claim(mark)
        old = {part.path: part for part in self.outputs(source, form)}
        for label, content in self.render_parts(source, form):
            place = output_path(source.path, form, label)
            old.pop(place, None)
            self._write_file(source, Output(place, source.path, form, "", stamp=stamp), [content])
        for surplus in old.values():
            self._remove(surplus)
        self.ledger.settle(path, stamp)

    def _write_file(self, source: Source, output: Output, pieces: Iterable[bytes]) -> None:
        """Write one file; `output` has everything but the digest. Raises `OutputError`."""
        path, target = output.path, self.root / output.path
        draft = self.root / PRIVATE / "drafts" / hashlib.sha256(path.encode()).hexdigest()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            digest = _write_draft(draft, pieces)
            before = self.ledger.output(path)
            present = _digest(target)
            if present not in {None, digest, *self._written(source, before)}:
                raise NotOursError(
                    f"{target} was changed since lusocr wrote it",
                    hint=f"to keep it type ocr accept {shlex.quote(str(self.root))} {shlex.quote(str(target))}; "
                    "else move it away and run the same command again",
                )
            # The stamp follows the file: after a kill between the two, the next run writes the output again.
            self.ledger.claim(Output(path, output.source, output.format, digest, present or "", stamp=""))
            draft.replace(target)
            _flush_folder(target.parent)
            self.ledger.settle(path, output.stamp)
        except OSError as cause:
            raise _cannot_write(target, cause) from cause
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def _remove(self, output: Output) -> None:
        """Remove a file that its scan no longer gives. A file that was changed stays and belongs to the user."""
        target = self.root / output.path
        try:
            if _digest(target) in (output.sha256, output.previous):
                target.unlink()
        except OSError as cause:
            raise _cannot_write(target, cause) from cause
        self.ledger.forget(output.path)

    def correct(self, source: Source, correction: Correction) -> None:
        """Record a corrected output file, which is then that of the ledger. Raises `OutputError`."""
        before = self.ledger.output(correction.path)
        self.corrections.keep(correction)
        previous = before.sha256 if before else ""
        stamp = self._stamp(source, correction.form)
        self.ledger.claim(
            Output(correction.path, source.path, correction.form, correction.sha256, previous, stamp=stamp)
        )

    def correction_of(self, source: Source, form: str) -> Correction | None:
        """Return the correction of an output file, without its content; None where there is none."""
        correction = self.corrections.of_path(output_path(source.path, form))
        return correction if correction is not None and correction.scan == source.sha256 else None

    def render(self, source: Source, form: str) -> Iterator[bytes]:
        """Return the bytes of an output file piece by piece: its correction, or what the ledger gives."""
        correction = self.correction_of(source, form)
        if correction is not None:
            return iter((self.corrections.content(correction),))
        if FORMATS[form].from_scan is not None:
            return FORMATS[form].render_scan(self._scan_job(source, form))
        return FORMATS[form].render(source, self._engine(), self._pages(source))

    def _scan_job(self, source: Source, form: str) -> ScanJob:
        """Return what a format that shows the scan needs. Raises `FormatError` where the scan is gone."""
        holder = self.ledger.holder(source.path)
        scan = self._scans.find(source, holder[0] if holder else "")
        target = self.root / output_path(source.path, form)
        if target.exists() and target.samefile(scan):
            raise FormatError(f"{target} is the scan itself", hint="choose another folder with --to DIR")
        drafts = self.root / PRIVATE / "drafts"
        job = ScanJob(source, self._engine(), self._pages(source), scan, drafts, self._passwords)
        return replace(job, text_layer=self._text_layer(), pdfa=bool(self.ledger.recall("pdfa")))

    def _text_layer(self) -> TextLayer:
        """Return what the folder's PDFs do with pages that have text: as typed last, or skip them."""
        kept = self.ledger.recall("text layer")
        return next((known for known in get_args(TextLayer) if known == kept), "skip")

    def render_parts(self, source: Source, form: str) -> Iterator[tuple[str, bytes]]:
        """Return (label, bytes) of the files of a format of several files, made from the ledger."""
        for label, content in FORMATS[form].render_parts(source, self._engine(), self._pages(source)):
            corrected = self.corrections.of_path(output_path(source.path, form, label))
            is_ours = corrected is not None and corrected.scan == source.sha256
            yield label, self.corrections.content(corrected) if corrected is not None and is_ours else content

    def _engine(self) -> EngineIdentity:
        engine = self.ledger.engine()
        assert engine is not None, "a folder has an engine from its first run on"
        return engine

    def _pages(self, source: Source) -> Iterable[Page]:
        """Return the pages of a scan: those of its corrected JSON output, or those of the ledger."""
        corrected = self.correction_of(source, "json")
        if corrected is not None:
            return document_from_json(json.loads(self.corrections.content(corrected))).pages
        return self.ledger.pages(source.sha256) if source.pages else ()

    def _stamp(self, source: Source, form: str) -> str:
        """Return a text that changes whenever the output file would."""
        version = FORMATS[form].version
        newer = f":{form}-{version}" if version > 1 else ""  # Stamps of first versions stay as they were.
        corrected = self.correction_of(source, "json")
        layer = self._text_layer() if form == "pdf" else "skip"
        newer += "" if layer == "skip" else f":text layer {layer}"
        newer += ":pdfa" if form == "pdf" and self.ledger.recall("pdfa") else ""
        newer += f":corrected {corrected.sha256}" if corrected is not None else ""
        return f"{self.ledger.stamp(source.sha256)}:{source.sha256}:{source.pages}:{source.reason}{newer}"


def output_path(name: str, form: str, label: str = "") -> str:
    """Return the path of an output of the scan `name`, relative to the folder, with forward slashes.

    `label` names one of the files of a format of several files, such as `.page-1`.
    """
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    last = parts.pop() if parts else "_"
    suffix = label + FORMATS[form].suffix
    room = _NAME_BYTES - len(suffix.encode())
    if len(last.encode()) > room:
        mark = "~" + hashlib.sha256(last.encode()).hexdigest()[:8]
        last = last.encode()[: room - len(mark)].decode("utf-8", "ignore") + mark
    return "/".join([*parts, f"{last}{suffix}"])


@contextmanager
def held(root: Path, *, create: bool = False) -> Iterator[Path]:
    """Lock the folder for the length of the block; yield the path of `.lusocr`.

    Raises `OutputError` when the folder is in use, cannot be written, or is no output folder (and `create` is not
    set).
    """
    private = root / PRIVATE
    elsewhere = "choose another folder with --to DIR" if create else "copy the folder to where you can write"
    try:
        if not create and not private.is_dir():
            raise OutputError(f"{root} is not an output folder of lusocr", hint="give the folder that --to named")
        root.mkdir(parents=True, exist_ok=True)
        private.mkdir(mode=0o700, exist_ok=True)
        (private / "drafts").mkdir(exist_ok=True)
    except OSError as cause:
        raise _cannot_write(root, cause, elsewhere) from cause
    with _alone_in_process(private, root):
        try:
            lock = (private / "lock").open("a+", encoding="utf-8")
        except OSError as cause:
            raise _cannot_write(root, cause, elsewhere) from cause
        with lock:
            _take(lock, root)
            yield private


@contextmanager
def open_folder(root: Path, *, create: bool = False) -> Iterator[OutputDirectory]:
    """Lock the folder and open its ledger. Raises `OutputError` as `held` does, and for a damaged or lost ledger."""
    with held(root, create=create) as private:
        repair = f"ocr verify {shlex.quote(str(root))} --rebuild"
        for draft in (private / "drafts").iterdir():
            with suppress(OSError):  # It is overwritten later.
                shutil.rmtree(draft) if draft.is_dir() else draft.unlink()
        if _is_lost(private / LEDGER) and (not create or any(documents_in(root))):
            raise OutputError(f"the ledger {private / LEDGER} is lost", hint=repair)
        ledger = Ledger(private / LEDGER, repair=repair)
        try:
            yield OutputDirectory(root, ledger)
        finally:
            ledger.close()


def documents_in(root: Path) -> Iterator[Document]:
    """Yield the documents in JSON files under `root` that have the name of an output of that document."""
    for path in sorted(root.rglob("*.json")):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            document = document_from_json(values) if isinstance(values, dict) else None
        except (ValueError, OSError, RecursionError):
            continue
        if document is None:
            continue
        if path == root / output_path(document.source.path, "json"):
            yield document


def _is_lost(ledger: Path) -> bool:
    return not ledger.exists() or ledger.stat().st_size == 0


@contextmanager
def _alone_in_process(private: Path, root: Path) -> Iterator[None]:
    """Keep other threads out: a record lock belongs to the process, and ends when any thread closes the file."""
    status = private.stat()
    place = (status.st_dev, status.st_ino)
    with _HELD_LOCK:
        if place in _HELD:
            raise _in_use(root, "another thread of this process")
        _HELD.add(place)
    try:
        yield
    finally:
        with _HELD_LOCK:
            _HELD.remove(place)


def _in_use(root: Path, owner: str) -> OutputError:
    return OutputError(
        f"{root} is in use by {owner}", hint="wait for it to end, or choose another folder with --to DIR"
    )


def _take(lock: IO[str], root: Path) -> None:
    """Lock for as long as this process lives; a record lock dies with the process, also on a kill."""
    try:
        lock_file(lock)
    except OSError as cause:
        lock.seek(0)
        owner = lock.read().strip() or "another process"
        raise _in_use(root, owner) from cause
    lock.truncate(0)
    lock.write(f"process {os.getpid()} on {os.uname().nodename if hasattr(os, 'uname') else 'this machine'}")
    lock.flush()


def _write_draft(draft: Path, pieces: Iterable[bytes]) -> str:
    """Write and flush to disk; return the SHA-256 of the content."""
    digest = hashlib.sha256()
    with draft.open("wb") as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _digest(path: Path) -> str | None:
    try:
        return hash_file(path)
    except FileNotFoundError:
        return None


def _flush_folder(path: Path) -> None:
    """Make a rename survive a power cut, where the file system can do this."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _cannot_write(path: Path, cause: OSError, elsewhere: str = "choose another folder with --to DIR") -> OutputError:
    words = cause.strerror or str(cause)
    return OutputError(
        f"cannot write {path}: {words}",
        hint="free some space and run the same command again" if is_full(cause) else elsewhere,
    )
