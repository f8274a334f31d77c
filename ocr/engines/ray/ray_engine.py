"""Many machines: an engine whose pages are read by actors of a Ray cluster, each of which holds a real engine.

The actors draw the pages that they read, from the same file where they see it, else from its bytes, which travel once.
A page that a worker cannot draw is drawn by the driver, as if there were no cluster, and travels as pixels. An actor
may die at any moment: its pages go to the others and a new actor takes its place. What is read does not depend on the
cluster, so neither does the fingerprint: a folder may be begun here and finished there.
"""

import asyncio
import contextlib
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import Field as Setting

from ocr.core.document import EngineOutput
from ocr.core.environment import load
from ocr.core.errors import EngineError
from ocr.core.settings import Settings, check
from ocr.engines import base
from ocr.engines.base import Engine, NotRenderedError, Request, capabilities_of
from ocr.engines.ray.actor import MISSING, EngineActor
from ocr.engines.ray.scan_files import Sender
from ocr.rendering.renderer import PageRef

DEATHS = 3
"""A page under which so many actors died is given up: it may be what kills them."""
DEATHS_LOADING = 10
"""The run is given up when so many actors in a row died while they loaded."""
CONNECT_SECONDS = 5.0
"""Ray itself goes on for minutes to look for a head that is not there."""
WAY_IN = "ray start --head, or --cluster auto; where the head asks for a token: RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
AHEAD = 1
"""Pages more than it reads that an actor is given, so that the next one is drawn when it is wanted."""


class RayOptions(Settings):
    """Options of the ray engine."""

    address: str = "auto"
    """Of the cluster's head; auto joins the cluster that this machine is part of, or starts one on it."""
    engine: str = "rapid"
    """What each actor holds."""
    options: dict[str, Any] = Setting(default_factory=dict)
    """Options of the engine that each actor holds."""
    actors: int = Setting(default=0, ge=0)
    """0: one a GPU of the cluster, or where it has none, one a CPU."""
    draw: bool = True
    """Workers draw the pages that they read; False: the driver does, and pixels travel."""


def create(options: Mapping[str, Any]) -> "RayEngine":
    """Make the engine from `[options]`; raises `UsageError` for an option or an inner engine that does not exist."""
    return RayEngine(check(RayOptions, options, where="options"))


def _knock(address: str) -> None:
    """Raise `OSError` or `ValueError` where nothing listens at HOST:PORT."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()


async def _within(seconds: float, answer: Any) -> Any:
    """What an actor answers; where nobody waits any more it is told to stop. Raises `TimeoutError`."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except (TimeoutError, asyncio.CancelledError):
        load("ray", extra="cluster").cancel(answer)
        raise


class _ActorDiedError(Exception):
    """An actor died, and another one is being loaded in its place; the message says which of a page's steps it cost."""


@dataclass(slots=True)
class _Slot:
    """The place of one actor, whichever holds it at the moment."""

    actor: Any
    flying: int = 0
    """Pages that it has: read, drawn, or waiting for their turn to be read."""
    wanted: int = 1
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """To be read. A page that waits here is not on the clock."""
    loading: "asyncio.Task[None] | None" = None

    @property
    def ready(self) -> bool:
        """Has its actor loaded an engine?"""
        return self.loading is not None and self.loading.done() and self.loading.exception() is None

    async def load(self) -> Any:
        """The actor, loaded. Raises `EngineError` where none can be had."""
        if self.loading is not None:
            await asyncio.shield(self.loading)
        return self.actor


