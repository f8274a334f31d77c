"""Direct preference optimisation, the stage `dpo`: away from the model's own loops, towards its best readings.

The loss is the sigmoid loss of Rafailov et al. (arXiv 2305.18290) plus the likelihood of the chosen answer, which keeps
that from sinking together with the rejected one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ocr.core.environment import load
from ocr.models.catalog import Model
from ocr.models.prompts import PROMPTS, conversation
from training.formatting import lazily, look
from training.preferences.pairs import Pair, read_pairs
from training.run_dir import Run
from training.trainer.model_loading import adapter_for, load_processor, load_weights, reading_model, trainer_arguments

PAIRS_FILE = "pairs.jsonl"
Collator = Callable[[list[dict[str, Any]]], Any]


def to_preference(pair: Pair, model: Model) -> dict[str, Any]:
    """A pair as trl takes it (`images`, `prompt`, `chosen`, `rejected`), and `ended` for `leave_cuts_open`."""
    sides = {
        side: [{"role": "assistant", "content": [{"type": "text", "text": text}]}]
        for side, text in (("chosen", pair.chosen), ("rejected", pair.rejected))
    }
    images = [look(Path(pair.image), model)]
    return {"images": images, "prompt": conversation(PROMPTS[model.prompt]), **sides, "ended": pair.ended}


def leave_cuts_open(collate: Collator, end: int) -> Collator:
    """Wrap trl's collator, so that of a rejected answer that was cut the end token (`end`) is not trained on.

    The chat template closes every answer. In a loop each word is nearly certain and an end nearly impossible, so that
    most of what such a pair teaches would be never to end a loop.
    """

    def collated(rows: list[dict[str, Any]]) -> Any:
        ended = [row.pop("ended") for row in rows]
        batch = collate(rows)
        ids, mask = batch["input_ids"], batch["completion_mask"]  # (2 * rows, tokens): chosen ones, then rejected ones
        for place in (len(rows) + row for row, whole in enumerate(ended) if not whole):
            last = int(((ids[place] == end) & (mask[place] == 1)).nonzero()[-1])
            mask[place, last:] = 0
        return batch

    return collated


def build_trainer(run: Run, folder: Path) -> tuple[Any, list[str]]:
    """trl's DPOTrainer for `run`, and the name of each training row; the pairs lie in `folder/pairs.jsonl`."""
    trl = load("trl", extra="train")
    pairs = read_pairs(folder / PAIRS_FILE)
    model = reading_model(run.base, run.recipe)
    preference = run.recipe.dpo
    trainer = trl.DPOTrainer(
        model=load_weights(run),
        args=trl.DPOConfig(
            **trainer_arguments(run, folder),
            beta=preference.beta,
            loss_type=["sigmoid", "sft"],
            loss_weights=[1.0, preference.sft_weight],
        ),
        train_dataset=lazily(pairs, lambda pair: to_preference(pair, model)),
        processing_class=load_processor(run),
        peft_config=adapter_for(run),
    )
    trainer.data_collator = leave_cuts_open(trainer.data_collator, trainer.processing_class.tokenizer.eos_token_id)
    return trainer, [pair.id for pair in pairs]
