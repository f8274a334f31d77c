"""Give an untrained miniature a start in reading, in one to two minutes of one core, as real models have one.

A vision-language model starts from a language model and a vision tower that are trained. Here the language model first
learns to copy: signs by lot stand where the image tokens of a page stand, and the answer repeats them. Then the vision
tower learns to turn the cell of a sign into the embedding of that sign. No wording is learned, so that nothing but
looking at the page lowers the loss.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from benchmarks.decoding.small_forms import COLUMNS, ROWS, SIGNS, draw
from training.joint.joint_trainer import find_mask_token
from training.joint.two_streams import IGNORED, StreamTokens, build_streams, dense_mask, spread_positions
from training.trainer.tiny_pixtral import BREAK, END, IMAGE

RATE, BATCH, BLOCK = 3e-3, 8, 32
COPIED, FILLED_IN = 0.08, 0.15
"""Losses of a copied and of a masked sign, in nats, at which copying is learned."""
MOST_STEPS, TOWER_STEPS, RISE = 500, 240, 50


@dataclass(frozen=True, slots=True)
class Start:
    """The parts of a checkpoint that a warm start changes, and what it draws from."""

    network: Any
    processor: Any
    luck: random.Random

    def identify(self, text: str) -> list[int]:
        ids: list[int] = self.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def write(self) -> str:
        """Return a page of signs by lot."""
        signs = SIGNS.replace("\n", "")
        return "\n".join("".join(self.luck.choice(signs) for _ in range(COLUMNS)) for _ in range(ROWS))


def warm_up(folder: Path, seed: int, *, joint: bool) -> None:
    """Train the untrained checkpoint in `folder` to copy and to name signs; write it back.

    With `joint` copying is learned in masked blocks as well.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    start = Start(
        transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32),
        transformers.AutoProcessor.from_pretrained(folder),
        random.Random(seed),
    )
    learn_to_copy(start, joint=joint)
    learn_signs(start)
    start.network.save_pretrained(folder)


def learn_to_copy(start: Start, *, joint: bool) -> None:
    """Train the language model on pages whose signs stand where their image tokens would stand.

    Masked signs, where they are learned, are learned some hundred steps after the others, in a few steps.
    """
    text = start.network.model.language_model
    optimizer = torch.optim.AdamW(text.parameters(), lr=RATE, weight_decay=0.01, betas=(0.9, 0.98))
    recent: deque[tuple[float, float]] = deque(maxlen=10)
    for step in range(MOST_STEPS):
        causal, masked = _copying_losses(start, joint=joint)
        _step(optimizer, causal + masked, RATE * min(1.0, (step + 1) / RISE))
        recent.append((float(causal.detach()), float(masked.detach())))
        losses = [sum(values) / len(recent) for values in zip(*recent, strict=True)]
        if step % 20 == 0:
            print(f"copy {step}: loss {losses[0]:.3f}, of masked signs {losses[1]:.3f}", flush=True)
        if step > RISE and losses[0] < COPIED and losses[1] < FILLED_IN:
            break


def _copying_losses(start: Start, *, joint: bool) -> tuple[Any, Any]:
    """Return the mean loss of the next sign, and of a masked sign; the second is 0 without `joint`."""
    batch, tokenizer = _copies(start), start.processor.tokenizer
    streams = build_streams(batch, BLOCK, StreamTokens(find_mask_token(tokenizer), int(tokenizer.eos_token_id)))
    length = streams.ids.shape[1] if joint else batch["input_ids"].shape[1]
    positions = spread_positions(batch["attention_mask"].cumsum(1) - 1, streams.layout)
    hidden = start.network.model.language_model(
        input_ids=streams.ids[:, :length],
        attention_mask=dense_mask(streams.layout)[..., :length, :length],
        position_ids=positions[:, :length],
        use_cache=False,
    ).last_hidden_state
    targets, noisy = streams.targets[:, :length], streams.layout.noisy[:, :length]
    causal, masked = (
        torch.nn.functional.cross_entropy(start.network.lm_head(hidden[part]), targets[part], reduction="sum")
        / max(1, int(part.sum()))
        for part in ((targets != IGNORED) & ~noisy, (targets != IGNORED) & noisy)
    )
    return causal, masked


def learn_signs(start: Start) -> None:
    """Train the vision tower to give the cell of a sign the embedding of the sign; the language model stays."""
    network = start.network
    embedding = network.get_input_embeddings().weight.detach()
    scale = float(embedding.std())
    parts = [*network.model.vision_tower.parameters(), *network.model.multi_modal_projector.parameters()]
    optimizer = torch.optim.AdamW(parts, lr=RATE)
    for step in range(TOWER_STEPS):
        texts = [start.write() for _ in range(4)]
        pictures = start.processor.image_processor([draw(text).convert("RGB") for text in texts], return_tensors="pt")
        found = network.model.get_image_features(pictures["pixel_values"], pictures["image_sizes"]).pooler_output
        wanted = embedding[torch.tensor([start.identify(text.replace("\n", "")) for text in texts]).flatten()]
        loss = (torch.cat(list(found)) - wanted).div(scale).square().mean()
        _step(optimizer, loss, RATE * (1 - step / TOWER_STEPS))
        if step % 40 == 0:
            print(f"signs {step}: squared error {float(loss.detach()):.3f}", flush=True)


def _step(optimizer: Any, loss: Any, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)
    optimizer.step()


def _copies(start: Start) -> dict[str, Any]:
    """Return a batch as the trainer has it, with the signs themselves in place of the image tokens."""
    empty = _prompt(start)
    places = [place for place, token in enumerate(empty) if token == start.processor.tokenizer.vocab[IMAGE]]
    end = int(start.processor.tokenizer.eos_token_id)
    rows, labels = [], []
    for _ in range(BATCH):
        text = start.write()
        prompt = list(empty)
        for place, sign in zip(places, start.identify(text.replace("\n", "")), strict=True):
            prompt[place] = sign
        answer = [*start.identify(text), end]
        rows.append(prompt + answer)
        labels.append([IGNORED] * len(prompt) + answer)
    ids = torch.tensor(rows)
    return {"input_ids": ids, "labels": torch.tensor(labels), "attention_mask": torch.ones_like(ids)}


def _prompt(start: Start) -> Sequence[int]:
    """Return the prompt of a page with its image tokens."""
    row = IMAGE * COLUMNS
    image = BREAK.join([row] * ROWS) + END
    messages = [{"role": "user", "content": [{"type": "image"}]}]
    prompt = start.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return start.identify(prompt.replace(IMAGE, image, 1))
