"""Build the tables of a report as text; the terminal and the HTML page show the same ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.bench_result import BenchResult, ErrorRates, HardwareCost, NotRun, SystemResult, VendorCost
from eval.metrics.compared_metrics import BY_NAME, METRICS, Metric
from eval.metrics.diacritics import LETTERS, SIGNS, DiacriticOutcome
from eval.metrics.page_scores import IdentifierCount
from eval.metrics.stats import Interval
from eval.systems.pricing import PublishedScore
from ocr.core.document import FIELDS, Status
from ocr.text.identifiers import KIND_NAMES

NOT_MEASURED = "published, not measured here"
STATUSES: tuple[Status, ...] = (
    "ok", "blank", "degenerate", "truncated", "refused", "failed", "unreadable", "skipped",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReportTable:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def build(result: BenchResult) -> list[ReportTable]:
    """Return all tables in the order of the report; those without rows are left out."""
    measured = result.measured
    tables = [
        summary(result),
        _decoding(measured),
        _published(result),
        _comparisons(result),
        _statuses(measured),
        _rates(measured),
        _fields(measured),
        _diacritics(measured),
        _identifiers(measured),
        _costs(measured),
    ]
    return [table for table in tables if table.rows]


def summary(result: BenchResult) -> ReportTable:
    """Return the first table of the report: one row a system."""
    columns = (
        "system", *(metric.title for metric in METRICS), "WER", "repetition", "pages read", "$ per million pages",
    )  # fmt: skip
    rows = [
        (system.title, _why_not_run(system, result.published), *[""] * (len(columns) - 2))
        if isinstance(system, NotRun)
        else _summary_row(system)
        for system in result.systems
    ]
    data = result.data
    note = (
        f"{plural(data.pages, 'page')} of {plural(data.documents, 'document')} ({data.name}). "
        "Brackets: 95% intervals by document. "
        "Pages without output count as 0. CER and WER: white space normalized, mean over pages, each cut at 1."
    )
    return ReportTable("Summary", columns, tuple(rows), note)


def _summary_row(system: SystemResult) -> tuple[str, ...]:
    wer = system.wer["normalized"]
    return (
        system.title,
        *(_metric(metric, system.scores[metric.name].all) for metric in METRICS),
        percent(wer.capped) if wer else "",
        rate(system.repetition.ours),
        f"{system.read} of {system.pages}",
        million(system.cost),
    )


def _metric(metric: Metric, interval: Interval | None) -> str:
    if not metric.is_rate:
        return between(interval)
    return metric.show(interval.value) if interval else ""


def _why_not_run(system: NotRun, published: Sequence[PublishedScore]) -> str:
    """Return why a system was not run, what to type, and what was published about similar ones."""
    words = [f"not run: {system.reason}"]
    if system.hint:
        words.append(f"to run it: {system.hint}")
    words += [
        f"{other.system} scored {other.score:.3f} on DharmaOCR-Benchmark ({NOT_MEASURED})"
        for other in published
        if other.beside == system.name
    ]
    return "; ".join(words)


def between(interval: Interval | None, digits: int = 3) -> str:
    """Return `0.927 [0.915, 0.938]`; without bounds, `0.927 [one document]`."""
    if interval is None:
        return "-"
    value = f"{interval.value:.{digits}f}"
    if interval.low is None or interval.high is None:
        return f"{value} [one document]"
    return f"{value} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def plural(count: int, noun: str) -> str:
    """Return `1 page`, `2 pages`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def percent(value: float) -> str:
    """Return a share in percent with two digits: one page in 496 is 0.20%."""
    return f"{value * 100:.2f}%"


def rate(interval: Interval) -> str:
    """Return a rate with its Wilson interval, in percent."""
    low, high = interval.low or 0.0, 1.0 if interval.high is None else interval.high
    return f"{percent(interval.value)} [{percent(low)}, {percent(high)}]"


def million(cost: HardwareCost | VendorCost) -> str:
    """Return dollars per million pages, with cents below 10 dollars; a dash where no cost is known."""
    if cost.per_million is None:
        return "-"
    return f"{cost.per_million:,.0f}" if cost.per_million >= 10 else f"{cost.per_million:.2f}"


