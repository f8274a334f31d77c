"""Turn the outputs of a system into scores: statuses, metrics with intervals, repetition, comparisons with others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from eval.bench_result import (
    ErrorRates,
    HardwareCost,
    MetricComparison,
    MetricScore,
    PageEntry,
    RepetitionRates,
    SystemResult,
    VendorCost,
)
from eval.datasets import ReferencePage
from eval.metrics import stats
from eval.metrics.compared_metrics import METRICS, Metric, MetricName
from eval.metrics.diacritics import sum_counts
from eval.metrics.edit_distance import FORMS, Errors
from eval.metrics.page_scores import PageScore, Pair, score_pages, sum_identifiers
from eval.reference_files import fields_to_json
from eval.systems.response_cache import Response, Unread
from eval.systems.vendor_engine import count_tokens
from ocr.core.document import FIELDS, Attempt, EngineOutput, Status, text_of
from ocr.pipeline.page_builder import build_page, classify
from ocr.repetition.detector import find, published_rule

READ: frozenset[Status] = frozenset({"ok", "blank", "degenerate", "truncated"})
"""Statuses of pages that have an output."""


@dataclass(frozen=True, slots=True)
class PageResult:
    """One page of one system."""

    page: ReferencePage
    status: Status
    reason: str
    output: str
    """The fields of the page as JSON; empty without output."""
    score: PageScore
    published_loop: bool
    """Whether the rule of the published evaluation finds repetition."""
    loop: str
    """Kind of repetition that `ocr.repetition.detector` finds, or empty."""
    completion_tokens: int
    wasted_tokens: int
    """Tokens generated from where a repetition began."""

    @property
    def is_read(self) -> bool:
        """Return whether the page has an output."""
        return self.status in READ

    def value(self, metric: Metric) -> float:
        """Return a metric of the page."""
        return metric.value(self.score, is_read=self.is_read)

    @property
    def values(self) -> dict[MetricName, float]:
        """Return every metric of the page."""
        return {metric.name: self.value(metric) for metric in METRICS}


@dataclass(frozen=True, slots=True)
class SystemName:
    """How results.json identifies a system."""

    name: str
    title: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is known of a page before it is scored."""

    pair: Pair
    status: Status
    reason: str
    output: str = ""
    published_loop: bool = False
    loop: str = ""
    completion_tokens: int = 0
    wasted_tokens: int = 0


def score_outputs(pages: Sequence[ReferencePage], responses: Sequence[Response]) -> list[PageResult]:
    """Classify, arrange and score the responses to all pages, in order."""
    drafts = [_draft(page, response) for page, response in zip(pages, responses, strict=True)]
    scores = score_pages([draft.pair for draft in drafts])
    return [
        PageResult(
            page=page,
            status=draft.status,
            reason=draft.reason,
            output=draft.output,
            score=score,
            published_loop=draft.published_loop,
            loop=draft.loop,
            completion_tokens=draft.completion_tokens,
            wasted_tokens=draft.wasted_tokens,
        )
        for page, draft, score in zip(pages, drafts, scores, strict=True)
    ]


def _draft(page: ReferencePage, response: Response) -> _Draft:
    if isinstance(response, Unread):
        return _Draft(Pair(page.reference, ""), response.status, response.reason)
    made = build_page(Attempt(response, *classify(response)), page.number)
    text = text_of(response)
    # As the pipeline does: the lines of a classical engine repeat only where the page does.
    loop = find(text) if response.text is not None else None
    output = fields_to_json({field: getattr(made, field) for field in FIELDS})
    tokens = response.completion_tokens or count_tokens(text)
    return _Draft(
        Pair(page.reference, output, response.text),
        status=made.status,
        reason=made.reason,
        output=output,
        published_loop=published_rule(text, response.finish),
        loop=loop.kind if loop else "",
        completion_tokens=tokens,
        wasted_tokens=round(tokens * (len(text) - loop.start) / max(1, len(text))) if loop else 0,
    )


