"""Batches of lines for CTC training: lines of similar width together, of one width and one count per bucket.

A window of lines is sorted into buckets of width. Each bucket has a fixed number of lines, set by a budget of pixel
columns, so that memory is bounded and a GPU meets few shapes. The order is a function of the seed and the window's
number alone: a resumed run goes on with the very batch that comes next.
"""

import queue
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch

from ocr.core.errors import OcrError
from training.recognizer.line_supply.line_farm import CHUNK, LineFarm, Sample
from training.recognizer.ppocr_network.onnx_network import HEIGHT

BUCKETS = (320, 448, 576, 704, 832, 1024, 1216, 1472, 1792, 2176, 2560)
"""Widths in pixels at height 48; the narrowest is the least that the engine pads to. Wider lines are left out."""
GROUP = 8
"""Batches of more lines than this hold a multiple of it."""
READY = 16
"""Batches that wait for the trainer at most."""
UNKNOWN = "\ufffd"


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one bucket as torch tensors; `labels` are those of all lines, end to end."""

    pixels: Any
    """(N, 48, bucket) uint8; what lies beyond a line's width is 0 and is masked on the device."""
    widths: Any
    """(N,) int64, pixels."""
    labels: Any
    lengths: Any
    """(N,) int64, on the CPU always: CTC wants to know them without waiting for the device."""
    again: Any
    """(N,) bool: the line was trained on before and gets new noise."""
    soft: Any = None
    """(N, T, C) fp16: what a teacher sees in the lines."""

    def __len__(self) -> int:
        return int(self.pixels.shape[0])

    def to(self, device: Any) -> "Batch":
        """Return the batch on a device, lengths excepted; copies overlap with computation where memory is pinned."""
        pixels, widths, labels, again = (
            part.to(device, non_blocking=True) for part in (self.pixels, self.widths, self.labels, self.again)
        )
        return Batch(pixels, widths, labels, self.lengths, again)

    def pinned(self) -> "Batch":
        """Return the batch in page-locked memory, for fast copies to a GPU."""
        parts = (self.pixels, self.widths, self.labels, self.lengths, self.again)
        return Batch(*(part.pin_memory() for part in parts))

    def seen(self) -> "Batch":
        """Return the same batch, marked as trained on before."""
        return replace(self, again=torch.ones_like(self.again))


@dataclass(frozen=True, slots=True)
class Labels:
    """Encodes text for one recognizer: its alphabet, and the pixels (at height 48) of one CTC step."""

    index: Mapping[str, int]
    step: float

    @classmethod
    def of(cls, characters: Sequence[str], height: int, stride: int) -> "Labels":
        """Return the encoder of a recognizer that has these classes and reads at this height and stride."""
        return cls(
            {character: place for place, character in enumerate(characters) if character}, stride * HEIGHT / height
        )

    def encode(self, sample: Sample) -> list[int] | None:
        """Return class numbers; None where a line cannot be trained on.

        A character outside the alphabet becomes the class U+FFFD, where there is one. CTC needs a step for each
        character and one more between equal neighbors.
        """
        unknown = self.index.get(UNKNOWN)
        found = [self.index.get(character, unknown) for character in sample.text]
        codes = [code for code in found if code is not None]
        if not codes or len(codes) != len(found):
            return None
        needed = len(codes) + sum(one == other for one, other in pairwise(codes))
        width = sample.pixels.shape[1]
        return codes if width <= BUCKETS[-1] and needed <= width / self.step else None


@dataclass(frozen=True, slots=True)
class Encoded:
    """A line ready for a batch."""

    sample: Sample
    codes: list[int]
    again: bool = False


