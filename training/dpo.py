"""Direct preference optimisation, the stage `dpo`: away from the model's own loops, towards its best readings.

The loss is the sigmoid loss of Rafailov et al. (arXiv 2305.18290) plus the likelihood of the chosen answer, which keeps
that from sinking together with the rejected one.
"""

from pathlib import Path
from typing import Any

from ocr.lazy import load
from ocr.models import Model
from ocr.prompts import PROMPTS, conversation
from training.chat import lazily, look
from training.pairs import Pair, read_pairs
from training.runs import Run
from training.weights import adapter_for, load_processor, load_weights, reading_model, trainer_arguments

PAIRS_FILE = "pairs.jsonl"


def to_preference(pair: Pair, model: Model) -> dict[str, Any]:
    """A pair as trl takes it: `images`, `prompt`, `chosen`, `rejected`."""
    sides = {
        side: [{"role": "assistant", "content": [{"type": "text", "text": text}]}]
        for side, text in (("chosen", pair.chosen), ("rejected", pair.rejected))
    }
    return {"images": [look(Path(pair.image), model)], "prompt": conversation(PROMPTS[model.prompt]), **sides}


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
    return trainer, [pair.id for pair in pairs]
