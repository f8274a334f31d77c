"""Train every stage with the recipe `miniature` on two CPU cores: the rows of docs/dev/lab-notebook.md.

    python -m benchmarks.training.stages memorise TO            # 64 small pages from nothing, read back through vLLM
    python -m benchmarks.training.stages curve TO               # 259,124 lines from nothing, some 100 minutes
    python -m benchmarks.training.stages dpo TO --base MODEL    # a domain stage, and the stage dpo with three seeds
    python -m benchmarks.training.stages gate TO --base MODEL   # a stage on shuffled references fails the check

TO is a folder for pages and runs. A command that was stopped goes on when it is typed again. MODEL is a checkpoint that
`curve` left behind, or any other.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.training.small_pages import BLANKS, OCR, make_lines, make_pages, shuffle_truths
from data.examples import Example, read_manifest, write_manifest
from eval.metrics.composite import published
from eval.metrics.edit_distance import character_errors
from eval.metrics.stats import compare
from ocr.core.document import EngineOutput
from ocr.models import catalog
from training.evaluation.model_regression import leaves_out
from training.preferences.mining import cause_of
from training.preferences.sampling import Sampled, is_degenerate, read_pages
from training.recipe import read_recipe
from training.run_dir import RunDir

RECIPE = "miniature"
EVERY = 400
"""Steps between the models that `curve` keeps."""
SEEDS = (1, 2, 3)


def finetune(stage: str, home: Path, *words: str) -> int:
    """Run `ocr finetune` as a user types it; return its exit code."""
    command = [str(OCR), "finetune", "--stage", stage, "--recipe", RECIPE, "--runs", str(home), *words]
    print("$ ocr", *command[1:], flush=True)
    return subprocess.run(command, check=False).returncode


def split(manifest: Path, shares: str) -> Path:
    """Split a manifest by document beside itself; return the folder."""
    folder = manifest.parent
    if not (folder / "train.jsonl").is_file():
        subprocess.run([OCR, "data", "split", manifest, "--to", folder, "--shares", shares], check=True)
    return folder


def on_base(pages: Path, base: Path) -> tuple[str, ...]:
    """Flags of a stage on `base`, judged by its held-out pages alone: whole pages are not for models this small."""
    return "--data", str(pages), "--base", str(base), "--general", str(pages.with_name("validation.jsonl"))


def read(model: Path, manifest: Path) -> tuple[list[Example], list[EngineOutput]]:
    """The model's greedy readings of the pages of a manifest, through vLLM."""
    examples = read_manifest(manifest)
    readings = read_pages("vllm", model, [manifest.parent / example.image for example in examples], Sampled())
    return examples, [answers[0] for answers in readings]


def error_rate(examples: Sequence[Example], readings: Sequence[EngineOutput]) -> float:
    """Micro character error rate, normalized."""
    errors = [
        character_errors(example.text, reading.text or "", "normalized")
        for example, reading in zip(examples, readings, strict=True)
    ]
    return sum(error.edits for error in errors) / sum(error.length for error in errors)


def memorise(wanted: argparse.Namespace) -> None:
    folder: Path = wanted.to
    pages = read_manifest(make_pages(folder, 300, 11))
    learned = pages[:64]
    known = {page.document for page in learned}
    write_manifest(folder / "train.jsonl", learned)
    write_manifest(folder / "validation.jsonl", [page for page in pages if page.document not in known][:100])
    settings = ("general.epochs=200", "general.batch=16", "general.save_every=400")
    code = finetune("general", folder / "runs", "--data", str(folder), *(f"--set={each}" for each in settings))
    examples, readings = read(folder / "runs/general-1", folder / "train.jsonl")
    print(f"exit code {code}; character error rate on the 64 pages: {error_rate(examples, readings):.4%}")


def curve(wanted: argparse.Namespace) -> None:
    folder: Path = wanted.to
    data = split(make_lines(folder / "lines", wanted.lines, 42), "0.996,0.004,0")
    home = folder / "runs"
    training = subprocess.Popen(
        [OCR, "finetune", "--stage", "general", "--recipe", RECIPE, "--runs", home, "--data", data],
    )
    while training.poll() is None:
        time.sleep(10)
        keep_checkpoints(home / "general-1", folder / "curve")
    print_curve(folder / "curve", home / "general-1", data / "validation.jsonl")


def keep_checkpoints(run: Path, to: Path) -> None:
    """Copy the weights of every `EVERY`th step, which the trainer deletes as it goes on."""
    directory = RunDir(run)
    for checkpoint in directory.whole_checkpoints():
        step = int(checkpoint.name.rpartition("-")[2])
        if step % EVERY or (to / str(step)).is_dir():
            continue
        part = to / "part"
        part.mkdir(parents=True, exist_ok=True)
        for file in checkpoint.iterdir():
            if file.suffix in (".safetensors", ".json", ".jinja"):
                (part / file.name).write_bytes(file.read_bytes())
        catalog.save(directory.load().model, part)
        part.rename(to / str(step))


