"""The needs of the recipes that ship."""

import pytest

from training.recipe import StageName, read_recipe
from training.resources import Estimate, estimate
from training.run import Run, Sets


def needs_of(recipe: str, stage: StageName) -> Estimate:
    return estimate(Run("", stage, "", "", read_recipe(recipe, []), Sets("", "", "")))


@pytest.mark.parametrize("name", ["nanonets-ocr2-3b-24gb", "qwen2.5-vl-3b-80gb", "lightonocr-3-4b-24gb"])
def test_recipes_fit_their_devices_in_every_stage(name: str) -> None:
    recipe = read_recipe(name, [])
    for stage in ("general", "domain", "dpo"):
        needs = needs_of(name, stage)
        assert 1.5 < needs.memory < recipe.device_gb


def test_the_estimate_is_near_the_arithmetic_of_a_real_shape() -> None:
    """Qwen2.5-VL-3B: 36 layers 2,048 wide, keys and values 256, 11,008 inside; rank 32 on seven projections."""
    widths = [(2048, 2048), (2048, 256), (2048, 256), (2048, 2048), (2048, 11008), (2048, 11008), (11008, 2048)]
    moving = 36 * 32 * sum(one + other for one, other in widths) / 1e6
    assert needs_of("qwen2.5-vl-3b-24gb", "domain").trained == pytest.approx(moving, rel=0.1)
