"""Compute the published composite, quirks included, and a strict variant without them (docs/concepts/metrics.md).

Source of the published one: DharmaOCR (arXiv 2604.14314, Eq. 1) as re-implemented from the authors' evaluation
notebook: (Levenshtein ratio + sentence BLEU-4) / 2 on the flattened text, without any normalization.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eval.metrics.edit_distance import distance
from ocr.core.document import FIELDS

ORDER = 4
"""Longest n-gram of BLEU."""

EPSILON = 0.1
"""Replaces a count of 0 in smoothing method 1 (Chen and Cherry 2014); the value that nltk uses."""


@dataclass(frozen=True, slots=True)
class Composite:
    """The two parts of the composite; each lies in 0..1, and so does their mean, the score."""

    levenshtein: float
    bleu: float

    @property
    def score(self) -> float:
        """Return the mean of both parts."""
        return (self.levenshtein + self.bleu) / 2


def parse_fields(text: str) -> dict[str, str] | None:
    """Return the fields of a text that is a JSON object, in the order written; None for any other text."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {key: _as_text(value) for key, value in found.items()}


def flatten(text: str) -> str:
    """Return the non-empty values of a JSON object, one a line, in the order written; any other text unchanged."""
    fields = parse_fields(text)
    return text if fields is None else "\n".join(value for value in fields.values() if value)


def published(reference: str, output: str) -> Composite:
    """Compute the published composite of one page. Empty against empty is 0; short identical texts stay below 1."""
    return _compare(flatten(reference), flatten(output), ORDER)


def strict(reference: str, output: str) -> Composite:
    """Compute the composite without its quirks: identical pages score 1, also blank ones; key order does not count."""
    reference, output = canonical(reference), canonical(output)
    if reference == output:
        return Composite(1.0, 1.0)
    return _compare(reference, output, max(1, min(ORDER, len(reference.split()))))


def canonical(text: str) -> str:
    """Flatten a text with header, text, margin and footer in this order, any other key after them by name."""
    fields = parse_fields(text)
    if fields is None:
        return text
    known = [fields[name] for name in FIELDS if name in fields]
    return "\n".join(value for value in known + [fields[key] for key in sorted(fields.keys() - set(FIELDS))] if value)


def bleu(reference: Sequence[str], output: Sequence[str], *, order: int = ORDER) -> float:
    """Compute sentence BLEU (Papineni et al. 2002) of tokens, one reference, smoothing method 1, uniform weights."""
    logarithms = []
    for length, matches in enumerate(_matches(reference, output, order), start=1):
        if length == 1 and not matches:
            return 0.0
        logarithms.append(math.log((matches or EPSILON) / max(1, len(output) - length + 1)))
    brevity = 1.0 if len(output) > len(reference) else math.exp(1 - len(reference) / len(output))
    return brevity * math.exp(math.fsum(logarithms) / order)


# A page's published and strict composites compare the same two texts unless a quirk applies.
@lru_cache(maxsize=4)
def _compare(reference: str, output: str, order: int) -> Composite:
    longest = max(len(reference), len(output))
    ratio = 1 - distance(reference, output) / longest if longest else 0.0
    return Composite(ratio, bleu(reference.split(), output.split(), order=order))


def _matches(reference: Sequence[str], output: Sequence[str], order: int) -> list[int]:
    """Count for n = 1..order the n-grams of the output that the reference holds, clipped to their count there.

    Both texts are numbered as one array. The number of an n-gram combines the number of its first n-1 tokens with its
    last token, and is then mapped to small integers. About three times as fast as counting tuples.
    """
    numbers = {token: number for number, token in enumerate(dict.fromkeys((*reference, *output)))}
    tokens = np.array([numbers[token] for token in (*reference, *output)], dtype=np.int64)
    grams, matches = tokens, []
    for length in range(1, order + 1):
        if length > 1:
            grams = np.unique(grams[:-1] * len(numbers) + tokens[length - 1 :], return_inverse=True)[1]
        # The n-grams that begin in the last n-1 tokens of the reference reach into the output: they belong to neither.
        own, other = grams[: max(0, len(reference) - length + 1)], grams[len(reference) :]
        distinct = int(grams.max(initial=0)) + 1
        counts = np.minimum(np.bincount(own, minlength=distinct), np.bincount(other, minlength=distinct))
        matches.append(int(counts.sum()))
    return matches


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