def lines_per_batch(bucket: int, columns: int) -> int:
    """Return how many lines of a bucket fit the budget of pixel columns."""
    count = max(1, columns // bucket)
    return count // GROUP * GROUP if count > GROUP else count


def build_batches(lines: Sequence[Encoded], columns: int, rng: random.Random) -> list[Batch]:
    """Return the batches of one window, in random order.

    What does not fill a bucket moves to the next wider one. What is left in the end is one batch filled up with lines
    drawn from the window, so that every batch of a bucket has the same shape.
    """
    waiting = sorted(lines, key=lambda line: line.sample.pixels.shape[1])
    batches, place, carried = [], 0, list[Encoded]()
    for bucket in BUCKETS:
        while place < len(waiting) and waiting[place].sample.pixels.shape[1] <= bucket:
            carried.append(waiting[place])
            place += 1
        count = lines_per_batch(bucket, columns)
        while len(carried) >= count:
            taken, carried = carried[-count:], carried[:-count]
            batches.append(batch_of(taken, bucket))
    if carried:
        width = max(line.sample.pixels.shape[1] for line in carried)
        bucket = next(size for size in BUCKETS if size >= width)
        fitting = [line for line in waiting if line.sample.pixels.shape[1] <= bucket]
        count = lines_per_batch(bucket, columns)
        batches += [
            batch_of(part + rng.choices(fitting, k=count - len(part)), bucket)
            for part in (carried[start : start + count] for start in range(0, len(carried), count))
        ]
    rng.shuffle(batches)
    return batches


def batch_of(lines: Sequence[Encoded], bucket: int) -> Batch:
    """Return lines, none wider than `bucket`, as one batch."""
    pixels = torch.zeros((len(lines), HEIGHT, bucket), dtype=torch.uint8)
    for row, line in zip(pixels.numpy(), lines, strict=True):
        row[:, : line.sample.pixels.shape[1]] = line.sample.pixels
    return Batch(
        pixels,
        torch.tensor([line.sample.pixels.shape[1] for line in lines]),
        torch.tensor([code for line in lines for code in line.codes]),
        torch.tensor([len(line.codes) for line in lines]),
        torch.tensor([line.again for line in lines]),
    )


@dataclass(frozen=True, slots=True)
class Mixture:
    """What a window is made of."""

    window: int
    """Lines."""
    columns: int
    """Budget of a batch: lines times bucket width."""
    seed: int
    own: tuple[Encoded, ...] = ()
    """Lines of one archive; those that come a second time get new noise."""
    own_share: float = 0.0
    distinct: int = 0
    """Composed chunks that are different, after which they come again with new noise; 0 for no repetition."""


@dataclass(frozen=True, slots=True)
class Position:
    """The batch that comes next."""

    window: int = 0
    batch: int = 0


class LineSource:
    """Batches from a farm of composed lines and from an archive's own lines, built in a thread ahead of the trainer."""

    def __init__(self, farm: LineFarm, labels: Labels, mixture: Mixture, *, pin: bool = False) -> None:
        self._farm, self._labels, self._mixture, self._pin = farm, labels, mixture, pin
        own = round(mixture.window * mixture.own_share) if mixture.own else 0
        self._chunks = -(-(mixture.window - own) // CHUNK)
        self._own_count = own
        self._ready: queue.Queue[tuple[Position, Batch] | OcrError] = queue.Queue(READY)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, position: Position) -> None:
        """Begin with the batch at `position`."""
        start = position.window * self._chunks
        self._farm.start(0 if self._mixture.distinct else start)
        self._thread = threading.Thread(target=self._produce, args=(position,), daemon=True)
        self._thread.start()

    def take(self, *, wait: bool) -> tuple[Position, Batch] | None:
        """Return the next batch and the position after it; None where none is ready and `wait` is False.

        Raises what composing raised.
        """
        try:
            item = self._ready.get(block=wait)
        except queue.Empty:
            return None
        if isinstance(item, OcrError):
            raise item
        return item

    def close(self) -> None:
        """Stop the thread and the composing processes."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(10)
        self._farm.close()

    def _produce(self, position: Position) -> None:
        try:
            for item in self._walk(position):
                if not self._offer(item):
                    return
        except OcrError as failure:
            self._offer(failure)

    def _walk(self, position: Position) -> Iterator[tuple[Position, Batch]]:
        number, skipped = position.window, position.batch
        while not self._stopped.is_set():
            batches = self._window(number)
            for place, batch in enumerate(batches[skipped:], skipped + 1):
                after = Position(number, place) if place < len(batches) else Position(number + 1)
                yield after, batch.pinned() if self._pin else batch
            number, skipped = number + 1, 0

    def _window(self, number: int) -> list[Batch]:
        """All batches of a window; the same for the same number."""
        mixture = self._mixture
        rng = random.Random(f"{mixture.seed} {number}")
        lines = []
        for chunk in range(number * self._chunks, (number + 1) * self._chunks):
            if self._stopped.is_set():
                return []
            turn, place = divmod(chunk, mixture.distinct) if mixture.distinct else (0, chunk)
            samples = self._farm.read(place)
            lines += [Encoded(sample, codes, turn > 0) for sample in samples if (codes := self._labels.encode(sample))]
        for place in range(self._own_count):
            turn, which = divmod(number * self._own_count + place, len(mixture.own))
            order = random.Random(f"{mixture.seed} turn {turn}").sample(range(len(mixture.own)), len(mixture.own))
            line = mixture.own[order[which]]
            lines.append(Encoded(line.sample, line.codes, again=turn > 0))
        return build_batches(lines, mixture.columns, rng)

    def _offer(self, item: tuple[Position, Batch] | OcrError) -> bool:
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._ready.put(item, timeout=0.2)
                return True
        return False
