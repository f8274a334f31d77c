"""Train the miniature that the decoding benchmarks read with: recipe `miniature-joint` on small forms, on one core.

    python -m benchmarks.decoding.miniature DIR [--steps 250] [--name joint] [--base DIR] [--set KEY=VALUE ...]

DIR gets the forms, a base that benchmarks/decoding/warm_start.py has started, and the run DIR/NAME, a checkpoint for
`--model`. A command that was stopped goes on when it is typed again. `ocr finetune` does the same from an untrained
base, and a regression check besides, which reads through vLLM.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import transformers

from benchmarks.decoding.small_forms import SIGNS, make_forms
from benchmarks.decoding.warm_start import warm_up
from ocr.models import catalog
from ocr.models.catalog import Diffusion
from training.joint.joint_trainer import find_mask_token
from training.recipe import Recipe, read_recipe
from training.run import Run, Sets
from training.run_dir import RunDir
from training.trainer.launcher import train_apart
from training.trainer.model_loading import merge_weights
from training.trainer.tiny_model import build

FORMS, HELD_OUT = 1600, 100


def make_base(folder: Path, recipe: Recipe, seed: int) -> Path:
    """Write the warm-started model of the recipe and its objective, unless it is there; return its folder."""
    base = folder / f"base-{seed}-{recipe.objective}"
    if not (base / "reading.toml").is_file() and recipe.scratch is not None:
        build(base, recipe.scratch, seed=seed, texts=[SIGNS])
        warm_up(base, seed, joint=recipe.objective == "joint")
        model = Run("", "general", str(base), "", recipe, Sets("", "", "")).model
        if recipe.objective == "joint":
            mask = find_mask_token(transformers.AutoTokenizer.from_pretrained(base))
            model = model.model_copy(update={"diffusion": Diffusion(mask=mask, block=recipe.joint.block)})
        catalog.save(model, base)
    return base


def start_run(folder: Path, name: str, settings: list[str], seed: int = 0, base: Path | None = None) -> RunDir:
    """Return the run `name`, laid out unless it was before. Without `base` it starts from the warm-started model."""
    manifest = make_forms(folder, "train", FORMS, 1)
    held_out = make_forms(folder, "validation", HELD_OUT, 2)
    recipe = read_recipe("miniature-joint", settings)
    directory = RunDir(folder / name)
    if not directory.record.is_file():
        start = base or make_base(folder, recipe, seed)
        directory.path.mkdir(parents=True, exist_ok=True)
        sets = Sets(str(manifest), str(held_out), str(held_out))
        directory.save(Run(name, "general", str(start.resolve()), "", recipe, sets, seed=seed))
    return directory


def finish_run(directory: RunDir, train: Callable[[RunDir], None]) -> Path:
    """Train and merge a run unless that is done; return its folder."""
    run = directory.load()
    if run.state == "training":
        train(directory)
        merge_weights(run, directory)
        directory.save(replace(run, state="trained"))
    return directory.path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("to", type=Path)
    parser.add_argument("--name", default="joint")
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    wanted = parser.parse_args()
    settings = [f"general.steps={wanted.steps}", *wanted.set]
    directory = start_run(wanted.to, wanted.name, settings, wanted.seed, wanted.base)
    print(finish_run(directory, partial(train_apart, processes=1)))


if __name__ == "__main__":
    main()
