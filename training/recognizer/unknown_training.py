"""Train what sees letters outside the alphabet, alone: the units of U+FFFD and its column of the last layer.

The rest of the network is fixed, so each line goes through it once, with the engine's backend. What the units see and
the scores of the line's own characters are kept, about 80 KB a line, and CTC runs over these many times.
"""

import math
import random
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from ocr.core.errors import TrainingError
from ocr.engines.local.ppocr import NETWORKS, STRIDE, WIDTH_STEP
from ocr.engines.local.rapidocr import choose_backend
from training.recognizer.ctc.ctc_trainer import WEIGHTS
from training.recognizer.ctc.loop_settings import Clock, Progress, Training, learning_rate
from training.recognizer.line_supply.batches import BUCKETS, Encoded
from training.recognizer.ppocr_network.alphabet import UNKNOWN, last_layer
from training.recognizer.ppocr_network.onnx_network import GraphRecognizer
from training.recognizer.ppocr_network.unknown_units import UnknownUnits, seeing, with_unknown_units

UNITS = 32
BATCH = 64
"""Lines."""
MOST_LOSS = 60.0
"""A line that costs more is not readable at all."""
NO_SCORE = -30.0
"""Of a class that is none of a line's."""
SEEING = 0.75
"""Share of the time for passing lines through the fixed part of the network."""
RARE = 5.0
"""How far below all other classes together U+FFFD starts, in natural logarithms."""
_REPORT = 1000


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line as the fixed part of the network sees it; arrays have a row for each of T steps."""

    seen: NDArray[np.float16]
    """(T, seen)."""
    scores: NDArray[np.float16]
    """(T, K): logits of no character and of the K - 1 different characters of the line, U+FFFD left out."""
    others: NDArray[np.float32]
    """(T,): logarithm of the sum over the exponentials of all logits but that of U+FFFD."""
    labels: list[int]
    """Places in `scores`; K for U+FFFD."""


class Seer:
    """Runs the fixed part of a recognizer's network."""

    def __init__(self, recognizer: GraphRecognizer) -> None:
        weights, bias = (onnx.numpy_helper.to_array(array) for array in last_layer(recognizer.model))
        self._unknown = recognizer.characters.index(UNKNOWN)
        self._weights, self._bias = np.delete(weights, self._unknown, 1), np.delete(bias.reshape(-1), self._unknown)
        self.features = len(weights)
        """Columns of what is seen that the last layer reads; they come first."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "seeing.onnx"
            onnx.save(seeing(recognizer.model), str(file))
            self._run, _ = NETWORKS[choose_backend("auto")](file)

    def __call__(self, line: Encoded) -> SeenLine:
        """Return a line as the network sees it; one step more than it is wide."""
        pixels = line.sample.pixels
        width = pixels.shape[1]
        batch = np.zeros((1, 3, pixels.shape[0], max(BUCKETS[0], -(-width // WIDTH_STEP) * WIDTH_STEP)), np.float32)
        batch[..., :width] = (pixels.astype(np.float32) - 127.5) / 127.5
        seen = self._run(batch)[0, : width // STRIDE + 2].copy()
        logits = seen[:, : self.features] @ self._weights + self._bias
        most = logits.max(1)
        others = most + np.log(np.exp(logits - most[:, None]).sum(1))
        known = sorted({0, *line.codes} - {self._unknown})
        places = {code: place for place, code in enumerate([*known, self._unknown])}
        columns = [code - (code > self._unknown) for code in known]
        labels = [places[code] for code in line.codes]
        return SeenLine(seen.astype(np.float16), logits[:, columns].astype(np.float16), others, labels)


class Units(nn.Module):  # type: ignore[misc]
    """What the units see, (N, T, seen) -> logit of U+FFFD, (N, T); the input is normalized by channel."""

    def __init__(self, mean: Any, spread: Any, features: int, level: float) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        self.hidden, self.outer, self.direct = nn.Linear(len(mean), UNITS), nn.Linear(UNITS, 1), nn.Linear(features, 1)
        nn.init.zeros_(self.direct.weight)
        nn.init.constant_(self.direct.bias, level)

    def forward(self, seen: Any) -> Any:
        known = (seen - self.mean) / self.spread
        direct = self.direct(known[..., : self.direct.in_features])
        return (self.outer(functional.silu(self.hidden(known))) + direct)[..., 0]

    def folded(self) -> UnknownUnits:
        """Return the weights for input that is not normalized."""
        with torch.no_grad():
            features = self.direct.in_features
            weights = self.hidden.weight / self.spread
            direct = self.direct.weight[0] / self.spread[:features]
            offset = self.outer.bias + self.direct.bias - (direct * self.mean[:features]).sum()
            column = torch.cat((direct, self.outer.weight[0], offset))
            bias = self.hidden.bias - weights @ self.mean
            return UnknownUnits(weights.T.numpy(), bias.numpy(), column.numpy())


def train_unknown(
    recognizer: GraphRecognizer, lines: Iterable[Encoded], training: Training, distinct: int, folder: Path
) -> Progress:
    """Train on the first `distinct` lines until `training.lines` were seen, and leave `recognizer.onnx` in the folder.

    Where `training.minutes` are given, fewer lines are taken if they take longer than `SEEING` of these. Raises
    `TrainingError` where the loss is no finite number.
    """
    clock, kept, see = Clock(0.0), list[SeenLine](), Seer(recognizer)
    for line in islice(lines, distinct):
        kept.append(see(line))
        if training.minutes and clock.seconds > 60 * training.minutes * SEEING:
            break
        if len(kept) % _REPORT == 0:
            _say(clock, f"{len(kept)} of {distinct} lines seen")
    turns = max(1, round(training.lines / distinct))
    units = fit(kept, see.features, training, turns, lambda text: _say(clock, text))
    recognizer.model = with_unknown_units(recognizer.model, units.folded())
    recognizer.module = GraphRecognizer(recognizer.model).module
    recognizer.save(folder / WEIGHTS, half=False)
    total = turns * len(kept)
    return Progress(step=turns * -(-len(kept) // BATCH), lines=total, again=total - len(kept), seconds=clock.seconds)


def fit(kept: Sequence[SeenLine], features: int, training: Training, turns: int, say: Callable[[str], None]) -> Units:
    """Return units trained by CTC, `turns` times over lines. Raises `TrainingError` where the loss is no number."""
    torch.manual_seed(training.seed)
    some = torch.from_numpy(np.concatenate([line.seen for line in kept[:: max(1, len(kept) // 2000)]])).float()
    level = float(np.mean(np.concatenate([line.others for line in kept]))) - RARE
    units = Units(some.mean(0), some.std(0) + 1e-3, features, level)
    optimizer = torch.optim.AdamW(units.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay)
    order = sorted(kept, key=lambda line: len(line.seen))
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    generator, step = random.Random(training.seed), 0
    for turn in range(turns):
        total = 0.0
        for batch in generator.sample(batches, len(batches)):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(training, step, step / (turns * len(batches)))
            loss = loss_of(units, batch)
            loss.backward()
            nn.utils.clip_grad_norm_(units.parameters(), training.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            total, step = total + loss.item(), step + 1
        if not math.isfinite(total):
            raise TrainingError("the loss is not a finite number", hint="lower it: --set learning_rate=1e-3")
        say(f"turn {turn + 1} of {turns}, loss {total / len(batches):.4f}")
    return units


def loss_of(units: Units, lines: Sequence[SeenLine]) -> Any:
    """Return the mean CTC loss of lines, in which only the class U+FFFD depends on the units."""
    steps, classes = max(len(line.seen) for line in lines), max(line.scores.shape[1] for line in lines) + 1
    seen = np.zeros((len(lines), steps, lines[0].seen.shape[1]), np.float32)
    scores = np.full((len(lines), steps, classes), NO_SCORE, np.float32)
    others = np.zeros((len(lines), steps), np.float32)
    for place, line in enumerate(lines):
        count = len(line.seen)
        seen[place, :count], others[place, :count] = line.seen, line.others
        scores[place, :count, : line.scores.shape[1]] = line.scores
    unknown = units(torch.from_numpy(seen))
    own = functional.one_hot(torch.tensor([line.scores.shape[1] for line in lines]), classes).bool()
    joined = torch.where(own[:, None, :], unknown[..., None], torch.from_numpy(scores))
    log = joined - torch.logaddexp(torch.from_numpy(others), unknown)[..., None]
    losses = functional.ctc_loss(
        log.transpose(0, 1),
        torch.tensor([label for line in lines for label in line.labels]),
        torch.tensor([len(line.seen) for line in lines]),
        torch.tensor([len(line.labels) for line in lines]),
        reduction="none",
        zero_infinity=True,
    )
    return losses.clamp(max=MOST_LOSS).mean()


def _say(clock: Clock, text: str) -> None:
    print(f"[{clock.seconds:.0f} s] {text}", file=sys.stderr, flush=True)
