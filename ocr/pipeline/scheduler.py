"""Schedule the pages of a run: find, count, render, read, build, save and write them.

Each page is a task, so a slow page delays no other. Only as many pages hold pixels as the engine needs. The result of
every page is recorded, a failure too. An event that ends the run (a dead engine, a full disk, Ctrl-C) leaves pages
unrecorded, and the next run reads exactly those.
"""

import asyncio
import concurrent.futures
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ocr.core.document import FINAL, Attempt, Page, Source
from ocr.core.errors import LockedScanError, OcrError, OutputError, ScanError
from ocr.engines.base import Request, capabilities_of
from ocr.formats.scan_job import FormatError
from ocr.pipeline.options import Job
from ocr.pipeline.page_builder import arrangement_of, build_page, classify
from ocr.pipeline.progress import Progress
from ocr.pipeline.session import EngineSession
from ocr.rendering.discovery import Scan, Version, sha256_of, shown, version_of
from ocr.rendering.renderer import PageRef
from ocr.storage.ledger import Entry, Ledger
from ocr.storage.output_dir import NotOursError
from ocr.storage.sinks import Sink
from ocr.text.gap_proposals import find_gaps

PAGES_IN_FLIGHT = 128
"""Pages that wait to be rendered, or for their group to be saved: at 100 ms a group, enough for 1,000 pages/s."""
FILES_AHEAD = 1000
"""Files that are opened ahead of reading, so that the progress bar knows the total early."""


@dataclass
class _Content:
    """The content of one scan: its pages that this run reads, and every file with the same content."""

    path: Path
    version: Version | None
    password: str | None = field(repr=False)
    numbers: list[int]
    sources: list[Source] = field(default_factory=list)
    waiting: int = 0


