"""Count the pages of a run or a folder by status, and derive the exit code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from ocr.core.document import DOUBTFUL, LOST, Status
from ocr.core.errors import ExitCode
from ocr.storage.ledger import Ledger

STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of files and pages, of a run or of a folder."""

    files: int = 0
    """Files seen."""
    pages: int = 0
    """Pages seen, in all files that could be opened; copies count each time."""
    closed: int = 0
    """Files that could not be opened, whose pages are unknown."""
    states: Mapping[str, int] = field(default_factory=dict)
    """Number of pages of each status."""
    flagged: int = 0
    """Pages that are ok or blank and have flags."""

    @property
    def missing(self) -> int:
        """Pages without a status: 0 after every run that was not stopped."""
        return self.pages - sum(self.states.values())

    @property
    def exit_code(self) -> ExitCode:
        """0, 3 (pages or files lost) or 10 (pages flagged); a run that is stopped raises an error instead."""
        if self.closed or self.missing or any(self.states.get(status) for status in LOST):
            return ExitCode.PAGES_FAILED
        if self.flagged or any(self.states.get(status) for status in DOUBTFUL):
            return ExitCode.PAGES_FLAGGED
        return ExitCode.OK


def summarize(ledger: Ledger, *, this_run: bool = False) -> Summary:
    """Return the counts of the whole folder, or of the files that this run has seen."""
    files, pages, closed = ledger.files_seen(this_run=this_run)
    counts = ledger.counts(this_run=this_run)
    flagged = counts.pop("flagged")
    return Summary(files, pages, closed, counts, flagged)


def describe(summary: Summary) -> str:
    """Return one line, such as `3 files, 20 pages: 18 ok, 2 blank`."""
    parts = [f"{summary.states[status]} {status}" for status in STATUSES if summary.states.get(status)]
    if summary.missing:
        parts.append(f"{summary.missing} not read yet")
    line = f"{count(summary.files, 'file')}, {count(summary.pages, 'page')}"
    line += f": {', '.join(parts)}" if parts else ""
    if summary.flagged:
        line += f"; {summary.flagged} to look at"
    if summary.closed:
        line += f"; {count(summary.closed, 'file')} could not be opened"
    return line


def count(number: int, noun: str) -> str:
    """Return `1 page`, `2 pages`, `1,000 pages`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
