"""Every held-out form with every block from 1 to 64, in batches of 1 to 16: are the tokens those of mode ar?

    python -m benchmarks.decoding.same_tokens DIR [--name joint] [--pages 100]

DIR is that of benchmarks/decoding/miniature.py. A block is tried with one size of batch; the 64 blocks meet each of the
16 sizes four times. verify:rapid is tried with the same blocks up to 32, with the built-in reader's text of each form
as the draft. Exits with 1 where a token differs.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.decoding.modes_compared import Measured, Reader
from data.examples import read_manifest

GROUPS = ((1, 8), (9, 16), (17, 32), (33, 64))
VERIFIED = 32


def batch_of(block: int) -> int:
    """Return the size of batch that a block is tried with."""
    return 1 + 7 * block % 16


def count_differences(reader: Reader, alone: Measured, mode: str, blocks: Sequence[int]) -> int:
    """Return how many forms differ from ar over the blocks."""
    different = 0
    for block in blocks:
        rows = reader.write(batch_of(block), mode, block=block).rows
        different += sum(row.ids != other.ids for row, other in zip(rows, alone.rows, strict=True))
    return different


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="joint")
    parser.add_argument("--pages", type=int, default=100)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    examples = read_manifest(wanted.folder / "validation.jsonl")[: wanted.pages]
    reader = Reader(wanted.folder / wanted.name, examples, wanted.folder)
    asyncio.run(reader.read_built_in())
    alone = reader.write(1, "ar")
    print(f"{len(examples)} held-out forms, ar one at a time: {sum(len(row.ids) for row in alone.rows)} tokens\n")
    print("| mode | blocks | batches | forms written | differ from ar |\n|---|---|---|---|---|", flush=True)
    failed = 0
    for mode in ("self-speculation", "verify:rapid"):
        for first, last in GROUPS:
            if mode == "verify:rapid" and last > VERIFIED:
                continue
            blocks = range(first, last + 1)
            different = count_differences(reader, alone, mode, blocks)
            sizes = sorted({batch_of(block) for block in blocks})
            print(
                f"| {mode} | {first} to {last} | {len(sizes)} sizes, {sizes[0]} to {sizes[-1]} "
                f"| {len(blocks) * len(examples):,} | {different} |",
                flush=True,
            )
            failed += different
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
