"""Children: they answer, they die when told, and they never outlive us."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT
from processes import alive

from ocr.core.child_process import ChildDiedError
from ocr.core.document import PageImage
from ocr.core.errors import EngineError
from ocr.core.worker_pool import Parcel, Pool
from ocr.engines.base import Request
from ocr.engines.local.pool_engine import PoolEngine
from ocr.pipeline.page_reader import PageReader

pytestmark = pytest.mark.serial

HANDLERS = """
import contextlib, os, subprocess, sys, time
from ocr.core import process_tree
from ocr.core.worker_pool import Parcel
from ocr.core.document import EngineOutput
from ocr.core.errors import EngineError

lending = contextlib.ExitStack()

def make():
    def handle(parcel):
        match parcel.value:
            case "invert":
                return Parcel(parcel.pixels.shape, 255 - parcel.pixels)
            case "sleep":
                time.sleep(60)
            case "grandchild":
                lending.enter_context(process_tree.lend_to_grandchildren())
                return Parcel(subprocess.Popen(["sleep", "60"]).pid)
            case "refuse":
                raise EngineError("no", hint="try this", retryable=True)
            case "crash":
                raise ValueError("a bug")
            case "long":
                return Parcel("x" * 1_000_000)
            case "chat":
                print("noise on stdout")
        return Parcel(os.getpid())
    return handle

def read():
    # A page 2 pixels wide kills its worker; the others take their time.
    def handle(parcel):
        if parcel.pixels.shape[1] == 2:
            os.kill(os.getpid(), 9)
        time.sleep(0.5)
        return Parcel(EngineOutput("stop", "lida"))
    return handle

def broken():
    raise EngineError("cannot load")
"""


@pytest.fixture(autouse=True)
def handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(ROOT))))


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether no living process (a zombie is dead) has this id any more within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_pixels_travel_both_ways_and_twice() -> None:
    async def story() -> None:
        pool = Pool("handlers:make", 1)
        await pool.start()
        try:
            for shape in ((3, 5, 3), (400, 300), (0, 4), (1, 1)):
                pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
                answer = await pool.ask(Parcel("invert", pixels), 30)
                assert answer.value == shape
                assert answer.pixels is not None
                assert np.array_equal(answer.pixels, 255 - pixels)
        finally:
            pool.close()

    asyncio.run(story())


def test_an_answer_that_comes_in_pieces_is_whole_on_the_event_loop_of_ray_too() -> None:
    uvloop = pytest.importorskip("uvloop", reason="uvloop, which comes with lusocr[gpu], is not installed")

    async def story() -> None:
        pool = Pool("handlers:make", 1)
        await pool.start()
        for _ in range(2):
            assert len((await pool.ask(Parcel("long"), 10)).value) == 1_000_000
        pool.close()

    for run in (asyncio.run, uvloop.run):
        run(story())


def test_a_late_child_is_killed_with_its_children_and_replaced() -> None:
    async def story() -> None:
        pool = Pool("handlers:make", 1)
        await pool.start()
        try:
            first = (await pool.ask(Parcel(), 30)).value
            grandchild = (await pool.ask(Parcel("grandchild"), 30)).value
            with pytest.raises(TimeoutError):
                await pool.ask(Parcel("sleep"), 0.2)
            assert gone(first) and gone(grandchild)
            assert (await pool.ask(Parcel(), 30)).value != first
        finally:
            pool.close()

    asyncio.run(story())


def test_cancelling_frees_the_slot() -> None:
    async def story() -> None:
        pool = Pool("handlers:make", 1)
        await pool.start()
        try:
            waiting = asyncio.create_task(pool.ask(Parcel("sleep"), 60))
            await asyncio.sleep(0.2)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert isinstance((await pool.ask(Parcel(), 30)).value, int)
        finally:
            pool.close()

    asyncio.run(story())


def test_an_expected_failure_keeps_the_child_and_its_words() -> None:
    async def story() -> None:
        pool = Pool("handlers:make", 1)
        await pool.start()
        try:
            before = (await pool.ask(Parcel(), 30)).value
            with pytest.raises(EngineError, match="no") as caught:
                await pool.ask(Parcel("refuse"), 30)
            assert caught.value.hint == "try this"
            assert caught.value.retryable
            assert (await pool.ask(Parcel("chat"), 30)).value == before
        finally:
            pool.close()

    asyncio.run(story())


def test_a_bug_in_the_child_is_told_and_the_child_replaced() -> None:
    async def story() -> None:
        pool = Pool("handlers:make", 1)
        await pool.start()
        try:
            with pytest.raises(ChildDiedError, match="ValueError: a bug"):
                await pool.ask(Parcel("crash"), 30)
            assert isinstance((await pool.ask(Parcel(), 30)).value, int)
        finally:
            pool.close()

    asyncio.run(story())


def test_a_child_that_cannot_load_says_why_at_start() -> None:
    async def story() -> None:
        pool = Pool("handlers:broken", 2)
        try:
            with pytest.raises(EngineError, match="cannot load"):
                await pool.start()
        finally:
            pool.close()
            pool.close()

    asyncio.run(story())


def test_a_child_is_recycled_after_its_share() -> None:
    async def story() -> None:
        pool = Pool("handlers:make", 1, recycle=2)
        await pool.start()
        try:
            pids = [(await pool.ask(Parcel(), 30)).value for _ in range(5)]
            assert len(set(pids)) == 3
        finally:
            pool.close()

    asyncio.run(story())


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
def test_no_child_outlives_a_killed_parent() -> None:
    program = (
        "import asyncio\n"
        "from ocr.core.worker_pool import Parcel, Pool\n"
        "async def story():\n"
        "    pool = Pool('handlers:make', 2)\n"
        "    await pool.start()\n"
        "    print((await pool.ask(Parcel('grandchild'), 9)).value, (await pool.ask(Parcel(), 9)).value, flush=True)\n"
        "    await pool.ask(Parcel('sleep'), 60)\n"
        "asyncio.run(story())\n"
    )
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment, text=True)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    time.sleep(0.2)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert all(gone(pid) for pid in pids)


def test_closing_ends_every_wait_and_a_fresh_start_serves_again() -> None:
    async def story() -> None:
        pool = Pool("handlers:make", 2)
        await pool.start()
        try:
            waiting = asyncio.create_task(pool.ask(Parcel("sleep"), 60))
            await asyncio.sleep(0.2)
            pool.close()
            with pytest.raises(ChildDiedError, match="was ended"):
                await asyncio.wait_for(waiting, 5)
            await asyncio.wait_for(pool.start(), 60)
            answers = await asyncio.gather(*(pool.ask(Parcel(), 30) for _ in range(4)))
            assert len({answer.value for answer in answers}) <= 2
        finally:
            pool.close()

    asyncio.run(story())


def test_one_dead_worker_costs_nobody_else_anything() -> None:
    async def story() -> None:
        engine = PoolEngine("few", "few", "handlers:read", 2)
        readings = PageReader(engine)
        await engine.start()
        try:
            pages = [PageImage(n, np.full((4, n, 3), 255, np.uint8), 100) for n in (1, 2, 3, 4)]
            outcomes = await asyncio.gather(*(readings.read(Request(page, seconds=30), "0" * 64) for page in pages))
        finally:
            await engine.close()
        assert [outcome.kept.status for outcome in outcomes] == ["ok", "failed", "ok", "ok"]
        assert [len(outcome.rejected) for outcome in outcomes] == [0, 1, 0, 0]
        assert "SIGKILL" in outcomes[1].kept.reason

    asyncio.run(story())
