"""`import training`: names of the API."""

from pathlib import Path

import pytest

import training
from ocr.core.errors import TrainingError, UsageError
from training.recipe import shipped


def test_every_name_can_be_had() -> None:
    assert {name: getattr(training, name).__name__ for name in training.__all__} == {
        name: name for name in training.__all__
    }
    with pytest.raises(AttributeError):
        training.finetuna  # noqa: B018


def test_a_shipped_recipe_is_a_recipe() -> None:
    assert isinstance(training.read_recipe(shipped()[0], []), training.Recipe)


def test_a_stage_that_cannot_start_says_what_comes_first(tmp_path: Path) -> None:
    with pytest.raises((UsageError, TrainingError)) as caught:
        training.finetune(training.StageRequest("dpo", home=tmp_path))
    assert caught.value.hint
