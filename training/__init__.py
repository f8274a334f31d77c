"""Fine-tune vision-language models to read Portuguese pages.

The names of `__all__` are the API; each is loaded when it is first used. A stage in three lines:

    request = training.StageRequest("domain", data=Path("pages"), recipe="miniature")
    run = training.finetune(request)
    print(run.name, run.state)
"""

from typing import TYPE_CHECKING

from ocr.core import environment

if TYPE_CHECKING:
    from training.plan import StageRequest
    from training.recipe import Recipe, read_recipe
    from training.run import Run
    from training.stages import finetune

__all__ = ["Recipe", "Run", "StageRequest", "finetune", "read_recipe"]

__getattr__ = environment.load_on_use(
    __name__,
    {
        "Recipe": "training.recipe:Recipe",
        "Run": "training.run:Run",
        "StageRequest": "training.plan:StageRequest",
        "finetune": "training.stages:finetune",
        "read_recipe": "training.recipe:read_recipe",
    },
)
