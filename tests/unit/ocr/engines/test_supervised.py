"""An engine that crashes is restarted; pages and engines that crash too often are given up."""

import asyncio
import logging

import numpy as np
import pytest

from ocr.core.document import EngineOutput, PageImage
from ocr.core.errors import EngineError
from ocr.engines.base import Capabilities, Request
from ocr.engines.fake import FakeEngine
from ocr.engines.supervised import CRASHES_IN_A_ROW, CRASHES_OF_A_PAGE, SupervisedEngine

PIXELS = np.full((80, 60, 3), 255, np.uint8)


def read(engine: FakeEngine, *numbers: int, seconds: float = 5.0) -> list[EngineOutput]:
    """Read pages together with a supervised engine."""

    async def story() -> list[EngineOutput]:
        supervised = SupervisedEngine(engine)
        await supervised.start()
        requests = [Request(PageImage(number, PIXELS, 200), seconds=seconds) for number in numbers]
        outputs = await asyncio.gather(*(supervised.read(request) for request in requests))
        await supervised.close()
        return outputs

    return asyncio.run(story())


def test_a_crash_that_takes_several_pages_costs_one_restart() -> None:
    engine = FakeEngine(concurrency=8, seconds=0.01, dies=[1, 2, 3], times=1)
    outputs = read(engine, *range(1, 9))
    assert {output.finish for output in outputs} == {"stop"}
    assert engine.starts == 2


def test_a_page_that_crashes_the_engine_is_given_up() -> None:
    engine = FakeEngine(concurrency=8, dies=[2])
    outputs = read(engine, *range(1, 9))
    assert [output.finish for output in outputs] == ["stop", "error", *["stop"] * 6]
    assert f"died {CRASHES_OF_A_PAGE} times on this page" in outputs[1].reason
    assert engine.starts == 1 + CRASHES_OF_A_PAGE


def test_an_engine_that_only_crashes_is_given_up() -> None:
    engine = FakeEngine(concurrency=1, dies=list(range(1, 9)))
    with pytest.raises(EngineError, match=f"died {CRASHES_IN_A_ROW} times in a row"):
        read(engine, *range(1, 9))
    assert engine.starts == CRASHES_IN_A_ROW


def test_a_crash_that_no_restart_fixes_is_raised() -> None:
    engine = FakeEngine(fatal=[1])
    with pytest.raises(EngineError, match="the device is gone"):
        read(engine, 1)
    assert engine.starts == 1


def test_an_engine_that_ignores_its_deadline_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr.engines.supervised.GRACE_SECONDS", 0.05)
    (output,) = read(FakeEngine(hang=[1]), 1, seconds=0.05)
    assert (output.finish, output.reason) == ("timeout", "no answer within 0.05 s")


def test_text_starts_again_when_the_engine_is_asked_again() -> None:
    pieces: list[str] = []

    async def story() -> None:
        engine = SupervisedEngine(FakeEngine(dies=[1], times=1))
        await engine.start()
        await engine.read(Request(PageImage(1, PIXELS, 200), on_text=lambda piece: not pieces.append(piece)))

    asyncio.run(story())
    assert pieces == ["", ""], "once for each time that the engine was asked"


def test_it_is_seen_as_the_engine_that_it_supervises() -> None:
    inner = FakeEngine(concurrency=3)
    inner.capabilities = Capabilities(renders=True)
    engine = SupervisedEngine(inner)
    assert (engine.name, engine.fingerprint, engine.concurrency) == (inner.name, inner.fingerprint, 3)
    assert engine.capabilities == Capabilities(renders=True)


def test_restarts_are_logged_at_debug_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ocr")
    read(FakeEngine(dies=[1], times=1), 1)
    said = [record.getMessage() for record in caplog.records if record.name == "ocr.engines.supervised"]
    assert said[0] == "starting engine fake"
    assert said[1].startswith("restarting engine fake after crash 1: the worker died on page 1")
    assert {record.levelno for record in caplog.records if record.name.startswith("ocr.")} == {logging.DEBUG}
