"""Build the trl trainer of a stage: supervised fine-tuning for `general` and `domain`, DPO for `dpo`, and `drafter`.

The DPO loss is the sigmoid loss of Rafailov et al. (arXiv 2305.18290) plus the likelihood of the chosen answer, which
keeps that from sinking together with the rejected one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.examples import for_training, read_manifest
from ocr.core.environment import load
from ocr.models import catalog
from ocr.models.catalog import Model
from ocr.models.prompts import PROMPTS, conversation
from training.formatting import lazily, look, to_conversation
from training.joint.drafter_trainer import drafter_trainer_class
from training.joint.joint_trainer import joint_trainer_class
from training.preferences.pairs import Pair, read_pairs
from training.run import Run
from training.run_dir import RunDir
from training.trainer.batched_vision_attention import spare_frozen_tower
from training.trainer.model_loading import load_parts

Row = dict[str, object]
"""One training row as trl takes it: tensors, images and chat messages by name."""
Collator = Callable[[list[Row]], Any]


@dataclass(frozen=True, slots=True)
class StageTrainer:
    """A trl trainer and the name of each of its training rows."""

    trainer: Any
    names: list[str]


def build_trainer(run: Run, directory: RunDir) -> StageTrainer:
    """Return the trainer of the run's stage.

    Raises `DataError` for test-only pages and bad pairs, `TrainingError` for a base that cannot be trained.
    """
    stage = _dpo(run, directory) if run.stage == "dpo" else _supervised(run, directory)
    spare_frozen_tower(stage.trainer.model)
    return stage


def _supervised(run: Run, directory: RunDir) -> StageTrainer:
    """Return trl's SFTTrainer, with the objective of the stage or recipe. The loss falls on the answers alone."""
    trl = load("trl", extra="train")
    manifest = Path(run.sets.train)
    examples = for_training(read_manifest(manifest))
    parts, model = load_parts(run, directory), run.model
    if run.stage == "drafter":
        model = catalog.resolve(run.base)
        trainer_class = drafter_trainer_class(model.diffusion)
    else:
        trainer_class = trl.SFTTrainer if run.recipe.objective == "ar" else joint_trainer_class(run.recipe.joint)
    trainer = trainer_class(
        model=parts.weights,
        args=trl.SFTConfig(**parts.arguments, completion_only_loss=True),
        train_dataset=lazily(examples, lambda example: to_conversation(example, manifest.parent, model)),
        processing_class=parts.processor,
        peft_config=parts.adapter,
    )
    return StageTrainer(trainer, [example.id for example in examples])


def _dpo(run: Run, directory: RunDir) -> StageTrainer:
    """Return trl's DPOTrainer over the run's pairs."""
    trl = load("trl", extra="train")
    pairs = read_pairs(directory.pairs)
    parts, model = load_parts(run, directory), run.model
    preference = run.recipe.dpo
    trainer = trl.DPOTrainer(
        model=parts.weights,
        args=trl.DPOConfig(
            **parts.arguments,
            beta=preference.beta,
            loss_type=["sigmoid", "sft"],
            loss_weights=[1.0, preference.sft_weight],
        ),
        train_dataset=lazily(pairs, lambda pair: to_preference(pair, model)),
        processing_class=parts.processor,
        peft_config=parts.adapter,
    )
    trainer.data_collator = leave_cuts_open(trainer.data_collator, trainer.processing_class.tokenizer.eos_token_id)
    return StageTrainer(trainer, [pair.id for pair in pairs])


def to_preference(pair: Pair, model: Model) -> Mapping[str, object]:
    """Return a pair as trl takes it (`images`, `prompt`, `chosen`, `rejected`), and `ended` for `leave_cuts_open`."""
    sides = {
        side: [{"role": "assistant", "content": [{"type": "text", "text": text}]}]
        for side, text in (("chosen", pair.chosen), ("rejected", pair.rejected))
    }
    images = [look(Path(pair.image), model)]
    return {"images": images, "prompt": conversation(PROMPTS[model.prompt]), **sides, "ended": pair.ended}


def leave_cuts_open(collate: Collator, end: int) -> Collator:
    """Wrap trl's collator, so that the end token (`end`) of a rejected answer that was cut is not trained on.

    The chat template closes every answer. In a loop each word is nearly certain and an end nearly impossible, so that
    such a pair would teach mostly never to end a loop.
    """

    def collated(rows: list[Row]) -> Any:
        ended = [row.pop("ended") for row in rows]
        batch = collate(rows)
        ids, mask = batch["input_ids"], batch["completion_mask"]  # (2 * rows, tokens): chosen ones, then rejected ones
        for place in (len(rows) + row for row, whole in enumerate(ended) if not whole):
            last = int(((ids[place] == end) & (mask[place] == 1)).nonzero()[-1])
            mask[place, last:] = 0
        return batch

    return collated
