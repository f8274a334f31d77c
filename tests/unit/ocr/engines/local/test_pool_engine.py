"""A pool whose workers die: each death costs a page, and a row of them without a page read ends the run."""

import asyncio
from typing import Any

import numpy as np
import pytest

from ocr.core.child_process import ChildDiedError
from ocr.core.document import EngineOutput, PageImage
from ocr.core.errors import EngineError
from ocr.core.worker_pool import Parcel
from ocr.engines.base import Request
from ocr.engines.local.pool_engine import CRASHES_IN_A_ROW, PoolEngine

PAGE = Request(PageImage(1, np.zeros((4, 4, 3), np.uint8), 200.0))


class Script:
    """Stands in for the pool of processes: dies as often as it is told to before each answer."""

    def __init__(self, *deaths: int) -> None:
        self._fates = [fate for count in deaths for fate in (*["dies"] * count, "reads")]

    async def start(self) -> None:
        pass

    async def ask(self, _parcel: Parcel, _seconds: float) -> Parcel:
        if self._fates.pop(0) == "dies":
            raise ChildDiedError("killed by signal 9")
        return Parcel(EngineOutput("stop", lines=()))

    def close(self) -> None:
        pass


def read(script: Script, pages: int) -> list[EngineOutput]:
    engine = PoolEngine("rapid", "fingerprint", "ocr.engines.local.rapidocr_worker:openvino", 1)
    pool: Any = script
    engine._pool = pool

    async def story() -> list[EngineOutput]:
        await engine.start()
        return [await engine.read(PAGE) for _ in range(pages)]

    return asyncio.run(story())


def test_a_death_is_a_page_that_failed_and_a_page_that_is_read_forgives_the_deaths_before() -> None:
    readings = read(Script(CRASHES_IN_A_ROW - 1, CRASHES_IN_A_ROW - 1), 2 * CRASHES_IN_A_ROW)
    assert [reading.finish for reading in readings] == [*["error"] * (CRASHES_IN_A_ROW - 1), "stop"] * 2
    assert "killed by signal 9" in readings[0].reason


def test_ten_deaths_in_a_row_are_not_the_pages_fault() -> None:
    with pytest.raises(EngineError, match=f"{CRASHES_IN_A_ROW} workers of the engine rapid died in a row") as caught:
        read(Script(CRASHES_IN_A_ROW), CRASHES_IN_A_ROW)
    assert not caught.value.retryable
    assert caught.value.hint
