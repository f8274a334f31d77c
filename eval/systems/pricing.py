"""What pages cost: vendors by tokens, own hardware by the hour. Every price has a date and a source (prices.toml)."""

import datetime
import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from ocr.core.errors import UsageError

STALE_DAYS = 120
"""Older prices are warned of: the vendors of the table changed theirs about three times in 2026."""
PER = 1_000_000
"""Costs are given per this many pages, prices per this many tokens."""

Vendor = Literal["anthropic", "openai", "google"]


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
    """Which of `IMAGE_TOKENS` counts an image."""
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


@dataclass(frozen=True, slots=True)
class Published:
    """A result that its authors published; it was not measured here."""

    system: str
    score: float
    source: str
    degeneration: float | None = None
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    models: tuple[ModelPrice, ...]
    machines: tuple[Machine, ...]
    published: tuple[Published, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that were paid for, or may have been."""

    prompt: int = 0
    completion: int = 0
    """Thinking included."""
    uncertain_prompt: int = 0
    """Of requests that ended without an account: time-outs and streams that broke. The vendor may bill them."""
    uncertain_completion: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt + other.prompt,
            self.completion + other.completion,
            self.uncertain_prompt + other.uncertain_prompt,
            self.uncertain_completion + other.uncertain_completion,
        )


@cache
def read_table() -> Table:
    """The price table that the package brings."""
    content = tomllib.loads(Path(__file__).with_name("prices.toml").read_text(encoding="utf-8"))
    return Table(
        tuple(ModelPrice(**row) for row in content["model"]),
        tuple(Machine(**row) for row in content["machine"]),
        tuple(Published(**row) for row in content["published"]),
    )


def find_model(name: str) -> ModelPrice | None:
    """The row of an alias or of an exact model id."""
    return next((row for row in read_table().models if name in (row.alias, row.id)), None)


def find_machine(name: str) -> Machine:
    """A machine of the table, or `what=dollars` such as "laptop=0.05". Raises UsageError."""
    what, equals, hourly = name.partition("=")
    if equals:
        try:
            return Machine(what, what, _positive(hourly))
        except ValueError as cause:
            raise UsageError(f"--machine {name}: {hourly!r} is no price by the hour") from cause
    known = {row.name: row for row in read_table().machines}
    if name not in known:
        raise UsageError(
            f"--machine {name}: not in the table", hint=f"one of {', '.join(known)}, or NAME=DOLLARS_PER_HOUR"
        )
    return known[name]


def dollars(usage: Usage, price: ModelPrice) -> float:
    """What the tokens cost, uncertain ones included."""
    prompt, completion = usage.prompt + usage.uncertain_prompt, usage.completion + usage.uncertain_completion
    return (prompt * price.input + completion * price.output) / PER


def hardware_per_million(machine: Machine, pages_per_second: float, *, utilisation: float = 1.0) -> float:
    """Dollars per million pages on a machine that reads so fast while it reads, which is so much of its time."""
    return machine.hourly / 3600 / (pages_per_second * utilisation) * PER


def age_warning(day: datetime.date, today: datetime.date) -> str:
    """A sentence where a price is old, else nothing."""
    days = (today - day).days
    return f"price of {day}, {days} days old: check it" if days > STALE_DAYS else ""


def image_tokens(price: ModelPrice, width: int, height: int) -> int:
    """Prompt tokens of one image of so many pixels."""
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


# Rules that fit a table of measured token counts (a public data set on image token cost, autumn 2026) exactly.
IMAGE_TOKENS: dict[str, Callable[[int, int], int]] = {
    "claude": lambda width, height: _patches(*_shrunk(width, height, 2000), 28),
    "claude-1568": lambda width, height: min(1568, _patches(*_shrunk(width, height, 1568), 28)),
    "gpt": lambda width, height: math.ceil(min(_patches(width, height, 32), 2450) * 1.2),
    "gemini": lambda _width, _height: 1120,
}
