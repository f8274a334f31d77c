"""Load what a stage trains: base weights, processor and adapter, and the arguments that every trainer shares."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from ocr.core.environment import load
from ocr.core.errors import TrainingError
from ocr.models.catalog import Model, resolve
from ocr.models.weights import find_weights
from training.recipe import Optimisation, Recipe
from training.run_dir import Run
from training.trainer.batched_vision_attention import attend_densely


def reading_model(base: str, recipe: Recipe) -> Model:
    """How the model of a run is asked, in training and in every reading after it."""
    return Model(
        name=base,
        id=base,
        licence=resolve(base).licence,
        prompt=recipe.prompt,
        structured=recipe.structured,
        leaders=recipe.leaders,
        image=recipe.image,
        max_tokens=recipe.max_tokens,
    )


def load_weights(run: Run) -> Any:
    """The base model of `run`, ready to be trained: in four bits for QLoRA, else in the recipe's precision.

    Raises `TrainingError` where the base is no vision-language model, or its weights are not on this machine.
    """
    transformers, torch = load("transformers", extra="train"), load("torch", extra="train")
    optimisation = run.recipe.optimisation(run.stage)
    options: dict[str, Any] = {"dtype": torch.float32}
    if run.recipe.precision == "bf16" and optimisation.method != "full":
        # Frozen weights need no more bits; weights that move keep 32 and compute in 16 (autocast).
        options["dtype"] = torch.bfloat16
    if optimisation.method == "qlora":
        load("bitsandbytes", extra="train")
        options["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    try:
        model = transformers.AutoModelForImageTextToText.from_pretrained(base_folder(run.base), **options)
    except (ValueError, OSError) as cause:
        raise TrainingError(
            f"{run.base} cannot be loaded as a vision-language model: {cause}",
            hint="start from one: --base nanonets-ocr2-3b, or a folder with config.json and a processor",
        ) from cause
    # Checkpoints keep the names that the weights have here: by the published ones the trainer does not find them again,
    # and a resumed run would go on from the base without a word.
    model.save_pretrained = partial(model.save_pretrained, save_original_format=False)
    if run.recipe.scratch is not None:
        attend_densely(model)
    return model


def load_processor(run: Run) -> Any:
    """The processor of the base, which shrinks no page further than the recipe does.

    What `ocr/models.toml` has the base's chat template told is written into the template, for trl tells it nothing.
    """
    processor = load("transformers", extra="train").AutoProcessor.from_pretrained(base_folder(run.base))
    told = resolve(run.base).chat_template.items()
    settings = "".join(f"{{%- set {name} = {json.dumps(value)} %}}" for name, value in told)
    processor.chat_template = settings + processor.chat_template
    return processor


def base_folder(base: str) -> Path:
    """The folder of the base's weights. Raises `TrainingError` where they have not been downloaded."""
    found = find_weights(resolve(base))
    if found is None:
        raise TrainingError(f"the weights of {base} are not on this machine", hint=f"ocr finetune --yes --base {base}")
    return found


def adapter_for(run: Run) -> Any:
    """The adapter that `run` trains, or None where all weights move."""
    if run.recipe.optimisation(run.stage).method == "full":
        return None
    lora = run.recipe.lora
    return load("peft", extra="train").LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
        task_type="CAUSAL_LM",
    )


def trainer_arguments(run: Run, folder: Path) -> dict[str, Any]:
    """Arguments of trl's SFTConfig and DPOConfig alike."""
    torch = load("torch", extra="train")
    numbers: Optimisation = run.recipe.optimisation(run.stage)
    return {
        "output_dir": str(folder / "checkpoints"),
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
        "logging_nan_inf_filter": False,  # a loss that is no number is to be seen
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
