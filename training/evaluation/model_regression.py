"""The regression check: the model reads two frozen sets before and after a stage, and only "no worse" is promoted.

`domain` is a document-held-out part of the stage's own data, `general` what the model could read before. On both, the
one-sided 95% bound of the paired difference of the published composite must stay above `WORST_SCORE`, and that of the
degeneration rate below `WORST_DEGENERATION`. A stage is refused where the pages cannot resolve that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data.examples import Example
from eval.metrics.composite import published
from eval.metrics.diacritics import sum_counts
from eval.metrics.page_scores import PageScore, Pair, score_pages, sum_identifiers
from eval.metrics.stats import Interval, bootstrap_mean
from ocr.core.document import FIELDS, EngineOutput
from ocr.models.answer_format import Fields, parse
from ocr.models.catalog import Model
from training.formatting import both_forms
from training.preferences.mining import OMITTED
from training.preferences.sampling import assess_repetition
from training.run import PromotionReport, SetComparison

WORST_SCORE = -0.005
WORST_DEGENERATION = 0.005
ONE_SIDED = 0.90
"""A two-sided interval of 90% has the one-sided bounds of 95%."""
SETS = ("domain", "general")


@dataclass(frozen=True, slots=True)
class ScoredOutputs:
    """The outputs of one model for a frozen set, scored; sequences run in the order of the pages."""

    composites: list[float]
    """Published composite of the laid out answers, between 0 and 1."""
    scores: list[PageScore]
    degenerate: list[float]
    """1 where the output repeats itself without end, else 0."""
    complete: int
    """Outputs that leave nothing out."""


def compare_sets(
    frozen: Iterable[Sequence[Example]],
    model: Model,
    before: Sequence[EngineOutput],
    after: Sequence[EngineOutput],
    *,
    seed: int,
) -> PromotionReport:
    """Compare the outputs before and after a stage on each frozen set.

    `before` and `after` hold one output for each page of the sets, one set after the other. `model` gives the form of
    the answers, `seed` the resampling.
    """
    sets: dict[str, SetComparison] = {}
    lost: dict[str, str] = {}
    start = 0
    for name, examples in zip(SETS, frozen, strict=False):
        part = slice(start, start + len(examples))
        start += len(examples)
        old, new = (score_outputs(examples, model, side[part]) for side in (before, after))
        sets[name] = compare(examples, old, new, seed=seed)
        lost |= {f"{name}: {what}": change for what, change in losses(examples, old, new).items()}
    return PromotionReport(sets, lost)


def score_outputs(examples: Sequence[Example], model: Model, outputs: Sequence[EngineOutput]) -> ScoredOutputs:
    """Score one output a page, in the form that `model` writes: a base that answers in another form loses nothing."""
    forms, degenerate, complete = [], [], 0
    for example, output in zip(examples, outputs, strict=True):
        truth, found = Fields(**example.fields), assess_repetition(output)
        read, rest = (parse(text) for text in (output.text or "", found.rest))
        forms.append([both_forms(fields, model) for fields in (truth, read)])
        degenerate.append(float(found.degenerate))
        complete += not _lacks(truth, rest)
    return ScoredOutputs(
        composites=[published(truth[0], read[0]).score for truth, read in forms],
        scores=score_pages([Pair(truth[1], read[1]) for truth, read in forms]),
        degenerate=degenerate,
        complete=complete,
    )


def compare(examples: Sequence[Example], before: ScoredOutputs, after: ScoredOutputs, *, seed: int) -> SetComparison:
    """Compare the outputs of the same pages before and after a stage; whole documents are resampled."""
    documents = [example.document for example in examples]
    score, loops = (
        bootstrap_mean(_minus(new, old), documents, seed=seed, confidence=ONE_SIDED)
        for new, old in ((after.composites, before.composites), (after.degenerate, before.degenerate))
    )
    return SetComparison(
        pages=len(examples),
        score_before=_mean(before.composites),
        score_after=_mean(after.composites),
        score=score,
        degeneration_before=_mean(before.degenerate),
        degeneration_after=_mean(after.degenerate),
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


def losses(examples: Sequence[Example], before: ScoredOutputs, after: ScoredOutputs) -> dict[str, str]:
    """Return what a stage reads worse: page types, fields, diacritics, identifiers, and pages with omissions.

    Omissions count because a stage against repetition may teach to end too soon.
    """
    old, new = before.scores, after.scores
    lost: dict[str, str] = {}
    _count(lost, "pages read to the end", (before.complete, after.complete), len(examples))
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


def leaves_out(example: Example, output: EngineOutput) -> bool:
    """Return whether the output lacks more letters and digits of the page than misreading accounts for.

    Punctuation does not count: an output with one dot less in a blank leaves nothing out. The text of a repetition does
    not count either.
    """
    return _lacks(Fields(**example.fields), parse(assess_repetition(output).rest))


def _lacks(truth: Fields, read: Fields) -> bool:
    return _letters(read) < OMITTED * _letters(truth)


def _letters(fields: Fields) -> int:
    return sum(map(str.isalnum, "".join(getattr(fields, name) for name in FIELDS)))


def _lost_signs(old: Sequence[PageScore], new: Sequence[PageScore]) -> dict[str, str]:
    """Return the accented letters and identifiers of the reference of which fewer are read right than before."""
    lost: dict[str, str] = {}
    accents, left = (sum_counts([score.diacritics for score in side]) for side in (old, new))
    for letter, fates in accents.items():
        _count(lost, f"accent {letter}", (fates["kept"], left[letter]["kept"]), sum(fates.values()))
    identifiers, read = (sum_identifiers(scores) for scores in (old, new))
    for kind, count in identifiers.items():
        _count(lost, f"identifier {kind}", (count.right, read[kind].right if kind in read else 0), count.true)
    return lost


def _count(lost: dict[str, str], what: str, right: tuple[int, int], total: int) -> None:
    if right[1] < right[0]:
        lost[what] = f"{right[0]} -> {right[1]} of {total}"


def _note(lost: dict[str, str], what: str, before: Sequence[float], after: Sequence[float]) -> None:
    if before and _mean(after) < _mean(before):
        lost[what] = f"{_mean(before):.4f} -> {_mean(after):.4f}"


def _minus(first: Sequence[float], second: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(first, second, strict=True)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
