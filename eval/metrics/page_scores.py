"""Compute every score of a page, and sums over many pages. docs/concepts/metrics.md defines each score exactly.

A reference and an output are strings: a JSON object with the fields of the page, or plain text.
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from eval.metrics.composite import Composite, canonical, parse_fields, published, strict
from eval.metrics.diacritics import DiacriticCounts, count_diacritics
from eval.metrics.edit_distance import FORMS, Errors, Form, character_errors, in_form, word_errors
from ocr.core.document import FIELDS
from ocr.text import identifiers

POOL_FROM = 400
"""Fewer pages than this are scored in this process: starting two children takes 0.3 s, as long as 400 pages."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One page to score. `response` is the text as a model wrote it, where it differs from `output`: the published
    composite scores the response, every other score the page that was built from it."""

    reference: str
    output: str
    response: str | None = None


@dataclass(frozen=True, slots=True)
class IdentifierCount:
    """Counts of the identifiers of one kind on a page."""

    true: int = 0
    """In the reference."""
    right: int = 0
    """Of these, read exactly: the same value, as many times."""
    read: int = 0
    """In the output."""
    failing: int = 0
    """Of these, with wrong check digits (or an impossible day): an error that shows without a reference."""
    failing_wrong: int = 0
    """Of the failing ones, those that the reference does not hold: misreadings that the check found."""


@dataclass(frozen=True, slots=True)
class PageScore:
    """All scores of one page."""

    published: Composite
    strict: Composite
    characters: dict[Form, Errors]
    words: dict[Form, Errors]
    fields: dict[str, Errors]
    """Character errors in normalized form of each field that reference or output fills; empty without fields."""
    diacritics: DiacriticCounts
    identifiers: dict[identifiers.Kind, IdentifierCount]


def score_page(pair: Pair) -> PageScore:
    """Score one page. Every reference and every output has a score, empty ones too."""
    reference, output = canonical(pair.reference), canonical(pair.output)
    return PageScore(
        published=published(pair.reference, pair.output if pair.response is None else pair.response),
        strict=strict(pair.reference, pair.output),
        characters={form: character_errors(reference, output, form) for form in FORMS},
        words=_score_words(reference, output),
        fields=_score_fields(pair),
        diacritics=count_diacritics(in_form(reference, "normalized"), in_form(output, "normalized")),
        identifiers=_score_identifiers(reference, output),
    )


def score_pages(pairs: Sequence[Pair], *, workers: int | None = None) -> list[PageScore]:
    """Score every pair, in order; on all cores where there are enough pages."""
    workers = workers or os.cpu_count() or 1
    if workers == 1 or len(pairs) < POOL_FROM:
        return [score_page(pair) for pair in pairs]
    # spawn: the caller may hold threads (an event loop, an engine) that a fork would copy in an unknown state.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(score_page, pairs, chunksize=64))


def sum_identifiers(scores: Iterable[PageScore]) -> dict[identifiers.Kind, IdentifierCount]:
    """Sum the counts of many pages, by kind."""
    summed: dict[identifiers.Kind, IdentifierCount] = {}
    for score in scores:
        for kind, count in score.identifiers.items():
            so_far = summed.get(kind, IdentifierCount())
            summed[kind] = IdentifierCount(
                so_far.true + count.true,
                so_far.right + count.right,
                so_far.read + count.read,
                so_far.failing + count.failing,
                so_far.failing_wrong + count.failing_wrong,
            )
    return summed


def _score_words(reference: str, output: str) -> dict[Form, Errors]:
    raw = word_errors(reference, output)
    composed = unicodedata.is_normalized("NFC", reference) and unicodedata.is_normalized("NFC", output)
    return {"raw": raw, "normalized": raw if composed else word_errors(reference, output, "normalized")}


def _score_fields(pair: Pair) -> dict[str, Errors]:
    reference, output = parse_fields(pair.reference), parse_fields(pair.output) or {"text": pair.output}
    if reference is None:
        return {}
    return {
        name: character_errors(reference.get(name, ""), output.get(name, ""), "normalized")
        for name in FIELDS
        if reference.get(name) or output.get(name)
    }


def _score_identifiers(reference: str, output: str) -> dict[identifiers.Kind, IdentifierCount]:
    true, read = identifiers.find(reference), identifiers.find(output)
    counts: dict[identifiers.Kind, IdentifierCount] = {}
    for kind in identifiers.KINDS:
        expected = Counter(found.value for found in true if found.kind == kind)
        found = [one for one in read if one.kind == kind]
        failing = [one for one in found if not one.valid]
        if expected or found:
            counts[kind] = IdentifierCount(
                true=expected.total(),
                right=(expected & Counter(one.value for one in found)).total(),
                read=len(found),
                failing=len(failing),
                failing_wrong=sum(one.value not in expected for one in failing),
            )
    return counts