class RayEngine:
    """Hands pages to actors. See `ocr.engines.Engine`; it goes by the name of the engine that the actors hold."""

    def __init__(self, options: RayOptions) -> None:
        self._options = options
        self._inner: Engine = base.create(options.engine, self._inner_options())
        self._slots: list[_Slot] = []
        self._sender = Sender()
        self.capabilities = replace(capabilities_of(self._inner), renders=options.draw, enforces_deadline=options.draw)

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def fingerprint(self) -> str:
        return self._inner.fingerprint

    @property
    def concurrency(self) -> int:
        """Before the cluster is known, a guess: pages wait here when it turns out to be smaller."""
        ahead = AHEAD if self.capabilities.renders else 0
        return (self._inner.concurrency + ahead) * (self._options.actors or max(2, os.cpu_count() or 1))

    def _inner_options(self) -> dict[str, Any]:
        # An actor is given one CPU, so the embedded engine is to start one worker in it, not one a core.
        alone = {"workers": 1} if self._options.engine in ("rapid", "tesseract") else {}
        return {**alone, **self._options.options}

    async def start(self) -> None:
        """Join or start the cluster and load an engine in every actor. Raises `EngineError` where that fails."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Ray would blank the GPUs of actors that ask for none; and its own messages are not ours to show.
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        ray = load("ray", extra="cluster")
        address = None if self._options.address == "auto" else self._options.address
        try:
            if address:
                _knock(address)
            ray.init(address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError) as cause:
            raise EngineError(f"no Ray cluster at {self._options.address}: {cause}", hint=WAY_IN) from cause
        count = self._options.actors or int(self._resources(ray).get("GPU", 0) or self._resources(ray).get("CPU", 1))
        self._slots = [_Slot(self._spawn(ray)) for _ in range(count)]
        for slot in self._slots:
            slot.loading = asyncio.create_task(self._load(slot))
        await asyncio.gather(*(slot.load() for slot in self._slots))

    @staticmethod
    def _resources(ray: Any) -> Mapping[str, float]:
        resources: Mapping[str, float] = ray.cluster_resources()
        return resources

    def _spawn(self, ray: Any) -> Any:
        gpus = 1 if self._resources(ray).get("GPU") and self.capabilities.generates_text else 0
        # Which page waits for which is decided here, so an actor is never to make one wait.
        room = 2 * max(1, self._inner.concurrency) + 16
        actor = ray.remote(EngineActor).options(num_cpus=0 if gpus else 1, num_gpus=gpus, max_concurrency=room)
        return actor.remote(self._options.engine, self._inner_options())

    async def _load(self, slot: _Slot) -> None:
        """Load the engine in the slot's actor, or in another one where that dies over it."""
        errors = load("ray.exceptions", extra="cluster")
        for _ in range(DEATHS_LOADING):
            try:
                wanted: int = await slot.actor.start.remote()
                if wanted != slot.wanted:
                    slot.wanted, slot.turns = wanted, asyncio.Semaphore(wanted)
                return
            except errors.RayTaskError as cause:
                raise EngineError(f"a worker of the cluster cannot load {self.name}: {cause.cause or cause}") from cause
            except errors.RayActorError:
                slot.actor = self._spawn(load("ray", extra="cluster"))
        raise EngineError(f"{DEATHS_LOADING} workers of the cluster died while they loaded {self.name}")

    async def read(self, request: Request) -> EngineOutput:
        """Read one page, elsewhere again if its actor dies. Raises `EngineError` where no actor can be started."""
        started = time.monotonic()
        deaths: Counter[str] = Counter()
        while deaths["read"] < DEATHS:
            if not self._slots:
                raise EngineError("the ray engine was not started")
            if deaths["draw"] >= DEATHS:
                raise NotRenderedError(f"{DEATHS} workers died while they were to draw it")
            # A machine that is gone may never come back, so nobody waits for a new actor where there is a loaded one.
            slot = min(self._slots, key=lambda one: (not one.ready, one.flying / one.wanted))
            slot.flying += 1
            try:
                return await self._read_in(slot, request)
            except _ActorDiedError as death:
                deaths[str(death)] += 1
            finally:
                slot.flying -= 1
        seconds = time.monotonic() - started
        return EngineOutput("error", reason=f"{DEATHS} workers died on this page", seconds=seconds)

    async def _read_in(self, slot: _Slot, request: Request) -> EngineOutput:
        """Draw and read in one actor; the pixels stay in the memory of its machine, here is only a reference."""
        actor, page = await slot.load(), request.image
        drawn = (await self._draw(slot, actor, page),) if isinstance(page, PageRef) else ()
        async with slot.turns:
            if slot.actor is not actor:
                raise _ActorDiedError("wait")
            try:
                async with self._deaths_of(slot, actor, "read"):
                    generation: EngineOutput = await _within(request.seconds, actor.read.remote(request, *drawn))
            except TimeoutError:
                return EngineOutput(
                    "timeout", reason=f"no answer within {request.seconds:g} s", seconds=request.seconds
                )
        return generation

    async def _draw(self, slot: _Slot, actor: Any, page: PageRef) -> Any:
        """A reference to the page, drawn. Raises `NotRenderedError`."""
        there = replace(page, path=page.path.absolute())
        said, image = await self._ask_to_draw(slot, actor, there)
        if said == MISSING:
            said, image = await self._ask_to_draw(slot, actor, there, await self._sender.send(page))
        if said:
            raise NotRenderedError(said)
        return image

    async def _ask_to_draw(self, slot: _Slot, actor: Any, page: PageRef, *contents: Any) -> tuple[str, Any]:
        # In an actor one page of a file is drawn at a time, and each may take as long as the renderer lets it.
        seconds = page.settings.seconds * (1 + slot.flying)
        try:
            async with self._deaths_of(slot, actor, "draw"):
                said, image = actor.draw.options(num_returns=2).remote(page, *contents)
                return await _within(seconds, said), image
        except TimeoutError:
            return f"not drawn within {seconds:g} s", None
        except load("ray.exceptions", extra="cluster").RayTaskError as bug:  # of its machine or ours: not of the page
            raise NotRenderedError(str(bug.cause or bug)) from bug

    @contextlib.asynccontextmanager
    async def _deaths_of(self, slot: _Slot, actor: Any, step: str) -> AsyncIterator[None]:
        """Around a call of the slot's actor. Raises `_ActorDiedError` once another one is to take its place."""
        errors = load("ray.exceptions", extra="cluster")
        try:
            yield
        except errors.RayActorError as cause:
            if slot.actor is actor:  # once for all pages that it took with it
                slot.actor = self._spawn(load("ray", extra="cluster"))
                slot.loading = asyncio.create_task(self._load(slot))
            raise _ActorDiedError(step) from cause
        except errors.RayTaskError as cause:
            if isinstance(cause.cause, EngineError):
                raise cause.cause from cause
            raise

    async def close(self) -> None:
        """End the actors and leave the cluster; one that was started for this run ends with it."""
        if self._slots:
            for slot in self._slots:
                if slot.loading is not None:
                    slot.loading.cancel()
            self._slots = []
            await asyncio.to_thread(load("ray", extra="cluster").shutdown)
