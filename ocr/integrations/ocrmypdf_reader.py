"""One open reader a process for OCRmyPDF, which asks for single page images from threads or worker processes."""

import atexit
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path

from ocrmypdf import exceptions
from pydantic import BaseModel

from ocr.core.document import Page
from ocr.core.environment import count_cores
from ocr.core.errors import DependencyError, EngineError, OcrError, ScanError, UsageError
from ocr.core.settings import load
from ocr.pipeline.options import ExtractSettings
from ocr.reader import Reader

LOG = logging.getLogger(__name__)
_WITH_WORKERS = ("", "rapid", "tesseract")
"""Engines that take the number of their worker processes as an option; "" is the default engine."""
_CLOSE_FIRST = 100
"""Priority of our exit function in a worker process: before those of multiprocessing itself."""


class LusocrOptions(BaseModel):
    """The options of this plugin, as `options.lusocr` of OCRmyPDF."""

    engine: str = ""
    """As `--engine` of `ocr extract`."""
    model: str = ""
    """As `--model` of `ocr extract`."""
    config: str = ""
    """As `--config` of `ocr extract`."""
    settings: list[str] = []
    """As `--set` of `ocr extract`."""


def read_image(path: Path, options: LusocrOptions, workers: int) -> Page:
    """Return what is read on an image of one page. The first call of a process starts the engine.

    A page that cannot be read comes back without text, with its reason in the log: one page ends no file.
    Raises an `ExitCodeException` of OCRmyPDF where the engine does not start, or dies.
    """
    with exit_codes():
        try:
            with _READERS.borrow(options, workers) as reader:
                page = reader.extract(path).pages[0]
        except ScanError as refusal:
            LOG.warning("%s; the page gets no text", refusal.message)
            return Page(1, "unreadable", reason=refusal.message)
    if page.status not in ("ok", "blank"):
        LOG.warning("the page is %s: %s", page.status, page.reason)
    return page


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn our errors into those of OCRmyPDF, which have its exit codes."""
    try:
        yield
    except OcrError as cause:
        known: dict[type[OcrError], type[exceptions.ExitCodeException]] = {
            UsageError: exceptions.BadArgsError,
            DependencyError: exceptions.MissingDependencyError,
            EngineError: exceptions.SubprocessOutputError,
        }
        raised = next((theirs for ours, theirs in known.items() if isinstance(cause, ours)), exceptions.InputFileError)
        raise raised(f"{cause.message}\n{cause.hint}".strip()) from cause


def settings_of(options: LusocrOptions, workers: int) -> ExtractSettings:
    """Return the settings to read with. Raises `UsageError` for one that does not exist."""
    flags: dict[str, object] = {
        "engine": options.engine or ("vllm" if options.model else None),
        "options.model": options.model or None,
    }
    file = Path(options.config) if options.config else None
    settings = load(ExtractSettings, file=file, assignments=options.settings, flags=flags)
    settings = settings.model_copy(update={"out": ("hocr",)})  # words of a model need boxes
    if settings.engine in _WITH_WORKERS and "workers" not in settings.options:
        settings = settings.model_copy(update={"options": {**settings.options, "workers": workers}})
    return settings


def count_workers(jobs: int | None, pages: int, *, threads: bool) -> int:
    """Return how many pages one reader reads side by side: OCRmyPDF's jobs, or one where each job is a process."""
    return max(1, min(jobs or count_cores(), pages)) if threads else 1


@dataclass(slots=True)
class _Open:
    """An open reader, and how many threads read with it now."""

    reader: Reader
    workers: int
    users: int = 0


class _Shared:
    """The readers of this process, one for each choice of options. Forked processes make their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: dict[str, _Open] = {}
        self._process = 0

    @contextmanager
    def borrow(self, options: LusocrOptions, workers: int) -> Iterator[Reader]:
        """Yield an open reader; one that is idle and has fewer workers than asked for is replaced."""
        with self._lock:
            entry = self._find(options, workers)
            entry.users += 1
        try:
            yield entry.reader
        finally:
            with self._lock:
                entry.users -= 1

    def _find(self, options: LusocrOptions, workers: int) -> _Open:
        if self._process != os.getpid():
            self._process = os.getpid()
            _call_at_exit(self.close)
        key = options.model_dump_json()
        entry = self._readers.get(key)
        if entry is not None and entry.workers < workers and not entry.users:
            entry.reader.close()
            entry = None
        if entry is None:
            entry = self._readers[key] = _Open(Reader(settings=settings_of(options, workers)), workers)
        return entry

    def close(self) -> None:
        """Close the readers of this process."""
        with self._lock:
            entries, self._readers = list(self._readers.values()), {}
        for entry in entries:
            entry.reader.close()

    def forget(self) -> None:
        """Begin anew in a forked process: threads and locks of its parent do not work there."""
        self._lock = threading.Lock()
        self._readers = {}
        self._process = 0


def _call_at_exit(close: Callable[[], None]) -> None:
    """Call `close` when this process ends, while the reader's threads still work: `atexit` would be too late.

    Executors close in an exit function of `threading`; those run in reverse order. A worker process of multiprocessing
    runs its finalizers first.
    """
    getattr(threading, "_register_atexit", atexit.register)(close)
    Finalize(None, close, exitpriority=_CLOSE_FIRST)


_READERS = _Shared()
os.register_at_fork(after_in_child=_READERS.forget)
