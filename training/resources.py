"""Estimate what a stage needs: memory of the device and free disk space."""

import os
import shutil
from dataclasses import dataclass

from ocr.core.environment import load, sees_gpu
from ocr.core.errors import TrainingError
from training.preferences.mining import LONGEST_LAPS
from training.run import Run
from training.run_dir import RunDir


@dataclass(frozen=True, slots=True)
class Estimate:
    """The needs of a stage, in GB."""

    trained: float
    """Millions of parameters that are trained."""
    weights: float
    optimiser: float
    """Gradients, moments and 32-bit copies of the trained weights."""
    activations: float
    disk: float

    @property
    def memory(self) -> float:
        return self.weights + self.optimiser + self.activations


def estimate(run: Run) -> Estimate:
    """Estimate memory and disk of one stage from its recipe alone, to about a third.

    Weights: 2 bytes each in bf16, 4 in fp32, about 0.6 in four bits with their scales. Trained weights: 16 bytes each
    (weight, gradient and two Adam moments in 32 bits). Activations: with checkpointing, one hidden state for each layer
    and token, and the vocabulary's logits in 32 bits twice. A page is its image tokens (28 x 28 pixels) and its answer,
    a quarter of the longest one. A pair is the page twice, with answers as long as `training.preferences.mining` lets
    the rejected one be. Disk: three checkpoints while the oldest is being replaced, and the merged model.
    """
    recipe, numbers = run.recipe, run.numbers
    total = recipe.parameters * 1e9
    full = numbers.method == "full"
    # A decoder of P parameters is about 36 layers of hidden width sqrt(P / 36 / 12); rank r on its seven projections.
    # For a Qwen2.5-VL-3B with rank 32 that gives 61 million, where its real widths give 60.
    hidden = (total / 36 / 12) ** 0.5
    adapter = recipe.drafter.rank * 2 if run.stage == "drafter" else recipe.lora.rank * 18
    moving = total if full else 36 * hidden * adapter
    per_weight = {"qlora": 0.6, "lora": 2.0 if recipe.precision == "bf16" else 4.0, "full": 0.0}[numbers.method]
    vocabulary = 152_000 if recipe.scratch is None else recipe.scratch.vocabulary
    page, text = recipe.image.max_pixels / 784, recipe.max_tokens / 4
    tokens = numbers.batch * (2 * (page + LONGEST_LAPS * text) if run.stage == "dpo" else page + text)
    layers = 36 if recipe.gradient_checkpointing else 36 * 16
    activations = tokens * (2 * hidden * layers + 8 * vocabulary)
    saved = moving * 12 * 3 + total * (8 if full else 2)
    return Estimate(moving / 1e6, total * per_weight / 1e9, moving * 16 / 1e9, activations / 1e9, saved / 1e9)


def device_memory() -> float:
    """Return the GB of the first GPU, or of the machine without one; 0 where the system does not tell."""
    if sees_gpu():
        return float(load("torch", extra="train").cuda.get_device_properties(0).total_memory) / 1e9
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return 0.0
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def compare_memory(needs: Estimate, device: float) -> str:
    """Say whether `device` GB suffice."""
    if not device:
        return "the memory of this machine is unknown"
    what = "the GPU here" if sees_gpu() else "this machine, without a GPU,"
    fits = "enough" if needs.memory < device else "too little: lower batch or image.max_pixels with --set"
    return f"{what} has {device:.0f} GB: {fits}"


def check_disk(directory: RunDir, run: Run) -> None:
    """Raise `TrainingError` where the disk has too little room for what the run has not yet written."""
    needed = estimate(run).disk - directory.size
    folder = directory.path
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed:
        raise TrainingError(
            f"{folder}: {free:.1f} GB free, the run needs about {needed:.1f} GB",
            hint="free disk space, or name another folder: --runs DIR",
        )
