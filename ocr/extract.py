"""The story of a page: found, counted, drawn, read, judged, arranged, saved, written; and of a run, which is many.

Each page is a task. Few of them hold pixels, as many as the engine wants read, and none waits for another, so a slow
page holds up nobody. Whatever a page comes to is recorded, a failure too; what ends a run (a dead engine, a full
disk, Ctrl-C) leaves pages unrecorded, and the next run reads exactly those.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ocr import canary
from ocr.assembly import ARRANGEMENT, assemble
from ocr.canary import is_vision_engine
from ocr.delivery import Delivery
from ocr.document import READ, Page, Source
from ocr.engines import Engine, Request
from ocr.errors import OcrError, ScanError
from ocr.folder import NotOursError
from ocr.job import Job
from ocr.judge import Attempt, judge
from ocr.ledger import Entry, Ledger
from ocr.progress import Progress
from ocr.reading import Readings
from ocr.render import Renderer
from ocr.scans import Scan, sha256_of, shown

PAGES_IN_FLIGHT = 128
"""Pages that wait for pixels, or for their group to be saved: at 100 ms a group, enough for 1,000 pages/s."""
FILES_AHEAD = 1000
"""Files that are opened ahead of reading, so that the bar knows early how much there is to do."""


@dataclass
class _Work:
    """One content: the pages of it that this run reads, and every file that has it."""

    path: Path
    numbers: list[int]
    sources: list[Source] = field(default_factory=list)
    waiting: int = 0


class Extraction:
    """One run over the scans of a job. Engine, ledger and delivery are opened and closed by the caller."""

    def __init__(self, job: Job, engine: Engine, ledger: Ledger, delivery: Delivery, progress: Progress) -> None:
        self._job = job
        self._ledger = ledger
        self._delivery = delivery
        self._progress = progress
        self._engine = engine
        self._readings = Readings(engine, witness=job.settings.witness)
        self._renderer = Renderer(job.settings.render)
        self._flight = asyncio.Semaphore(PAGES_IN_FLIGHT)
        # The engine's pages, and as many more as make sure that the next one is drawn when the engine wants it.
        ahead = max(2 * job.settings.render.processes, engine.concurrency // 4)
        self._images = asyncio.Semaphore(engine.concurrency + ahead)
        self._works: dict[str, _Work] = {}
        self.refused: list[NotOursError] = []
        """Outputs that were not written because a file that is not ours stands in their place."""

    async def run(self, scans: Iterator[Scan]) -> None:
        """Read whatever is not read yet. Raises the first `OcrError` that ends the run, after stopping the rest."""
        try:
            await self._renderer.start()
            started = time.monotonic()
            await self._read_all(scans)
            spent = self._readings.spent.describe(time.monotonic() - started)
            if spent:
                self._progress.note(spent)
        finally:
            await self._engine.close()
            await self._readings.close()
            await self._renderer.close()

    async def _read_all(self, scans: Iterator[Scan]) -> None:
        opened: asyncio.Queue[_Work | None] = asyncio.Queue(FILES_AHEAD)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._open_all(scans, opened))
            work = await opened.get()
            if work is not None:  # loading takes a while, and a run that finds everything read needs no engine
                await self._load()
            while work is not None:
                for number in work.numbers:
                    await self._flight.acquire()
                    tasks.create_task(self._page(work, number))
                work = await opened.get()

    async def _load(self) -> None:
        await self._engine.start()
        if self._job.settings.canary and is_vision_engine(self._engine):
            await canary.check(self._engine)

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
            del self._works[work.sources[0].sha256]
            for source in work.sources:
                await self._complete(source)

    async def _read_and_save(self, work: _Work, number: int) -> Page:
        """Answers the page without its text: hundreds wait here for their group to be saved."""
        sha256 = work.sources[0].sha256
        try:
            entry = await self._read(work, number)
            saved = self._ledger.record(sha256, entry)
        except ScanError as problem:
            reason = _reason(problem, f"{shown(work.path)}: page {number}: ")
            entry = Entry(Page(number, "unreadable", reason))
            saved = self._ledger.record(sha256, entry)
        except OcrError:
            raise
        except Exception as bug:
            # One page that trips over a bug must not cost the others; it is tried again by the next run.
            entry = Entry(Page(number, "failed", f"unexpected {type(bug).__name__}: {bug} (please report this)"))
            saved = self._ledger.record(sha256, entry)
        page = entry.page
        headline = Page(number, page.status, page.reason, page.flags, page.confidence)
        del entry, page
        await asyncio.wrap_future(saved)
        return headline

    async def _read(self, work: _Work, number: int) -> Entry:
        async with self._images:
            image = await self._renderer.render(work.path, number, password=self._job.password)
            request = Request(image, seconds=self._job.settings.seconds)
            outcome = await self._readings.read(request, work.sources[0].sha256)
            del image, request
        # No await from here until it is recorded: what was read is kept even when the run is being stopped.
        return Entry(assemble(outcome.kept, number), outcome.kept.generation, outcome.rejected, ARRANGEMENT)

    async def _open_all(self, scans: Iterator[Scan], opened: "asyncio.Queue[_Work | None]") -> None:
        while scan := await asyncio.to_thread(next, scans, None):
            work = await self._open(scan)
            if work is not None:
                await opened.put(work)
        await opened.put(None)

    async def _open(self, scan: Scan) -> _Work | None:
        """Look into a file; answers what is to be read of it, None where there is nothing."""
        source = await self._source(scan)
        try:
            await self._delivery.admit(source)
        except NotOursError as problem:
            self._refuse(problem)
            return None
        self._ledger.add_file(source)
        same = self._works.get(source.sha256)
        if same is not None:
            same.sources.append(source)
            self._progress.found(source, 0)
            return None
        numbers = await asyncio.to_thread(self._plan, source)
        self._progress.found(source, len(numbers))
        if not numbers:
            await self._complete(source)
            return None
        self._works[source.sha256] = work = _Work(scan.path, numbers, [source], len(numbers))
        return work

    async def _source(self, scan: Scan) -> Source:
        sha256 = ""
        try:
            if scan.path.is_file():
                sha256 = await asyncio.to_thread(sha256_of, scan.path)
            if scan.problem is not None:
                raise scan.problem
            pages = await asyncio.to_thread(self._ledger.page_count, sha256)
            if pages is None:
                pages = (await self._renderer.inspect(scan.path, password=self._job.password)).pages
            return Source(scan.name, sha256, pages)
        except ScanError as problem:
            return Source(scan.name, sha256, 0, _reason(problem, f"{shown(scan.path)}: "))

    def _plan(self, source: Source) -> list[int]:
        """The numbers of the pages that are to be read; what is known already is brought up to date."""
        for page, generation in self._ledger.outdated(source.sha256, ARRANGEMENT):
            again = assemble(Attempt(generation, *judge(generation)), page.number)
            self._ledger.rearrange(source.sha256, again, ARRANGEMENT)
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


def _reason(problem: ScanError, where: str) -> str:
    """The message without the path as it was typed, so that outputs do not depend on it, and what to do."""
    message = problem.message.removeprefix(where)
    return f"{message} ({problem.hint})" if problem.hint else message
