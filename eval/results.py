"""Pages of one system into numbers: states, scores with intervals, degeneration, cost, and the tests against rivals."""

import datetime
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.datasets import TruePage
from eval.metrics import stats
from eval.metrics.diacritics import merge
from eval.metrics.edit_distance import FORMS, Errors
from eval.metrics.page_scores import PageScore, Pair, score_pages, sum_identifiers
from eval.reference_files import from_fields
from eval.systems.pricing import PER, Machine, ModelPrice, Usage, age_warning, dollars, hardware_per_million
from eval.systems.response_cache import Outcome, Session, Unread
from eval.systems.vendor_engine import PaidGeneration, count_tokens
from ocr.core.document import FIELDS, Attempt, EngineOutput, Status, text_of
from ocr.pipeline.page_builder import assemble, judge
from ocr.repetition.detector import find, published_rule

READ: frozenset[Status] = frozenset({"ok", "blank", "degenerate", "truncated"})
"""States of pages that have a reading."""


@dataclass(frozen=True, slots=True)
class Result:
    """One page of one system."""

    page: TruePage
    status: Status
    reason: str
    reading: str
    """The page's fields as JSON; empty without a reading."""
    score: PageScore
    published_loop: bool
    loop: str
    """Kind of loop by our rule, or nothing."""
    completion_tokens: int
    wasted_tokens: int
    """Tokens written from where a loop began."""

    @property
    def is_read(self) -> bool:
        """Whether there is a reading at all."""
        return self.status in READ

    @property
    def published(self) -> float:
        """The published composite; 0 without a reading, whatever the truth."""
        return self.score.published.score if self.is_read else 0.0

    @property
    def strict(self) -> float:
        """The strict composite, likewise."""
        return self.score.strict.score if self.is_read else 0.0

    @property
    def cer(self) -> float:
        """Normalised CER, cut at 1."""
        return min(1.0, self.score.characters["normalised"].rate)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a system costs by: a vendor's price, or a machine and the share of its time that it reads."""

    price: ModelPrice | None = None
    machine: Machine | None = None
    utilisation: float = 1.0


METRICS: dict[str, Callable[[Result], float]] = {
    "published": lambda result: result.published,
    "strict": lambda result: result.strict,
    "cer": lambda result: result.cer,
}
"""What systems are compared by; the first is the one that gates and plots use."""


def make_results(pages: Sequence[TruePage], outcomes: Sequence[Outcome]) -> list[Result]:
    """Judge, arrange and score every page, in order."""
    drafts = [_draft(page, outcome) for page, outcome in zip(pages, outcomes, strict=True)]
    scores = score_pages([pair for pair, _ in drafts])
    return [Result(page, score=score, **rest) for page, score, (_, rest) in zip(pages, scores, drafts, strict=True)]


def _draft(page: TruePage, outcome: Outcome) -> tuple[Pair, dict[str, Any]]:
    """What is to be scored of a page, and what is known of it without scoring."""
    if isinstance(outcome, Unread):
        unread = {"status": outcome.status, "reason": outcome.reason, "reading": "", "published_loop": False}
        return Pair(page.truth, ""), {**unread, "loop": "", "completion_tokens": 0, "wasted_tokens": 0}
    made = assemble(Attempt(outcome, *judge(outcome)), page.number)
    text = text_of(outcome)
    # As the judge has it: lines of a classical engine repeat only where the page does.
    loop = find(text) if outcome.text is not None else None
    reading = from_fields({field: getattr(made, field) for field in FIELDS})
    tokens = outcome.completion_tokens or count_tokens(text)
    return Pair(page.truth, reading, outcome.text), {
        "status": made.status,
        "reason": made.reason,
        "reading": reading,
        "published_loop": published_rule(text, outcome.finish),
        "loop": loop.kind if loop else "",
        "completion_tokens": tokens,
        "wasted_tokens": round(tokens * (len(text) - loop.start) / max(1, len(text))) if loop else 0,
    }


def summarise(results: Sequence[Result], *, seed: int) -> dict[str, Any]:
    """Everything about one system that does not need another, JSON-ready."""
    asked = [result for result in results if result.status != "skipped"]
    read = [result for result in asked if result.is_read]
    documents = [result.page.document for result in asked]
    scores = [result.score for result in asked]
    means = {
        name: {
            "all": asdict(stats.bootstrap_mean([metric(r) for r in asked], documents, seed=seed)) if asked else None,
            "read": sum(metric(r) for r in read) / len(read) if read else None,
        }
        for name, metric in METRICS.items()
    }
    return {
        "pages": len(results),
        "read": len(read),
        "states": dict(Counter(result.status for result in results)),
        "scores": means,
        "parts": _mean_parts(asked),
        "cer": {form: _rates([score.characters[form] for score in scores]) for form in FORMS},
        "wer": {form: _rates([score.words[form] for score in scores]) for form in ("raw", "normalised")},
        "fields": {
            field: _rates([score.fields[field] for score in scores if field in score.fields])
            for field in FIELDS
            if any(field in score.fields for score in scores)
        },
        "accents": merge([score.accents for score in scores]),
        "identifiers": {kind: asdict(count) for kind, count in sum_identifiers(scores).items()},
        "degeneration": {
            "published": asdict(stats.wilson(sum(r.published_loop for r in read), len(read))),
            "ours": asdict(stats.wilson(sum(bool(r.loop) for r in read), len(read))),
            "kinds": dict(Counter(r.loop for r in read if r.loop)),
        },
    }


