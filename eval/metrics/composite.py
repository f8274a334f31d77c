"""The published composite, quirks kept, and a strict variant of it without them. docs/concepts/metrics.md defines both.

Source of the published one: DharmaOCR (arXiv 2604.14314, Eq. 1) as re-implemented from the authors' evaluation
notebook: (Levenshtein ratio + sentence BLEU-4) / 2 on the flattened answer, no normalisation at all.
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
"""Stands for a count of 0 in smoothing method 1 (Chen and Cherry 2014), with nltk's value."""


@dataclass(frozen=True, slots=True)
class Composite:
    """Both parts lie in 0..1; so does their mean, which is the score."""

    levenshtein: float
    bleu: float

    @property
    def score(self) -> float:
        """The mean of both parts."""
        return (self.levenshtein + self.bleu) / 2


def parse(answer: str) -> dict[str, str] | None:
    """The fields of an answer that is a JSON object, in the order written; None for any other text."""
    if not answer.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(answer)
    except (json.JSONDecodeError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return {key: _as_text(value) for key, value in found.items()}


def flatten(answer: str) -> str:
    """The non-empty values of a JSON object, one a line, in the order written; any other text as it is."""
    fields = parse(answer)
    return answer if fields is None else "\n".join(value for value in fields.values() if value)


def published(truth: str, answer: str) -> Composite:
    """The published composite of one page. Empty against empty is 0; short identical texts stay below 1."""
    return _compare(flatten(truth), flatten(answer), ORDER)


def strict(truth: str, answer: str) -> Composite:
    """The composite without its quirks: identical pages score 1, blank ones too, and key order does not count."""
    truth, answer = canonical(truth), canonical(answer)
    if truth == answer:
        return Composite(1.0, 1.0)
    return _compare(truth, answer, max(1, min(ORDER, len(truth.split()))))


def canonical(answer: str) -> str:
    """Like `flatten`, but header, text, margin and footer come in this order, any other key after them by name."""
    fields = parse(answer)
    if fields is None:
        return answer
    known = [fields[name] for name in FIELDS if name in fields]
    return "\n".join(value for value in known + [fields[key] for key in sorted(fields.keys() - set(FIELDS))] if value)


def bleu(truth: Sequence[str], answer: Sequence[str], *, order: int = ORDER) -> float:
    """Sentence BLEU (Papineni et al. 2002) of tokens against one reference, smoothing method 1, uniform weights."""
    logarithms = []
    for length, matches in enumerate(_matches(truth, answer, order), start=1):
        if length == 1 and not matches:
            return 0.0
        logarithms.append(math.log((matches or EPSILON) / max(1, len(answer) - length + 1)))
    brevity = 1.0 if len(answer) > len(truth) else math.exp(1 - len(truth) / len(answer))
    return brevity * math.exp(math.fsum(logarithms) / order)


# A page's published and strict composites compare the same two texts unless a quirk is at work.
@lru_cache(maxsize=4)
def _compare(truth: str, answer: str, order: int) -> Composite:
    longest = max(len(truth), len(answer))
    ratio = 1 - distance(truth, answer) / longest if longest else 0.0
    return Composite(ratio, bleu(truth.split(), answer.split(), order=order))


def _matches(truth: Sequence[str], answer: Sequence[str], order: int) -> list[int]:
    """For n = 1..order: how many n-grams of the answer the truth holds, each as often as it stands there at most.

    Both texts are numbered as one array; an n-gram's number is made of its first n-1 tokens' number and its last
    token, then made small again. About three times as fast as counting tuples.
    """
    numbers = {token: number for number, token in enumerate(dict.fromkeys((*truth, *answer)))}
    tokens = np.array([numbers[token] for token in (*truth, *answer)], dtype=np.int64)
    grams, matches = tokens, []
    for length in range(1, order + 1):
        if length > 1:
            grams = np.unique(grams[:-1] * len(numbers) + tokens[length - 1 :], return_inverse=True)[1]
        # The n-grams that begin in the truth's last n-1 tokens reach into the answer: they belong to neither.
        own, other = grams[: max(0, len(truth) - length + 1)], grams[len(truth) :]
        kinds = int(grams.max(initial=0)) + 1
        counts = np.minimum(np.bincount(own, minlength=kinds), np.bincount(other, minlength=kinds))
        matches.append(int(counts.sum()))
    return matches


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
