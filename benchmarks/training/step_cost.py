"""Training by the step: where its time goes, and what kill -9 costs it.

    python -m benchmarks.training.step_cost profile   # share of time outside forward, backward and optimiser
    python -m benchmarks.training.step_cost kills     # 10 kills at random moments against an undisturbed run

With the recipe `miniature` on composed lines, which are made beforehand.
"""

import argparse
import cProfile
import json
import os
import pstats
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.training.small_pages import make_lines
from data.examples import read_manifest
from training.recipe import read_recipe
from training.run import Run, Sets
from training.run_dir import RunDir
from training.trainer import process
from training.trainer.launcher import ALLOCATOR
from training.trainer.tiny_model import CHAT, build

LINES = 8000
INSIDE = (("compute_loss", "sft_trainer.py"), ("backward", "accelerator.py"), ("step", "optimizer.py"))
KILLS = 10
PARTS = 8
"""A process lives at most for its start and this part of the training, or for less: kills fall anywhere in both."""


def lay_run(folder: Path, settings: list[str]) -> Path:
    """A run from nothing that is ready to be trained, on lines that are composed once; return its folder."""
    manifest = make_lines(folder / "lines", LINES, 31)
    recipe = read_recipe("miniature", settings)
    base = folder / "base"
    if not base.is_dir() and recipe.scratch is not None:
        texts = (text for example in read_manifest(manifest) for text in (*CHAT, example.text))
        build(base, recipe.scratch, seed=0, texts=texts)
    sets = Sets(str(manifest), str(manifest), str(manifest))
    name = f"general-{1 + len(list(folder.glob('general-*')))}"
    run = Run(name, "general", str(base), "", recipe, sets)
    (folder / run.name).mkdir()
    RunDir(folder / run.name).save(run)
    return folder / run.name


def profile(folder: Path) -> None:
    profiler = cProfile.Profile()
    run = lay_run(folder, ["general.steps=60", "general.save_every=30"])
    profiler.runcall(process.train, RunDir(run))
    stats = pstats.Stats(profiler)
    spent = {(name, Path(file).name): cell[3] for (file, _, name), cell in stats.stats.items()}  # type: ignore[attr-defined]
    whole = spent["_inner_training_loop", "trainer.py"]
    inside = {name: spent[name, file] for name, file in INSIDE}
    for name, seconds in inside.items():
        print(f"{name:14} {seconds:7.2f} s  {seconds / whole:6.1%}")
    print(f"{'training loop':14} {whole:7.2f} s, two checkpoints written")
    print(f"outside forward, backward and optimiser: {1 - sum(inside.values()) / whole:.1%}")


def train_apart(run: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "training.trainer.process", str(run)]
    return subprocess.Popen(command, env=ALLOCATOR | os.environ, stderr=subprocess.DEVNULL)


def losses(run: Path) -> dict[int, float]:
    """The loss of each step; of a step that was made twice, the last."""
    rows = [json.loads(row) for row in (run / "losses.jsonl").read_text(encoding="utf-8").splitlines()]
    return {row["step"]: row["loss"] for row in rows}


def kills(folder: Path) -> None:
    settings = ["general.steps=96", "general.batch=16", "general.save_every=5"]
    quiet, disturbed = lay_run(folder, settings), lay_run(folder, settings)
    started = time.monotonic()
    train_apart(quiet).wait()
    whole = time.monotonic() - started
    training = json.loads((quiet / "losses.jsonl").read_text(encoding="utf-8").splitlines()[-1])["seconds"]
    luck, killed = random.Random(1), 0
    while killed < KILLS:
        child = train_apart(disturbed)
        time.sleep(luck.uniform(0, whole - training + training / PARTS))
        if child.poll() is not None:
            break
        child.send_signal(signal.SIGKILL)
        child.wait()
        killed += 1
    train_apart(disturbed).wait()
    one, other = losses(quiet), losses(disturbed)
    apart = max(abs(one[step] - other[step]) for step in one.keys() & other.keys())
    rows = len((disturbed / "losses.jsonl").read_text(encoding="utf-8").splitlines())
    print(f"{killed} kills; steps {len(one)} and {len(other)}, the same: {one.keys() == other.keys()}")
    print(f"steps made twice or more: {rows - len(other)}; final loss {one[max(one)]:.4f} and {other[max(one)]:.4f}")
    print(f"largest difference at any step: {apart:.6f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("profile", "kills"))
    with tempfile.TemporaryDirectory() as folder:
        {"profile": profile, "kills": kills}[parser.parse_args().what](Path(folder))


if __name__ == "__main__":
    main()
