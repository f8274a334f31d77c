"""Train the fast recognizer from nothing, a part of its training changed at a time: what does each part bring?

    python -m benchmarks.training.fast_recognizer DIR [--lines 20000] [--held-out 800] [--seed 1] [--parts NAME ...]

Each row is one run of the command that a user types, in DIR, with the same lines in the same order:

    ocr finetune --part recognizer --stage general --base none --recipe fast-cpu --set minutes=0 --set lines=N

and what the row says. Held-out lines, of texts that no run has seen, are in clean print or have all kinds of wear.
Errors are those of reading as the engine reads; changes are against the first row, with intervals of 95% by a bootstrap
over lines. CPU seconds are those of the whole command, composing and the regression check included. The second table is
the error rate of held-out lines during training. A command that was stopped goes on when it is typed again.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from data.lines import WEARS
from eval.metrics.edit_distance import character_errors
from eval.metrics.stats import bootstrap_mean
from ocr.engines.local.rapidocr import choose_backend
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.selection import choose_recognizer
from training.recognizer.line_supply.line_farm import Sample
from training.recognizer.line_training import Lines, held_out_lines
from training.recognizer.stage.recognizer_run import RecognizerRun, recognizer_runs

CLEAN = "clean"
NO_WEAR = f"wears={{{', '.join(f'{name}=0.0' for name in WEARS if name != CLEAN)}}}"
PARTS = {
    "recipe": [],
    "also taught by `pt`": ["teacher=pt", "distillation=0.5"],
    "clean lines alone": [NO_WEAR],
    "narrower": ["network=fast-small"],
    "wider, with attention": ["network=fast-large"],
}
"""What a row changes of the recipe."""
RATE = "learning_rate=0.003"
"""Of a start from nothing; the recipe's own is for a start from trained weights."""


def train(folder: Path, part: str, lines: int, seed: int) -> tuple[RecognizerRun, Path, float]:
    """Train one row; return its run, the run's folder and CPU seconds, kept from the first time."""
    runs = folder / part.replace("`", "").replace(" ", "-").replace(",", "")
    kept = runs / "seconds.json"
    words = ["finetune", "--part", "recognizer", "--stage", "general", "--base", "none", "--recipe", "fast-cpu"]
    for setting in ("minutes=0", f"lines={lines}", RATE, "check_seconds=120", *PARTS[part]):
        words += ["--set", setting]
    if not kept.is_file():
        start = os.times()
        done = subprocess.run(
            [Path(sys.executable).with_name("ocr"), *words, "--seed", str(seed), "--runs", str(runs)],
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        end = os.times()
        found = recognizer_runs(runs)
        if not found or found[-1].state not in ("promoted", "refused"):
            raise SystemExit(done.stdout.decode("utf-8", "replace"))
        used = end.children_user + end.children_system - start.children_user - start.children_system
        kept.write_text(json.dumps(used), encoding="utf-8")
    run = recognizer_runs(runs)[-1]
    return run, runs / run.name, float(json.loads(kept.read_text(encoding="utf-8")))


def read(folder: Path, lines: Sequence[Sample]) -> tuple[list[int], float]:
    """Return the errors of each line and CPU milliseconds a line."""
    recognizer = load_recognizer(choose_recognizer(str(folder)), choose_backend("auto"))
    images = [line.pixels for line in lines]
    recognizer.read(images[:32])
    start = time.process_time()
    readings = recognizer.read(images)
    used = 1000 * (time.process_time() - start) / len(lines)
    pairs = zip(lines, readings, strict=True)
    return [character_errors(line.text, reading.text, "normalized").edits for line, reading in pairs], used


def rate(edits: Sequence[int], lines: Sequence[Sample]) -> str:
    """Return a character error rate in percent."""
    return f"{100 * sum(edits) / sum(len(line.text) for line in lines):.2f}"


def change(before: Sequence[int], after: Sequence[int], lines: Sequence[Sample]) -> str:
    """Return the change of the rate in points with its interval."""
    mean = sum(len(line.text) for line in lines) / len(lines)
    changes = [(new - old) / mean for old, new in zip(before, after, strict=True)]
    found = bootstrap_mean(changes, [str(place) for place in range(len(lines))], seed=0)
    low, high = (100 * (value or 0.0) for value in (found.low, found.high))
    return f"{100 * found.value:+.2f} ({low:+.2f} to {high:+.2f})"


def curve(folder: Path) -> list[str]:
    """Return lines seen and the error rate at each check of a run."""
    points = [json.loads(line) for line in (folder / "curves.jsonl").read_text(encoding="utf-8").splitlines()]
    return [f"{one['lines']:,}: {100 * one['held_out']['all']:.1f}" for one in points if one.get("held_out")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--held-out", type=int, default=800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    given = parser.parse_args()
    worn = held_out_lines(Lines(), given.held_out, seed=given.seed)
    clean = held_out_lines(Lines(), given.held_out, wear=CLEAN, seed=given.seed)
    print("| trained | lines | CPU s | ms a line | worn, CER % | change, points (95%) | clean, CER % | change |")
    print("|---" * 8 + "|", flush=True)
    first: tuple[list[int], list[int]] | None = None
    curves = []
    for part in given.parts:
        run, folder, seconds = train(given.folder, part, given.lines, given.seed)
        (worn_edits, used), (clean_edits, _) = read(folder, worn), read(folder, clean)
        changes = ("", "")
        if first is None:
            first = worn_edits, clean_edits
        else:
            changes = change(first[0], worn_edits, worn), change(first[1], clean_edits, clean)
        print(
            f"| {part} | {run.metrics.lines:,} | {seconds:.0f} | {used:.1f} | {rate(worn_edits, worn)} | {changes[0]} "
            f"| {rate(clean_edits, clean)} | {changes[1]} |",
            flush=True,
        )
        curves.append((part, curve(folder)))
    print("\n| trained | worn held-out lines, CER % after so many lines |\n|---|---|")
    for part, points in curves:
        print(f"| {part} | {', '.join(points)} |")


if __name__ == "__main__":
    main()
