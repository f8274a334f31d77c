"""One call of `ocr extract`, from the lock on the folder to the exit code."""

import asyncio
import contextlib
import os
import platform
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from ocr.core.document import Page, Source
from ocr.core.environment import VERSION
from ocr.core.errors import ExitCode, OcrError, OutputError, UsageError
from ocr.pipeline.engine_selection import choose_engine, remarks
from ocr.pipeline.options import Job, PageResult, Stopper
from ocr.pipeline.progress import Progress
from ocr.pipeline.scheduler import Scheduler
from ocr.pipeline.session import EngineSession
from ocr.rendering.discovery import Scan, discover, shown, version_of
from ocr.storage.ledger import Ledger
from ocr.storage.output_dir import open_folder
from ocr.storage.sinks import FileSink, Sink, StreamSink
from ocr.storage.summary import Summary, summarize

# When several things end a run together, the gravest is reported.
GRAVEST = (ExitCode.BUG, ExitCode.OUTPUT, ExitCode.ENGINE, ExitCode.DEPENDENCY)


def extract_to_folder(job: Job, root: Path, progress: Progress) -> Summary:
    """Read what is not read yet into the folder `root`. Raises `OcrError` for what ends a run; the rest is saved."""
    _check_apart(job.inputs, root)
    with open_folder(root, create=True) as folder:
        folder.ledger.remember("inputs", shlex.join(map(shown, job.inputs)))
        folder.ledger.remember("formats", ",".join(job.settings.out))
        return _extract(job, folder.ledger, FileSink(folder, job.settings.out), progress, root)


def extract_to_stream(job: Job, stream: IO[str], progress: Progress) -> Summary:
    """Read everything and write it as JSON lines; nothing is kept."""
    ledger = Ledger(None)
    with contextlib.closing(ledger):
        return _extract(job, ledger, StreamSink(stream, ledger), progress, None)


def _extract(job: Job, ledger: Ledger, sink: Sink, progress: Progress, root: Path | None) -> Summary:
    chosen = choose_engine(job.settings, ledger)
    for line in remarks(chosen.engine, job.settings):
        progress.note(line)
    if chosen.again:
        others = f"{chosen.again:,} pages will be read again with {chosen.reader.fingerprint}"
        progress.note(f"another engine than before: {others}")
    ledger.begin(chosen.reader, version=VERSION, host=platform.node())
    if job.on_page is not None:
        progress = _PageCallback(progress, ledger, job.on_page)
    session = EngineSession(chosen, job.settings)
    extraction = Scheduler(job, session, ledger, sink, progress)
    ignored: list[Path] = []
    try:
        scans = discover(job.inputs, output=root, on_ignored=ignored.append)
        _run(_with_engine(session, extraction, scans), extraction, _Interruption(job.stopper, progress))
    finally:
        summary = _summary(ledger)
        overlooked = sum(version_of(path) is not None and not path.name.startswith(".") for path in ignored)
        if overlooked:
            progress.note(f"ignored, because they are no scans: {overlooked:,} of the files found")
        progress.finish(summary)
    if not summary.files:
        raise UsageError(
            f"no scan in {shlex.join(map(shown, job.inputs))}", hint="PDF, TIFF, PNG, JPEG, WebP and BMP can be read"
        )
    return summary


def _check_apart(inputs: Iterable[str], root: Path) -> None:
    """Raise `UsageError` where the scans lie in the folder that is to be written, of which nothing is a scan."""
    for entry in inputs:
        with contextlib.suppress(OSError):
            if entry != "-" and root.exists() and root.samefile(entry):
                raise UsageError(
                    f"{shown(entry)} is also the folder to write to", hint="choose another folder with --to DIR"
                )


def _summary(ledger: Ledger) -> Summary:
    try:
        return summarize(ledger, this_run=True)
    except OutputError:
        return Summary()  # a ledger that failed has ended the run already, with its own message


class _PageCallback:
    """A `Progress` that also gives every saved page, with its text, to a function of the caller."""

    def __init__(self, progress: Progress, ledger: Ledger, on_page: Callable[[PageResult], object]) -> None:
        self._ledger = ledger
        self._on_page = on_page
        self._progress = progress
        self.found, self.note, self.problem = progress.found, progress.note, progress.problem
        self.finish = progress.finish

    def page(self, source: Source, page: Page) -> None:
        self._progress.page(source, page)
        self._on_page(PageResult(source, next(self._ledger.pages(source.sha256, page.number))))


async def _with_engine(session: EngineSession, extraction: Scheduler, scans: Iterator[Scan]) -> None:
    async with session:
        await extraction.run(scans)


class _Interruption:
    """Cancels a run at the first Ctrl-C, SIGTERM or call of `Stopper.stop`; a second signal ends the process.

    Signals are handled in the main thread only: in another thread the program that started the run decides.
    """

    def __init__(self, stopper: Stopper, progress: Progress) -> None:
        self.requested = False
        self._stopper = stopper
        self._progress = progress

    async def guard(self, story: Coroutine[Any, Any, None]) -> None:
        """Run `story` until it ends or is cancelled. Child processes end with this process."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def stop() -> None:
            self.requested = True
            task.cancel()

        def stop_from_another_thread() -> None:
            with contextlib.suppress(RuntimeError):  # the run has ended
                loop.call_soon_threadsafe(stop)

        def on_signal() -> None:
            if self.requested:
                os._exit(ExitCode.INTERRUPTED)
            self._progress.note("stopping; finished pages are kept (Ctrl-C again stops at once)")
            stop()

        self._stopper.attach(stop_from_another_thread)
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                with contextlib.suppress(NotImplementedError):  # Windows: asyncio's own handling of Ctrl-C applies
                    loop.add_signal_handler(number, on_signal)
        await story


def _run(story: Coroutine[Any, Any, None], extraction: Scheduler, interruption: _Interruption) -> None:
    """Run to the end. Raises `KeyboardInterrupt` after a signal, else the gravest `OcrError` of all that went wrong."""
    failures: list[BaseException] = []
    try:
        asyncio.run(interruption.guard(story))
    except (asyncio.CancelledError, KeyboardInterrupt) as cause:
        raise KeyboardInterrupt from cause
    except BaseExceptionGroup as several:
        failures.append(several)
    except OcrError as one:
        failures.append(one)
    if interruption.requested and failures:
        raise KeyboardInterrupt from failures[0]
    failures += extraction.refused
    if failures:
        raise gravest(failures)


def gravest(failures: Iterable[BaseException]) -> BaseException:
    """Return the failure to report of several that ended a run together; groups are taken apart."""
    return min((leaf for failure in failures for leaf in _leaves(failure)), key=_gravity)


def _leaves(failure: BaseException) -> Iterator[BaseException]:
    if isinstance(failure, BaseExceptionGroup):
        for one in failure.exceptions:
            yield from _leaves(one)
    else:
        yield failure


def _gravity(failure: BaseException) -> int:
    code = failure.exit_code if isinstance(failure, OcrError) else ExitCode.BUG
    return GRAVEST.index(code) if code in GRAVEST else len(GRAVEST)


@contextlib.contextmanager
def claimed_stdout() -> Iterator[IO[str]]:
    """Standard output for the result alone: whatever else is printed there meanwhile, by anyone, goes to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    stream = os.fdopen(os.dup(kept), "w", encoding="utf-8", newline="\n")
    try:
        yield stream
    finally:
        with contextlib.suppress(OSError):  # what could not be written has been said already
            stream.close()
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
