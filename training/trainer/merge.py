"""From what was learned to a checkpoint that any engine serves: adapter into base, processor, `reading.toml`."""

import shutil
from pathlib import Path

from ocr.core.environment import load
from ocr.models import catalog
from training.run_dir import Run
from training.trainer.model_loading import base_folder, load_processor, reading_model
from training.trainer.process import LEARNED


def merge(run: Run, folder: Path) -> None:
    """Write the run's model into `folder` itself: weights (safetensors), processor, `reading.toml`.

    The merged weights have the precision of the base. Raises `TrainingError` where the base has gone.
    """
    learned = folder / LEARNED
    transformers = load("transformers", extra="train")
    if (learned / "adapter_config.json").is_file():
        peft = load("peft", extra="train")
        base = transformers.AutoModelForImageTextToText.from_pretrained(base_folder(run.base), dtype="auto")
        model = peft.PeftModel.from_pretrained(base, str(learned)).merge_and_unload()
    else:
        model = transformers.AutoModelForImageTextToText.from_pretrained(learned, dtype="auto")
    model.save_pretrained(folder)
    load_processor(run).save_pretrained(folder)
    for place in (folder, learned):  # an adapter that is served unmerged is asked in the same way
        catalog.save(reading_model(str(folder), run.recipe), place)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
