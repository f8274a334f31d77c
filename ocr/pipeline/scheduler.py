"""The story of a page: found, counted, drawn, read, judged, arranged, saved, written; and of a run, which is many.

Each page is a task. Few of them hold pixels, as many as the engine wants read, and none waits for another, so a slow
page holds up nobody. Whatever a page comes to is recorded, a failure too; what ends a run (a dead engine, a full
disk, Ctrl-C) leaves pages unrecorded, and the next run reads exactly those.
"""

import asyncio
import concurrent.futures
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ocr.core.document import READ, Attempt, Page, Source
from ocr.core.errors import OcrError, ScanError
from ocr.engines.base import Request, capabilities_of
from ocr.pipeline.options import Job
from ocr.pipeline.page_builder import ARRANGEMENT, assemble, judge
from ocr.pipeline.progress import Progress
from ocr.pipeline.session import EngineSession
from ocr.rendering.discovery import Scan, Version, sha256_of, shown, version_of
from ocr.rendering.renderer import PageRef
from ocr.storage.ledger import Entry, Ledger
from ocr.storage.output_dir import NotOursError
from ocr.storage.sinks import Delivery

PAGES_IN_FLIGHT = 128
"""Pages that wait to be drawn, or for their group to be saved: at 100 ms a group, enough for 1,000 pages/s."""
FILES_AHEAD = 1000
"""Files that are opened ahead of reading, so that the bar knows early how much there is to do."""


@dataclass
class _Work:
    """One content: the pages of it that this run reads, and every file that has it."""

    path: Path
    version: Version | None
    numbers: list[int]
    sources: list[Source] = field(default_factory=list)
    waiting: int = 0


