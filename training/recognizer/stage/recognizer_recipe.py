"""A recipe for the built-in recognizer: every number of a training run, in TOML.

The recipes that ship lie in the folder `recipes` beside this file. The tables `general` and `domain` of a recipe hold
what differs in that stage; `--set key=value` changes the stage at hand.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field as Setting

from ocr.core.environment import count_cores, sees_gpu
from ocr.core.errors import UsageError
from ocr.core.settings import Settings, check, load
from training.recipe_files import find_recipe, recipe_names

Stage = Literal["general", "domain"]
RECOGNIZER_STAGES: tuple[Stage, ...] = ("general", "domain")
CPU, GPU = "recognizer-cpu", "recognizer-gpu"


class RecognizerRecipe(Settings):
    """The numbers of one stage."""

    name: str = ""
    network: Literal["ppocr", "fast", "fast-small", "fast-large"] = "ppocr"
    """ppocr: the graph of PP-OCRv6. The others: the fast network, from random weights or from such a file."""
    only: Literal["", "unknown"] = ""
    """unknown: train only what sees letters outside the alphabet; all other classes read as before. Of ppocr alone."""
    teacher: str = ""
    """ONNX file of a recognizer that a fast network learns from as well; pt for the shipped one; empty for none."""
    distillation: float = Setting(default=0.0, ge=0)
    lines: int = Setting(default=0, ge=0)
    """Stop after so many lines, those that come again included; 0 leaves it to `minutes`."""
    minutes: float = Setting(default=0.0, ge=0)
    learning_rate: float = Setting(default=1e-4, gt=0)
    warmup: int = Setting(default=60, ge=0)
    """Steps over which the learning rate rises."""
    weight_decay: float = Setting(default=0.01, ge=0)
    clip: float = Setting(default=1.0, gt=0)
    """Largest norm of the gradient."""
    averaging: float = Setting(default=0.998, ge=0, lt=1)
    """Decay of the average of weights that is saved."""
    anchor: float = Setting(default=0.0, ge=0, le=1)
    """Share of the way back to the starting weights at each step: against forgetting."""
    columns: int = Setting(default=16 * 640, ge=320)
    """Lines of a batch times their width in pixels: what memory depends on."""
    window: int = Setting(default=256, ge=64)
    """Lines that are sorted into batches together."""
    workers: int = Setting(default=0, ge=0)
    """Composing processes; 0 for one on a CPU, and for all cores but three beside a GPU."""
    replay: int = Setting(default=0, ge=0)
    """How often a batch may come again, with new noise, while no fresh one is ready."""
    distinct: int = Setting(default=0, ge=0)
    """Composed lines that are different; 0 for no repetition."""
    own_share: float = Setting(default=0.5, gt=0, le=1)
    """Share of the archive's own lines (--data DIR) in training; the others are composed."""
    blends: list[Annotated[float, Setting(gt=0, le=1)]] = Setting(default_factory=list)
    """Shares of the way from the base's weights to the tuned ones, the largest first. The first at which composed lines
    read about as well as with the base is kept; empty keeps the tuned weights. Only with lines of an archive."""
    own_held_out: float = Setting(default=0.2, gt=0, lt=1)
    """Share of the archive's own lines that judges the run."""
    held_out: int = Setting(default=400, ge=50)
    """Composed lines that the regression check reads, besides 400 in clean print."""
    texts: list[Path] = Setting(default_factory=list)
    """Folders of plain-text files, besides the project's grammar."""
    fonts: list[Path] = Setting(default_factory=list)
    """Folders of font files, besides the shipped ones."""
    held_out_texts: list[Path] = Setting(default_factory=list)
    held_out_fonts: list[Path] = Setting(default_factory=list)
    """Texts and fonts of held-out lines alone."""
    hard: float = Setting(default=0.38, ge=0, le=1)
    """Share of composed lines that are hard cases, in training."""
    cases: dict[str, float] = Setting(default_factory=dict)
    wears: dict[str, float] = Setting(default_factory=dict)
    styles: dict[str, float] = Setting(default_factory=dict)
    """Weights of hard cases (in training), wears and styles of face that differ from those of the composer."""
    added: str = ""
    """Characters beyond the alphabet of the base."""
    save_seconds: float = Setting(default=60.0, gt=0)
    """Seconds between checkpoints: what a killed run loses at most."""
    check_seconds: float = Setting(default=300.0, gt=0)
    """Seconds between readings of held-out lines, for the curve."""
    sources: list[str] = Setting(default_factory=list)
    """Where the numbers come from."""

    @property
    def processes(self) -> int:
        """Composing processes on this machine."""
        if self.workers:
            return self.workers
        return max(1, count_cores() - 3) if sees_gpu() else 1


def shipped_recipes() -> list[str]:
    """Return the names of the recipes that come with lusocr."""
    return recipe_names("training.recognizer.stage")


def read_recognizer_recipe(name: str, stage: Stage, assignments: list[str]) -> RecognizerRecipe:
    """Return the recipe called `name`, or at that path, for one stage, with `key=value` changes; "" for the default.

    Raises `UsageError` for an unknown recipe, key or stage, and for a recipe without a budget.
    """
    name = name or (GPU if sees_gpu() else CPU)
    file = find_recipe(name, "training.recognizer.stage", " for the recognizer")
    start = check(RecognizerRecipe, _of_stage(file, stage) | {"name": file.stem}, where=str(file))
    recipe = load(RecognizerRecipe, file=None, assignments=assignments, flags={}, start=start)
    if not (recipe.lines or recipe.minutes):
        raise UsageError(f"recipe {recipe.name}: no budget", hint="--set minutes=10 or --set lines=20000")
    if recipe.only and (recipe.network != "ppocr" or not (recipe.lines and recipe.distinct)):
        raise UsageError(
            f"recipe {recipe.name}: only={recipe.only} needs network=ppocr, distinct and lines",
            hint="--set network=ppocr --set distinct=18000 --set lines=270000",
        )
    return recipe


def _of_stage(file: Path, stage: Stage) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise UsageError(f"{file} is not a recipe: {cause}") from cause
    stages = {name: table.pop(name, {}) for name in RECOGNIZER_STAGES}
    return {**table, **stages[stage]}


def resolved(paths: list[Path]) -> tuple[Path, ...]:
    """Return paths as absolute ones: composing processes may start in another folder."""
    return tuple(Path(path).resolve() for path in paths)
