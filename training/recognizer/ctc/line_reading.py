"""Read lines with a network on its device."""

from collections import defaultdict
from collections.abc import Sequence

import torch

from training.recognizer.ctc.ctc_losses import prepare
from training.recognizer.ctc.line_scores import decode
from training.recognizer.line_supply.batches import BUCKETS, Encoded, batch_of, lines_per_batch
from training.recognizer.line_supply.line_farm import Sample
from training.recognizer.ppocr_network.onnx_network import TrainableRecognizer


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
