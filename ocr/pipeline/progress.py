"""Report progress on standard error: a progress bar, plain lines, JSON lines, or errors only."""

import json
import logging
import sys
import time
from typing import Protocol

from ocr.core.document import Page, Source
from ocr.pipeline.options import PageResult
from ocr.rendering.discovery import shown
from ocr.storage.summary import STATUSES, Summary, count, describe

LINE_SECONDS = 10.0
"""Seconds between two progress lines."""


class Progress(Protocol):
    """Receives the events of a run in order; called from the event loop only."""

    def found(self, source: Source, to_read: int) -> None:
        """Report a file that was opened, or could not be, and how many of its pages will be read."""

    def page(self, source: Source, page: Page) -> None:
        """Report a page that is saved."""

    def note(self, text: str) -> None:
        """Report something that the user should know."""

    def problem(self, message: str, hint: str = "") -> None:
        """Report an error, and what to type next."""

    def finish(self, summary: Summary) -> None:
        """Report the end of the run, successful or not."""


class Quiet:
    """Reports errors only, through another reporter."""

    def __init__(self, reporter: Progress) -> None:
        self._reporter = reporter

    def found(self, source: Source, to_read: int) -> None:
        del to_read
        if source.reason:
            self.problem(_closed(source))

    def page(self, source: Source, page: Page) -> None:
        problem = _problem(source, page)
        if problem:
            self.problem(problem)

    def note(self, text: str) -> None:
        pass

    def problem(self, message: str, hint: str = "") -> None:
        self._reporter.problem(message, hint)

    def finish(self, summary: Summary) -> None:
        pass


class Lines:
    """Plain lines for logs: each problem at once, the progress every LINE_SECONDS."""

    def __init__(self) -> None:
        self._total = 0
        self._done = 0
        self._started = self._last_line = time.monotonic()

    def found(self, source: Source, to_read: int) -> None:
        self._total += to_read
        if source.reason:
            self.note(_closed(source))

    def page(self, source: Source, page: Page) -> None:
        self._done += 1
        problem = _problem(source, page)
        if problem:
            self.note(problem)
        now = time.monotonic()
        if now - self._last_line >= LINE_SECONDS:
            self._last_line = now
            speed = self._done / (now - self._started)
            left = (self._total - self._done) / speed
            self.note(f"{self._done:,} of {self._total:,} pages, {speed:.1f} pages/s, {_clock(left)} left")

    def note(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def problem(self, message: str, hint: str = "") -> None:
        self.note(_error_lines(message, hint))

    def finish(self, summary: Summary) -> None:
        seconds = time.monotonic() - self._started
        speed = f" ({self._done / seconds:.1f} pages/s)" if self._done else ""
        self.note(f"read {count(self._done, 'page')} in {_clock(seconds)}{speed}")
        self.note(describe(summary))


class JsonLines:
    """One JSON object a line for other programs: `event` is file, page, note, error or summary."""

    def found(self, source: Source, to_read: int) -> None:
        self._say("file", path=source.path, pages=source.pages, to_read=to_read, reason=source.reason)

    def page(self, source: Source, page: Page) -> None:
        self._say(
            "page",
            path=source.path,
            number=page.number,
            status=page.status,
            reason=page.reason,
            flags=page.flags,
            confidence=page.confidence,
        )

    def note(self, text: str) -> None:
        self._say("note", text=text)

    def problem(self, message: str, hint: str = "") -> None:
        self._say("error", message=message, hint=hint)

    def finish(self, summary: Summary) -> None:
        self._say(
            "summary",
            files=summary.files,
            pages=summary.pages,
            files_not_opened=summary.closed,
            states=dict(summary.states),
            flagged=summary.flagged,
            missing=summary.missing,
        )

    def _say(self, event: str, **values: object) -> None:
        print(json.dumps({"event": event, "time": time.time(), **values}, ensure_ascii=False), file=sys.stderr)


class Bar:
    """A progress bar for a terminal, with pages per second and the remaining time; a table at the end."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._console = Console(stderr=True)
        self._bar: RichProgress = RichProgress(
            SpinnerColumn(),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("pages"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            # Standard output belongs to the result.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("", total=0, speed="")
        self._total = 0
        self._done = 0
        self._started = time.monotonic()

    def found(self, source: Source, to_read: int) -> None:
        # Not earlier: the bar hides the cursor until `finish`, and a run that cannot begin has no `finish`.
        self._bar.start()
        self._total += to_read
        self._bar.update(self._task, total=self._total)
        if source.reason:
            self.note(_closed(source))

    def page(self, source: Source, page: Page) -> None:
        self._done += 1
        speed = self._done / (time.monotonic() - self._started)
        self._bar.update(self._task, advance=1, description=shown(source.path), speed=f"{speed:.1f} pages/s")
        problem = _problem(source, page)
        if problem:
            self.note(problem)

    def note(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def problem(self, message: str, hint: str = "") -> None:
        self.note(_error_lines(message, hint))

    def finish(self, summary: Summary) -> None:
        from rich.table import Table

        self._bar.stop()
        table = Table("pages", "status")
        for status in STATUSES:
            if summary.states.get(status):
                table.add_row(f"{summary.states[status]:,}", status)
        if summary.missing:
            table.add_row(f"{summary.missing:,}", "not read yet")
        self._console.print(table)
        self.note(describe(summary))


class Logged:
    """Writes everything to the logger `ocr` at debug level: for runs that a program starts."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("ocr")

    def found(self, source: Source, to_read: int) -> None:
        self.note(_closed(source) if source.reason else f"{source.path}: {to_read} of {source.pages} pages to read")

    def page(self, source: Source, page: Page) -> None:
        self.note(str(PageResult(source, page)))

    def note(self, text: str) -> None:
        self._logger.debug("%s", text)

    def problem(self, message: str, hint: str = "") -> None:
        self.note(_error_lines(message, hint))

    def finish(self, summary: Summary) -> None:
        self.note(describe(summary))


def make_progress(*, quiet: bool, log_json: bool) -> Progress:
    """Return the reporter that fits the flags and the terminal."""
    if quiet:
        return Quiet(JsonLines() if log_json else Lines())
    if log_json:
        return JsonLines()
    return Bar() if sys.stderr.isatty() else Lines()


def _error_lines(message: str, hint: str) -> str:
    return f"error: {message}\nhint: {hint}" if hint else f"error: {message}"


def _problem(source: Source, page: Page) -> str:
    if page.status in ("ok", "blank", "skipped"):
        return ""
    return f"{shown(source.path)}: page {page.number}: {page.status}: {page.reason}"


def _closed(source: Source) -> str:
    return f"{shown(source.path)}: cannot be opened: {source.reason}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
