"""Losses for a line recognizer on the device: input preparation, CTC, and distillation from a teacher."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from training.recognizer.line_supply.batches import Batch
from training.recognizer.ppocr_network.onnx_network import HEIGHT, TrainableRecognizer

LEAST_PROBABILITY = 1e-6


def prepare(batch: Batch, height: int, generator: Any | None) -> tuple[Any, Any]:
    """Return pixels (N, height, W) float32 in -1 to 1, exactly 0 beyond each line, and the mask (N, W) of its columns.

    Lines that come again get other noise where a `generator` is given. `batch` is on the device already.
    """
    pixels = (batch.pixels.float() - 127.5) / 127.5
    if generator is not None:
        pixels = torch.where(batch.again[:, None, None], worn(pixels, generator), pixels)
    widths = batch.widths
    if height != HEIGHT:
        width = round(pixels.shape[2] * height / HEIGHT)
        pixels = functional.interpolate(pixels[:, None], (height, width), mode="bilinear", antialias=True)[:, 0]
        widths = torch.ceil(widths * height / HEIGHT)
    mask = torch.arange(pixels.shape[2], device=pixels.device)[None, :] < widths[:, None]
    return pixels * mask[:, None, :], mask


def worn(pixels: Any, generator: Any) -> Any:
    """Return lines (N, H, W) with other contrast, brightness, focus, position and grain, drawn line by line."""
    count, device = pixels.shape[0], pixels.device

    def draw(low: float, high: float) -> Any:
        return torch.empty(count, 1, 1, device=device).uniform_(low, high, generator=generator)

    shift = draw(-1.5, 1.5).round()
    up, down = (functional.pad(pixels, (0, 0, *pad), mode="replicate") for pad in ((0, 1), (1, 0)))
    moved = torch.where(shift > 0, up[:, 1:], torch.where(shift < 0, down[:, :-1], pixels))
    blurred = functional.avg_pool2d(functional.pad(moved[:, None], (1, 1, 1, 1), mode="replicate"), 3, 1)[:, 0]
    softness = draw(-0.6, 0.8).clamp(min=0)
    light = (torch.lerp(moved, blurred, softness) + 1) * draw(0.75, 1.05) - 1 + draw(0.0, 0.15)
    grain = torch.randn(pixels.shape, device=device, generator=generator) * draw(-0.06, 0.12).clamp(min=0)
    return (light + grain).clamp(-1, 1)


def ctc_losses(logits: Any, batch: Batch) -> tuple[Any, Any]:
    """Return the CTC loss of each line (N,) per character, and log probabilities (N, T, C), both float32.

    Source: Graves et al. 2006.
    """
    log = logits.float().log_softmax(-1)
    steps = torch.full((log.shape[0],), log.shape[1], dtype=torch.long)
    losses = functional.ctc_loss(
        log.transpose(0, 1), batch.labels, steps, batch.lengths, blank=0, reduction="none", zero_infinity=True
    )
    return losses / batch.lengths.clamp(min=1).to(losses.device), log


@dataclass(frozen=True, slots=True)
class Teacher:
    """A trained recognizer whose probabilities a student learns beside the text (Hinton et al. 2015)."""

    recognizer: TrainableRecognizer
    classes: Any
    """(student classes,) int64: the teacher's class of each, -1 where it has none."""

    @classmethod
    def of(cls, recognizer: TrainableRecognizer, student: Sequence[str], device: Any) -> "Teacher":
        """Move a recognizer to the device and fix its weights."""
        recognizer.module.to(device).eval().requires_grad_(False)
        places = {character: place for place, character in enumerate(recognizer.characters)}
        return cls(recognizer, torch.tensor([places.get(character, -1) for character in student], device=device))

    def probabilities(self, batch: Batch, steps: int) -> Any:
        """Return (N, steps, student classes): what the teacher sees, resampled to the student's steps.

        A student step takes each character's highest probability among the teacher's steps that it covers; the blank
        gets the rest. So a spike of one step is not averaged away.
        """
        with torch.no_grad():
            pixels, _ = prepare(batch, self.recognizer.height, None)
            seen = self.recognizer.module(pixels).float().softmax(-1)
            known = _resampled(seen[..., self.classes.clamp(min=0)] * (self.classes >= 0), steps)
            letters = known[..., 1:]
            letters = letters / letters.sum(-1, keepdim=True).clamp(min=1.0)
            return torch.cat((1 - letters.sum(-1, keepdim=True), letters), -1).clamp(min=0)


def _resampled(known: Any, steps: int) -> Any:
    """(N, T, C) -> (N, steps, C): the maximum over the steps that fall together, or the step that is nearest."""
    if known.shape[1] > steps:
        return functional.adaptive_max_pool1d(known.transpose(1, 2), steps).transpose(1, 2)
    return known[:, torch.arange(steps, device=known.device) * known.shape[1] // steps]


def distillation_losses(log: Any, teacher: Any, batch: Batch) -> Any:
    """Return the Kullback-Leibler divergence of each line (N,), teacher from student, per character."""
    divergence = (teacher * (teacher.clamp(min=LEAST_PROBABILITY).log() - log)).sum(-1)
    return divergence.sum(-1) / batch.lengths.clamp(min=1).to(log.device)