def _decoding(measured: Sequence[SystemResult]) -> ReportTable:
    """Return a row for each system that counts the passes of its language model."""
    columns = (
        "decoding", "composite", "CER", "repetition", "tokens per pass", "passes a page", "seconds a page",
        "$ per million pages",
    )  # fmt: skip
    rows = tuple(
        (system.title, *_quality(system), *_speed(system, system.cost), million(system.cost))
        for system in measured
        if isinstance(system.cost, HardwareCost) and system.cost.passes
    )
    note = "A pass is one run of the language model for a page; the pass over its image and prompt counts as one."
    return ReportTable("Decoding", columns, rows, note)


def _quality(system: SystemResult) -> tuple[str, str, str]:
    rates, composite = system.cer["normalized"], system.scores["published"].all
    return between(composite), percent(rates.micro) if rates else "-", rate(system.repetition.ours)


def _speed(system: SystemResult, cost: HardwareCost) -> tuple[str, str, str]:
    seconds = f"{1 / cost.pages_per_second:.2f}" if cost.pages_per_second else "-"
    return f"{cost.completion_tokens / cost.passes:.2f}", f"{cost.passes / max(1, system.read):.1f}", seconds


def _published(result: BenchResult) -> ReportTable:
    rows = tuple(
        (
            row.system,
            f"{row.score:.3f}",
            f"{row.degeneration:.2f}%" if row.degeneration is not None else "not measured",
            row.source,
        )
        for row in result.published
    )
    note = "Results of others on the 496 pages of DharmaOCR-Benchmark. Compare them by the published composite only."
    if result.data.name != "dharma":
        note += " The pages measured above are different pages."
    return ReportTable(NOT_MEASURED.capitalize(), ("system", "published composite", "repetition", "source"), rows, note)


def _comparisons(result: BenchResult) -> ReportTable:
    titles = {system.name: system.title for system in result.systems}
    ours = result.systems[0].title
    rows = tuple(
        (
            titles[other],
            BY_NAME[metric].title,
            between(found.difference, 4),
            f"{found.p_adjusted:.4f}",
            found.verdict,
        )
        for other, metrics in result.comparisons.items()
        for metric, found in metrics.items()
    )
    note = (
        "Paired on the same pages; p from a permutation test by document, adjusted over systems by Holm. "
        '"Not resolved": these pages show no difference between the two.'
    )
    columns = ("other system", "metric", f"{ours} minus other", "p", "verdict")
    return ReportTable(f"{ours} against each other system", columns, rows, note)


def _statuses(measured: Sequence[SystemResult]) -> ReportTable:
    used = [status for status in STATUSES if any(system.states.get(status) for system in measured)]
    rows = tuple(
        (
            system.title,
            *(str(system.states.get(status, 0)) for status in used),
            rate(system.repetition.published),
            ", ".join(f"{count} {kind}" for kind, count in system.repetition.kinds.items()) or "none",
            str(system.cost.wasted_tokens),
        )
        for system in measured
    )
    columns = (
        "system", *used, "repetition, published rule", "repetition by kind, our rule", "tokens wasted on repetition",
    )  # fmt: skip
    return ReportTable("Status of the pages", columns, rows)


def _rates(measured: Sequence[SystemResult]) -> ReportTable:
    rows = []
    for system in measured:
        for unit, forms in (("CER", system.cer), ("WER", system.wer)):
            rows += [(system.title, unit, form, *_rate_cells(rates)) for form, rates in forms.items() if rates]
    columns = (
        "system", "rate", "form", "mean of pages", "mean, each capped at 1", "all edits / all references", "length",
    )  # fmt: skip
    return ReportTable("Error rates", columns, tuple(rows))


def _rate_cells(rates: ErrorRates) -> tuple[str, str, str, str]:
    return percent(rates.macro), percent(rates.capped), percent(rates.micro), f"{rates.length:,}"


def _fields(measured: Sequence[SystemResult]) -> ReportTable:
    used = [field for field in FIELDS if any(field in system.fields for system in measured)]
    rows = tuple((system.title, *(_field(system.fields.get(field)) for field in used)) for system in measured)
    note = (
        "CER of each field over all pages. Text in the wrong field counts in both: missing in one, extra in the other."
    )
    return ReportTable("Fields", ("system", *used), rows if used else (), note)


