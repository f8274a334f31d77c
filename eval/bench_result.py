"""The result of a benchmark run as typed values, and the one place where they become results.json.

Keys and shape of results.json are those of the dataclasses below; where a key differs from the name of a field, the
field states it as an alias.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    WrapSerializer,
    model_serializer,
    model_validator,
)

from eval.metrics.compared_metrics import BY_NAME, MetricName
from eval.metrics.diacritics import DiacriticCounts
from eval.metrics.edit_distance import Form
from eval.metrics.page_scores import IdentifierCount
from eval.metrics.stats import Interval, Verdict
from eval.systems.pricing import Machine, ModelPrice, PublishedScore, Usage
from ocr.core.document import Status
from ocr.core.errors import DataError
from ocr.text import identifiers

T = TypeVar("T")

WRITTEN_FORMS: Mapping[Form, str] = {"normalized": "normalised"}
"""Forms of a text that results.json and pages.jsonl have always written in another spelling."""


@dataclass(frozen=True, slots=True)
class MetricScore:
    """One metric over the pages of a system."""

    all: Interval | None
    """Over all requested pages, a page without output counting as 0; None without any page."""
    read: float | None
    """Over the pages with output only."""


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """An error rate over many pages."""

    macro: float
    """Mean over pages."""
    capped: float
    """Mean over pages, each cut at 1."""
    micro: float
    """All edits over the length of all references."""
    edits: int
    length: int


def write_forms(by_form: Mapping[Form, T]) -> dict[str, T]:
    """Return a mapping by form with the keys that the files have."""
    return {WRITTEN_FORMS.get(form, form): value for form, value in by_form.items()}


def _read_forms(data: object) -> object:
    names = {written: form for form, written in WRITTEN_FORMS.items()}
    return {names.get(form, form): value for form, value in data.items()} if isinstance(data, dict) else data


def _serialize_forms(by_form: dict[Form, ErrorRates | None], handler: SerializerFunctionWrapHandler) -> object:
    return write_forms(handler(by_form))


RatesByForm = Annotated[dict[Form, ErrorRates | None], BeforeValidator(_read_forms), WrapSerializer(_serialize_forms)]


@dataclass(frozen=True, slots=True)
class RepetitionRates:
    """How many pages repeat themselves."""

    published: Interval
    """By the rule of the published evaluation."""
    ours: Interval
    """By `ocr.repetition.detector`."""
    kinds: dict[str, int]


@dataclass(frozen=True, slots=True)
class HardwareCost:
    """What pages cost on one's own hardware; `per_million` is None where no price or no speed is known."""

    completion_tokens: int
    wasted_tokens: int
    """Generated from where a repetition began."""
    per_million: float | None
    how: Literal["hours", "cpu"]
    """hours: the price of the whole machine over pages/s. cpu: the price of a CPU hour over pages per CPU hour."""
    pages_per_second: float | None
    hourly: float | None
    machine: Machine | None
    utilization: Annotated[float, Field(alias="utilisation")]
    pages_per_cpu_hour: float | None = None
    passes: int = 0
    """Passes of a language model over all pages; 0 for an engine that does not count them."""


