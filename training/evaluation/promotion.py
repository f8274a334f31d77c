"""Does a stage help? The model reads two frozen sets before and after it, and only a proven "no worse" is promoted.

`domain` is a document-held-out part of the stage's own data, `general` what the model could read before. On both, the
one-sided 95% bound of the paired difference of the published composite must stay above `WORST_SCORE`, and that of the
degeneration rate below `WORST_DEGENERATION`. What the pages cannot resolve is not promoted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.examples import Example
from eval.metrics.composite import published
from eval.metrics.diacritics import merge
from eval.metrics.page_scores import PageScore, Pair, score_pages, sum_identifiers
from eval.metrics.stats import Interval, bootstrap_mean
from ocr.core.document import FIELDS, EngineOutput
from ocr.core.errors import DataError
from ocr.models.answer_format import Fields, parse, render
from ocr.models.catalog import Model
from ocr.repetition import detector
from training.formatting import answer, teach, write
from training.preferences.mining import OMITTED
from training.preferences.sampling import is_degenerate

WORST_SCORE = -0.005
WORST_DEGENERATION = 0.005
LEAST_PAGES = 100
ONE_SIDED = 0.90
"""A two-sided interval of 90% has the one-sided bounds of 95%."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one frozen set says of a stage; differences are after minus before, means over pages."""

    pages: int
    score_before: float
    score_after: float
    score: Interval
    degeneration_before: float
    degeneration_after: float
    degeneration: Interval
    complaints: tuple[str, ...]
    """Why the set does not let the stage pass; empty when it does."""

    @property
    def passed(self) -> bool:
        return not self.complaints


def check_size(examples: Sequence[Example], path: Path) -> None:
    """Raise `DataError` where a frozen set is too small to say anything: documents are what chance is judged by."""
    if len(examples) < LEAST_PAGES:
        raise DataError(
            f"{path}: {len(examples)} held-out pages; the gate needs {LEAST_PAGES}",
            hint="give validation a larger share: ocr data split MANIFEST --shares 0.8,0.2,0; or add pages: "
            "ocr data compose --kind all --count 1000 --to pages/",
        )
    if len({example.document for example in examples}) == 1:
        raise DataError(
            f"{path}: all {len(examples)} held-out pages are of one document, which tells nothing of others",
            hint="add documents, then split again: ocr data split MANIFEST --by document",
        )


def compare(
    examples: Sequence[Example],
    model: Model,
    before: Sequence[EngineOutput],
    after: Sequence[EngineOutput],
    *,
    seed: int,
) -> Verdict:
    """Hold the readings of the same pages before and after a stage against each other."""
    documents = [example.document for example in examples]
    old, new = _composites(examples, model, before), _composites(examples, model, after)
    looped_old, looped_new = ([float(is_degenerate(reading)) for reading in side] for side in (before, after))
    score = bootstrap_mean(_minus(new, old), documents, seed=seed, confidence=ONE_SIDED)
    loops = bootstrap_mean(_minus(looped_new, looped_old), documents, seed=seed, confidence=ONE_SIDED)
    return Verdict(
        pages=len(examples),
        score_before=_mean(old),
        score_after=_mean(new),
        score=score,
        degeneration_before=_mean(looped_old),
        degeneration_after=_mean(looped_new),
        degeneration=loops,
        complaints=_complaints(score, loops),
    )


def _complaints(score: Interval, loops: Interval) -> tuple[str, ...]:
    found = []
    if score.low is None or loops.high is None:
        return ("not resolved: all pages are of one document",)
    if score.low <= WORST_SCORE:
        word = "worse" if score.high is not None and score.high < 0 else "not resolved"
        found.append(f"composite {word}: {score.value:+.4f}, 95% bound {score.low:+.4f}, allowed {WORST_SCORE:+.3f}")
    if loops.high >= WORST_DEGENERATION:
        word = "more" if loops.low is not None and loops.low > 0 else "not resolved"
        found.append(
            f"degeneration {word}: {100 * loops.value:+.2f} points, 95% bound {100 * loops.high:+.2f}, "
            f"allowed {100 * WORST_DEGENERATION:+.1f}"
        )
    return tuple(found)


