"""Run one extraction, from the lock on the output folder to the summary."""

import asyncio
import contextlib
import os
import platform
import shlex
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from ocr.core.document import Page, Source
from ocr.core.environment import VERSION
from ocr.core.errors import ExitCode, OcrError, OutputError, UsageError
from ocr.formats.writers import FORMATS
from ocr.pipeline.engine_selection import choose_engine, notes_about
from ocr.pipeline.options import Job, PageResult, Stopper
from ocr.pipeline.progress import Progress
from ocr.pipeline.scheduler import Scheduler
from ocr.pipeline.session import EngineSession
from ocr.rendering.discovery import Scan, discover, shown, version_of
from ocr.rendering.filetype import list_kinds
from ocr.storage.ledger import Ledger
from ocr.storage.output_dir import open_folder
from ocr.storage.page_list import describe_worst
from ocr.storage.sinks import STREAM_FORMATS, FileSink, Sink, StreamSink
from ocr.storage.summary import Summary, count, summarize

# If several failures end a run together, the first of this list is reported.
SEVERITY = (ExitCode.BUG, ExitCode.OUTPUT, ExitCode.ENGINE, ExitCode.DEPENDENCY)


ENDINGS_NAMED = 8
"""Endings of ignored files that are named."""


def extract_to_folder(job: Job, root: Path, progress: Progress) -> Summary:
    """Read the pages that the folder `root` does not have yet.

    Raises the `OcrError` that ends the run; finished pages are saved.
    """
    _check_inputs(job.inputs, root)
    for form in job.settings.out:
        FORMATS[form].check()
    with open_folder(root, create=True) as folder:
        folder.ledger.remember("inputs", shlex.join(map(shown, job.inputs)))
        folder.ledger.remember("formats", ",".join(job.settings.out))
        folder.show_scans(job.settings.text_layer, pdfa=job.settings.pdfa, passwords=job.passwords)
        sink = FileSink(folder, job.settings.out)
        try:
            return _extract(job, folder.ledger, sink, progress, root)
        finally:
            for path in sink.left_alone:
                to_keep = f"ocr accept {shlex.quote(str(root))} {shlex.quote(path)}"
                progress.note(f"{shown(path)}: left alone, because it was changed; to record that type {to_keep}")


def extract_to_stream(job: Job, stream: IO[str], progress: Progress) -> Summary:
    """Read all pages and write them in one format: JSON and JSON lines as JSON lines; nothing is kept.

    Raises `UsageError` for more than one format, and for one that is no text.
    """
    form = _stream_format(job.settings.out)
    ledger = Ledger(None)
    with contextlib.closing(ledger):
        return _extract(job, ledger, StreamSink(stream, ledger, form), progress, None)


def _stream_format(forms: Sequence[str]) -> str:
    if len(forms) != 1 or forms[0] not in STREAM_FORMATS:
        raise UsageError(
            f"--to - writes one format, not {', '.join(forms)}", hint=f"choose one of {', '.join(STREAM_FORMATS)}"
        )
    return "jsonl" if forms[0] == "json" else forms[0]


def _extract(job: Job, ledger: Ledger, sink: Sink, progress: Progress, root: Path | None) -> Summary:
    chosen = choose_engine(job.settings, ledger)
    for line in notes_about(chosen.engine, job.settings):
        progress.note(line)
    if chosen.again:
        progress.note(f"new engine: {chosen.again:,} pages will be read again with {chosen.identity.fingerprint}")
    ledger.begin(chosen.identity, version=VERSION, host=platform.node())
    if job.on_page is not None:
        progress = _PageCallback(progress, ledger, job.on_page)
    session = EngineSession(chosen, job.settings)
    scheduler = Scheduler(job, session, ledger, sink, progress)
    ignored: list[Path] = []
    try:
        scans = discover(job.inputs, output=root, on_ignored=ignored.append, null=job.null)
        _run(_with_engine(session, scheduler, scans), scheduler, _Interruption(job.stopper, progress))
    finally:
        summary = _summary(ledger)
        notes = _about_ignored(ignored, job) + _about_short_files(scheduler.short_files, job)
        for line in (*notes, *_worst_pages(ledger, root)):
            progress.note(line)
        progress.finish(summary)
    if not summary.files:
        raise UsageError(f"no scan in {shlex.join(map(shown, job.inputs))}", hint=f"{list_kinds('and')} can be read")
    return summary


