import json

import pytest

from ocr.core.errors import UsageError
from ocr.models.catalog import table
from ocr.models.prompts import PROMPTS
from training.recipe import STAGES, change, read_recipe, shipped


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_recipe_loads_and_names_things_that_exist(name: str) -> None:
    recipe = read_recipe(name, [])
    assert recipe.name == name
    assert recipe.prompt in PROMPTS
    assert recipe.sources, "every number says where it comes from"
    assert (recipe.base in table()) != (recipe.scratch is not None)
    assert all(getattr(recipe, stage).learning_rate > 0 for stage in STAGES)


def test_assignments_win() -> None:
    assert read_recipe("miniature", ["general.batch=7"]).general.batch == 7


def test_unknown_recipes_and_keys_are_said() -> None:
    with pytest.raises(UsageError, match="no such recipe: miniatur") as wrong:
        read_recipe("miniatur", [])
    assert wrong.value.hint == "did you mean miniature?"
    with pytest.raises(UsageError, match="learning_rte"):
        read_recipe("miniature", ["general.learning_rte=1"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("prompt=nonsense", "there is no prompt 'nonsense'; known: "),
        ("domain.schedule=cosin", "domain.schedule: there is no 'cosin'"),
        ("domain.batch=0", "domain.batch: Input should be greater"),
        ("drafter.method=full", "drafter.method: there is no 'full'"),
        ("dpo.samples=0", "dpo.samples: Input should be greater"),
    ],
)
def test_a_number_that_cannot_be_trained_with_is_refused_at_once(wrong: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"--set {wrong}: .*{said}"):
        read_recipe("miniature", [wrong])


def test_a_recipe_is_changed_in_what_is_typed_alone() -> None:
    own = read_recipe("miniature", ["leaders=0", "image.max_pixels=65536"])
    changed = change(own, ["dpo.batch=3"])
    assert (changed.leaders, changed.image.max_pixels, changed.dpo.batch) == (0, 65536, 3)
    assert change(own, []) == own


def test_a_scratch_model_writes_the_fields_of_the_first_recipes_and_what_was_set() -> None:
    first = read_recipe("miniature", []).scratch
    assert first is not None
    assert len(json.loads(first.model_dump_json())) == 11
    changed = read_recipe("miniature", ["scratch.gain=4"]).scratch
    assert changed is not None
    assert set(json.loads(changed.model_dump_json())) - set(json.loads(first.model_dump_json())) == {"gain"}
    assert type(changed).model_validate_json(changed.model_dump_json()) == changed
