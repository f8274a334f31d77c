"""Judge a recognizer on held-out lines: character error rate by wear, and a paired comparison of two recognizers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from eval.metrics.edit_distance import character_errors
from training.recognizer.ctc.ctc_losses import prepare
from training.recognizer.line_supply.batches import BUCKETS, Encoded, batch_of, lines_per_batch
from training.recognizer.line_supply.line_farm import Sample
from training.recognizer.ppocr_network.onnx_network import TrainableRecognizer

ALL = "all"


@dataclass(frozen=True, slots=True)
class LineResult:
    """What was read of one line, and its errors in characters."""

    text: str
    edits: int
    length: int
    wear: str


def decode(best: Sequence[int], characters: Sequence[str]) -> str:
    """Return the text of a CTC best path: runs of one class are one character, class 0 is none."""
    runs = [code for place, code in enumerate(best) if place == 0 or code != best[place - 1]]
    return "".join(characters[code] for code in runs if code)


def read_lines(
    recognizer: TrainableRecognizer, lines: Sequence[Sample], *, columns: int, fill: bool = False
) -> list[str]:
    """Return what the module reads of each line, on its device; lines times width of a batch are at most `columns`.

    With `fill`, batches are filled up to the shapes that training has: new shapes are slow on a GPU.
    """
    device = next(recognizer.module.parameters()).device
    was_training = recognizer.module.training
    recognizer.module.eval()
    texts = [""] * len(lines)
    for bucket, places in _by_bucket(lines).items():
        count = lines_per_batch(bucket, columns)
        for start in range(0, len(places), count):
            part = places[start : start + count]
            rows = [Encoded(lines[place], [0]) for place in part]
            batch = batch_of(rows + rows[:1] * (count - len(rows) if fill else 0), bucket).to(device)
            pixels, _ = prepare(batch, recognizer.height, None)
            with torch.no_grad():
                paths = recognizer.module(pixels).argmax(-1).cpu().tolist()
            for place, path in zip(part, paths, strict=False):
                texts[place] = decode(path, recognizer.characters)
    recognizer.module.train(was_training)
    return texts


def _by_bucket(lines: Sequence[Sample]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        width = line.pixels.shape[1]
        # A line wider than the widest bucket, which no training batch has, is read at its own width.
        found[next((bucket for bucket in BUCKETS if bucket >= width), width)].append(place)
    return dict(found)


def score(lines: Sequence[Sample], texts: Iterable[str]) -> list[LineResult]:
    """Hold readings against the lines' texts; white space in runs counts once."""
    results = []
    for line, text in zip(lines, texts, strict=True):
        errors = character_errors(line.text, text, "normalised")
        results.append(LineResult(text, errors.edits, errors.length, line.wear))
    return results


def rates(results: Sequence[LineResult]) -> dict[str, float]:
    """Return the character error rate (0 to 1 and more) of all lines (`ALL`) and of each wear."""
    edits: dict[str, int] = defaultdict(int)
    lengths: dict[str, int] = defaultdict(int)
    for result in results:
        for name in (ALL, result.wear):
            edits[name] += result.edits
            lengths[name] += result.length
    return {name: edits[name] / max(1, lengths[name]) for name in sorted(edits)}


def describe(found: Mapping[str, float]) -> str:
    """Return rates as one line of text, in percent."""
    return ", ".join(f"{name} {100 * rate:.2f}%" for name, rate in found.items())
