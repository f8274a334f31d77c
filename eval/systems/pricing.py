"""Price pages: vendors by tokens, own hardware by time. Every price of prices.toml has a date and a source."""

import datetime
import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from eval.systems.vendors import Vendor
from ocr.core.errors import UsageError

STALE_DAYS = 120
"""Older prices get a warning: the vendors of the table changed their prices about three times in 2026."""
PER = 1_000_000
"""Costs are given per this many pages, prices per this many tokens."""
CPU_MACHINE = "c7i"
"""The machine of the table that engines which run on the CPU are priced by, unless --machine names another."""


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """A row of the table of models."""

    id: str
    vendor: Vendor
    name: str
    input: float
    """Dollars per million tokens, as `output`."""
    output: float
    image: str
    """Name of the rule in `IMAGE_TOKENS` that counts an image."""
    thinking: str
    date: datetime.date
    grade: str
    source: str
    alias: str = ""
    batch: float | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine and its price by the hour in dollars."""

    name: str
    what: str
    hourly: float
    date: datetime.date | None = None
    grade: str = "given"
    source: str = "given on the command line"
    cores: int | None = None
    """vCPUs, of a machine without accelerator: pages are then priced by the CPU time that they take."""


@dataclass(frozen=True, slots=True)
class PublishedScore:
    """A result that its authors published; it was not measured here."""

    system: str
    score: float
    source: str
    degeneration: float | None = None
    beside: str = ""


@dataclass(frozen=True, slots=True)
class PriceTable:
    models: tuple[ModelPrice, ...]
    machines: tuple[Machine, ...]
    published: tuple[PublishedScore, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that were billed, or may have been."""

    prompt: int = 0
    completion: int = 0
    """Including thinking."""
    uncertain_prompt: int = 0
    """Of requests that ended without a token count: timeouts and broken streams. The vendor may bill them."""
    uncertain_completion: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt + other.prompt,
            self.completion + other.completion,
            self.uncertain_prompt + other.uncertain_prompt,
            self.uncertain_completion + other.uncertain_completion,
        )


@cache
def read_table() -> PriceTable:
    """Read the price table that ships with the package."""
    content = tomllib.loads(Path(__file__).with_name("prices.toml").read_text(encoding="utf-8"))
    return PriceTable(
        tuple(ModelPrice(**row) for row in content["model"]),
        tuple(Machine(**row) for row in content["machine"]),
        tuple(PublishedScore(**row) for row in content["published"]),
    )


def find_model(name: str) -> ModelPrice | None:
    """Return the row of an alias or of an exact model id."""
    return next((row for row in read_table().models if name in (row.alias, row.id)), None)


def find_machine(name: str) -> Machine:
    """Return a machine of the table, or `what=dollars` such as "laptop=0.05". Raises UsageError."""
    what, equals, hourly = name.partition("=")
    if equals:
        try:
            return Machine(what, what, _positive(hourly))
        except ValueError as cause:
            raise UsageError(
                f"--machine {name}: {hourly!r} is not a price by the hour", hint="for example: --machine laptop=0.05"
            ) from cause
    known = {row.name: row for row in read_table().machines}
    if name not in known:
        raise UsageError(
            f"--machine {name}: not in the table", hint=f"one of {', '.join(known)}, or NAME=DOLLARS_PER_HOUR"
        )
    return known[name]


def dollars(usage: Usage, price: ModelPrice) -> float:
    """Return what the tokens cost in dollars, uncertain ones included."""
    prompt, completion = usage.prompt + usage.uncertain_prompt, usage.completion + usage.uncertain_completion
    return (prompt * price.input + completion * price.output) / PER


def hardware_per_million(machine: Machine, pages_per_second: float, *, utilization: float = 1.0) -> float:
    """Return dollars per million pages at a speed that is reached during a share `utilization` of the paid hours."""
    return machine.hourly / 3600 / (pages_per_second * utilization) * PER


def cpu_per_million(machine: Machine, pages_per_cpu_hour: float, *, utilization: float = 1.0) -> float:
    """Return dollars per million pages from the CPU time that pages take. Raises ValueError without `machine.cores`."""
    if not machine.cores:
        raise ValueError(f"{machine.name} states no vCPUs")
    return machine.hourly / machine.cores / (pages_per_cpu_hour * utilization) * PER


def age_warning(day: datetime.date, today: datetime.date) -> str:
    """Return a warning where a price is old, else an empty string."""
    days = (today - day).days
    return f"price of {day}, {days} days old: check it" if days > STALE_DAYS else ""


def image_tokens(price: ModelPrice, width: int, height: int) -> int:
    """Return the prompt tokens of an image of `width` x `height` pixels."""
    return IMAGE_TOKENS[price.image](width, height)


def _patches(width: int, height: int, side: int) -> int:
    return math.ceil(width / side) * math.ceil(height / side)


def _shrunk(width: int, height: int, longest: int) -> tuple[int, int]:
    factor = min(1.0, longest / max(width, height))
    return round(width * factor), round(height * factor)


def _positive(written: str) -> float:
    value = float(written)
    if not 0 < value < math.inf:
        raise ValueError(written)
    return value


# These rules fit a table of measured token counts (a public data set on image token cost, autumn 2026) exactly.
IMAGE_TOKENS: dict[str, Callable[[int, int], int]] = {
    "claude": lambda width, height: _patches(*_shrunk(width, height, 2000), 28),
    "claude-1568": lambda width, height: min(1568, _patches(*_shrunk(width, height, 1568), 28)),
    "gpt": lambda width, height: math.ceil(min(_patches(width, height, 32), 2450) * 1.2),
    "gemini": lambda _width, _height: 1120,
}
