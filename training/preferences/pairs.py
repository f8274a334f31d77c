"""Preference pairs: for one page, a chosen answer and a rejected one.

The rejected answer is a degenerate or wrong output of the model itself. The chosen answer is its best verified output
for the same page, or the reference. `pairs.jsonl` holds one JSON object a line and may be edited by hand.
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
    """A chosen and a rejected answer for one page. The keys of `pairs.jsonl` are these names."""

    id: str
    """Id of the page; a page may have several pairs."""
    image: str
    """Path of the image file."""
    chosen: str
    rejected: str
    cause: Cause
    """What is wrong with the rejected answer."""
    origin: Origin
    """Where the chosen answer comes from."""
    ended: bool = True
    """Whether the model ended the rejected answer itself. The end of an answer that was cut is not trained on."""


_PAIR: TypeAdapter[Pair] = TypeAdapter(Pair)


def write_pairs(path: Path, pairs: Iterable[Pair]) -> None:
    """Write `pairs.jsonl` atomically. Raises `OutputError`."""
    write_lines(path, map(_PAIR.dump_json, pairs))


def read_pairs(path: Path) -> list[Pair]:
    """Return the pairs of a file. Raises `DataError` for a line that is no pair, with its number, and for no pairs."""
    try:
        pairs, bad = read_jsonl(path, _PAIR.validate_json)
    except OSError as cause:
        raise DataError(f"{path}: {cause.strerror}", hint="ocr finetune --stage dpo mines them") from cause
    for line in bad:
        said = line.error.errors()[0]["msg"] if isinstance(line.error, ValidationError) else str(line.error)
        raise DataError(f"{path}: line {line.number}: {said}", hint="fix or delete it") from line.error
    if not pairs:
        raise DataError(
            f"{path}: holds no pairs", hint="the model's outputs gave nothing to reject: it needs no dpo stage"
        )
    return pairs


@dataclass(frozen=True, slots=True)
class Balance:
    """The biases of a set of pairs."""

    causes: dict[str, int]
    longer_rejected: float
    """Share of pairs whose rejected answer is the longer one. Far from one half, the model learns length itself."""
    from_truth: float


def weigh(pairs: Sequence[Pair]) -> Balance:
    """Return the causes and the length bias of a non-empty set of pairs."""
    return Balance(
        causes=dict(Counter(pair.cause for pair in pairs)),
        longer_rejected=sum(len(pair.rejected) > len(pair.chosen) for pair in pairs) / len(pairs),
        from_truth=sum(pair.origin == "truth" for pair in pairs) / len(pairs),
    )
