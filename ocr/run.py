"""One call of `ocr extract`, from the lock on the folder to the exit code."""

import asyncio
import contextlib
import os
import platform
import shlex
import signal
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import IO, Any

import ocr
from ocr.delivery import Delivery, FileDelivery, StreamDelivery
from ocr.errors import ExitCode, OcrError, OutputError
from ocr.extract import Extraction
from ocr.folder import open_folder
from ocr.job import Job, choose_engine, remarks
from ocr.ledger import Ledger
from ocr.progress import Progress
from ocr.scans import discover, shown
from ocr.summary import Summary, summarize

# When several things end a run together, the gravest is reported.
GRAVEST = (ExitCode.BUG, ExitCode.OUTPUT, ExitCode.ENGINE, ExitCode.DEPENDENCY)


def extract_to_folder(job: Job, root: Path, progress: Progress) -> Summary:
    """Read what is not read yet into the folder `root`. Raises `OcrError` for what ends a run; the rest is saved."""
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
    engine, reader, again = choose_engine(job.settings, ledger)
    for line in remarks(engine, job.settings):
        progress.note(line)
    if again:
        progress.note(f"another engine than before: {again:,} pages will be read again with {reader.fingerprint}")
    ledger.begin(reader, version=ocr.__version__, host=platform.node())
    extraction = Extraction(job, engine, ledger, delivery, progress)
    try:
        _run(extraction.run(discover(job.inputs, output=root)), progress)
    finally:
        progress.finish(_summary(ledger))
    if extraction.refused:
        raise extraction.refused[0]
    return _summary(ledger)


def _summary(ledger: Ledger) -> Summary:
    try:
        return summarize(ledger, this_run=True)
    except OutputError:
        return Summary()  # a ledger that failed has ended the run already, with its own message


def _run(story: Coroutine[Any, Any, None], progress: Progress) -> None:
    """Run to the end. Raises the gravest `OcrError` of those that ended it, or `KeyboardInterrupt`."""
    try:
        asyncio.run(_until_signal(story, progress))
    except asyncio.CancelledError as cause:
        raise KeyboardInterrupt from cause
    except BaseExceptionGroup as several:
        raise min(_leaves(several), key=_gravity) from several


async def _until_signal(story: Coroutine[Any, Any, None], progress: Progress) -> None:
    """The first Ctrl-C (or SIGTERM) stops in order, the second at once; children notice that we are gone."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    heard: list[int] = []

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
