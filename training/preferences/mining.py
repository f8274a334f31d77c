"""Find preference pairs: the model reads training pages several times, and its wrong outputs are rejected answers.

Nothing is planted and no other model classifies: the reference of a training page tells what is wrong with an output.
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
"""Largest character error rate of an output that is chosen in place of the reference."""
ALIKE = 0.05
"""Pairs whose answers differ by less than this share of characters are noise."""
LONGEST_LAPS, LONGEST_MORE = 2, 1000
"""A rejected answer is cut to so many times the chosen one and so many characters. It shows its repetition by then, and
the memory of a pair grows with its longer side: 8,192 tokens do not fit on 24 GB."""


def find_pairs(
    examples: Sequence[Example], readings: Iterable[Sequence[EngineOutput]], folder: Path, model: Model
) -> Iterator[Pair]:
    """Yield the pairs of each page: its best answer beside every answer with an error of kind, not of letters."""
    for example, answers in zip(examples, readings, strict=True):
        truth = answer(example, model)
        chosen, from_truth = _best(truth, answers, model)
        image = str((folder / example.image).resolve())
        for rejected in oppose(chosen, answers, model, truth=truth):
            origin: Origin = "truth" if from_truth else "reading"
            yield Pair(example.id, image, chosen, rejected.text, rejected.cause, origin, rejected.ended)


@dataclass(frozen=True, slots=True)
class Rejected:
    """An answer to reject, cut to the length that is kept."""

    text: str
    cause: Cause
    ended: bool
    """Whether the text ends where the model ended it."""


def oppose(chosen: str, answers: Iterable[EngineOutput], model: Model, *, truth: str = "") -> Iterator[Rejected]:
    """Yield the answers to reject beside `chosen`, each once; `truth`, where known, tells what is wrong with them.

    Failures of the engine and answers that were cut before their first word are left out.
    """
    seen: set[str] = set()
    for reading in answers:
        if reading.finish in ("error", "timeout") or (reading.finish != "stop" and not reading.text):
            continue
        cause = cause_of(truth or chosen, reading, model)
        whole = reading.text or ""
        text = whole[: LONGEST_LAPS * len(chosen) + LONGEST_MORE]
        if cause is None or text in seen or character_errors(chosen, text, "normalized").rate < ALIKE:
            continue
        seen.add(text)
        yield Rejected(text, cause, ended=reading.finish == "stop" and text == whole)


def cause_of(truth: str, reading: EngineOutput, model: Model) -> Cause | None:
    """Return the gravest error of kind of an output, or None where it has only errors of letters."""
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
    """Return the answer to prefer and whether it is the reference: a verified output is nearer to the model's own."""
    good = [
        reading.text
        for reading in answers
        if reading.text
        and cause_of(truth, reading, model) is None
        and character_errors(truth, reading.text, "normalized").rate <= GOOD_ERRORS
    ]
    if not good:
        return truth, True
    return max(good, key=lambda text: published(truth, text).score), False
