"""The values that `run.json` holds: what a run was made from, how, and what the regression check measured."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from pydantic import model_serializer

from eval.metrics.stats import Interval
from ocr.models.catalog import Model
from training.recipe import Optimisation, Recipe, StageName

State = Literal["training", "trained", "promoted", "refused"]


@dataclass(frozen=True, slots=True)
class Sets:
    """The manifests of a run: one to train on, two that the regression check reads and training never sees."""

    train: str
    held_out: str
    general: str
    """The frozen general set: held-out pages of the general stage, or composed ones."""


@dataclass(frozen=True, slots=True)
class LossSummary:
    """The losses of a finished training."""

    steps: int
    first: float
    last: float
    """Mean of the last tenth of the steps."""


@dataclass(frozen=True, slots=True)
class SetComparison:
    """The outputs of one frozen set before and after a stage; differences are after minus before, means over pages."""

    pages: int
    score_before: float
    score_after: float
    score: Interval
    degeneration_before: float
    degeneration_after: float
    degeneration: Interval
    complaints: tuple[str, ...]
    """Why the set fails the regression check; empty when it passes."""

    @property
    def passed(self) -> bool:
        return not self.complaints


@dataclass(frozen=True, slots=True)
class DraftComparison:
    """Held-out pages as self-speculation writes them without and with the adapter of stage `drafter`."""

    pages: int
    before: float
    """Tokens per pass over all pages, without the adapter."""
    after: float
    change: Interval
    """Change of the tokens per pass, mean over pages."""
    different_before: int
    """Pages whose tokens are not those of `ar`; none where the arithmetic is exact."""
    different_after: int
    complaints: tuple[str, ...]
    """Why the adapter fails the check; empty when it passes."""

    @property
    def passed(self) -> bool:
        return not self.complaints


@dataclass(frozen=True, slots=True)
class PromotionReport:
    """The result of the regression check."""

    sets: dict[str, SetComparison]
    """By name: `domain`, and `general` where that is another set; none for an adapter that drafts."""
    lost: dict[str, str]
    """What reads worse than before -> how much."""
    drafts: DraftComparison | None = None
    """The check of stage `drafter`, whose adapter changes no text."""

    @property
    def passed(self) -> bool:
        return all(compared.passed for compared in self.sets.values()) and (self.drafts is None or self.drafts.passed)


@dataclass(frozen=True, slots=True)
class QuantizationSummary:
    """How a quantized checkpoint was made."""

    scheme: str
    preset: str
    pages: int
    """Calibration pages."""
    bytes_before: int
    bytes_after: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """The measurements of a run, each present once its step is done. The keys of `run.json` are these names."""

    loss: LossSummary | None = None
    gate: dict[str, SetComparison] = field(default_factory=dict)
    """The regression check by frozen set."""
    lost: dict[str, str] = field(default_factory=dict)
    drafts: DraftComparison | None = None
    quantised: QuantizationSummary | None = None

    @model_serializer(mode="wrap")
    def _leave_out_absent(self, serialize: Callable[["Metrics"], dict[str, object]]) -> dict[str, object]:
        """Write only what was measured, as `run.json` always had it."""
        absent = {name: getattr(self, name) is None for name in ("loss", "drafts", "quantised")}
        absent |= dict.fromkeys(("gate", "lost"), not self.gate)
        return {key: value for key, value in serialize(self).items() if not absent[key]}


@dataclass(frozen=True, slots=True)
class Run:
    """One stage of one model."""

    name: str
    stage: StageName
    base: str
    """Path or id of the model that it started from."""
    base_digest: str
    recipe: Recipe
    sets: Sets
    parent: str = ""
    """Name of the run that it started from; empty at the foot of the hierarchy."""
    state: State = "training"
    data: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each manifest by its path."""
    packages: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    processes: int = 1
    """Training processes; a step takes a batch of each."""
    started: str = ""
    seconds: float = 0.0
    tokens: int = 0
    """Answer tokens that the run trained on."""
    metrics: Metrics = Metrics()
    forced: bool = False
    """Promoted by hand although the regression check failed."""
    page_resize: str = ""
    """How pages were shrunk to what the model sees: `ocr.models.prompts.RESIZE`, or empty in older runs."""

    @property
    def numbers(self) -> Optimisation:
        """The recipe's numbers for the stage of this run."""
        numbers: Optimisation = getattr(self.recipe, self.stage)
        return numbers

    @property
    def model(self) -> Model:
        """How the run's model is prompted, and the form of its answers."""
        recipe = self.recipe
        return Model(
            name=self.base,
            id=self.base,
            prompt=recipe.prompt,
            structured=recipe.structured,
            leaders=recipe.leaders,
            image=recipe.image,
            max_tokens=recipe.max_tokens,
        )

    @property
    def key(self) -> tuple[object, ...]:
        """The values that make two runs the same work."""
        return (
            self.stage,
            self.base_digest,
            self.recipe.model_dump_json(exclude={"sources"} if self.stage == "drafter" else {"sources", "drafter"}),
            tuple(sorted(self.data.values())),
            self.seed,
            self.processes,
        )
