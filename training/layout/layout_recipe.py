"""A recipe for the network of the structure of pages: every number of a training run, in TOML.

The recipes that ship lie in the folder `recipes` beside this file.
"""

from pydantic import Field as Setting

from ocr.core.settings import Settings, load
from training.recipe_files import find_recipe, recipe_names

DEFAULT_RECIPE = "layout-cpu"


class LayoutRecipe(Settings):
    """The numbers of one run."""

    name: str = ""
    pages: int = Setting(default=1000, ge=20)
    """Composed pages."""
    views: int = Setting(default=1, ge=1)
    """Simulated readings of each page."""
    without: list[str] = Setting(default_factory=list)
    """Layout features that no page has."""
    steps: int = Setting(default=3000, ge=1)
    learning_rate: float = Setting(default=3e-3, gt=0)
    warmup: int = Setting(default=100, ge=0)
    """Steps over which the learning rate rises."""
    weight_decay: float = Setting(default=0.01, ge=0)
    held_out: int = Setting(default=120, ge=20)
    """Composed pages of other documents that judge the run, as many again with the features left out."""
    doubt_pages: int = Setting(default=600, ge=20)
    """Composed pages that the weights of doubt are fitted on."""
    save_seconds: float = Setting(default=30.0, gt=0)
    """Seconds between checkpoints: what a killed run loses at most."""
    sources: list[str] = Setting(default_factory=list)
    """Where the numbers come from."""


def layout_recipes() -> list[str]:
    """Return the names of the recipes that come with lusocr."""
    return recipe_names("training.layout")


def read_layout_recipe(name: str, assignments: list[str]) -> LayoutRecipe:
    """Return the recipe called `name`, or at that path, with `key=value` changes; "" for the default.

    Raises `UsageError` for an unknown recipe or key.
    """
    name = name or DEFAULT_RECIPE
    file = find_recipe(name, "training.layout", " for the layout")
    recipe = load(LayoutRecipe, file=file, assignments=assignments, flags={})
    return recipe.model_copy(update={"name": recipe.name or file.stem})
