"""Many pages by a bare engine: each read once, kept, in order, and the engine closed whatever happens."""

import asyncio

import numpy as np
import pytest

from ocr.core.document import EngineOutput, PageImage
from ocr.core.errors import EngineError, OcrError, OutputError
from ocr.engines.base import Request
from ocr.engines.batch import read_all
from ocr.engines.fake import FakeEngine

PIXELS = np.full((80, 60, 3), 255, np.uint8)


class Counted(FakeEngine):
    closes = 0

    async def close(self) -> None:
        self.closes += 1
        await super().close()


class Kept(dict[int, EngineOutput]):
    full = False

    def put(self, page: int, result: EngineOutput) -> None:
        if self.full:
            raise OutputError("the disk is full")
        self[page] = result


def read(engine: FakeEngine, pages: list[int], cache: Kept) -> tuple[list[EngineOutput], int]:
    """The outputs, and how often `on_page` was called."""
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    async def one(number: int) -> EngineOutput:
        return await engine.read(Request(PageImage(number, PIXELS, 200)))

    return asyncio.run(read_all(engine, pages, one, cache, count)), calls


def test_results_come_in_order_and_are_not_read_again() -> None:
    engine, cache = Counted(concurrency=2, seconds=0.01), Kept()
    first, calls = read(engine, [3, 1, 2], cache)
    assert [output.lines[0].text[0] for output in first if output.lines] == ["3", "1", "2"]
    assert (calls, engine.read_count, engine.starts, engine.closes) == (3, 3, 1, 1)
    again, calls = read(engine, [1, 2, 3, 4], cache)
    assert again[:3] == [cache[1], cache[2], cache[3]]
    assert (calls, engine.read_count) == (4, 4)


def test_an_engine_that_is_not_needed_is_not_started() -> None:
    engine = Counted()
    cache = Kept({1: EngineOutput("stop", "lida")})
    assert read(engine, [1], cache) == ([cache[1]], 1)
    assert (engine.starts, engine.closes) == (0, 1)


@pytest.mark.parametrize(
    ("engine", "error"), [(Counted(fatal=[1, 2]), "device is gone"), (Counted(start="fails"), "does not load")]
)
def test_the_first_failure_ends_the_reading_and_closes_the_engine(engine: Counted, error: str) -> None:
    cache = Kept()
    with pytest.raises(EngineError, match=error):
        read(engine, [3, 1, 2, 4, 5, 6], cache)
    assert engine.closes == 1


def test_a_result_that_cannot_be_kept_ends_the_reading() -> None:
    engine, cache = Counted(), Kept()
    cache.full = True
    with pytest.raises(OcrError, match="disk is full"):
        read(engine, [1, 2], cache)
    assert engine.closes == 1
