"""Show a benchmark run in the terminal: a progress bar a system, a question before pages leave, the first tables."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from eval.bench import Interface
from eval.bench_result import BenchResult
from eval.report import report_tables
from ocr.core.environment import load

if TYPE_CHECKING:
    from rich.text import Text

SHOWN = 3
"""Number of tables that are printed; report.html has all."""


def make_interface() -> Interface:
    """Return an interface on stderr that asks only on a terminal."""
    attended = sys.stdin.isatty() and sys.stderr.isatty()
    return Interface(_say, _ask if attended else None, _start_bar)


def show(result: BenchResult) -> None:
    """Print the first tables to stdout, as wide as the terminal, or 160 characters in a pipe."""
    console = load("rich.console").Console(width=None if sys.stdout.isatty() else 160)
    for table in report_tables.build(result)[:SHOWN]:
        grid = load("rich.table").Table(*table.columns, title=table.title, title_justify="left", title_style="bold")
        absent = [row for row in table.rows if row[1].startswith("not run")]
        for row in table.rows:
            grid.add_row(*_fit((row[0], "not run", *row[2:]) if row in absent else row))
        console.print(grid)
        for row in absent:
            console.print(f"{row[0]} was {row[1]}", highlight=False, markup=False, soft_wrap=True)
        console.print(table.note, style="dim", highlight=False, soft_wrap=True)
        console.print()


def _fit(row: tuple[str, ...]) -> "tuple[Text, ...]":
    """Return cells as plain text: a name may look like markup."""
    text = load("rich.text").Text
    return tuple(text(cell) for cell in row)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _ask(question: str) -> bool:
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "s", "sim")


def _start_bar(name: str, pages: int) -> Callable[[], None]:
    """Start a bar with the time left on a terminal; elsewhere, print one line at the end."""
    progress = load("rich.progress")
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
    )
    bar = progress.Progress(*columns, console=load("rich.console").Console(stderr=True), transient=False)
    task = bar.add_task(name, total=pages)
    if sys.stderr.isatty():
        bar.start()

    def move() -> None:
        bar.advance(task)
        if bar.finished:
            bar.stop()

    return move