class Scheduler:
    """One run over the scans of a job. The caller opens and closes session, ledger and sink."""

    def __init__(self, job: Job, session: EngineSession, ledger: Ledger, sink: Sink, progress: Progress) -> None:
        self._job = job
        self._ledger = ledger
        self._sink = sink
        self._progress = progress
        self._session = session
        self._engine = engine = session.engine
        self._renderer = session.renderer
        self._page_reader = session.page_reader
        self._gap_filler = session.gap_filler
        self._layout, self._spreads = job.settings.layout, job.settings.split_spreads
        self._arrangement = arrangement_of(self._layout, self._spreads)
        # Some pages more than the engine reads: the next page is rendered when the engine asks for it.
        ahead = max(2 * job.settings.render.processes, engine.concurrency // 4)
        self._images = asyncio.Semaphore(engine.concurrency + ahead)
        self._flight = asyncio.Semaphore(engine.concurrency + ahead + PAGES_IN_FLIGHT)
        self._contents: dict[str, _Content] = {}
        """Contents that are being read, by their SHA-256."""
        self._finished: set[str] = set()
        """Contents that this run has read: a copy that is found later is not read again."""
        self.refused: list[OutputError] = []
        """Outputs that were not written, because a file that lusocr did not write stands in their place."""
        self._opened_with: dict[Path, str] = {}
        """The password that opened a file, until its pages are planned."""
        self.short_files: list[Source] = []
        """Files that end before a page that was asked for."""
        self.unopened: list[ScanError] = []
        """Why files could not be opened, in the order of discovery."""

    async def run(self, scans: Iterator[Scan]) -> None:
        """Read every page that is not read yet. Raises the `OcrError` that ends the run, after stopping the rest."""
        started = time.monotonic()
        await self._read_all(scans)
        usage = self._page_reader.describe_usage(time.monotonic() - started)
        if usage:
            self._progress.note(usage)

    async def _read_all(self, scans: Iterator[Scan]) -> None:
        opened: asyncio.Queue[_Content | None] = asyncio.Queue(FILES_AHEAD)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._open_all(scans, opened))
            content = await opened.get()
            if content is not None:  # Loading is slow, and a run that finds every page read needs no engine.
                await self._session.load()
            self._session.chosen.adopt(self._ledger)
            while content is not None:
                for number in content.numbers:
                    await self._flight.acquire()
                    tasks.create_task(self._page(content, number))
                content = await opened.get()

    async def _page(self, content: _Content, number: int) -> None:
        """Read, save and deliver one page."""
        try:
            summary = await self._read_and_save(content, number)
        finally:
            self._flight.release()
        self._progress.page(content.sources[0], summary)
        for source in content.sources:
            await self._sink.page_saved(source)
        content.waiting -= 1
        if not content.waiting:
            sha256 = content.sources[0].sha256
            del self._contents[sha256]
            self._finished.add(sha256)
            # Also copies that earlier runs saw: their outputs show pages that have just been read.
            for source in self._ledger.copies(sha256):
                await self._complete(source)

    async def _read_and_save(self, content: _Content, number: int) -> Page:
        """Return the page without its text: hundreds of pages wait here for their group to be saved."""
        sha256 = content.sources[0].sha256
        failed: list[Page] = []
        try:
            with _bugs_recorded(number, failed):
                entry = await self._read(content, number)
                saved = self._ledger.record(sha256, entry)
        except ScanError as problem:
            failed.append(Page(number, "unreadable", _reason(problem, f"{shown(content.path)}: page {number}: ")))
        if failed:
            entry = Entry(failed[0])
            saved = self._ledger.record(sha256, entry)
        page = entry.page
        summary = Page(number, page.status, page.reason, page.flags, page.confidence)
        del entry, page
        await asyncio.wrap_future(saved)
        return summary

    async def _read(self, content: _Content, number: int) -> Entry:
        async with self._images:
            sha256, render = content.sources[0].sha256, self._job.settings.render
            page = PageRef(content.path, number, sha256, render, content.version, content.password)
            image = page if capabilities_of(self._engine).renders else await self._renderer.render_page(page)
            request = Request(image, seconds=self._job.settings.seconds)
            outcome = await self._page_reader.read(request, sha256)
            del image, request
        kept = await self._with_proposals(outcome.kept, number)
        # No await between here and the record: an output is kept even if the run is being stopped.
        made = build_page(kept, number, self._layout, self._spreads)
        return Entry(made, kept.generation, outcome.rejected, self._arrangement)

    async def _with_proposals(self, attempt: Attempt, number: int) -> Attempt:
        """Return the attempt with proposals for the places of its page that could not be read."""
        if self._gap_filler is None:
            return attempt
        page = build_page(attempt, number, self._layout, self._spreads)
        if not find_gaps(page):
            return attempt
        gaps = await asyncio.to_thread(self._gap_filler.fill, page)
        return replace(attempt, generation=replace(attempt.generation, gaps=gaps))

    async def _open_all(self, scans: Iterator[Scan], opened: "asyncio.Queue[_Content | None]") -> None:
        while scan := await _next_scan(scans):
            content = await self._open(scan)
            if content is not None:
                await opened.put(content)
        await opened.put(None)

    async def _open(self, scan: Scan) -> _Content | None:
        """Open a file; return its content with the pages to read, None where there are none."""
        version = await asyncio.to_thread(version_of, scan.path)
        source = await self._source(scan, version)
        try:
            await self._sink.admit(source)
        except (NotOursError, FormatError) as problem:
            self._refuse(problem)
            return None
        self._ledger.add_file(source, scan.place)
        same = self._contents.get(source.sha256)
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
        self._contents[source.sha256] = content = _Content(
            scan.path, version, self._password(scan.path), numbers, [source], len(numbers)
        )
        return content

    async def _source(self, scan: Scan, version: Version | None) -> Source:
        sha256 = ""
        try:
            if version is not None:
                sha256 = await asyncio.to_thread(sha256_of, scan.path)
            if scan.problem is not None:
                raise scan.problem
            pages = await asyncio.to_thread(self._ledger.page_count, sha256)
            if pages is None or len(self._job.passwords.of(scan.path)) > 1:
                pages = await self._count_pages(scan.path, version)
            return Source(self._name(scan, sha256), sha256, pages)
        except ScanError as problem:
            self.unopened.append(problem)
            return Source(self._name(scan, sha256), sha256, 0, _reason(problem, f"{shown(scan.path)}: "))

    async def _count_pages(self, path: Path, version: Version | None) -> int:
        """Return the number of pages of a file, and keep the password that opens it. Raises `ScanError`."""
        passwords: list[str | None] = [*self._job.passwords.of(path)] or [None]
        for password in passwords:
            try:
                inspection = await self._renderer.inspect(path, password=password, version=version)
            except LockedScanError:
                if password == passwords[-1]:
                    raise
            else:
                if password is not None:
                    self._opened_with[path] = password
                return inspection.pages
        raise AssertionError("there is a last password")

    def _password(self, path: Path) -> str | None:
        """Return the password that opened a file, or the one to try on a file that an earlier run opened."""
        first = next(iter(self._job.passwords.of(path)), None)
        return self._opened_with.pop(path, first)

    def _name(self, scan: Scan, sha256: str) -> str:
        """Return the name of the file in this folder.

        A known file keeps its name. No file gets the name of another one that still exists elsewhere.
        """
        known = self._ledger.name_at(scan.place)
        if known is not None:
            return known
        place, other = self._ledger.holder(scan.name) or ("", "")
        if place and other != sha256 and version_of(Path(place)) is not None:
            return scan.place.lstrip("/")
        return scan.name

    def _plan(self, source: Source) -> list[int]:
        """Return the numbers of the pages to read; rebuild known pages that an older layout has built."""
        for page, output in self._ledger.outdated(source.sha256, self._arrangement):
            built: list[Page] = []
            with _bugs_recorded(page.number, built):
                attempt = Attempt(output, *classify(output))
                built.append(build_page(attempt, page.number, self._layout, self._spreads))
            self._ledger.rearrange(source.sha256, built[0], self._arrangement)
        states = self._ledger.states(source.sha256)
        every = range(1, source.pages + 1)
        selection = self._job.selection
        if source.pages and selection.beyond(source.pages):
            self.short_files.append(source)
        self._ledger.skip(source.sha256, [number for number in every if number not in selection])
        return [number for number in every if number in selection and states.get(number) not in FINAL]

    async def _complete(self, source: Source) -> None:
        try:
            await self._sink.complete(source)
        except (NotOursError, FormatError) as problem:
            self._refuse(problem)

    def _refuse(self, problem: OutputError) -> None:
        self.refused.append(problem)
        self._progress.problem(problem.message, problem.hint)


@contextlib.contextmanager
def _bugs_recorded(number: int, failed: list[Page]) -> Iterator[None]:
    """Add a page that meets a bug to `failed`, where the next run reads it again; the other pages go on."""
    try:
        yield
    except OcrError:
        raise
    except Exception as bug:
        failed.append(Page(number, "failed", f"unexpected {type(bug).__name__}: {bug} (please report this)"))


async def _next_scan(scans: Iterator[Scan]) -> Scan | None:
    """Return the next scan, None after the last, from a thread that the end of a run does not wait for.

    A list on standard input may stay open forever. Raises what `discover` raises.
    """
    found: concurrent.futures.Future[Scan | None] = concurrent.futures.Future()
    found.set_running_or_notify_cancel()  # The run may stop waiting; the thread still sets the result.

    def look() -> None:
        try:
            found.set_result(next(scans, None))
        except BaseException as failure:
            found.set_exception(failure)

    threading.Thread(target=look, daemon=True).start()
    return await asyncio.wrap_future(found)


def _reason(problem: ScanError, where: str) -> str:
    """Return the message and the hint without the path as typed: outputs must not depend on it."""
    message = problem.message.removeprefix(where)
    return f"{message} ({problem.hint})" if problem.hint else message
