"""The tables of a report, as words: the terminal and the HTML page show the same ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eval.metrics.diacritics import ACCENTED, SIGNS
from ocr.core.document import FIELDS
from ocr.text.identifiers import KINDS

KIND_NAMES = {"cpf": "CPF", "cnpj": "CNPJ", "process": "CNJ process", "date": "date", "amount": "R$ amount"}
NOT_MEASURED = "published, not measured here"


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def build(results: dict[str, Any]) -> list[Table]:
    """All tables in the order of the report; those without rows are left out."""
    measured = [row for row in results["systems"] if row["status"] == "measured"]
    tables = [
        summary(results),
        _published(results),
        _comparisons(results),
        _states(measured),
        _rates(measured),
        _fields(measured),
        _accents(measured),
        _identifiers(measured),
        _costs(measured),
    ]
    return [table for table in tables if table.rows]


def summary(results: dict[str, Any]) -> Table:
    """One row a system: what a reader looks at first."""
    rows = []
    for row in results["systems"]:
        if row["status"] != "measured":
            rows.append((row["title"], _why_not(row, results["published"]), *[""] * 6))
            continue
        cer, wer = row["cer"]["normalised"], row["wer"]["normalised"]
        rows.append(
            (
                row["title"],
                between(row["scores"]["published"]["all"]),
                between(row["scores"]["strict"]["all"]),
                percent(cer["capped"]) if cer else "",
                percent(wer["capped"]) if wer else "",
                rate(row["degeneration"]["ours"]),
                f"{row['read']} of {row['pages']}",
                million(row["cost"]),
            )
        )
    columns = (
        "system",
        "published composite",
        "strict",
        "CER",
        "WER",
        "degenerate",
        "pages read",
        "$ per million pages",
    )
    data = results["data"]
    note = (
        f"{plural(data['pages'], 'page')} of {plural(data['documents'], 'document')} ({data['name']}). "
        "Brackets: 95% intervals by document. "
        "Pages without a reading count as 0. CER and WER: white space normalised, mean over pages, each cut at 1."
    )
    return Table("Summary", columns, tuple(rows), note)


def _why_not(row: dict[str, Any], published: Sequence[dict[str, Any]]) -> str:
    """Why a system was not run, what to type, and what was published of its like."""
    words = [f"not run: {row['reason']}"]
    if row["hint"]:
        words.append(f"to run it: {row['hint']}")
    words += [
        f"{other['system']} scored {other['score']:.3f} on DharmaOCR-Benchmark ({NOT_MEASURED})"
        for other in published
        if other["beside"] == row["name"]
    ]
    return "; ".join(words)


def between(interval: dict[str, Any] | None, digits: int = 3) -> str:
    """`0.927 [0.915, 0.938]`, without brackets where there is no interval."""
    if interval is None:
        return "-"
    value = f"{interval['value']:.{digits}f}"
    if interval["low"] is None:
        return f"{value} [one document]"
    return f"{value} [{interval['low']:.{digits}f}, {interval['high']:.{digits}f}]"


def plural(count: int, noun: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def percent(value: float) -> str:
    """With two digits: one page in 496 is 0.20%."""
    return f"{value * 100:.2f}%"


def rate(interval: dict[str, Any]) -> str:
    """A rate with its Wilson interval, in percent."""
    return f"{percent(interval['value'])} [{percent(interval['low'])}, {percent(interval['high'])}]"


def million(cost: dict[str, Any]) -> str:
    """Dollars per million pages, or a dash where it cannot be said."""
    return f"{cost['per_million']:,.0f}" if cost["per_million"] is not None else "-"


def _published(results: dict[str, Any]) -> Table:
    rows = tuple(
        (
            row["system"],
            f"{row['score']:.3f}",
            f"{row['degeneration']:.2f}%" if row["degeneration"] is not None else "not measured",
            row["source"],
        )
        for row in results["published"]
    )
    note = (
        "Results of others on the 496 pages of DharmaOCR-Benchmark. Only the published composite may stand beside them."
    )
    if results["data"]["name"] != "dharma":
        note += " These are other pages than the ones measured above."
    return Table(NOT_MEASURED.capitalize(), ("system", "published composite", "degenerate", "source"), rows, note)


def _comparisons(results: dict[str, Any]) -> Table:
    ours = results["systems"][0]["title"]
    titles = {row["name"]: row["title"] for row in results["systems"]}
    names = {"published": "published composite", "strict": "strict", "cer": "CER (capped)"}
    rows = []
    for rival, metrics in results["comparisons"].items():
        for metric, found in metrics.items():
            difference = between(found["difference"], 4)
            rows.append((titles[rival], names[metric], difference, f"{found['p_adjusted']:.4f}", found["verdict"]))
    note = (
        "Paired on the same pages; p from a permutation test by document, adjusted over rivals by Holm. "
        '"Not resolved": these pages do not tell the two apart.'
    )
    return Table(
        f"{ours} against each rival", ("rival", "measure", f"{ours} minus rival", "p", "verdict"), tuple(rows), note
    )


def _states(measured: Sequence[dict[str, Any]]) -> Table:
    order = ("ok", "blank", "degenerate", "truncated", "refused", "failed", "unreadable", "skipped")
    used = [state for state in order if any(row["states"].get(state) for row in measured)]
    rows = tuple(
        (
            row["title"],
            *(str(row["states"].get(state, 0)) for state in used),
            rate(row["degeneration"]["published"]),
            ", ".join(f"{count} {kind}" for kind, count in row["degeneration"]["kinds"].items()) or "none",
            str(row["cost"]["wasted_tokens"]),
        )
        for row in measured
    )
    columns = ("system", *used, "degenerate, published rule", "loops by kind, our rule", "tokens wasted on loops")
    return Table("What became of the pages", columns, rows)


def _rates(measured: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for row in measured:
        found = [(unit, form, rates) for unit in ("cer", "wer") for form, rates in row[unit].items() if rates]
        for unit, form, rates in found:
            means = (percent(rates["macro"]), percent(rates["capped"]), percent(rates["micro"]))
            rows.append((row["title"], unit.upper(), form, *means, f"{rates['length']:,}"))
    columns = ("system", "rate", "form", "mean of pages", "mean, each capped at 1", "all edits / all truth", "length")
    return Table("Error rates", columns, tuple(rows))


def _fields(measured: Sequence[dict[str, Any]]) -> Table:
    used = [field for field in FIELDS if any(field in row["fields"] for row in measured)]
    rows = tuple(
        (row["title"], *(percent(row["fields"][field]["micro"]) if field in row["fields"] else "-" for field in used))
        for row in measured
    )
    note = "CER of each field over all pages. Text in the wrong field is missing from one and too much in another."
    return Table("Fields", ("system", *used), rows if used else (), note)


def _accents(measured: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for letter in ACCENTED + SIGNS:
        counts = [row["accents"].get(letter) for row in measured]
        total = max((sum(count.values()) for count in counts if count), default=0)
        if total:
            rows.append((letter, f"{total:,}", *(_fates(count) for count in counts)))
    note = "Kept; in brackets dropped / wrong / lost. Upper and lower case together."
    return Table("Portuguese signs", ("sign", "in the truth", *(row["title"] for row in measured)), tuple(rows), note)


def _fates(count: dict[str, int] | None) -> str:
    if not count:
        return "-"
    kept = count["kept"] / max(1, sum(count.values()))
    return f"{kept * 100:.1f}% ({count['dropped']} / {count['wrong']} / {count['lost']})"


def _identifiers(measured: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for kind in KINDS:
        counts = [row["identifiers"].get(kind) for row in measured]
        total = max((count["true"] for count in counts if count), default=0)
        if total:
            rows.append((KIND_NAMES[kind], f"{total:,}", *(_identifier(count) for count in counts)))
    note = (
        "Read exactly. In brackets: readings whose own check digits (or day) fail, and how many of those are "
        "misreadings, which anyone can see without a truth."
    )
    columns = ("identifier", "in the truth", *(row["title"] for row in measured))
    return Table("Identifiers", columns, tuple(rows), note)


def _identifier(count: dict[str, int] | None) -> str:
    if not count:
        return "0 of 0"
    return f"{count['right']} of {count['true']} ({count['failing']} fail, {count['failing_wrong']} misread)"


def _costs(measured: Sequence[dict[str, Any]]) -> Table:
    rows = tuple((row["title"], million(row["cost"]), _COSTS[row["cost"]["how"]](row["cost"])) for row in measured)
    return Table("Cost", ("system", "$ per million pages", "made of"), rows)


def _by_hours(cost: dict[str, Any]) -> str:
    if not cost["pages_per_second"]:
        return "no time was measured"
    speed = f"{cost['pages_per_second']:.3f} pages/s measured, rendering included"
    if not cost["machine"]:
        return f"{speed}; no price by the hour given (--machine)"
    machine = cost["machine"]
    dated = f", {machine['date']}" if machine["date"] else ""
    return (
        f"{speed}; ${cost['hourly']:g}/h ({machine['what']}{dated}: {machine['source']}), "
        f"used {cost['utilisation'] * 100:g}% of the time"
    )


def _by_tokens(cost: dict[str, Any]) -> str:
    usage, price = cost["usage"], cost["price"]
    words = [
        f"${cost['dollars']:,.4f} for {usage['prompt']:,} prompt and {usage['completion']:,} answer tokens "
        f"(thinking included) at ${price['input']:g} / ${price['output']:g} per million",
        f"price of {price['date']}, {price['grade']} source: {price['source']}",
    ]
    if cost["uncertain_dollars"]:
        words.append(f"${cost['uncertain_dollars']:,.4f} of it for requests that may have been billed")
    if cost["batch_per_million"]:
        words.append(f"{cost['batch_per_million']:,.0f} by the vendor's batch service")
    return "; ".join(words + ([cost["warning"]] if cost["warning"] else []))


_COSTS: dict[str, Callable[[dict[str, Any]], str]] = {"hours": _by_hours, "tokens": _by_tokens}
