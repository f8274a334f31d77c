"""The fallback engine starts on first use, and its failures are values."""

import asyncio

import numpy as np
import pytest

from ocr.core.document import EngineOutput, PageImage
from ocr.core.errors import DependencyError, EngineError
from ocr.engines.base import Request
from ocr.engines.fake import FakeEngine
from ocr.engines.fallback import FallbackEngine

PAGE = PageImage(1, np.full((80, 60, 3), 255, np.uint8), 200.0)


def read(fallback: FallbackEngine, count: int = 1) -> list[EngineOutput]:
    async def run() -> list[EngineOutput]:
        return [await fallback.read(Request(PAGE)) for _ in range(count)]

    return asyncio.run(run())


def test_it_starts_once_with_the_first_page() -> None:
    engine = FakeEngine()
    outputs = read(FallbackEngine(engine), 3)
    assert ([output.finish for output in outputs], engine.starts) == (["stop"] * 3, 1)


def test_a_crash_is_an_output_and_the_next_page_starts_it_again() -> None:
    engine = FakeEngine(fatal=[1], times=1)
    crashed, read_again = read(FallbackEngine(engine), 2)
    assert (crashed.finish, crashed.reason) == ("error", "the built-in engine failed: the device is gone")
    assert (read_again.finish, engine.starts) == ("stop", 2)


def test_an_engine_that_does_not_start_is_tried_once() -> None:
    engine = FakeEngine(start="fails")
    fallback = FallbackEngine(engine)
    outputs = read(fallback, 2)
    assert {output.finish for output in outputs} == {"error"}
    assert (engine.starts, fallback.is_available, fallback.problem) == (1, False, "the fake engine does not load")
    with pytest.raises(EngineError, match="does not load"):
        asyncio.run(fallback.start())


def test_without_an_engine_the_problem_says_why() -> None:
    fallback = FallbackEngine(None, DependencyError("rapidocr is not installed"))
    assert read(fallback)[0].reason == "the built-in engine failed: rapidocr is not installed"
    with pytest.raises(DependencyError):
        fallback.check()
    nothing = FallbackEngine(None)
    nothing.check()
    assert (nothing.is_available, nothing.problem, read(nothing)[0].finish) == (False, "", "error")
