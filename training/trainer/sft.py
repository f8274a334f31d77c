"""Supervised fine-tuning, the stages `general` and `domain`: from a page's image to its text."""

from pathlib import Path
from typing import Any

from data.examples import for_training, read_manifest
from ocr.core.environment import load
from training.formatting import lazily, to_conversation
from training.run_dir import Run
from training.trainer.model_loading import adapter_for, load_processor, load_weights, reading_model, trainer_arguments


def build_trainer(run: Run, folder: Path) -> tuple[Any, list[str]]:
    """trl's SFTTrainer for `run`, and the name of each training row. The loss falls on the answers alone.

    Raises `DataError` for test-only pages, `TrainingError` for a base that cannot be trained.
    """
    trl = load("trl", extra="train")
    manifest = Path(run.sets.train)
    examples = for_training(read_manifest(manifest))
    model = reading_model(run.base, run.recipe)
    trainer = trl.SFTTrainer(
        model=load_weights(run),
        args=trl.SFTConfig(**trainer_arguments(run, folder), completion_only_loss=True),
        train_dataset=lazily(examples, lambda example: to_conversation(example, manifest.parent, model)),
        processing_class=load_processor(run),
        peft_config=adapter_for(run),
    )
    return trainer, [example.id for example in examples]
