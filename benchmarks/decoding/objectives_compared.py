"""The joint objective beside the autoregressive one: same start, same forms, same steps, three seeds.

    python -m benchmarks.decoding.objectives_compared DIR [--steps 40] [--pages 100]

DIR is that of benchmarks/decoding/miniature.py. The start has learned to copy signs token by token and no masked ones.
A seed decides the order of the forms and the masked tokens. Bar: in mode ar, the joint objective reads with at most one
point more errors than the other (paired by seed, one-sided bound of 95%). Exits with 1 where it is missed. A command
that was stopped goes on when it is typed again.
"""

import argparse
import sys
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev

import torch

from benchmarks.decoding.miniature import finish_run, make_base, start_run
from benchmarks.decoding.modes_compared import Reader
from data.examples import read_manifest
from training.recipe import Objective, read_recipe
from training.trainer import process

SEEDS = (1, 2, 3)
OBJECTIVES: tuple[Objective, ...] = ("ar", "joint")
T_95 = 2.920
"""Quantile .95 of Student's t with two degrees of freedom."""
BAR = 0.01
AT_ONCE = 16
"""Forms that are read at once; the tokens are those of one at a time."""


def train(folder: Path, base: Path, objective: Objective, numbers: tuple[int, int]) -> Path:
    """Train a run with so many steps and a seed in this process; return its folder."""
    steps, seed = numbers
    settings = [f"objective={objective}", f"general.steps={steps}"]
    return finish_run(start_run(folder, f"{objective}-{steps}-{seed}", settings, seed, base), process.train)


def read_errors(folder: Path, run: Path, pages: int) -> float:
    """Return the mean character error rate of held-out forms, read in mode ar."""
    examples = read_manifest(folder / "validation.jsonl")[:pages]
    reader = Reader(run, examples, folder)
    rows = reader.write(AT_ONCE, "ar").rows
    return fmean(reader.errors(row, example) for row, example in zip(rows, examples, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--pages", type=int, default=100)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    base = make_base(wanted.folder, read_recipe("miniature-joint", ["objective=ar"]), 0)
    start = read_errors(wanted.folder, base, wanted.pages)
    print(f"{wanted.steps} steps of 8 forms; CER of {wanted.pages} held-out forms, mode ar; start: {start:.4f}\n")
    print("| seed | ar alone | joint | difference |\n|---|---|---|---|", flush=True)
    differences = []
    for seed in SEEDS:
        alone, joint = (
            read_errors(wanted.folder, train(wanted.folder, base, objective, (wanted.steps, seed)), wanted.pages)
            for objective in OBJECTIVES
        )
        differences.append(joint - alone)
        print(f"| {seed} | {alone:.4f} | {joint:.4f} | {joint - alone:+.4f} |", flush=True)
    bound = fmean(differences) + T_95 * stdev(differences) / sqrt(len(differences))
    print(f"\ndifference {fmean(differences):+.4f}, one-sided 95% bound {bound:+.4f} (bar {BAR:+.2f})")
    sys.exit(0 if bound <= BAR else 1)


if __name__ == "__main__":
    main()