def compute_cost(
    results: Sequence[Result], outcomes: Sequence[Outcome], sessions: Session, terms: Terms
) -> dict[str, Any]:
    """What the pages cost, with every number that went in; `per_million` is None where it cannot be said."""
    read = sum(result.is_read for result in results)
    wasted = {
        "completion_tokens": sum(result.completion_tokens for result in results),
        "wasted_tokens": sum(result.wasted_tokens for result in results),
    }
    if terms.price is not None:
        return {**wasted, **_vendor_cost(outcomes, sessions, terms.price, read)}
    speed = sessions.pages / sessions.seconds if sessions.seconds else None
    hourly = terms.machine.hourly if terms.machine else None
    million = None
    if terms.machine and speed:
        million = hardware_per_million(terms.machine, speed, utilisation=terms.utilisation)
    return {
        **wasted,
        "per_million": million,
        "how": "hours",
        "pages_per_second": speed,
        "hourly": hourly,
        "machine": asdict(terms.machine) if terms.machine else None,
        "utilisation": terms.utilisation,
    }


def compare_all(ours: Sequence[Result], rivals: Mapping[str, Sequence[Result]], *, seed: int) -> dict[str, Any]:
    """Ours against each rival on the pages that both were asked for; p adjusted over all rivals of a metric."""
    compared: dict[str, dict[str, Any]] = {name: {} for name in rivals}
    for metric, value in METRICS.items():
        comparisons = {name: _compare(ours, theirs, value, seed) for name, theirs in rivals.items()}
        made = {name: comparison for name, comparison in comparisons.items() if comparison is not None}
        adjusted = stats.holm([comparison.p for comparison in made.values()])
        for (name, comparison), p in zip(made.items(), adjusted, strict=True):
            verdict = stats.verdict(comparison, p)
            if metric == "cer":
                verdict = {"better": "worse", "worse": "better"}.get(verdict, verdict)
            compared[name][metric] = {**asdict(comparison), "p_adjusted": p, "verdict": verdict}
    return compared


def _compare(
    ours: Sequence[Result], theirs: Sequence[Result], value: Callable[[Result], float], seed: int
) -> stats.Comparison | None:
    both = [
        (mine, other) for mine, other in zip(ours, theirs, strict=True) if "skipped" not in (mine.status, other.status)
    ]
    if not both:
        return None
    documents = [mine.page.document for mine, _ in both]
    return stats.compare([value(mine) for mine, _ in both], [value(other) for _, other in both], documents, seed=seed)


def _mean_parts(results: Sequence[Result]) -> dict[str, float]:
    if not results:
        return {}
    parts = [result.score.published if result.is_read else None for result in results]
    return {
        "levenshtein": sum(part.levenshtein for part in parts if part) / len(parts),
        "bleu": sum(part.bleu for part in parts if part) / len(parts),
    }


def _rates(errors: Sequence[Errors]) -> dict[str, float] | None:
    if not errors:
        return None
    return {
        "macro": sum(one.rate for one in errors) / len(errors),
        "capped": sum(min(1.0, one.rate) for one in errors) / len(errors),
        "micro": sum(one.edits for one in errors) / max(1, sum(one.length for one in errors)),
        "edits": sum(one.edits for one in errors),
        "length": sum(one.length for one in errors),
    }


def _vendor_cost(outcomes: Sequence[Outcome], sessions: Session, price: ModelPrice, read: int) -> dict[str, Any]:
    usage = sum((outcome.usage for outcome in outcomes if isinstance(outcome, PaidGeneration)), Usage()) + sessions.lost
    total = dollars(usage, price)
    million = total / read * PER if read else None
    return {
        "per_million": million,
        "batch_per_million": million * price.batch if million is not None and price.batch else None,
        "how": "tokens",
        "dollars": total,
        "uncertain_dollars": dollars(Usage(usage.uncertain_prompt, usage.uncertain_completion), price),
        "usage": asdict(usage),
        "price": {**asdict(price), "date": price.date.isoformat()},
        "warning": age_warning(price.date, datetime.date.today()),
        "attempts": sum(outcome.attempts for outcome in outcomes if isinstance(outcome, PaidGeneration)),
    }


def finish_of(outcome: Outcome) -> str:
    """What the engine said of a page, for pages.jsonl."""
    generation = outcome.generation if isinstance(outcome, Unread) else outcome
    return generation.finish if isinstance(generation, EngineOutput) else ""
