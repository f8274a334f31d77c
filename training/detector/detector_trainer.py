"""Train the fast detector on crops of drawn pages; a killed run goes on from its checkpoint."""

import logging
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ocr.engines.local.detectors.fast_detector import REDUCTION
from training.detector.detector_network import DetectorNetwork
from training.detector.detector_onnx import write_detector
from training.detector.drawn.drawn_pages import DrawnPage, open_page
from training.detector.drawn.kernel_map import END, KERNEL, NEAR, UNKNOWN, Labels, is_kernel
from training.recognizer.ctc.averaging import AveragedWeights

CHECKPOINT = "detector.pt"
REPORTED = 50
"""Steps between two lines of the log."""
NEAR_WEIGHT, END_WEIGHT = 2.0, 3.0
"""Weights of the paper between two lines, where a wrong pixel joins them, and of the ends of kernels."""
ROTATED, ZOOMED, INVERSE, BLURRED, NOISY, ERASED = 0.16, 0.4, 0.04, 0.15, 0.3, 0.05
"""Shares of crops that are turned by a quarter or half, zoomed, inverted, blurred, given noise, or partly erased."""
ZOOM = (0.75, 1.6)
TRIES = 3
"""Places of a crop that are looked at for one with print: a page may hold a single word."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How long and how fast to learn."""

    steps: int
    learning_rate: float
    warmup: int
    weight_decay: float
    averaging: float
    """Decay of the exponential moving average of weights, which is what is saved."""
    batch: int
    """Crops of a step."""
    side: int
    """Pixels of a crop; a multiple of 32."""
    seed: int
    save_seconds: float = 60.0