def summarize(
    system: SystemName, results: Sequence[PageResult], cost: HardwareCost | VendorCost, *, seed: int
) -> SystemResult:
    """Summarize one system: everything that does not need another one."""
    requested = [result for result in results if result.status != "skipped"]
    read = [result for result in requested if result.is_read]
    scores = [result.score for result in requested]
    return SystemResult(
        name=system.name,
        title=system.title,
        status="measured",
        fingerprint=system.fingerprint,
        pages=len(results),
        read=len(read),
        states=dict(Counter(result.status for result in results)),
        scores={metric.name: _score(metric, requested, seed) for metric in METRICS},
        parts=_mean_parts(requested),
        cer={form: _rates([score.characters[form] for score in scores]) for form in FORMS},
        wer={form: _rates([score.words[form] for score in scores]) for form in ("raw", "normalized")},
        fields={
            field: _rates([score.fields[field] for score in scores if field in score.fields])
            for field in FIELDS
            if any(field in score.fields for score in scores)
        },
        diacritics=sum_counts(score.diacritics for score in scores),
        identifiers=sum_identifiers(scores),
        repetition=_repetition(read),
        cost=cost,
        per_page={result.page.id: _entry(result) for result in results},
    )


def compare_all(
    ours: Sequence[PageResult], others: Mapping[str, Sequence[PageResult]], *, seed: int
) -> dict[str, dict[MetricName, MetricComparison]]:
    """Compare the evaluated system with each other one on the pages that both were given.

    p is adjusted over all other systems of a metric (Holm).
    """
    compared: dict[str, dict[MetricName, MetricComparison]] = {name: {} for name in others}
    for metric in METRICS:
        comparisons = {name: _compare(ours, theirs, metric, seed) for name, theirs in others.items()}
        made = {name: comparison for name, comparison in comparisons.items() if comparison is not None}
        adjusted = stats.holm([comparison.p for comparison in made.values()])
        for (name, comparison), p in zip(made.items(), adjusted, strict=True):
            verdict = metric.orient(stats.verdict(comparison, p))
            compared[name][metric.name] = MetricComparison(
                comparison.difference, comparison.p, comparison.pages, p, verdict
            )
    return compared


def _compare(
    ours: Sequence[PageResult], theirs: Sequence[PageResult], metric: Metric, seed: int
) -> stats.Comparison | None:
    both = [
        (mine, other) for mine, other in zip(ours, theirs, strict=True) if "skipped" not in (mine.status, other.status)
    ]
    if not both:
        return None
    documents = [mine.page.document for mine, _ in both]
    return stats.compare(
        [mine.value(metric) for mine, _ in both], [other.value(metric) for _, other in both], documents, seed=seed
    )


def _score(metric: Metric, requested: Sequence[PageResult], seed: int) -> MetricScore:
    values = [result.value(metric) for result in requested]
    read = [value for value, result in zip(values, requested, strict=True) if result.is_read]
    documents = [result.page.document for result in requested]
    interval = stats.bootstrap_mean(values, documents, seed=seed) if values else None
    return MetricScore(interval, sum(read) / len(read) if read else None)


def _repetition(read: Sequence[PageResult]) -> RepetitionRates:
    return RepetitionRates(
        published=stats.wilson(sum(result.published_loop for result in read), len(read)),
        ours=stats.wilson(sum(bool(result.loop) for result in read), len(read)),
        kinds=dict(Counter(result.loop for result in read if result.loop)),
    )


def _entry(result: PageResult) -> PageEntry:
    return PageEntry(result.page.document, result.status, result.values)


def _mean_parts(results: Sequence[PageResult]) -> dict[Literal["levenshtein", "bleu"], float]:
    if not results:
        return {}
    parts = [result.score.published if result.is_read else None for result in results]
    return {
        "levenshtein": sum(part.levenshtein for part in parts if part) / len(parts),
        "bleu": sum(part.bleu for part in parts if part) / len(parts),
    }


def _rates(errors: Sequence[Errors]) -> ErrorRates | None:
    if not errors:
        return None
    return ErrorRates(
        macro=sum(one.rate for one in errors) / len(errors),
        capped=sum(min(1.0, one.rate) for one in errors) / len(errors),
        micro=sum(one.edits for one in errors) / max(1, sum(one.length for one in errors)),
        edits=sum(one.edits for one in errors),
        length=sum(one.length for one in errors),
    )


def finish_of(response: Response) -> str:
    """Return how the engine ended the page, for pages.jsonl."""
    output = response.output if isinstance(response, Unread) else response
    return output.finish if isinstance(output, EngineOutput) else ""
