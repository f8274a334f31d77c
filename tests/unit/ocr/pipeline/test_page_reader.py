import asyncio

import numpy as np
import pytest
from fakes import FakeEngine

from ocr.core.document import PageImage
from ocr.core.errors import EngineError
from ocr.engines.base import Request
from ocr.pipeline.page_reader import DEATHS_OF_A_PAGE, Outcome, PageReader, seed_of

PIXELS = np.full((80, 60, 3), 255, np.uint8)
SCAN = "a" * 64


def read(engine: FakeEngine, *numbers: int) -> list[Outcome]:
    """Read pages together with an engine that was started once."""

    async def story() -> list[Outcome]:
        await engine.start()
        readings = PageReader(engine)
        requests = [Request(PageImage(number, PIXELS, 200), seconds=5) for number in numbers]
        return await asyncio.gather(*(readings.read(request, SCAN) for request in requests))

    return asyncio.run(story())


def test_a_good_page_takes_one_attempt() -> None:
    engine = FakeEngine()
    (outcome,) = read(engine, 1)
    assert (outcome.kept.status, outcome.rejected, engine.read_count) == ("ok", (), 1)


def test_the_better_attempt_is_kept_and_the_other_remembered() -> None:
    (outcome,) = read(FakeEngine(loops=[1], times=1), 1)
    assert outcome.kept.status == "ok"
    assert [attempt.status for attempt in outcome.rejected] == ["degenerate"]


def test_a_death_that_takes_several_pages_costs_one_restart() -> None:
    engine = FakeEngine(concurrency=8, seconds=0.01, dies=[1, 2, 3], times=1)
    outcomes = read(engine, *range(1, 9))
    assert {outcome.kept.status for outcome in outcomes} == {"ok"}
    assert engine.starts == 2


def test_a_page_that_kills_the_engine_is_given_up() -> None:
    outcomes = read(FakeEngine(concurrency=8, dies=[2]), *range(1, 9))
    assert [outcome.kept.status for outcome in outcomes] == ["ok", "failed", *["ok"] * 6]
    assert f"died {DEATHS_OF_A_PAGE} times on this page" in outcomes[1].kept.reason


def test_a_final_death_is_passed_on() -> None:
    with pytest.raises(EngineError, match="the device is gone"):
        read(FakeEngine(fatal=[1]), 1)


def test_seeds_repeat_and_differ() -> None:
    keys = [
        (SCAN, 1, "fake", 1),
        (SCAN, 1, "fake", 2),
        (SCAN, 2, "fake", 1),
        (SCAN, 1, "other", 1),
        ("b", 1, "fake", 1),
    ]
    seeds = [seed_of(*key) for key in keys]
    assert seeds == [seed_of(*key) for key in keys]
    assert len(set(seeds)) == len(keys)
    assert all(0 <= seed < 2**32 for seed in seeds)