def print_curve(kept: Path, run: Path, held_out: Path) -> None:
    recipe = read_recipe(RECIPE, [])
    rows = [json.loads(row) for row in (run / "losses.jsonl").read_text(encoding="utf-8").splitlines()]
    last = {row["step"]: row for row in rows}
    steps = {int(path.name): path for path in kept.glob("[0-9]*")} | {max(last): run}
    print("| step | lines seen | minutes | loss | held-out CER | loops |\n|---|---|---|---|---|---|")
    for step, model in sorted(steps.items()):
        examples, readings = read(model, held_out)
        loops = sum(map(is_degenerate, readings)) / len(readings)
        lines, minutes = step * recipe.general.batch, last[step]["seconds"] / 60
        print(
            f"| {step} | {lines:,} | {minutes:.0f} | {last[step]['loss']:.3f} "
            f"| {error_rate(examples, readings):.4f} | {loops:.1%} |",
            flush=True,
        )


def dpo(wanted: argparse.Namespace) -> None:
    folder: Path = wanted.to
    data = split(make_lines(folder / "pages", wanted.form_lines, 21, blanks=BLANKS), "0.75,0.25,0")
    home = folder / "runs"
    # To write each dot of a blank teaches to loop. The gate refuses that, and rightly; here it is wanted.
    settings = [f"--set={each}" for each in ("leaders=0", *wanted.set)]
    code = finetune("domain", home, *on_base(data / "train.jsonl", wanted.base), "--force-promote", *settings)
    print(f"domain: exit code {code}", flush=True)
    print("| seed | exit | loops | p | composite | p | omissions | p | shorter | p | length / truth |")
    print("|---" * 11 + "|", flush=True)
    for seed in SEEDS:
        code = finetune("dpo", home, "--seed", str(seed), *settings)
        if code not in (0, 11):  # neither promoted nor refused: there is nothing to compare
            sys.exit(f"dpo, seed {seed}: exit code {code}")
        print_change(home, code, seed)


def print_change(home: Path, code: int, seed: int) -> None:
    """One row: what a dpo run changed on its held-out pages, before -> after, with p of paired permutation tests."""
    run = RunDir(home / f"dpo-{seed}").load()
    examples = read_manifest(Path(run.sets.held_out))
    model = run.model
    form = TypeAdapter(list[tuple[EngineOutput, ...]])
    sides = [
        [answers[0] for answers in form.validate_json(file.read_bytes())][: len(examples)]
        for file in (home / run.parent / "after.json", home / run.name / "after.json")
    ]
    cells = [str(seed), str(code)]
    measures = {
        "loops": lambda _, reading: float(is_degenerate(reading)),
        "composite": lambda example, reading: published(example.text, reading.text or "").score,
        "omissions": lambda example, reading: float(leaves_out(example, reading)),
        "shorter": lambda example, reading: float(cause_of(example.text, reading, model) == "omission"),
    }
    for measure in measures.values():
        before, after = ([measure(e, r) for e, r in zip(examples, side, strict=True)] for side in sides)
        change = compare(after, before, [example.document for example in examples], seed=seed)
        cells += [f"{sum(before) / len(before):.4f} -> {sum(after) / len(after):.4f}", f"{change.p:.4f}"]
    letters = sum(len(example.text) for example in examples)
    lengths = [sum(len(r.text or "") for r in side) / letters for side in sides]
    print(f"| {' | '.join(cells)} | {lengths[0]:.3f} -> {lengths[1]:.3f} |", flush=True)


def gate(wanted: argparse.Namespace) -> None:
    folder: Path = wanted.to
    data = split(make_pages(folder / "pages", wanted.pages, 21), "0.85,0.15,0")
    shuffled = data / "shuffled.jsonl"
    shuffle_truths(data / "train.jsonl", shuffled, 5)
    for name, pages in (("shuffled references", shuffled), ("true ones", data / "train.jsonl")):
        words = (*on_base(pages, wanted.base), *(f"--set={each}" for each in wanted.set))
        print(f"{name}: exit code {finetune('domain', folder / 'gate-runs', *words)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", choices=("memorise", "curve", "dpo", "gate"))
    parser.add_argument("to", type=Path)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--lines", type=int, default=700_000)
    parser.add_argument("--form-lines", type=int, default=9_000)
    parser.add_argument("--pages", type=int, default=3_300)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    wanted = parser.parse_args()
    {"memorise": memorise, "curve": curve, "dpo": dpo, "gate": gate}[wanted.experiment](wanted)


if __name__ == "__main__":
    sys.exit(main())
