"""Train the network of the structure of pages: batches of whole pages, AdamW, a cosine schedule, resumable.

Loss: cross-entropy of field and role, and binary cross-entropy of the seven relations over the links that are known.
"""

import logging
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from data.layouts.page_truth import LINE_FIELDS, ROLES
from ocr.layout.learned.structure_network import RELATIONS, link_inputs
from training.layout.labeled_graph import LabeledGraph
from training.layout.structure_module import StructureNetwork, weights_of

CHECKPOINT = "layout.pt"
REPORTED = 50
"""Steps between two lines of the log."""
_log = logging.getLogger(__name__)
PIECES = 1000
"""Pieces of a batch, about."""


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How long and how fast to learn."""

    steps: int
    learning_rate: float
    warmup: int
    weight_decay: float
    seed: int
    save_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Pages side by side, as tensors."""

    nodes: Tensor
    inputs: Tensor
    neighbors: Tensor
    page_of: Tensor
    fields: Tensor
    roles: Tensor
    relations: Tensor
    known: Tensor


def make_batch(graphs: Sequence[LabeledGraph]) -> Batch:
    """Return graphs as one batch; neighbors are renumbered."""
    sizes = [len(one.graph.nodes) for one in graphs]
    starts = np.cumsum([0, *sizes[:-1]])
    return Batch(
        nodes=torch.from_numpy(np.concatenate([one.graph.nodes for one in graphs]).astype(np.float32)),
        inputs=torch.from_numpy(np.concatenate([link_inputs(one.graph) for one in graphs])),
        neighbors=torch.from_numpy(
            np.concatenate([one.graph.neighbors + start for one, start in zip(graphs, starts, strict=True)]).astype(
                np.int64
            )
        ),
        page_of=torch.from_numpy(np.repeat(np.arange(len(graphs)), sizes)),
        fields=torch.from_numpy(np.concatenate([one.fields for one in graphs]).astype(np.int64)),
        roles=torch.from_numpy(np.concatenate([one.roles for one in graphs]).astype(np.int64)),
        relations=torch.from_numpy(np.concatenate([one.relations for one in graphs]).astype(np.float32)),
        known=torch.from_numpy(np.concatenate([one.known for one in graphs]).astype(np.float32)),
    )


def loss_of(network: StructureNetwork, batch: Batch) -> Tensor:
    """Return the loss of a batch, a scalar."""
    fields, roles, relations = network(batch.nodes, batch.inputs, batch.neighbors, batch.page_of)
    pairs = functional.binary_cross_entropy_with_logits(relations, batch.relations, reduction="none")
    pair_loss = (pairs.sum(dim=2) * batch.known).sum() / batch.known.sum().clamp(min=1)
    field_loss = functional.cross_entropy(fields, batch.fields, ignore_index=-1)
    role_loss = functional.cross_entropy(roles, batch.roles, ignore_index=-1)
    return field_loss + role_loss + 3 * pair_loss


def new_network(graphs: Sequence[LabeledGraph], seed: int) -> StructureNetwork:
    """Return a network with random weights that knows the mean and the spread of the inputs."""
    torch.manual_seed(seed)
    nodes = np.concatenate([one.graph.nodes for one in graphs]).astype(np.float32)
    network = StructureNetwork(nodes.shape[1], (len(LINE_FIELDS), len(ROLES)))
    network.mean.copy_(torch.from_numpy(nodes.mean(axis=0)))
    network.scale.copy_(torch.from_numpy(nodes.std(axis=0) + 0.05))
    return network


def batches_of(graphs: Sequence[LabeledGraph], generator: random.Random) -> list[list[LabeledGraph]]:
    """Return all graphs once, in random order, in batches of about `PIECES` pieces."""
    order = list(graphs)
    generator.shuffle(order)
    batches: list[list[LabeledGraph]] = [[]]
    pieces = 0
    for one in order:
        if pieces >= PIECES:
            batches.append([])
            pieces = 0
        batches[-1].append(one)
        pieces += len(one.graph.nodes)
    return batches


class StructureTrainer:
    """The state of a run: network, optimizer, average of weights, step. It goes on from its checkpoint."""

    def __init__(self, network: StructureNetwork, settings: LoopSettings, folder: Path) -> None:
        self.network, self.settings, self.folder = network, settings, folder
        self.average = {name: value.detach().clone() for name, value in network.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, betas=(0.9, 0.98)
        )
        self.step = 0
        self.seconds = 0.0
        """CPU seconds of training, those before a resume included."""
        self.losses: list[float] = []
        self._saved = time.monotonic()

    def resume(self) -> None:
        """Read the checkpoint, if there is one."""
        file = self.folder / CHECKPOINT
        if file.is_file():
            state: dict[str, Any] = torch.load(file, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average, self.step = state["average"], state["step"]
            self.losses, self.seconds = state["losses"], state["seconds"]

    def train(self, graphs: Sequence[LabeledGraph]) -> None:
        """Train to the last step."""
        epoch, done = 0, 0
        while self.step < self.settings.steps:
            for batch in batches_of(graphs, random.Random(f"{self.settings.seed}/{epoch}")):
                done += 1
                if done > self.step:
                    self._learn(make_batch(batch))
                if self.step >= self.settings.steps:
                    break
            epoch += 1
        self._save()

    @property
    def loss(self) -> float:
        """Mean of the last 100 steps."""
        return float(np.mean(self.losses[-100:])) if self.losses else 0.0

    def _learn(self, batch: Batch) -> None:
        started = time.process_time()
        rate = self.settings.learning_rate * self._schedule()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of(self.network, batch)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        keep = min(0.998, 1 - 1 / (1 + self.step / 4))
        for name, value in self.network.state_dict().items():
            self.average[name].mul_(keep).add_(value.detach(), alpha=1 - keep)
        self.losses.append(float(loss.detach()))
        self.seconds += time.process_time() - started
        if self.step % REPORTED == 0:
            _log.info("step %d of %d: loss %.4f", self.step, self.settings.steps, np.mean(self.losses[-REPORTED:]))
        if time.monotonic() - self._saved > self.settings.save_seconds:
            self._save()

    def _schedule(self) -> float:
        warm = min(1.0, (self.step + 1) / max(1, self.settings.warmup))
        return warm * (0.02 + 0.98 * (1 + math.cos(math.pi * self.step / self.settings.steps)) / 2)

    def _save(self) -> None:
        self._saved = time.monotonic()
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "step": self.step,
            "losses": self.losses,
            "seconds": self.seconds,
        }
        part = self.folder / f"{CHECKPOINT}.part"
        torch.save(state, part)
        part.replace(self.folder / CHECKPOINT)

    def write(self, file: Path) -> None:
        """Write the averaged weights for the reader."""
        averaged = StructureNetwork(self.network.mean.shape[0], (len(LINE_FIELDS), len(ROLES)))
        averaged.load_state_dict(self.average)
        with file.open("wb") as target:
            arrays = {**weights_of(averaged), "relations": np.array(RELATIONS)}
            np.savez_compressed(target, **arrays)  # type: ignore[arg-type]  # any name may be an array's