class Scheduler:
    """One run over the scans of a job. The caller opens and closes session, ledger and delivery."""

    def __init__(
        self, job: Job, session: EngineSession, ledger: Ledger, delivery: Delivery, progress: Progress
    ) -> None:
        self._job = job
        self._ledger = ledger
        self._delivery = delivery
        self._progress = progress
        self._session = session
        self._engine = engine = session.engine
        self._renderer = session.renderer
        self._readings = session.page_reader
        # The engine's pages, and as many more as make sure that the next one is drawn when the engine wants it.
        ahead = max(2 * job.settings.render.processes, engine.concurrency // 4)
        self._images = asyncio.Semaphore(engine.concurrency + ahead)
        self._flight = asyncio.Semaphore(engine.concurrency + ahead + PAGES_IN_FLIGHT)
        self._works: dict[str, _Work] = {}
        self._finished: set[str] = set()
        """Contents that this run has read: a copy that is found later reads none of it again."""
        self.refused: list[NotOursError] = []
        """Outputs that were not written because a file that is not ours stands in their place."""
        self.unopened: list[ScanError] = []
        """Why files could not be opened, in the order in which they were found."""

    async def run(self, scans: Iterator[Scan]) -> None:
        """Read whatever is not read yet. Raises the first `OcrError` that ends the run, after stopping the rest."""
        started = time.monotonic()
        await self._read_all(scans)
        spent = self._readings.spent.describe(time.monotonic() - started)
        if spent:
            self._progress.note(spent)

    async def _read_all(self, scans: Iterator[Scan]) -> None:
        opened: asyncio.Queue[_Work | None] = asyncio.Queue(FILES_AHEAD)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._open_all(scans, opened))
            work = await opened.get()
            if work is not None:  # loading takes a while, and a run that finds everything read needs no engine
                await self._session.load()
            self._session.chosen.settle(self._ledger)
            while work is not None:
                for number in work.numbers:
                    await self._flight.acquire()
                    tasks.create_task(self._page(work, number))
                work = await opened.get()

    async def _page(self, work: _Work, number: int) -> None:
        """The story of one page."""
        try:
            headline = await self._read_and_save(work, number)
        finally:
            self._flight.release()
        self._progress.page(work.sources[0], headline)
        for source in work.sources:
            await self._delivery.page_saved(source)
        work.waiting -= 1
        if not work.waiting:
            sha256 = work.sources[0].sha256
            del self._works[sha256]
            self._finished.add(sha256)
            # Also copies that earlier runs saw: their outputs show pages that are new now.
            for source in self._ledger.copies(sha256):
                await self._complete(source)

    async def _read_and_save(self, work: _Work, number: int) -> Page:
        """Answers the page without its text: hundreds wait here for their group to be saved."""
        sha256 = work.sources[0].sha256
        failed: list[Page] = []
        try:
            with _bugs_caught(number, failed):
                entry = await self._read(work, number)
                saved = self._ledger.record(sha256, entry)
        except ScanError as problem:
            failed.append(Page(number, "unreadable", _reason(problem, f"{shown(work.path)}: page {number}: ")))
        if failed:
            entry = Entry(failed[0])
            saved = self._ledger.record(sha256, entry)
        page = entry.page
        headline = Page(number, page.status, page.reason, page.flags, page.confidence)
        del entry, page
        await asyncio.wrap_future(saved)
        return headline

    async def _read(self, work: _Work, number: int) -> Entry:
        async with self._images:
            sha256, render = work.sources[0].sha256, self._job.settings.render
            page = PageRef(work.path, number, sha256, render, work.version, self._job.password)
            image = page if capabilities_of(self._engine).renders else await self._renderer.render_page(page)
            request = Request(image, seconds=self._job.settings.seconds)
            outcome = await self._readings.read(request, sha256)
            del image, request
        # No await from here until it is recorded: what was read is kept even when the run is being stopped.
        return Entry(assemble(outcome.kept, number), outcome.kept.generation, outcome.rejected, ARRANGEMENT)

    async def _open_all(self, scans: Iterator[Scan], opened: "asyncio.Queue[_Work | None]") -> None:
        while scan := await _from_daemon(scans):
            work = await self._open(scan)
            if work is not None:
                await opened.put(work)
        await opened.put(None)

    async def _open(self, scan: Scan) -> _Work | None:
        """Look into a file; answers what is to be read of it, None where there is nothing."""
        version = await asyncio.to_thread(version_of, scan.path)
        source = await self._source(scan, version)
        try:
            await self._delivery.admit(source)
        except NotOursError as problem:
            self._refuse(problem)
            return None
        self._ledger.add_file(source, scan.place)
        same = self._works.get(source.sha256)
        if same is not None:
            same.sources.append(source)
            self._progress.found(source, 0)
            return None
        finished = source.sha256 in self._finished
        numbers = [] if finished else await asyncio.to_thread(self._plan, source)
        self._progress.found(source, len(numbers))
        if not numbers:
            await self._complete(source)
            return None
        self._works[source.sha256] = work = _Work(scan.path, version, numbers, [source], len(numbers))
        return work

    async def _source(self, scan: Scan, version: Version | None) -> Source:
        sha256 = ""
        try:
            if version is not None:
                sha256 = await asyncio.to_thread(sha256_of, scan.path)
            if scan.problem is not None:
                raise scan.problem
            pages = await asyncio.to_thread(self._ledger.page_count, sha256)
            if pages is None:
                inspection = await self._renderer.inspect(scan.path, password=self._job.password, version=version)
                pages = inspection.pages
            return Source(self._name(scan, sha256), sha256, pages)
        except ScanError as problem:
            self.unopened.append(problem)
            return Source(self._name(scan, sha256), sha256, 0, _reason(problem, f"{shown(scan.path)}: "))

    def _name(self, scan: Scan, sha256: str) -> str:
        """What this folder calls the file: what it did before, and never as another that still stands elsewhere."""
        known = self._ledger.name_at(scan.place)
        if known is not None:
            return known
        place, content = self._ledger.holder(scan.name) or ("", "")
        if place and content != sha256 and version_of(Path(place)) is not None:
            return scan.place.lstrip("/")
        return scan.name

    def _plan(self, source: Source) -> list[int]:
        """The numbers of the pages that are to be read; what is known already is brought up to date."""
        for page, generation in self._ledger.outdated(source.sha256, ARRANGEMENT):
            made: list[Page] = []
            with _bugs_caught(page.number, made):
                made.append(assemble(Attempt(generation, *judge(generation)), page.number))
            self._ledger.rearrange(source.sha256, made[0], ARRANGEMENT)
        states = self._ledger.states(source.sha256)
        every = range(1, source.pages + 1)
        selection = self._job.selection
        self._ledger.skip(source.sha256, [number for number in every if number not in selection])
        return [number for number in every if number in selection and states.get(number) not in READ]

    async def _complete(self, source: Source) -> None:
        try:
            await self._delivery.complete(source)
        except NotOursError as problem:
            self._refuse(problem)

    def _refuse(self, problem: NotOursError) -> None:
        self.refused.append(problem)
        self._progress.problem(problem.message, problem.hint)


@contextlib.contextmanager
def _bugs_caught(number: int, failed: list[Page]) -> Iterator[None]:
    """One page that trips over a bug must not cost the others; it joins `failed` and is read by the next run."""
    try:
        yield
    except OcrError:
        raise
    except Exception as bug:
        failed.append(Page(number, "failed", f"unexpected {type(bug).__name__}: {bug} (please report this)"))


async def _from_daemon(scans: Iterator[Scan]) -> Scan | None:
    """Return the next scan, None after the last, from a thread that the end of a run does not wait for.

    A list on standard input may stay open for ever. Raises whatever finding the scan raises.
    """
    found: concurrent.futures.Future[Scan | None] = concurrent.futures.Future()
    found.set_running_or_notify_cancel()  # a run that stops waiting does not take the result away from the thread

    def look() -> None:
        try:
            found.set_result(next(scans, None))
        except BaseException as failure:
            found.set_exception(failure)

    threading.Thread(target=look, daemon=True).start()
    return await asyncio.wrap_future(found)


def _reason(problem: ScanError, where: str) -> str:
    """The message without the path as it was typed, so that outputs do not depend on it, and what to do."""
    message = problem.message.removeprefix(where)
    return f"{message} ({problem.hint})" if problem.hint else message
