"""A recipe: every number of a training run, in TOML, with where it comes from.

`training/recipes/NAME.toml` are the ones that ship; a path to a file of the same form works as well. A recipe has one
table for each stage, so that one file takes a model up the whole hierarchy.
"""

from collections.abc import Callable
from typing import Literal

from pydantic import Field as Setting
from pydantic import field_validator, model_serializer

from ocr.core.settings import Settings, load
from ocr.models.catalog import ImageSize
from ocr.models.prompts import PROMPTS
from training.recipe_files import find_recipe, recipe_names
from training.trainer.tiny_model import TinyModelConfig

StageName = Literal["general", "domain", "dpo", "drafter"]
Schedule = Literal[
    "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt"
]
"""How the learning rate goes, as transformers calls it; those that need no more numbers."""
Objective = Literal["ar", "joint"]
"""What a stage of supervised training learns: the next token, or masked blocks as well."""
STAGES: tuple[StageName, ...] = ("general", "domain", "dpo", "drafter")
"""In the order in which they build on each other. Nothing builds on `drafter`, whose adapter reads no pages."""


class Optimisation(Settings):
    """How a stage is optimised. A batch is `batch * accumulate` pages on each device."""

    method: Literal["lora", "qlora", "full"] = "lora"
    """Which weights move: adapters, adapters on a base in four bits, or all."""
    learning_rate: float = Setting(default=1e-4, gt=0)
    """Peak learning rate."""
    epochs: float = Setting(default=1.0, gt=0)
    """Passes over the training pages."""
    steps: int = -1
    """Stop after so many optimiser steps, whatever `epochs` says; -1 leaves it to `epochs`."""
    batch: int = Setting(default=1, ge=1)
    """Pages that a device processes at once."""
    accumulate: int = Setting(default=1, ge=1)
    """Batches whose gradients make one optimizer step."""
    warmup: float = 0.03
    """Share of the steps over which the learning rate rises."""
    schedule: Schedule = "cosine"
    """How the learning rate falls after the warmup."""
    weight_decay: float = 0.0
    """Weight decay of the optimizer."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    save_every: int = Setting(default=200, ge=1)
    """Steps between checkpoints: what a killed run loses at most."""


class Preference(Optimisation):
    """Direct preference optimisation (Rafailov et al., arXiv 2305.18290) on pairs of the stage's own readings."""

    beta: float = Setting(default=0.1, gt=0)
    """Strength of the constraint towards the model that the stage starts from."""
    sft_weight: float = 1.0
    """Weight of the likelihood of the chosen reading beside the preference loss: keeps it from falling."""
    samples: int = Setting(default=4, ge=1)
    """Readings that are taken of each training page to find pairs in; the first is greedy."""
    temperature: float = Setting(default=1.0, ge=0)
    """Sampling temperature of the outputs after the first."""
    pages: int = Setting(default=2000, ge=1)
    """Training pages that are read for pairs, at most."""


class Drafter(Optimisation):
    """The stage `drafter`: an adapter that only drafts; see `training.joint.drafter_training`."""

    method: Literal["lora", "qlora"] = "lora"
    """An adapter, on a base in four bits with qlora."""
    rank: int = Setting(default=128, ge=1)
    """Rank of the adapter. 128 and alpha 512 are those of Nemotron-Labs Diffusion, whose learning rate is not known."""
    alpha: int = Setting(default=512, ge=1)
    """Scale of the adapter; its output is multiplied by alpha / rank."""


class Lora(Settings):
    """Low-rank adapters (Hu et al., arXiv 2106.09685; quantised base: Dettmers et al., arXiv 2305.14314)."""

    rank: int = 16
    """Rank of the adapters."""
    alpha: int = 32
    """Scale of the adapters; their output is multiplied by alpha / rank."""
    dropout: float = 0.0
    """Dropout of the adapters."""
    targets: str = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
    """Regular expression of module names; restricted to the language model, whose names the vision tower shares."""


class Joint(Settings):
    """The diffusion half of `objective = "joint"`; see `training.joint`."""

    block: int = Setting(default=32, ge=1)
    """Tokens of a block: a masked token sees its whole block."""
    weight: float = Setting(default=0.3, gt=0)
    """Weight of the diffusion loss beside the autoregressive one."""


class Recipe(Settings):
    """One model, one size of device, three stages."""

    name: str = ""
    """Name of the recipe; that of its file by default."""
    base: str = ""
    """Name in ocr/models.toml, folder or hub id to start from; empty with `scratch`."""
    scratch: TinyModelConfig | None = None
    """The model to build from scratch, instead of a base."""
    device_gb: float = 24.0
    """Memory of the one GPU that the recipe is meant for."""
    parameters: float = 0.0
    """Billions of parameters of the base, for the estimate of memory before anything is loaded."""
    precision: Literal["bf16", "fp32"] = "bf16"
    """Floating-point type of the computation."""
    gradient_checkpointing: bool = True
    """Compute activations again in the backward pass, which saves memory and costs time."""
    prompt: str = "page-json-1"
    """Name of the prompt that the model is trained with; see ocr/models/prompts.py."""
    structured: bool = True
    """Answers are the JSON of `ocr.models.answer_format`; otherwise plain text, the fields one below the other."""
    leaders: int = Setting(default=3, ge=0)
    """Signs in answers for dots or dashes that fill a line, however many are printed; 0 keeps all. A model cannot count
    them, and one that was trained to repeated them without end on 25% of the held-out lines, against none
    (docs/dev/lab-notebook.md)."""
    image: ImageSize = ImageSize()
    max_tokens: int = Setting(default=8192, ge=1)
    """Longest output, in tokens, for the regression check and the pairs."""
    objective: Objective = "ar"
    """What `general` and `domain` train: the next token (ar), or masked blocks as well (joint), so that the model reads
    with `--decoding diffusion` and `--decoding self-speculation`."""
    joint: Joint = Joint()
    lora: Lora = Lora()
    general: Optimisation = Optimisation()
    domain: Optimisation = Optimisation()
    dpo: Preference = Preference()
    drafter: Drafter = Drafter()
    sources: list[str] = Setting(default_factory=list)
    """Where the numbers come from."""

    @model_serializer(mode="wrap")
    def _leave_out_later_fields(self, serialize: Callable[["Recipe"], dict[str, object]]) -> dict[str, object]:
        """Write later fields only where they matter: the JSON of a recipe identifies finished runs."""
        values = serialize(self)
        later = {"objective", "joint"} if self.objective == "ar" else set()
        later |= {"drafter"} if self.drafter == Drafter() else set()
        return {name: value for name, value in values.items() if name not in later}

    @field_validator("prompt")
    @classmethod
    def _is_known(cls, prompt: str) -> str:
        if prompt not in PROMPTS:
            raise ValueError(f"there is no prompt {prompt!r}; known: {', '.join(PROMPTS)}")
        return prompt


def shipped() -> list[str]:
    """Return the names of the recipes that come with lusocr."""
    return recipe_names("training")


def change(recipe: Recipe, assignments: list[str]) -> Recipe:
    """`recipe` with `key=value` assignments on top. Raises `UsageError` for an unknown key or a wrong value."""
    return load(Recipe, file=None, assignments=assignments, flags={}, start=recipe)


def read_recipe(name: str, assignments: list[str]) -> Recipe:
    """Return the recipe called `name` (or at that path) with `key=value` assignments on top.

    Raises `UsageError` for an unknown recipe or key.
    """
    file = find_recipe(name, "training")
    return load(Recipe, file=file, assignments=assignments, flags={"name": file.stem})
