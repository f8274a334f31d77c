"""Find the systems that a benchmark compares: engines of `ocr extract`, vendors' models, outputs of other systems.

Also estimate what sending pages to a vendor costs, so that the user can agree first.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eval.datasets import ReferencePage
from eval.reference_files import find_text_file, read_page_texts
from eval.systems import vendor_clients
from eval.systems.pricing import IMAGE_TOKENS, ModelPrice, Usage, dollars, find_model, image_tokens, read_table
from eval.systems.response_cache import Response, Unread
from eval.systems.vendor_engine import (
    ANSWER_TOKENS,
    PROMPT_TOKENS,
    THINKING_TOKENS,
    Budget,
    RetryPolicy,
    VendorEngine,
    count_tokens,
)
from eval.systems.vendors import VENDORS
from ocr.core.document import EngineOutput
from ocr.core.errors import DataError, DependencyError, EngineError, UsageError
from ocr.engines.base import Engine, create

RECORDED = "recorded:"
A_PAGE = (1414, 2000)
"""Pixels of an A4 page as vendors get it; an estimate assumes this size for every page."""


@dataclass(frozen=True)
class System:
    """One row of the report: an engine, or a folder of outputs."""

    name: str
    title: str
    engine: Engine | None = None
    folder: Path | None = None
    price: ModelPrice | None = None
    missing: str = ""
    """Why it cannot be run here: a vendor's model without key or package."""
    hint: str = ""
    is_ours: bool = False
    """The evaluated engine; the others are compared with it."""
    decoding: str = ""
    """The decoding mode of a vision-language model, where rows differ by it."""


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """The pages that would leave this machine for one system, and their cost in dollars."""

    system: System
    pages: int
    likely: float
    """If every response is as long as its reference, thinking not counted."""
    most: float
    """If every response uses its whole token limit."""
    host: str = field(default="")

    def __str__(self) -> str:
        assert self.system.price is not None
        cost = (
            f"about ${self.likely:,.2f}, at most ${self.most:,.2f}" if is_priced(self.system.price) else "price unknown"
        )
        return (
            f"{self.pages} page image{'' if self.pages == 1 else 's'} to {self.host} ({self.system.price.id}): {cost}"
        )


@dataclass(frozen=True, slots=True)
class SystemOptions:
    """What a system gets to work with."""

    budget: Budget
    policy: RetryPolicy
    options: Mapping[str, object]
    """Of an engine of `ocr extract`."""


def find_system(name: str, means: SystemOptions) -> System:
    """Return the system of this name. Raises UsageError for an unknown name."""
    if name.startswith(RECORDED):
        folder = Path(name.removeprefix(RECORDED))
        if not folder.is_dir():
            raise UsageError(f"{name}: {folder} is no folder", hint="recorded:DIR takes a folder of outputs")
        return System(name, f"recorded in {folder.name}", folder=folder)
    if price := find_model(name) or _unpriced(name):
        engine = VendorEngine(name, price, means.budget, means.policy)
        try:
            vendor_clients.check(price.vendor)
        except (EngineError, DependencyError) as failure:
            return System(name, price.name, engine, price=price, missing=failure.message, hint=failure.hint)
        return System(name, price.name, engine, price=price)
    engine_name, _, model = name.partition("=")
    try:
        return System(name, name, create(engine_name, {**means.options, **({"model": model} if model else {})}))
    except UsageError as failure:
        aliases = ", ".join(row.alias for row in read_table().models if row.alias)
        raise UsageError(
            f"unknown system {name!r}: {failure.message}",
            hint="; ".join(filter(None, (failure.hint, f"vendors' models: {aliases}", "recorded:DIR"))),
        ) from failure


def is_priced(price: ModelPrice) -> bool:
    """Return whether the price table has the model."""
    return price.grade != "unknown"


def estimate(system: System, pages: Sequence[ReferencePage]) -> CostEstimate:
    """Estimate what sending `pages` to a vendor costs."""
    assert system.price is not None
    prompt = image_tokens(system.price, *A_PAGE) + PROMPT_TOKENS
    references = sum(count_tokens(page.reference) for page in pages)
    likely = dollars(Usage(prompt * len(pages), references), system.price)
    most = dollars(Usage(prompt * len(pages), (ANSWER_TOKENS + THINKING_TOKENS) * len(pages)), system.price)
    return CostEstimate(system, len(pages), likely, most, vendor_clients.host(system.price.vendor))


def read_recorded(folder: Path, pages: Sequence[ReferencePage]) -> list[Response]:
    """Return another system's output for every page: files in `folder` named after the scans or the pages' ids."""
    return [_recorded(folder, page) for page in pages]


def _recorded(folder: Path, page: ReferencePage) -> Response:
    name, _, _ = page.id.partition("#")
    places = (folder / Path(name).parent, folder)
    path = next(
        (found for place in places for scan in (Path(name), page.scan) if (found := find_text_file(scan, place))), None
    )
    if path is None:
        return Unread("failed", f"{folder.name} holds no file for {page.id}")
    try:
        texts = read_page_texts(path)
        lost = _lost_pages(path)
    except DataError as failure:
        return Unread("failed", failure.message)
    if page.number in lost:
        return lost[page.number]
    if page.number > len(texts):
        return Unread("failed", f"{path.name} has no page {page.number}")
    return EngineOutput("stop", text=texts[page.number - 1])


def _lost_pages(path: Path) -> dict[int, Unread]:
    """Return the pages that an output of `ocr extract` itself lists as not read."""
    if path.suffix != ".json":
        return {}
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    pages = content.get("pages", ()) if isinstance(content, dict) else ()
    return {
        int(page["number"]): Unread(page["status"], str(page.get("reason", "")))
        for page in pages
        if page.get("status") in ("refused", "failed", "unreadable", "skipped")
    }


def _unpriced(name: str) -> ModelPrice | None:
    """Return a vendor's model by its exact id, without a row in the table: it can be run, but not priced."""
    vendor = next((vendor for vendor, facts in VENDORS.items() if name.startswith(facts.prefix)), None)
    if vendor is None:
        return None
    like = next(row for row in read_table().models if row.vendor == vendor)
    assert like.image in IMAGE_TOKENS
    return ModelPrice(name, vendor, name, 0.0, 0.0, like.image, "", like.date, "unknown", "no row in the price table")
