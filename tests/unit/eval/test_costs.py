"""Costs of one's own hardware: by the hour of a machine, or by the CPU time of an engine."""

import pytest

from eval.bench_result import HardwareCost
from eval.costs import CostTerms, compute_cost
from eval.report.report_tables import million
from eval.systems.pricing import CPU_MACHINE, Usage, find_machine
from eval.systems.response_cache import Session

BUSY = Session(pages=4, seconds=8.0, cpu_pages=4, cpu_seconds=4.0)


def cost(sessions: Session, terms: CostTerms) -> HardwareCost:
    found = compute_cost([], [], sessions, terms)
    assert isinstance(found, HardwareCost)
    return found


def test_a_cpu_machine_prices_the_cpu_time_that_pages_take() -> None:
    machine = find_machine(CPU_MACHINE)
    assert machine.cores
    found = cost(BUSY, CostTerms(machine=machine))
    assert (found.how, found.pages_per_cpu_hour, found.pages_per_second) == ("cpu", 3600.0, 0.5)
    assert found.per_million == pytest.approx(machine.hourly / machine.cores / 3600 * 1e6)
    half = cost(BUSY, CostTerms(machine=machine, utilization=0.5))
    assert half.per_million == pytest.approx(2 * found.per_million)
    assert million(found) == f"{found.per_million:,.0f}"


def test_a_machine_given_by_its_price_is_paid_by_the_hour() -> None:
    found = cost(BUSY, CostTerms(machine=find_machine("box=0.36")))
    assert (found.how, found.per_million) == ("hours", pytest.approx(200.0))


def test_what_was_not_measured_or_priced_has_no_cost() -> None:
    for terms in (CostTerms(), CostTerms(machine=find_machine(CPU_MACHINE)), CostTerms(machine=find_machine("l4"))):
        found = cost(Session(), terms)
        assert found.per_million is None
        assert million(found) == "-"
    without = cost(Session(pages=4, seconds=8.0), CostTerms(machine=find_machine(CPU_MACHINE)))
    assert (without.per_million, without.pages_per_second) == (None, 0.5)


def test_sessions_add_up_and_pages_without_cpu_time_do_not_count() -> None:
    total = BUSY + Session(pages=6, seconds=2.0, lost=Usage(1)) + BUSY
    assert total == Session(14, 18.0, Usage(1), 8, 8.0)
    assert cost(total, CostTerms(machine=find_machine(CPU_MACHINE))).pages_per_cpu_hour == 3600.0