@dataclass(frozen=True, slots=True)
class VendorCost:
    """What pages cost at a vendor, with every number that the total is made of."""

    completion_tokens: int
    wasted_tokens: int
    """Generated from where a repetition began."""
    per_million: float | None
    batch_per_million: float | None
    how: Literal["tokens"]
    dollars: float
    uncertain_dollars: float
    """Part of the total: requests that may have been billed."""
    usage: Usage
    price: ModelPrice
    warning: str
    attempts: int


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One page of a system in results.json."""

    document: str
    status: Status
    values: dict[MetricName, float]
    """Each metric of the page; a key of its own beside the others in the file."""

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        if missing := [name for name in BY_NAME if name not in data]:
            raise ValueError(f"{missing[0]} is missing")
        values = {name: data[name] for name in BY_NAME}
        return {"document": data.get("document"), "status": data.get("status"), "values": values}

    @model_serializer(mode="plain")
    def _spread(self) -> dict[str, str | float]:
        values = {str(name): value for name, value in self.values.items()}
        return {"document": self.document, "status": self.status, **values}


@dataclass(frozen=True, slots=True)
class NotRun:
    """A system that could not be run, and what to do about it."""

    name: str
    title: str
    status: Literal["not run"]
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class SystemResult:
    """A system that was measured."""

    name: str
    title: str
    status: Literal["measured"]
    fingerprint: str
    pages: int
    read: int
    """Pages with output."""
    states: dict[Status, int]
    scores: dict[MetricName, MetricScore]
    parts: dict[Literal["levenshtein", "bleu"], float]
    """Means of the two parts of the published composite."""
    cer: RatesByForm
    wer: RatesByForm
    fields: dict[str, ErrorRates | None]
    diacritics: Annotated[DiacriticCounts, Field(alias="accents")]
    identifiers: dict[identifiers.Kind, IdentifierCount]
    repetition: Annotated[RepetitionRates, Field(alias="degeneration")]
    cost: HardwareCost | VendorCost
    per_page: dict[str, PageEntry]
    """By id of the page."""


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """The evaluated system against another one by one metric."""

    difference: Interval
    p: float
    pages: int
    p_adjusted: float
    """By Holm's method, over all systems compared by this metric."""
    verdict: Verdict
    """Of the evaluated system; for the CER, where lower is better, "better" means a lower rate."""


@dataclass(frozen=True, slots=True)
class DataSummary:
    """The pages of a run."""

    name: str
    pages: int
    documents: int
    license: Annotated[str, Field(alias="licence")]
    left_out: tuple[str, ...]
    sha256: str
    """Of the ids, scans and references of all pages: equal only for equal pages."""


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Everything that results.json holds; all tables and plots are made from it. The evaluated system comes first."""

    version: str
    command: str
    seed: int
    python: str
    packages: dict[str, str]
    data: DataSummary
    systems: tuple[SystemResult | NotRun, ...]
    comparisons: dict[str, dict[MetricName, MetricComparison]]
    """By name of the other system."""
    published: tuple[PublishedScore, ...]

    @property
    def measured(self) -> list[SystemResult]:
        """Return the systems that were measured, in order."""
        return [system for system in self.systems if isinstance(system, SystemResult)]


@dataclass(frozen=True, slots=True)
class BaselineData:
    sha256: str


@dataclass(frozen=True, slots=True)
class BaselineSystem:
    per_page: dict[str, PageEntry]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The part of a results.json that `--baseline` compares with; any version of lusocr wrote it."""

    data: BaselineData
    systems: tuple[BaselineSystem | NotRun, ...]

    @property
    def pages(self) -> Mapping[str, PageEntry] | None:
        """Return the pages of the evaluated system by id; None where it was not run."""
        first = self.systems[0] if self.systems else None
        return first.per_page if isinstance(first, BaselineSystem) else None


def to_json(result: BenchResult) -> str:
    """Return the content of results.json."""
    return json.dumps(_results_type().dump_python(result, mode="json", by_alias=True), ensure_ascii=False, indent=1)


def load_results(path: Path) -> BenchResult:
    """Load a results.json. Raises DataError where the file is none, or none of this version."""
    try:
        return _results_type().validate_json(path.read_bytes())
    except (OSError, ValidationError) as cause:
        raise DataError(f"{path}: not a results.json of `ocr bench`: {_reason(cause)}") from cause


def load_baseline(path: Path) -> Baseline:
    """Load what `--baseline` needs of a results.json of any version. Raises DataError where the file is none."""
    try:
        return TypeAdapter(Baseline).validate_json(path.read_bytes())
    except (OSError, ValidationError) as cause:
        raise DataError(f"--baseline {path}: not a results.json of `ocr bench`: {_reason(cause)}") from cause


def _reason(cause: OSError | ValidationError) -> str:
    if isinstance(cause, OSError):
        return cause.strerror or str(cause)
    first = cause.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}".removeprefix(": ")


@cache
def _results_type() -> TypeAdapter[BenchResult]:
    return TypeAdapter(BenchResult)