def crop_of(page: DrawnPage, side: int, chance: random.Random) -> tuple[NDArray[np.uint8], Labels]:
    """Return a random square of a page, (side, side) gray, and its labels, zoomed and turned by chance."""
    zoom = math.exp(chance.uniform(*map(math.log, ZOOM))) if chance.random() < ZOOMED else 1.0
    source = round(side / zoom / REDUCTION) * REDUCTION
    height, width = page.pixels.shape
    for _ in range(TRIES):
        top, left = (chance.randrange(max(1, side - source + 1)) // REDUCTION * REDUCTION for side in (height, width))
        rows, columns = (slice(start // REDUCTION, (start + source) // REDUCTION) for start in (top, left))
        labels = np.asarray(page.labels[rows, columns])
        if is_kernel(labels).any():
            break
    pixels = np.asarray(page.pixels[top : top + source, left : left + source])
    missing = (source - pixels.shape[0], source - pixels.shape[1])
    if any(missing):
        pixels = np.pad(pixels, ((0, missing[0]), (0, missing[1])), mode="edge")
        extent = tuple(source // REDUCTION - size for size in labels.shape)
        labels = np.pad(labels, ((0, extent[0]), (0, extent[1])), constant_values=UNKNOWN)
    if source != side:
        way = cv2.INTER_AREA if source > side else cv2.INTER_LINEAR
        pixels = np.asarray(cv2.resize(pixels, (side, side), interpolation=way), np.uint8)
        size = (side // REDUCTION, side // REDUCTION)
        labels = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    quarters = chance.choice((1, 2, 2, 3)) if chance.random() < ROTATED else 0
    return np.rot90(pixels, quarters), np.rot90(labels, quarters)


def worn(pixels: NDArray[np.uint8], labels: Labels, chance: random.Random) -> tuple[NDArray[np.float32], Labels]:
    """Return ink, (side, side) from 0 to 1, of a crop with contrast, noise and holes by chance; and its labels."""
    gray = np.ascontiguousarray(pixels)
    if chance.random() < ERASED:
        labels = labels.copy()
        height, width = (chance.randint(10, extent // 2) // REDUCTION * REDUCTION for extent in gray.shape)
        top, left = (chance.randrange(0, gray.shape[0] // 2, REDUCTION) for _ in range(2))
        gray = gray.copy()
        gray[top : top + height, left : left + width] = np.percentile(gray[::8, ::8], 80)
        rows, columns = slice(top // 2, (top + height) // 2), slice(left // 2, (left + width) // 2)
        labels[rows, columns] = 0
    if chance.random() < BLURRED:
        gray = np.asarray(cv2.GaussianBlur(gray, (0, 0), chance.uniform(0.4, 1.3)), np.uint8)
    ink = 1 - gray.astype(np.float32) / 255
    if chance.random() < 0.5:
        ink = ink ** chance.uniform(0.6, 1.6) * chance.uniform(0.35, 1.0) + chance.uniform(0.0, 0.25)
    if chance.random() < INVERSE:
        ink = 1 - ink
    if chance.random() < NOISY:
        noise = np.random.Generator(np.random.SFC64(chance.randrange(2**32))).standard_normal(ink.shape, np.float32)
        ink = ink + noise * chance.uniform(0.0, 0.1)
    return np.clip(ink, 0, 1).astype(np.float32), labels


def loss_of(logits: Tensor, labels: Tensor) -> Tensor:
    """Return cross-entropy, weighted, plus what the Dice coefficient lacks to 1 (Milletari et al. 2016), a scalar."""
    ends = (labels == END).float()
    target = (labels == KERNEL).float() + ends
    weight = (labels != UNKNOWN).float() + (NEAR_WEIGHT - 1) * (labels == NEAR).float() + (END_WEIGHT - 1) * ends
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    known = (labels != UNKNOWN).float()
    found = logits.sigmoid() * known
    shared = (found * target).sum()
    dice = (2 * shared + 1) / (found.sum() + target.sum() + 1)
    return (entropy * weight).sum() / weight.sum() * 2 + 1 - dice


class DetectorTrainer:
    """The state of a run: network, optimizer, average of weights, step."""

    def __init__(self, network: DetectorNetwork, settings: LoopSettings, folder: Path) -> None:
        self.network = network.to(memory_format=torch.channels_last)
        self.settings, self.folder = settings, folder
        self.average = AveragedWeights(self.network)
        kernels = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]
        groups = [{"params": kernels, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, settings.learning_rate, betas=(0.9, 0.98))
        self.step = 0
        self.seconds = 0.0
        """CPU seconds of training, those before a resume included."""
        self.losses: list[float] = []
        self._order: tuple[int, list[int]] = (-1, [])
        """The number of times that every page was seen, and the order of this time."""
        self._saved = time.monotonic()

    def resume(self) -> None:
        """Read the checkpoint, if there is one."""
        file = self.folder / CHECKPOINT
        if file.is_file():
            state: dict[str, Any] = torch.load(file, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average.values = state["average"]
            self.step, self.losses, self.seconds = state["step"], state["losses"], state["seconds"]

    def train(self, pages: Path, count: int) -> None:
        """Train to the last step on `count` pages of a folder that `draw_pages` wrote."""
        self.network.train()
        while self.step < self.settings.steps:
            started = time.process_time()
            self._learn(*self._batch(pages, count))
            self.seconds += time.process_time() - started
            if self.step % REPORTED == 0:
                loss = np.mean(self.losses[-REPORTED:])
                _log.info("step %d of %d: loss %.4f, %.0f s", self.step, self.settings.steps, loss, self.seconds)
            if time.monotonic() - self._saved > self.settings.save_seconds:
                self._save()
        self._save()

    @property
    def loss(self) -> float:
        """Mean of the last 100 steps."""
        return float(np.mean(self.losses[-100:])) if self.losses else 0.0

    def _batch(self, pages: Path, count: int) -> tuple[Tensor, Tensor]:
        """Return ink (N, 1, H, W) and labels (N, 1, H / 2, W / 2) of the present step."""
        first = self.step * self.settings.batch
        numbers = (self._page(place, count) for place in range(first, first + self.settings.batch))
        crops = list(self._crops(pages, numbers))
        ink = torch.from_numpy(np.stack([crop for crop, _ in crops]))[:, None]
        labels = torch.from_numpy(np.stack([np.ascontiguousarray(labels) for _, labels in crops]))[:, None]
        return ink.contiguous(memory_format=torch.channels_last), labels

    def _page(self, place: int, count: int) -> int:
        """Return the page of a crop: every page once before any comes again."""
        epoch, number = divmod(place, count)
        if self._order[0] != epoch:
            order = list(range(count))
            random.Random(f"{self.settings.seed}/{epoch}").shuffle(order)
            self._order = (epoch, order)
        return self._order[1][number]

    def _crops(self, pages: Path, numbers: Iterator[int]) -> Iterator[tuple[NDArray[np.float32], Labels]]:
        for place, number in enumerate(numbers):
            chance = random.Random(f"{self.settings.seed}/{self.step}/{place}")
            yield worn(*crop_of(open_page(pages, number), self.settings.side, chance), chance)

    def _learn(self, ink: Tensor, labels: Tensor) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * self._schedule()
        loss = loss_of(self.network(ink), labels)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        self.average.update(min(self.settings.averaging, 1 - 1 / (1 + self.step / 4)))
        self.losses.append(float(loss.detach()))

    def _schedule(self) -> float:
        """Return the share of the learning rate: linear warm-up, half a cosine (Loshchilov and Hutter 2017)."""
        warm = min(1.0, (self.step + 1) / max(1, self.settings.warmup))
        return warm * (0.01 + 0.99 * (1 + math.cos(math.pi * self.step / self.settings.steps)) / 2)

    def _save(self) -> None:
        self._saved = time.monotonic()
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.values,
            "step": self.step,
            "losses": self.losses,
            "seconds": self.seconds,
        }
        part = self.folder / f"{CHECKPOINT}.part"
        torch.save(state, part)
        part.replace(self.folder / CHECKPOINT)

    def write(self, file: Path) -> None:
        """Write the averaged weights for the reader."""
        self.average.swap()
        write_detector(self.network, file)
        self.average.swap()
