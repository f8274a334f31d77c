"""Find the file of a recipe: by the name of one that comes with lusocr, or by its path."""

import difflib
from importlib.resources import files
from pathlib import Path

from ocr.core.errors import UsageError


def recipe_names(package: str) -> list[str]:
    """Return the names of the recipes in the folder `recipes` of a package."""
    folder = files(package).joinpath("recipes")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def find_recipe(name: str, package: str, purpose: str = "") -> Path:
    """Return the file of the recipe called `name` in a package, or at that path.

    `purpose` completes the message, such as " for the layout". Raises `UsageError` where there is none.
    """
    known = recipe_names(package)
    if name in known:
        return Path(str(files(package).joinpath("recipes", f"{name}.toml")))
    if Path(name).is_file():
        return Path(name)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"recipes: {', '.join(known)}; or the path of a file"
    raise UsageError(f"no such recipe{purpose}: {name}", hint=hint)
