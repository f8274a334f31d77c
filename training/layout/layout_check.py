"""Score arranged pages against the truth of composed ones, and compare two layouts: the regression check.

Lines are given as a detector would find them (`training.layout.simulated_pieces`), so that nothing but the layout is
measured.
"""

import random
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from data.layouts.page_truth import LayoutPage
from eval.metrics.layout_scores import boundary_f1, label_f1, order_error
from eval.metrics.stats import Interval, bootstrap_mean
from eval.metrics.table_structure import teds
from ocr.core.document import Box, EngineOutput, Page
from ocr.layout.page import arrange
from training.layout.simulated_pieces import SimulatedPage, simulate

ALLOWED = 0.002
"""Highest upper bound of the change of the mean order error."""
FLAG_WORDS = ("reading order", "rows or columns")


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one page; TEDS is None without a table."""

    order: float
    field: float
    block: float
    teds: float | None
    flagged: bool
    seconds: float


def output_of(simulated: SimulatedPage) -> EngineOutput:
    """Return the engine output that holds the simulated lines."""
    width, height = simulated.size
    return EngineOutput("stop", lines=simulated.lines, width=width, height=height, rulings=simulated.rulings)


def score(page: LayoutPage, simulated: SimulatedPage, layout: str) -> Scores:
    """Arrange a simulated page and score the result."""
    started = time.process_time()
    made = arrange(output_of(simulated), 1, layout)
    seconds = time.process_time() - started
    line_of = {word.box: simulated.truth_of[id(word)] for line in simulated.lines for word in line.words}
    reference, output = word_orders(page, made, line_of)
    words = [(line_of[word.box], line) for line in made.lines for word in line.words if word.box in line_of]
    fields = [page.lines[place].field.replace("noise", "margin") for place, _ in words]
    text = sorted((page.lines[place].order, line.block) for place, line in words if page.lines[place].field == "text")
    block_of = {line.order: -1 - line.cell.table if line.cell else line.block for line in page.lines}
    return Scores(
        order=order_error(reference, output),
        field=label_f1(fields, [line.field for _, line in words]),
        block=boundary_f1([block_of[order] for order, _ in text], [block for _, block in text]),
        teds=_table_score(page, made, simulated),
        flagged=any(flag.startswith(FLAG_WORDS) for flag in made.flags),
        seconds=seconds,
    )


def word_orders(page: LayoutPage, made: Page, line_of: Mapping[Box, int]) -> tuple[list[int], list[int]]:
    """Return the words of the header, the body and the footer, as numbers, in the right and in the given order.

    A word is known by its line and its place in it. The order of margin notes is not scored, since it is arbitrary.
    """
    given = [
        (line.field, page.lines[line_of[word.box]], word)
        for line in made.lines
        for word in line.words
        if word.box in line_of
    ]
    kept = [(line, word) for _, line, word in given if line.field not in ("margin", "noise")]
    keys = [(line.order, word.box[0]) for line, word in kept]
    number = {key: place for place, key in enumerate(sorted(set(keys)))}
    return sorted(number[key] for key in keys), [number[key] for key in keys]


def _table_score(page: LayoutPage, made: Page, simulated: SimulatedPage) -> float | None:
    """Return the mean TEDS of the tables of a page against the best table of the output; None without tables.

    Of a table that was cut, only the rows that were read are expected.
    """
    wanted = [table for table in page.tables if table.rows > 1 and table.columns > 1]
    read = _read_text(simulated)
    scores = []
    for table in wanted:
        rows = [[""] * table.columns for _ in range(table.rows)]
        for place, line in enumerate(page.lines):
            if line.cell is not None and line.cell.table == table.id and place in read:
                cell = rows[line.cell.row][line.cell.column]
                rows[line.cell.row][line.cell.column] = f"{cell} {read[place]}".strip()
        kept = [row for row in rows if any(row)]
        if len(kept) > 1 and sum(map(any, zip(*kept, strict=True))) > 1:
            scores.append(max((teds(kept, other.rows) for other in made.tables), default=0.0))
    return mean(scores) if scores else None


def _read_text(simulated: SimulatedPage) -> dict[int, str]:
    """Return what was read of each line of the page, by its place."""
    words = defaultdict(list)
    for line in simulated.lines:
        for word in line.words:
            words[simulated.truth_of[id(word)]].append(word)
    return {
        place: " ".join(word.text for word in sorted(found, key=lambda word: word.box[0]))
        for place, found in words.items()
    }


def compare(
    pages: Iterable[LayoutPage], before: str, after: str, clipped: float = 0.0
) -> dict[str, list[tuple[Scores, Scores]]]:
    """Return the scores of two layouts, each as `arrange` wants it, by kind of page.

    `clipped` is the probability that a page is seen as a clipping.
    """
    results = defaultdict(list)
    for page in pages:
        simulated = simulate(page, random.Random(f"measure/{page.seed}"), clipped)
        if simulated.lines:
            results[page.kind].append((score(page, simulated, before), score(page, simulated, after)))
    return dict(results)


def table_of(results: Mapping[str, Sequence[tuple[Scores, Scores]]]) -> str:
    """Return the comparison as a Markdown table."""
    rows = [
        "| kind | pages | order error | field F1 | block F1 | TEDS | better / worse |",
        "|---|---|---|---|---|---|---|",
    ]
    everything = [pair for pairs in results.values() for pair in pairs]
    for name, pairs in [*sorted(results.items()), ("all", everything)]:
        cells = [
            f"{mean(getattr(old, key) for old, _ in pairs):.3f} / {mean(getattr(new, key) for _, new in pairs):.3f}"
            for key in ("order", "field", "block")
        ]
        tables = [(old.teds, new.teds) for old, new in pairs if old.teds is not None and new.teds is not None]
        both = f"{mean(old for old, _ in tables):.3f} / {mean(new for _, new in tables):.3f}" if tables else "-"
        better = sum(new.order < old.order - 0.005 for old, new in pairs)
        worse = sum(new.order > old.order + 0.005 for old, new in pairs)
        rows.append(f"| {name} | {len(pairs)} | {' | '.join(cells)} | {both} | {better} / {worse} |")
    return "\n".join(rows)


@dataclass(frozen=True, slots=True)
class LayoutComparison:
    """One set of pages, read with two layouts."""

    pages: int
    before: float
    """Mean order error."""
    after: float
    change: Interval
    field_before: float
    """Mean macro F1 of fields."""
    field_after: float
    complaint: str = ""
    """Why the run may not be promoted; empty where it may."""


def check_pages(results: Mapping[str, Sequence[tuple[Scores, Scores]]], seed: int) -> LayoutComparison:
    """Return the comparison of two layouts, with a paired 95% interval of the change of the order error."""
    pairs = [pair for _, of_kind in sorted(results.items()) for pair in of_kind]
    change = bootstrap_mean([new.order - old.order for old, new in pairs], list(map(str, range(len(pairs)))), seed=seed)
    worse = change.high is None or change.high > ALLOWED
    return LayoutComparison(
        pages=len(pairs),
        before=mean(old.order for old, _ in pairs),
        after=mean(new.order for _, new in pairs),
        change=change,
        field_before=mean(old.field for old, _ in pairs),
        field_after=mean(new.field for _, new in pairs),
        complaint=f"order error may rise by more than {ALLOWED:.1%}" if worse else "",
    )
