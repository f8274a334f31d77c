"""Load the parts that a stage trains with, and merge the result into a checkpoint that any engine serves."""

import json
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ocr.core.environment import load
from ocr.core.errors import TrainingError
from ocr.models import catalog
from ocr.models.catalog import Diffusion, Model
from ocr.models.weights import find_weights
from training.joint.drafter_training import TARGETS
from training.joint.joint_trainer import find_mask_token
from training.recipe import Optimisation, Recipe
from training.run import Run
from training.run_dir import RunDir
from training.trainer.batched_vision_attention import attend_by_length, attend_densely


@dataclass(frozen=True, slots=True)
class TrainerParts:
    """The parts that trl's trainers share; the first three are objects of transformers and peft."""

    weights: Any
    processor: Any
    adapter: Any
    """The LoRA configuration, or None where all weights are trained."""
    arguments: dict[str, object]
    """Arguments of trl's SFTConfig and DPOConfig alike."""


def load_parts(run: Run, directory: RunDir) -> TrainerParts:
    """Load the base of `run` and all that its trainer needs.

    Raises `TrainingError` where the base is no vision-language model, or its weights are not on this machine.
    """
    numbers = run.numbers
    return TrainerParts(
        weights=load_weights(run.base, run.recipe, numbers),
        processor=load_processor(catalog.resolve(run.base)),
        adapter=None if numbers.method == "full" else _adapter(run),
        arguments=_arguments(run, numbers, directory.checkpoints),
    )


def load_weights(base: str, recipe: Recipe, numbers: Optimisation) -> Any:
    """Return the base model, ready to be trained: in four bits for QLoRA, else in the recipe's precision.

    Raises `TrainingError` where the base is no vision-language model, or its weights are not on this machine.
    """
    transformers, torch = load("transformers", extra="train"), load("torch", extra="train")
    options: dict[str, Any] = {"dtype": torch.float32}
    if recipe.precision == "bf16" and numbers.method != "full":
        # Frozen weights need no more bits; weights that move keep 32 and compute in 16 (autocast).
        options["dtype"] = torch.bfloat16
    if numbers.method == "qlora":
        load("bitsandbytes", extra="train")
        options["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    try:
        model = transformers.AutoModelForImageTextToText.from_pretrained(_folder(catalog.resolve(base)), **options)
    except (ValueError, OSError) as cause:
        raise TrainingError(
            f"{base} cannot be loaded as a vision-language model: {cause}",
            hint="start from one: --base nanonets-ocr2-3b, or a folder with config.json and a processor",
        ) from cause
    # Checkpoints keep the names that the weights have here: by the published ones the trainer does not find them again,
    # and a resumed run would go on from the base without a word.
    model.save_pretrained = partial(model.save_pretrained, save_original_format=False)
    speed_up = attend_by_length if recipe.scratch is None else attend_densely
    speed_up(model)
    return model


def load_processor(base: Model) -> Any:
    """Return the processor of the base, which shrinks no page further than the recipe does.

    trl passes nothing to the chat template, so the settings that `ocr/models.toml` has for it are written into it.
    """
    processor = load("transformers", extra="train").AutoProcessor.from_pretrained(_folder(base))
    settings = "".join(f"{{%- set {name} = {json.dumps(value)} %}}" for name, value in base.chat_template.items())
    processor.chat_template = settings + processor.chat_template
    return processor


def _folder(base: Model) -> Path:
    """Return the folder of the base's weights. Raises `TrainingError` where they have not been downloaded."""
    found = find_weights(base)
    if found is None:
        raise TrainingError(
            f"the weights of {base.name} are not on this machine", hint=f"ocr finetune --yes --base {base.name}"
        )
    return found


def merge_weights(run: Run, directory: RunDir) -> None:
    """Write the checkpoint into the run's folder: weights (safetensors), processor and `reading.toml`.

    The merged weights have the precision of the base. After stage `drafter` the folder holds the adapter and
    `reading.toml`. Raises `TrainingError` where the base is gone.
    """
    base, learned = catalog.resolve(run.base), directory.learned
    if run.stage == "drafter":
        for file in learned.glob("adapter_*"):
            shutil.copy2(file, directory.path)
        _describe_model(base.model_copy(update={"drafts_for": run.base}), directory)
        return
    transformers = load("transformers", extra="train")
    if (learned / "adapter_config.json").is_file():
        peft = load("peft", extra="train")
        frozen = transformers.AutoModelForImageTextToText.from_pretrained(_folder(base), dtype="auto")
        weights = peft.PeftModel.from_pretrained(frozen, str(learned)).merge_and_unload()
    else:
        weights = transformers.AutoModelForImageTextToText.from_pretrained(learned, dtype="auto")
    weights.save_pretrained(directory.path)
    processor = load_processor(base)
    processor.save_pretrained(directory.path)
    model = run.model.model_copy(update={"licence": base.licence, "diffusion": _diffusion(run, base, processor)})
    _describe_model(model, directory)


def _describe_model(model: Model, directory: RunDir) -> None:
    """Write `reading.toml`, and drop the checkpoints."""
    for place in (directory.path, directory.learned):  # an adapter that is served unmerged is prompted in the same way
        catalog.save(model, place)
    shutil.rmtree(directory.checkpoints, ignore_errors=True)


def _diffusion(run: Run, base: Model, processor: Any) -> Diffusion:
    """Return how the trained model is decoded in blocks: as trained now; after stage `dpo`, as its base was."""
    if run.stage == "dpo":
        return base.diffusion
    if run.recipe.objective == "ar":
        return Diffusion()
    return Diffusion(mask=find_mask_token(processor.tokenizer), block=run.recipe.joint.block)


def _adapter(run: Run) -> Any:
    peft, lora = load("peft", extra="train"), run.recipe.lora
    if run.stage == "drafter":
        rank, alpha = run.recipe.drafter.rank, run.recipe.drafter.alpha
        return peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=TARGETS, task_type="CAUSAL_LM")
    return peft.LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
        task_type="CAUSAL_LM",
    )


def _arguments(run: Run, numbers: Optimisation, checkpoints: Path) -> dict[str, object]:
    torch = load("torch", extra="train")
    return {
        "output_dir": str(checkpoints),
        "learning_rate": numbers.learning_rate,
        "num_train_epochs": numbers.epochs,
        "max_steps": numbers.steps,
        "per_device_train_batch_size": numbers.batch,
        "gradient_accumulation_steps": numbers.accumulate,
        "warmup_steps": numbers.warmup,  # below 1 it is a share of all steps
        "lr_scheduler_type": numbers.schedule,
        "weight_decay": numbers.weight_decay,
        "max_grad_norm": numbers.clip,
        "save_steps": numbers.save_every,
        "save_total_limit": 2,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # a loss that is not finite must be visible
        "bf16": run.recipe.precision == "bf16",
        "use_cpu": not torch.cuda.is_available(),
        "gradient_checkpointing": run.recipe.gradient_checkpointing,
        # Cutting a sequence would cut image tokens; a page that does not fit must fail instead.
        "max_length": None,
        "remove_unused_columns": False,
        "report_to": "none",
        "disable_tqdm": True,
        "seed": run.seed,
        "data_seed": run.seed,
    }
