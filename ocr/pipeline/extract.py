"""One call of `ocr extract`, from the lock on the folder to the exit code."""

import asyncio
import contextlib
import os
import platform
import shlex
import signal
import sys
from collections.abc import Coroutine, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from ocr.core.environment import VERSION
from ocr.core.errors import ExitCode, OcrError, OutputError, UsageError
from ocr.pipeline.engine_selection import choose_engine, remarks
from ocr.pipeline.options import Job
from ocr.pipeline.progress import Progress
from ocr.pipeline.scheduler import Scheduler
from ocr.pipeline.session import EngineSession
from ocr.rendering.discovery import Scan, discover, shown, version_of
from ocr.storage.ledger import Ledger
from ocr.storage.output_dir import open_folder
from ocr.storage.sinks import Delivery, FileDelivery, StreamDelivery
from ocr.storage.summary import Summary, summarize

# When several things end a run together, the gravest is reported.
GRAVEST = (ExitCode.BUG, ExitCode.OUTPUT, ExitCode.ENGINE, ExitCode.DEPENDENCY)


def extract_to_folder(job: Job, root: Path, progress: Progress) -> Summary:
    """Read what is not read yet into the folder `root`. Raises `OcrError` for what ends a run; the rest is saved."""
    _check_apart(job.inputs, root)
    with open_folder(root, create=True) as folder:
        folder.ledger.remember("inputs", shlex.join(map(shown, job.inputs)))
        folder.ledger.remember("formats", ",".join(job.settings.out))
        return _extract(job, folder.ledger, FileDelivery(folder, job.settings.out), progress, root)


def extract_to_stream(job: Job, stream: IO[str], progress: Progress) -> Summary:
    """Read everything and write it as JSON lines; nothing is kept."""
    ledger = Ledger(None)
    with contextlib.closing(ledger):
        return _extract(job, ledger, StreamDelivery(stream, ledger), progress, None)


def _extract(job: Job, ledger: Ledger, delivery: Delivery, progress: Progress, root: Path | None) -> Summary:
    chosen = choose_engine(job.settings, ledger)
    for line in remarks(chosen.engine, job.settings):
        progress.note(line)
    if chosen.again:
        others = f"{chosen.again:,} pages will be read again with {chosen.reader.fingerprint}"
        progress.note(f"another engine than before: {others}")
    ledger.begin(chosen.reader, version=VERSION, host=platform.node())
    session = EngineSession(chosen, job.settings)
    extraction = Scheduler(job, session, ledger, delivery, progress)
    ignored: list[Path] = []
    try:
        scans = discover(job.inputs, output=root, on_ignored=ignored.append)
        _run(_with_engine(session, extraction, scans), extraction, progress)
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


async def _with_engine(session: EngineSession, extraction: Scheduler, scans: Iterator[Scan]) -> None:
    async with session:
        await extraction.run(scans)


def _run(story: Coroutine[Any, Any, None], extraction: Scheduler, progress: Progress) -> None:
    """Run to the end. Raises `KeyboardInterrupt` after a signal, else the gravest `OcrError` of all that went wrong."""
    heard: list[int] = []
    failures: list[BaseException] = []
    try:
        asyncio.run(_until_signal(story, progress, heard))
    except (asyncio.CancelledError, KeyboardInterrupt) as cause:
        raise KeyboardInterrupt from cause
    except BaseExceptionGroup as several:
        failures += _leaves(several)
    except OcrError as one:
        failures.append(one)
    if heard and failures:
        raise KeyboardInterrupt from failures[0]
    failures += extraction.refused
    if failures:
        raise min(failures, key=_gravity)


async def _until_signal(story: Coroutine[Any, Any, None], progress: Progress, heard: list[int]) -> None:
    """The first Ctrl-C (or SIGTERM) stops in order, the second at once; children notice that we are gone."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop(number: int) -> None:
        if heard:
            os._exit(ExitCode.INTERRUPTED)
        heard.append(number)
        progress.note("stopping; pages that are done are kept (Ctrl-C again stops at once)")
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: there asyncio's own way of stopping does
            loop.add_signal_handler(number, stop, number)
    await story


def _leaves(several: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for one in several.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _leaves(one)
        else:
            yield one


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
