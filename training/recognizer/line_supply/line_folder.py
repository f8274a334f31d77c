"""The lines of one archive: read from a folder by the one reader of such folders, and split."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from data.lines.folder import compose_text, read_lines
from training.recognizer.line_supply.batches import Encoded, Labels
from training.recognizer.line_supply.line_farm import Sample

OWN = "own"
"""What stands for the wear of an archive's own lines."""


def read_line_folder(folder: Path, complain: Callable[[str], None] = lambda _text: None) -> list[Sample]:
    """Return the lines of one archive: images of single lines, gray, scaled to height 48.

    `data.lines.folder` says what the folder may hold. Letters outside the recognizer's alphabet stay: a recipe may add
    them, and `encode_all` leaves the lines out otherwise. `complain` gets a line for each reason to leave lines out.
    Raises `DataError` naming the file that is wrong.
    """
    found = read_lines(folder, clean_text=compose_text)
    for reason, count in found.left_out.items():
        complain(f"left out {count:,} of {len(found.lines) + sum(found.left_out.values()):,}: {reason}")
    return [Sample(line.pixels, line.text, OWN, line.source) for line in found.lines]


def split_own(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Split an archive's lines into training and held-out; texts that repeat stay on one side."""
    texts = sorted({sample.text for sample in samples})
    random.Random(f"{seed} held out").shuffle(texts)
    held = set(texts[: max(1, round(len(texts) * share))])
    return [s for s in samples if s.text not in held], [s for s in samples if s.text in held]


def encode_all(samples: Sequence[Sample], labels: Labels, complain: Callable[[str], None]) -> tuple[Encoded, ...]:
    """Encode an archive's lines; those that cannot be trained on are named and left out."""
    found = []
    for sample in samples:
        codes = labels.encode(sample)
        if codes is None:
            complain(
                f"left out {sample.source}: too narrow or too wide for its text, or a character outside the alphabet"
            )
        else:
            found.append(Encoded(sample, codes))
    return tuple(found)
