"""Find preference pairs: the stage's own model reads training pages several times, and its bad readings are kept.

Nothing is planted and no judge model is asked: the truth of a training page says what is wrong with a reading.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.examples import Example
from eval.metrics.composite import published
from eval.metrics.edit_distance import character_errors
from ocr.core.document import EngineOutput
from ocr.models.answer_format import is_complete
from ocr.models.catalog import Model
from training.formatting import answer
from training.preferences.pairs import Cause, Origin, Pair
from training.preferences.sampling import is_degenerate

# Shares of the truth's length in characters. A reading this much shorter has left something out, this much longer has
# invented something; misreadings of letters keep the length within 3% on the pages that were looked at.
OMITTED = 0.90
INVENTED = 1.10
GOOD_ERRORS = 0.02
"""Largest character error rate of a reading that is chosen in place of the truth: what the model can already write."""
ALIKE = 0.05
"""Pairs whose answers differ by less than this share of characters teach nothing but noise."""
LONGEST_LAPS, LONGEST_MORE = 2, 1000
"""A rejected answer is kept to so many times the chosen one and so many characters: a loop has shown itself by then,
and the memory that a pair takes grows with its longer side (a loop of 8,192 tokens does not fit on 24 GB)."""


def find_pairs(
    examples: Sequence[Example], readings: Iterable[Sequence[EngineOutput]], folder: Path, model: Model
) -> Iterator[Pair]:
    """Pairs of each page: its best answer against every answer that is wrong in kind, not merely in a letter."""
    for example, answers in zip(examples, readings, strict=True):
        truth = answer(example, model)
        chosen, from_truth = _best(truth, answers, model)
        image = str((folder / example.image).resolve())
        for rejected in oppose(chosen, answers, model, truth=truth):
            origin: Origin = "truth" if from_truth else "reading"
            yield Pair(example.id, image, chosen, rejected.text, rejected.cause, origin, rejected.ended)


@dataclass(frozen=True, slots=True)
class Rejected:
    """An answer to reject, as far as it is worth keeping."""

    text: str
    cause: Cause
    ended: bool
    """Whether the text ends where the model ended it."""


def oppose(chosen: str, answers: Iterable[EngineOutput], model: Model, *, truth: str = "") -> Iterator[Rejected]:
    """The answers to reject beside `chosen`, each once; what is wrong with them is judged by `truth` where known.

    What the engine failed to make is no answer, and an answer that was cut before its first word says nothing.
    """
    seen: set[str] = set()
    for reading in answers:
        if reading.finish in ("error", "timeout") or (reading.finish != "stop" and not reading.text):
            continue
        cause = cause_of(truth or chosen, reading, model)
        whole = reading.text or ""
        text = whole[: LONGEST_LAPS * len(chosen) + LONGEST_MORE]
        if cause is None or text in seen or character_errors(chosen, text, "normalised").rate < ALIKE:
            continue
        seen.add(text)
        yield Rejected(text, cause, ended=reading.finish == "stop" and text == whole)


def cause_of(truth: str, reading: EngineOutput, model: Model) -> Cause | None:
    """What is wrong with a reading in kind, the gravest first; None where it is only as wrong as letters are."""
    text = reading.text or ""
    if is_degenerate(reading):
        return "loop"
    if model.structured and not is_complete(text):
        return "schema"
    share = len(text) / max(1, len(truth))
    if share < OMITTED:
        return "omission"
    return "invention" if share > INVENTED else None


def _best(truth: str, answers: Sequence[EngineOutput], model: Model) -> tuple[str, bool]:
    """The answer to prefer, and whether it is the truth: a verified reading is nearer to what the model writes."""
    good = [
        reading.text
        for reading in answers
        if reading.text
        and cause_of(truth, reading, model) is None
        and character_errors(truth, reading.text, "normalised").rate <= GOOD_ERRORS
    ]
    if not good:
        return truth, True
    return max(good, key=lambda text: published(truth, text).score), False
