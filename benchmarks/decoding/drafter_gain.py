"""Tokens per pass of self-speculation with and without an adapter that was trained to draft.

    python -m benchmarks.decoding.drafter_gain DIR [--name joint] [--steps 40] [--pages 12]

DIR is that of benchmarks/decoding/miniature.py. The adapter is trained on the training forms, in DIR/NAME-drafter, and
is used while drafting only. Exits with 1 where a token of a held-out form is not that of mode ar.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import PeftModel
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from benchmarks.decoding.modes_compared import HEAD, Reader, describe
from data.examples import read_manifest
from ocr.models import catalog
from training.formatting import to_conversation
from training.joint.drafter_training import DrafterSettings, train_drafter
from training.joint.two_streams import Streams, StreamTokens, dense_mask, spread_positions

BATCH = 8


def draw_batches(folder: Path, run: Path, steps: int) -> Iterator[dict[str, Any]]:
    """Yield batches of training forms as the trainer has them."""
    model, luck = catalog.resolve(str(run)), random.Random(0)
    examples = read_manifest(folder / "train.jsonl", images=False)
    processor = transformers.AutoProcessor.from_pretrained(run)
    collate = DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True)
    for _ in range(steps):
        yield dict(collate([dict(to_conversation(each, folder, model)) for each in luck.sample(examples, BATCH)]))


def show(batch: dict[str, Any], streams: Streams) -> dict[str, Any]:
    """Return the arguments of the forward pass over both copies."""
    return {
        "input_ids": streams.ids,
        "attention_mask": dense_mask(streams.layout),
        "position_ids": spread_positions(batch["attention_mask"].cumsum(1) - 1, streams.layout),
        "pixel_values": batch["pixel_values"],
        "image_sizes": batch["image_sizes"],
    }


def make_adapter(folder: Path, run: Path, steps: int) -> Path:
    """Train the adapter of a run, unless it is there; return its folder."""
    to = run.with_name(f"{run.name}-drafter-{steps}")
    if not (to / "adapter_config.json").is_file():
        torch.manual_seed(0)
        model = catalog.resolve(str(run))
        network = transformers.AutoModelForImageTextToText.from_pretrained(run, dtype=torch.float32)
        tokens = StreamTokens(model.diffusion.mask, network.config.text_config.eos_token_id)
        settings = DrafterSettings(block=model.diffusion.block)
        train_drafter(network, draw_batches(folder, run, steps), show, tokens, settings).save_pretrained(to)
    return to


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="joint")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--pages", type=int, default=12)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    run = wanted.folder / wanted.name
    adapter = make_adapter(wanted.folder, run, wanted.steps)
    reader = Reader(run, read_manifest(wanted.folder / "validation.jsonl")[: wanted.pages], wanted.folder)
    alone = reader.write(1, "ar")
    print(HEAD)
    print(describe(reader, "ar", alone, alone))
    plain = {block: reader.write(1, "self-speculation", block=block) for block in (16, 32, 64)}
    reader.network = PeftModel.from_pretrained(reader.network, adapter).eval()
    different = 0
    for block, without in plain.items():
        found = reader.write(1, "self-speculation", block=block, drafter=str(adapter))
        print(describe(reader, f"block {block}", without, alone))
        print(describe(reader, f"block {block}, with the adapter", found, alone), flush=True)
        different += sum(row.ids != other.ids for row, other in zip(found.rows, alone.rows, strict=True))
    print(f"\n{different} forms differ from ar")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