def _field(rates: ErrorRates | None) -> str:
    return percent(rates.micro) if rates else "-"


def _diacritics(measured: Sequence[SystemResult]) -> ReportTable:
    rows = []
    for letter in LETTERS + SIGNS:
        counts = [system.diacritics.get(letter) for system in measured]
        total = max((sum(count.values()) for count in counts if count), default=0)
        if total:
            rows.append((letter, f"{total:,}", *(_outcomes(count) for count in counts)))
    note = "Share kept; in brackets dropped / wrong / lost. Upper and lower case together."
    columns = ("letter", "in the reference", *(system.title for system in measured))
    return ReportTable("Portuguese letters and signs", columns, tuple(rows), note)


def _outcomes(count: Mapping[DiacriticOutcome, int] | None) -> str:
    if not count:
        return "-"
    kept = count["kept"] / max(1, sum(count.values()))
    return f"{kept * 100:.1f}% ({count['dropped']} / {count['wrong']} / {count['lost']})"


def _identifiers(measured: Sequence[SystemResult]) -> ReportTable:
    rows = []
    for kind, name in KIND_NAMES.items():
        counts = [system.identifiers.get(kind) for system in measured]
        total = max((count.true for count in counts if count), default=0)
        if total:
            rows.append((name, f"{total:,}", *(_identifier(count) for count in counts)))
    note = (
        "Read exactly. In brackets: outputs whose own check digits (or day) are wrong, and how many of those are "
        "misreadings, which show without a reference."
    )
    columns = ("identifier", "in the reference", *(system.title for system in measured))
    return ReportTable("Identifiers", columns, tuple(rows), note)


def _identifier(count: IdentifierCount | None) -> str:
    if not count:
        return "0 of 0"
    return f"{count.right} of {count.true} ({count.failing} fail, {count.failing_wrong} misread)"


def _costs(measured: Sequence[SystemResult]) -> ReportTable:
    rows = tuple((system.title, million(system.cost), _made_of(system.cost)) for system in measured)
    return ReportTable("Cost", ("system", "$ per million pages", "made of"), rows)


def _made_of(cost: HardwareCost | VendorCost) -> str:
    if isinstance(cost, VendorCost):
        return _by_tokens(cost)
    return _by_cpu_time(cost) if cost.how == "cpu" else _by_hours(cost)


def _by_hours(cost: HardwareCost) -> str:
    if not cost.pages_per_second:
        return "no time was measured"
    speed = f"{cost.pages_per_second:.3f} pages/s measured, rendering included"
    if not cost.machine:
        return f"{speed}; no price by the hour given (--machine)"
    return f"{speed}; ${cost.hourly:g}/h {_priced_by(cost)}"


def _by_cpu_time(cost: HardwareCost) -> str:
    if not cost.pages_per_cpu_hour or not cost.machine or not cost.machine.cores:
        return "no CPU time was measured"
    speed = f"{cost.pages_per_cpu_hour:,.0f} pages per CPU hour measured, rendering included, loading not"
    return f"{speed}; ${cost.machine.hourly / cost.machine.cores:g} per vCPU hour {_priced_by(cost)}"


def _priced_by(cost: HardwareCost) -> str:
    assert cost.machine is not None
    dated = f", {cost.machine.date}" if cost.machine.date else ""
    used = f"used {cost.utilization * 100:g}% of the time"
    return f"({cost.machine.what}{dated}: {cost.machine.source}), {used}"


def _by_tokens(cost: VendorCost) -> str:
    usage, price = cost.usage, cost.price
    words = [
        f"${cost.dollars:,.4f} for {usage.prompt:,} prompt and {usage.completion:,} response tokens "
        f"(thinking included) at ${price.input:g} / ${price.output:g} per million",
        f"price of {price.date}, {price.grade} source: {price.source}",
    ]
    if cost.uncertain_dollars:
        words.append(f"${cost.uncertain_dollars:,.4f} of it for requests that may have been billed")
    if cost.batch_per_million:
        words.append(f"{cost.batch_per_million:,.0f} by the vendor's batch service")
    return "; ".join(words + ([cost.warning] if cost.warning else []))