def _check_inputs(inputs: Iterable[str], root: Path) -> None:
    """Raise `UsageError` if an input is the output folder itself: nothing in it is a scan."""
    for entry in inputs:
        with contextlib.suppress(OSError):
            if entry != "-" and root.exists() and root.samefile(entry):
                raise UsageError(
                    f"{shown(entry)} is also the output folder", hint="choose another folder with --to DIR"
                )


def _summary(ledger: Ledger) -> Summary:
    try:
        return summarize(ledger, this_run=True)
    except OutputError:
        return Summary()  # The failure of the ledger ends the run with its own message.


def _about_ignored(paths: Sequence[Path], job: Job) -> list[str]:
    """Return what to say of files that are no scans: how many of which ending, or with `verbose` their names."""
    files = [path for path in paths if version_of(path) is not None and not path.name.startswith(".")]
    if not files:
        return []
    if job.verbose:
        return [f"ignored, because it is no scan: {shown(path)}" for path in files]
    counted = Counter(path.suffix.lower() or "no ending" for path in files)
    endings = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{shown(ending)} {number:,}" for ending, number in endings[:ENDINGS_NAMED])
    more = ", ..." if len(endings) > ENDINGS_NAMED else ""
    return [f"ignored {count(len(files), 'file')} that {_are(files)} ({named}{more}); --verbose lists them"]


def _are(files: Sequence[Path]) -> str:
    return "is no scan" if len(files) == 1 else "are no scans"


def _about_short_files(sources: Sequence[Source], job: Job) -> list[str]:
    """Return what to say of files that end before a page that was asked for."""
    if not sources:
        return []
    first = sources[0]
    beyond = ",".join(job.selection.beyond(first.pages))
    others = f"; {count(len(sources) - 1, 'more file')} end before a page that was asked for" if sources[1:] else ""
    return [f"{shown(first.path)}: there is no page {beyond}: the file has {count(first.pages, 'page')}{others}"]


def _worst_pages(ledger: Ledger, root: Path | None) -> list[str]:
    try:
        lines = describe_worst(ledger, shlex.quote(str(root)) if root else "", this_run=True)
    except OutputError:
        return []
    return ["to look at, the worst first:", *(f"  {line}" for line in lines)] if lines else []


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


async def _with_engine(session: EngineSession, scheduler: Scheduler, scans: Iterator[Scan]) -> None:
    async with session:
        await scheduler.run(scans)


class _Interruption:
    """Cancels a run at the first Ctrl-C, SIGTERM or call of `Stopper.stop`; a second signal ends the process.

    Signals are handled in the main thread only: in another thread the program that started the run decides.
    """

    def __init__(self, stopper: Stopper, progress: Progress) -> None:
        self.requested = False
        self._stopper = stopper
        self._progress = progress

    async def guard(self, run: Coroutine[Any, Any, None]) -> None:
        """Run `run` until it ends or is cancelled. Child processes end with this process."""
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
        await run


def _run(run: Coroutine[Any, Any, None], scheduler: Scheduler, interruption: _Interruption) -> None:
    """Run to the end. Raises `KeyboardInterrupt` after a signal, else the most severe failure."""
    failures: list[BaseException] = []
    try:
        asyncio.run(interruption.guard(run))
    except (asyncio.CancelledError, KeyboardInterrupt) as cause:
        raise KeyboardInterrupt from cause
    except BaseExceptionGroup as several:
        failures.append(several)
    except OcrError as one:
        failures.append(one)
    if interruption.requested and failures:
        raise KeyboardInterrupt from failures[0]
    failures += scheduler.refused
    if failures:
        raise most_severe(failures)


def most_severe(failures: Iterable[BaseException]) -> BaseException:
    """Return the failure to report of several that ended a run together; groups are taken apart."""
    return min((leaf for failure in failures for leaf in _leaves(failure)), key=_severity)


def _leaves(failure: BaseException) -> Iterator[BaseException]:
    if isinstance(failure, BaseExceptionGroup):
        for one in failure.exceptions:
            yield from _leaves(one)
    else:
        yield failure


def _severity(failure: BaseException) -> int:
    code = failure.exit_code if isinstance(failure, OcrError) else ExitCode.BUG
    return SEVERITY.index(code) if code in SEVERITY else len(SEVERITY)


@contextlib.contextmanager
def reserved_stdout() -> Iterator[IO[str]]:
    """Reserve standard output for the result: what other code prints there meanwhile goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    stream = os.fdopen(os.dup(kept), "w", encoding="utf-8", newline="\n")
    try:
        yield stream
    finally:
        with contextlib.suppress(OSError):  # The failed write was reported already.
            stream.close()
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
