"""Everything that is measured on one page, and the sums over many. docs/concepts/metrics.md defines each score exactly.

A truth and a reading are strings: a JSON object with the fields of the page, or plain text.
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from eval.metrics.composite import Composite, canonical, parse, published, strict
from eval.metrics.diacritics import Table, count_accents
from eval.metrics.edit_distance import FORMS, Errors, Form, character_errors, in_form, word_errors
from ocr.core.document import FIELDS
from ocr.text import identifiers

POOL_FROM = 400
"""Fewer pages than this are scored in this process: two children cost 0.3 s to start, which 400 pages take."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One page to score. `written` is the answer as a model wrote it, where it is not `reading` itself: the published
    composite judges it, every other score judges the page that was made of it."""

    truth: str
    reading: str
    written: str | None = None


@dataclass(frozen=True, slots=True)
class IdentifierCount:
    """Identifiers of one kind on a page."""

    true: int = 0
    """In the truth."""
    right: int = 0
    """Of these, read exactly: the same value, as often."""
    read: int = 0
    """In the reading."""
    failing: int = 0
    """Of these, with check digits (or a day) that do not agree, so that the misreading shows without any truth."""
    failing_wrong: int = 0
    """Of the failing ones, those that the truth does not hold: misreadings that were caught."""


@dataclass(frozen=True, slots=True)
class PageScore:
    """All scores of one page."""

    published: Composite
    strict: Composite
    characters: dict[Form, Errors]
    words: dict[Form, Errors]
    fields: dict[str, Errors]
    """Character errors in normalised form of each field that the truth or the reading fills; empty without fields."""
    accents: Table
    identifiers: dict[identifiers.Kind, IdentifierCount]


def score_page(pair: Pair) -> PageScore:
    """Score one page. Pure; every truth and every reading, empty ones too, has a score."""
    truth, reading = canonical(pair.truth), canonical(pair.reading)
    flat_truth, flat_reading = in_form(truth, "normalised"), in_form(reading, "normalised")
    return PageScore(
        published=published(pair.truth, pair.reading if pair.written is None else pair.written),
        strict=strict(pair.truth, pair.reading),
        characters={form: character_errors(truth, reading, form) for form in FORMS},
        words=_score_words(truth, reading),
        fields=_score_fields(pair),
        accents=count_accents(flat_truth, flat_reading),
        identifiers=_score_identifiers(truth, reading),
    )


def score_pages(pairs: Sequence[Pair], *, workers: int | None = None) -> list[PageScore]:
    """`score_page` of every pair, in order, on all cores where there is work enough for them."""
    workers = workers or os.cpu_count() or 1
    if workers == 1 or len(pairs) < POOL_FROM:
        return [score_page(pair) for pair in pairs]
    # spawn: the caller may hold threads (an event loop, an engine), which a fork would copy in mid-step.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(score_page, pairs, chunksize=64))


def sum_identifiers(scores: Iterable[PageScore]) -> dict[identifiers.Kind, IdentifierCount]:
    """The counts of many pages, by kind."""
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


def _score_words(truth: str, reading: str) -> dict[Form, Errors]:
    raw = word_errors(truth, reading)
    composed = unicodedata.is_normalized("NFC", truth) and unicodedata.is_normalized("NFC", reading)
    return {"raw": raw, "normalised": raw if composed else word_errors(truth, reading, "normalised")}


def _score_fields(pair: Pair) -> dict[str, Errors]:
    truth, reading = parse(pair.truth), parse(pair.reading) or {"text": pair.reading}
    if truth is None:
        return {}
    return {
        name: character_errors(truth.get(name, ""), reading.get(name, ""), "normalised")
        for name in FIELDS
        if truth.get(name) or reading.get(name)
    }


def _score_identifiers(truth: str, reading: str) -> dict[identifiers.Kind, IdentifierCount]:
    true, read = identifiers.find(truth), identifiers.find(reading)
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
