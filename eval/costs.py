"""Compute what a system's pages cost: a vendor's tokens, the hours of a machine, or the CPU time of an engine."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from eval.bench_result import HardwareCost, VendorCost
from eval.results import PageResult
from eval.systems.pricing import (
    PER,
    Machine,
    ModelPrice,
    Usage,
    age_warning,
    cpu_per_million,
    dollars,
    hardware_per_million,
)
from eval.systems.response_cache import Response, Session, Unread
from eval.systems.vendor_engine import PaidOutput
from ocr.core.document import EngineOutput


@dataclass(frozen=True, slots=True)
class CostTerms:
    """What a system costs by: a vendor's price, or a machine and the share of paid hours in which it reads."""

    price: ModelPrice | None = None
    machine: Machine | None = None
    utilization: float = 1.0


def compute_cost(
    results: Sequence[PageResult], responses: Sequence[Response], sessions: Session, terms: CostTerms
) -> HardwareCost | VendorCost:
    """Compute what the pages cost, with every number that went in; `per_million` is None where it is not known."""
    if terms.price is not None:
        return _vendor_cost(results, responses, sessions, terms.price)
    outputs = (response.output if isinstance(response, Unread) else response for response in responses)
    passes = sum(output.passes for output in outputs if isinstance(output, EngineOutput))
    return replace(_hardware_cost(results, sessions, terms), passes=passes)


def _hardware_cost(results: Sequence[PageResult], sessions: Session, terms: CostTerms) -> HardwareCost:
    machine, utilization = terms.machine, terms.utilization
    by_cpu = machine is not None and machine.cores is not None
    speed = sessions.pages / sessions.seconds if sessions.seconds else None
    per_cpu_hour = sessions.cpu_pages / sessions.cpu_seconds * 3600 if sessions.cpu_seconds else None
    million = None
    if machine and by_cpu and per_cpu_hour:
        million = cpu_per_million(machine, per_cpu_hour, utilization=utilization)
    elif machine and not by_cpu and speed:
        million = hardware_per_million(machine, speed, utilization=utilization)
    return HardwareCost(
        completion_tokens=sum(result.completion_tokens for result in results),
        wasted_tokens=sum(result.wasted_tokens for result in results),
        per_million=million,
        how="cpu" if by_cpu else "hours",
        pages_per_second=speed,
        hourly=machine.hourly if machine else None,
        machine=machine,
        utilization=utilization,
        pages_per_cpu_hour=per_cpu_hour,
    )


def _vendor_cost(
    results: Sequence[PageResult], responses: Sequence[Response], sessions: Session, price: ModelPrice
) -> VendorCost:
    paid = [response for response in responses if isinstance(response, PaidOutput)]
    usage = sum((response.usage for response in paid), Usage()) + sessions.lost
    total, read = dollars(usage, price), sum(result.is_read for result in results)
    million = total / read * PER if read else None
    return VendorCost(
        completion_tokens=sum(result.completion_tokens for result in results),
        wasted_tokens=sum(result.wasted_tokens for result in results),
        per_million=million,
        batch_per_million=million * price.batch if million is not None and price.batch else None,
        how="tokens",
        dollars=total,
        uncertain_dollars=dollars(Usage(usage.uncertain_prompt, usage.uncertain_completion), price),
        usage=usage,
        price=price,
        warning=age_warning(price.date, datetime.date.today()),
        attempts=sum(response.attempts for response in paid),
    )