def _composites(examples: Sequence[Example], model: Model, readings: Sequence[EngineOutput]) -> list[float]:
    """Of what is said, each side in the form that `model` writes: a base may answer in another, and knows no better."""
    return [
        published(answer(example, model), write(parse(reading.text or ""), model)).score
        for example, reading in zip(examples, readings, strict=True)
    ]


def losses(
    examples: Sequence[Example], model: Model, before: Sequence[EngineOutput], after: Sequence[EngineOutput]
) -> dict[str, str]:
    """What a stage cost, where it cost something: kinds of page, fields, accents and identifiers that read worse.

    And pages of which more is left out than before: a stage against loops may teach to end too soon.
    """
    old, new = _scores(examples, model, before), _scores(examples, model, after)
    lost: dict[str, str] = {}
    whole = [sum(not leaves_out(*page) for page in zip(examples, side, strict=True)) for side in (before, after)]
    _count(lost, "pages read to the end", (whole[0], whole[1]), len(examples))
    for kind in sorted({example.kind for example in examples}):
        places = [place for place, example in enumerate(examples) if example.kind == kind]
        _note(lost, f"kind {kind}", [old[p].strict.score for p in places], [new[p].strict.score for p in places])
    for field in FIELDS:
        pairs = [
            (a.fields[field].rate, b.fields[field].rate)
            for a, b in zip(old, new, strict=True)
            if field in a.fields and field in b.fields
        ]
        _note(lost, f"field {field}", [1 - a for a, _ in pairs], [1 - b for _, b in pairs])
    return lost | _lost_signs(old, new)


def leaves_out(example: Example, reading: EngineOutput) -> bool:
    """Does the reading lack more letters and digits of the page than misreading accounts for?

    Marks do not count, for who reads a blank with a dot less leaves nothing out; nor does a loop, which fills no gap.
    """
    text = reading.text or ""
    loop = detector.find(text)
    if loop and loop.kind != "empty":  # which holds no letters, and is said to begin where the last news was
        text = text[: loop.start] + text[loop.end :]
    return _letters(parse(text)) < OMITTED * _letters(Fields(**example.fields))


def _letters(fields: Fields) -> int:
    return sum(map(str.isalnum, "".join(getattr(fields, name) for name in FIELDS)))


def _lost_signs(old: Sequence[PageScore], new: Sequence[PageScore]) -> dict[str, str]:
    """Accented letters and identifiers of the truth of which fewer are read right than before."""
    lost: dict[str, str] = {}
    accents, left = (merge([score.accents for score in side]) for side in (old, new))
    for letter, fates in accents.items():
        _count(lost, f"accent {letter}", (fates["kept"], left[letter]["kept"]), sum(fates.values()))
    identifiers, read = sum_identifiers(old), sum_identifiers(new)
    for kind, count in identifiers.items():
        _count(lost, f"identifier {kind}", (count.right, read[kind].right if kind in read else 0), count.true)
    return lost


def _count(lost: dict[str, str], what: str, right: tuple[int, int], total: int) -> None:
    if right[1] < right[0]:
        lost[what] = f"{right[0]} -> {right[1]} of {total}"


def _note(lost: dict[str, str], what: str, before: Sequence[float], after: Sequence[float]) -> None:
    if before and _mean(after) < _mean(before):
        lost[what] = f"{_mean(before):.4f} -> {_mean(after):.4f}"


def _scores(examples: Sequence[Example], model: Model, readings: Sequence[EngineOutput]) -> list[PageScore]:
    pairs = [
        Pair(render(teach(Fields(**example.fields), model)), render(teach(parse(reading.text or ""), model)))
        for example, reading in zip(examples, readings, strict=True)
    ]
    return score_pages(pairs)


def _minus(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(first, second, strict=True)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
