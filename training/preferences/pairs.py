"""Preference pairs: of one page, an answer to be preferred and one to be avoided.

The rejected side is the stage's own degenerate or wrong reading, kept on purpose; the chosen side is its best verified
reading of the same page, or the truth. `pairs.jsonl` holds one JSON object a line and may be read and edited by hand.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from ocr.core.errors import DataError
from ocr.core.files import read_jsonl, write_lines

Cause = Literal["loop", "omission", "invention", "schema"]
Origin = Literal["truth", "reading"]


@dataclass(frozen=True, slots=True)
class Pair:
    id: str
    """Of the page; a page may have several pairs."""
    image: str
    """Path of the image file."""
    chosen: str
    rejected: str
    cause: Cause
    """What is wrong with the rejected answer."""
    origin: Origin
    """Where the chosen answer comes from."""
    ended: bool = True
    """The model ended the rejected answer itself. One that was cut goes on: its end is not trained on."""


_PAIR: TypeAdapter[Pair] = TypeAdapter(Pair)


def write_pairs(path: Path, pairs: Iterable[Pair]) -> None:
    """Write `pairs.jsonl`, whole or not at all."""
    write_lines(path, map(_PAIR.dump_json, pairs))


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a file. Raises `DataError` naming the first line that is no pair, or that there are none."""
    try:
        pairs, bad = read_jsonl(path, _PAIR.validate_json)
    except OSError as cause:
        raise DataError(f"{path}: {cause.strerror}", hint="ocr finetune --stage dpo mines them") from cause
    for line in bad:
        said = line.error.errors()[0]["msg"] if isinstance(line.error, ValidationError) else str(line.error)
        raise DataError(f"{path}: line {line.number}: {said}", hint="fix or delete it") from line.error
    if not pairs:
        raise DataError(f"{path}: holds no pairs", hint="the model's readings gave nothing to reject: no stage is due")
    return pairs


@dataclass(frozen=True, slots=True)
class Balance:
    """What a set of pairs teaches besides what it is meant to."""

    causes: dict[str, int]
    longer_rejected: float
    """Share of pairs whose rejected answer is the longer one: far from one half, length itself is learned."""
    from_truth: float


def weigh(pairs: Sequence[Pair]) -> Balance:
    """Count the causes and the bias of length of a non-empty set of pairs."""
    return Balance(
        causes=dict(Counter(pair.cause for pair in pairs)),
        longer_rejected=sum(len(pair.rejected) > len(pair.chosen) for pair in pairs) / len(pairs),
        from_truth=sum(pair.origin == "truth" for pair in pairs) / len(pairs),
    )
