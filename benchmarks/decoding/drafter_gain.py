"""Tokens per pass of self-speculation with and without an adapter that was trained to draft.

    python -m benchmarks.decoding.drafter_gain DIR [--name joint] [--steps 30] [--pages 12]

DIR is that of benchmarks/decoding/miniature.py. The adapter is trained on the training forms, in DIR/NAME-drafter, and
is used while drafting only. Exits with 1 where a token of a held-out form is not that of mode ar.
"""

import argparse
import sys
from pathlib import Path

import torch
from peft import PeftModel

from benchmarks.decoding.miniature import finish_run
from benchmarks.decoding.modes_compared import HEAD, Reader, describe
from data.examples import read_manifest
from training.recipe import read_recipe
from training.run import Run, Sets
from training.run_dir import RunDir
from training.trainer import process


def make_adapter(folder: Path, run: Path, steps: int) -> Path:
    """Train the adapter of a run by the stage `drafter`, unless it is there; return its folder."""
    directory = RunDir(run.with_name(f"{run.name}-drafter-{steps}"))
    if not directory.record.is_file():
        directory.path.mkdir(parents=True, exist_ok=True)
        recipe = read_recipe("miniature-joint", [f"drafter.steps={steps}"])
        sets = Sets(*(str(folder / name) for name in ("train.jsonl", "validation.jsonl", "validation.jsonl")))
        directory.save(Run(directory.path.name, "drafter", str(run.resolve()), "", recipe, sets))
    return finish_run(directory, process.train)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="joint")
    parser.add_argument("--steps", type=int, default=30)
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
