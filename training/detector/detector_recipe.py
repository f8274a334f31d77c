"""A recipe for the fast detector: every number of a training run, in TOML.

The recipes that ship lie in the folder `recipes` beside this file.
"""

from pydantic import Field as Setting

from ocr.core.settings import Settings, load
from training.recipe_files import find_recipe, recipe_names

DEFAULT_RECIPE = "fast-detector-cpu"


class DetectorRecipe(Settings):
    """The numbers of one run."""

    name: str = ""
    channels: list[int] = Setting(default_factory=lambda: [24, 48, 96, 160], min_length=4, max_length=4)
    """Of the network at 1/4, 1/8, 1/16 and 1/32 of the page's size."""
    blocks: list[int] = Setting(default_factory=lambda: [1, 2, 3, 3], min_length=4, max_length=4)
    pages: int = Setting(default=1000, ge=4)
    """Composed pages, each drawn once."""
    em: list[float] = Setting(default_factory=lambda: [10.0, 26.0], min_length=2, max_length=2)
    """Least and most pixels of the usual type size at which a page is drawn."""
    steps: int = Setting(default=6000, ge=1)
    batch: int = Setting(default=6, ge=1)
    """Crops of a step."""
    side: int = Setting(default=384, ge=64, multiple_of=32)
    """Pixels of a crop."""
    learning_rate: float = Setting(default=4e-3, gt=0)
    warmup: int = Setting(default=100, ge=0)
    """Steps over which the learning rate rises."""
    weight_decay: float = Setting(default=0.01, ge=0)
    averaging: float = Setting(default=0.998, ge=0, lt=1)
    """Decay of the exponential moving average of weights, which is what is saved."""
    held_out: int = Setting(default=30, ge=4)
    """Composed pages of other documents that judge the run, as many clean as worn."""
    save_seconds: float = Setting(default=60.0, gt=0)
    """Seconds between checkpoints: what a killed run loses at most."""
    sources: list[str] = Setting(default_factory=list)
    """Where the numbers come from."""


def detector_recipes() -> list[str]:
    """Return the names of the recipes that come with lusocr."""
    return recipe_names("training.detector")


def read_detector_recipe(name: str, assignments: list[str]) -> DetectorRecipe:
    """Return the recipe called `name`, or at that path, with `key=value` changes; "" for the default.

    Raises `UsageError` for an unknown recipe or key.
    """
    name = name or DEFAULT_RECIPE
    file = find_recipe(name, "training.detector", " for the fast detector")
    recipe = load(DetectorRecipe, file=file, assignments=assignments, flags={})
    return recipe.model_copy(update={"name": recipe.name or file.stem})
