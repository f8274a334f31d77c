"""Repetition by decoding mode, of a model that loops: blanks of forms whose length cannot be seen.

    python -m benchmarks.decoding.loops_by_mode DIR [--name joint] [--steps 40] [--pages 48]

DIR is that of benchmarks/decoding/miniature.py. The parent is its run DIR/NAME, trained on with forms of which half end
in a blank. The blank is drawn as one rule, always up to the right edge, and the reference has 6 to 140 dashes for it,
by lot: what is taught about such a blank is how likely one more dash is (`leaders = 0`). Each mode reads the same
held-out forms up to the budget of 256 tokens, without the monitor that stops at a repetition. Loops are counted as in
the regression check. Exits with 1 where self-speculation does not write the tokens of ar, and where ar does not loop,
since nothing is shown then.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image, ImageDraw

from benchmarks.decoding.miniature import FORMS, HELD_OUT, finish_run
from benchmarks.decoding.modes_compared import Measured, Reader
from benchmarks.decoding.small_forms import CELL, COLUMNS, Entries, draw, write_form
from benchmarks.decoding.small_forms import HELD_OUT as OTHER_ENTRIES
from benchmarks.decoding.small_forms import TRAINING as ENTRIES
from data.examples import Example, read_manifest, write_manifest
from eval.metrics.stats import wilson
from ocr.core.document import EngineOutput
from ocr.core.files import hash_bytes
from training.preferences.sampling import is_degenerate
from training.recipe import read_recipe
from training.run import Run, Sets
from training.run_dir import RunDir
from training.trainer import process

BLANKS = 0.5
"""Share of the forms that end in a blank."""
SHORTEST, LONGEST = 6, 140
AT_ONCE = 16
MODES: tuple[tuple[str, dict[str, object]], ...] = (
    ("ar", {}),
    ("self-speculation", {"block": 8}),
    ("self-speculation", {"block": 32}),
    ("diffusion", {"threshold": 0.9, "steps": 8}),
    ("diffusion", {"threshold": 0.9, "steps": 2}),
    ("diffusion", {"threshold": 0.5, "steps": 8}),
)
COLUMNS_SHOWN = ("mode", "forms that loop", "95%", "CER", "tokens a form", "tokens per pass", "same tokens as ar")


def write_blank(luck: random.Random, entries: Entries) -> tuple[str, Image.Image, str]:
    """Return a form, its picture and its kind, "form" or "blank"; the dashes of a blank are by lot."""
    text = write_form(luck, entries)
    if luck.random() >= BLANKS:
        return text, draw(text), "form"
    lines = text.split("\n")
    last = max(row for row, line in enumerate(lines) if line.strip("-"))
    words = lines[last].rstrip("-")[: COLUMNS - 4]
    page = draw("\n".join([*lines[:last], words]))
    middle = last * CELL + CELL // 2
    ImageDraw.Draw(page).line((len(words) * CELL + 2, middle, COLUMNS * CELL - 3, middle), fill=0, width=2)
    return "\n".join([*lines[:last], words + "-" * luck.randint(SHORTEST, LONGEST)]), page, "blank"


def make_blanks(folder: Path, name: str, count: int, seed: int) -> Path:
    """Write forms with blanks and their manifest, unless they are there; return the manifest."""
    manifest = folder / f"{name}.jsonl"
    if not manifest.is_file():
        (folder / name).mkdir(parents=True, exist_ok=True)
        write_manifest(manifest, _examples(folder, name, count, seed))
    return manifest


def _examples(folder: Path, name: str, count: int, seed: int) -> Iterator[Example]:
    luck = random.Random(seed)
    entries = ENTRIES if name.endswith("train") else OTHER_ENTRIES
    for number in range(count):
        text, page, kind = write_blank(luck, entries)
        path = folder / name / f"{number:06d}.png"
        page.save(path, compress_level=1)
        yield Example(
            id=f"{name}-{number:06d}",
            document=f"{name}-{number // 10:05d}",
            page=number % 10 + 1,
            image=f"{name}/{path.name}",
            sha256=hash_bytes(path.read_bytes()),
            width=page.width,
            height=page.height,
            kind=kind,
            origin="composed",
            licence="CC0-1.0",
            text=text,
            seed=seed,
        )


def train_parent(folder: Path, name: str, steps: int) -> Path:
    """Train the run on with blanks, unless that is done; return the folder of the parent that loops."""
    directory = RunDir(folder / f"{name}-blanks-{steps}")
    train = make_blanks(folder, "blanks-train", FORMS, 3)
    held_out = str(make_blanks(folder, "blanks-validation", HELD_OUT, 4))
    if not directory.record.is_file():
        directory.path.mkdir(parents=True, exist_ok=True)
        recipe = read_recipe("miniature-joint", [f"general.steps={steps}"])
        sets = Sets(str(train), held_out, held_out)
        directory.save(Run(directory.path.name, "general", str((folder / name).resolve()), "", recipe, sets))
    return finish_run(directory, process.train)


def describe(reader: Reader, name: str, found: Measured, alone: Measured) -> tuple[str, int]:
    """Return a row of the table, and the forms that loop."""
    rows = found.rows
    loops = sum(is_degenerate(EngineOutput(row.finish or "length", reader.text(row))) for row in rows)
    share = wilson(loops, len(rows))
    tokens, passes = sum(len(row.ids) for row in rows), sum(row.passes for row in rows)
    same = sum(row.ids == other.ids for row, other in zip(rows, alone.rows, strict=True))
    return (
        f"| {name} | {loops} of {len(rows)} | {share.low:.0%} to {share.high:.0%} | {reader.mean_errors(rows):.3f} "
        f"| {tokens / len(rows):.0f} | {tokens / passes:.2f} | {same} of {len(rows)} |"
    ), loops


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="joint")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--pages", type=int, default=48)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    run = train_parent(wanted.folder, wanted.name, wanted.steps)
    examples = read_manifest(wanted.folder / "blanks-validation.jsonl")[: wanted.pages]
    blanks = sum(example.kind == "blank" for example in examples)
    reader = Reader(run, examples, wanted.folder)
    print(f"{len(examples)} held-out forms, {blanks} of them with a blank\n")
    print(f"| {' | '.join(COLUMNS_SHOWN)} |\n{'|---' * len(COLUMNS_SHOWN)}|", flush=True)
    alone = reader.write(AT_ONCE, "ar")
    failed = False
    for mode, numbers in MODES:
        found = alone if mode == "ar" else reader.write(AT_ONCE, mode, **numbers)
        name = ", ".join([mode, *(f"{key} {value}" for key, value in numbers.items())])
        row, loops = describe(reader, name, found, alone)
        print(row, flush=True)
        failed |= mode == "ar" and not loops
        failed |= mode == "self-speculation" and any(
            one.ids != other.ids for one, other in zip(found.rows, alone.rows, strict=True)
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
