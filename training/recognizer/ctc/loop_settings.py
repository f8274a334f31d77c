"""The numbers of the training loop, its progress, and the learning rate of a step."""

import math
import time
from dataclasses import dataclass, field
from typing import Literal

from training.recognizer.line_supply.batches import Position

FLOOR = 0.02
"""Learning rate at the end, as a share of its peak."""


@dataclass(frozen=True, slots=True)
class Training:
    """Every number of the loop. The budget is `lines`, `minutes`, or what is used up first of both."""

    lines: int = 0
    """Stop after so many lines, those that come again included."""
    minutes: float = 0.0
    learning_rate: float = 3e-4
    warmup: int = 60
    """Steps over which the learning rate rises."""
    weight_decay: float = 0.01
    clip: float = 1.0
    """Largest norm of the gradient."""
    averaging: float = 0.998
    """Decay of the exponential moving average of weights (Polyak and Juditsky 1992), which is what is saved."""
    anchor: float = 0.0
    """Share of the way back to the starting weights at each step, at the peak learning rate."""
    distillation: float = 0.0
    """Weight of the teacher's loss beside CTC."""
    replay: int = 0
    """How often a batch may come again while no fresh one is ready; 0 keeps the order, and so the result, fixed."""
    seed: int = 0
    save_seconds: float = 60.0
    log_seconds: float = 10.0
    check_seconds: float = 120.0
    """Seconds between readings of the held-out lines."""
    check_lines: int = 400
    """Held-out lines that are read during training; all of them are read at the end."""
    check_columns: int = 16 * 640
    """Lines times width that are read at once; the same as in training, on a GPU."""
    number_format: Literal["auto", "bf16", "fp32"] = "auto"
    """On a GPU; `auto` times both, and both memory layouts, on the first batch. fp32 on a CPU always."""
    threads: int = 0
    """CPU threads; 0 leaves them to torch."""


@dataclass(slots=True)
class Progress:
    """Where a run stands."""

    step: int = 0
    lines: int = 0
    again: int = 0
    seconds: float = 0.0
    position: Position = field(default_factory=Position)
    blend: float = 1.0
    """Share of the way from the base's weights to the trained ones at which the saved ones lie."""


def learning_rate(training: Training, step: int, share: float) -> float:
    """Return the rate of a step: linear warm-up, then a half cosine over the budget (Loshchilov and Hutter 2017)."""
    falling = FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
    return training.learning_rate * min(1.0, (step + 1) / max(1, training.warmup)) * falling


class Clock:
    """Seconds of training, those before a resume included."""

    def __init__(self, earlier: float) -> None:
        self._begun = time.monotonic() - earlier

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun
