import asyncio

import numpy as np

from ocr.core.document import Attempt, EngineOutput, Line, PageImage
from ocr.engines.base import Request
from ocr.engines.fake import FakeEngine
from ocr.pipeline.page_reader import Outcome, PageReader, Usage, seed_of

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


def test_a_run_says_how_many_lines_a_cascade_read_again() -> None:
    usage, line = Usage(), Line("texto", (0.0, 0.0, 9.0, 9.0))
    for output in (
        EngineOutput("stop", lines=(line,) * 30, lines_reread=3),
        EngineOutput("stop", lines=(line,) * 10, lines_reread=0),
        EngineOutput("stop", lines=(line,) * 50),
    ):
        usage.add(Outcome(Attempt(output, "ok")))
    assert usage.describe(1.0) == "the large recognizer read 7.5% of 40 lines again"
