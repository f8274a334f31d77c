"""Read pages on many machines: actors of a Ray cluster, each with an engine of its own.

The actors render the pages that they read, from the same file if they can see it, else from its bytes, which are sent
once. The driver renders a page that a worker cannot render, and sends its pixels. An actor may die at any moment: its
pages go to the others, and a new actor replaces it. The output does not depend on the cluster, and neither does the
fingerprint: a folder may be started on a cluster and finished without one.
"""

import asyncio
import contextlib
import logging
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
from ocr.engines.local.rapidocr import choose_backend
from ocr.engines.ray.actor import MISSING, EngineActor
from ocr.engines.ray.scan_files import Sender
from ocr.rendering.renderer import PageRef

LOG = logging.getLogger(__name__)

CRASHES_OF_A_PAGE = 3
"""Give up a page during which so many actors died: the page may cause it."""
CRASHES_LOADING = 10
"""End the run after so many actors in a row died while they loaded."""
CONNECT_SECONDS = 5.0
"""Ray itself searches for a missing head for minutes."""
WAY_IN = "ray start --head, or --cluster auto; where the head asks for a token: RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
AHEAD = 1
"""Additional pages that an actor gets, so that the next one is rendered when the engine is free."""


class RayOptions(Settings):
    """Options of the ray engine."""

    address: str = "auto"
    """Address of the cluster's head; auto joins the cluster of this machine, or starts one."""
    engine: str = "rapid"
    """The engine of each actor."""
    options: dict[str, Any] = Setting(default_factory=dict)
    """Options of the engine of each actor."""
    actors: int = Setting(default=0, ge=0)
    """0: one for each GPU of the cluster, or if it has none, one for each CPU."""
    draw: bool = True
    """Workers render the pages that they read; False: the driver renders them and sends pixels."""


def create(options: Mapping[str, Any]) -> "RayEngine":
    """Make the engine from `[options]`; raises `UsageError` for an option or an inner engine that does not exist."""
    return RayEngine(check(RayOptions, options, where="options"))


def _check_reachable(address: str) -> None:
    """Raise `OSError` or `ValueError` if nothing listens at HOST:PORT."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()


async def _within(seconds: float, answer: Any) -> Any:
    """Return an actor's reply; after a timeout or a cancellation the actor is told to stop. Raises `TimeoutError`."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except (TimeoutError, asyncio.CancelledError):
        load("ray", extra="cluster").cancel(answer)
        raise


class _ActorDiedError(Exception):
    """An actor died, and a new one is being loaded; the message is the step of the page: wait, draw, read."""


@dataclass(slots=True)
class _Slot:
    """The slot of one actor; a new actor takes the slot of a dead one."""

    actor: Any
    flying: int = 0
    """Pages of the actor: being read, rendered, or waiting to be read."""
    wanted: int = 1
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """For reading. The time that a page waits here does not count."""
    loading: "asyncio.Task[None] | None" = None

    @property
    def ready(self) -> bool:
        """Whether its actor has loaded an engine."""
        return self.loading is not None and self.loading.done() and self.loading.exception() is None

    async def load(self) -> Any:
        """Return the actor when it is loaded. Raises `EngineError` if none can be loaded."""
        if self.loading is not None:
            await asyncio.shield(self.loading)
        return self.actor


class RayEngine:
    """Sends pages to actors. See `ocr.engines.base.Engine`; its name is that of the actors' engine."""

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
        """An estimate before the cluster is known: pages wait here if the cluster is smaller."""
        ahead = AHEAD if self.capabilities.renders else 0
        return (self._inner.concurrency + ahead) * (self._options.actors or max(2, os.cpu_count() or 1))

    def _inner_options(self) -> dict[str, Any]:
        # An actor gets one CPU, so the built-in engine starts one worker in it, not one for each core.
        alone: dict[str, Any] = {"workers": 1} if self._options.engine in ("rapid", "tesseract") else {}
        if self._options.engine == "rapid":
            # Each machine may remember another backend as the faster one, and all must read alike.
            alone["backend"] = choose_backend("auto")
        return {**alone, **self._options.options}

    async def start(self) -> None:
        """Join or start the cluster and load an engine in every actor. Raises `EngineError` if that fails."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Without it Ray hides the GPUs from actors that request none. Ray's own messages are not shown.
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        ray = load("ray", extra="cluster")
        address = None if self._options.address == "auto" else self._options.address
        try:
            if address:
                _check_reachable(address)
            ray.init(address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError) as cause:
            raise EngineError(f"no Ray cluster at {self._options.address}: {cause}", hint=WAY_IN) from cause
        count = self._options.actors or int(self._resources(ray).get("GPU", 0) or self._resources(ray).get("CPU", 1))
        LOG.debug("starting %d actors with the engine %s", count, self.name)
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
        # Pages wait here, so an actor must never make one wait.
        room = 2 * max(1, self._inner.concurrency) + 16
        actor = ray.remote(EngineActor).options(num_cpus=0 if gpus else 1, num_gpus=gpus, max_concurrency=room)
        return actor.remote(self._options.engine, self._inner_options())

    async def _load(self, slot: _Slot) -> None:
        """Load the engine in the slot's actor, or in a new one if that crashes."""
        errors = load("ray.exceptions", extra="cluster")
        for _ in range(CRASHES_LOADING):
            try:
                wanted: int = await slot.actor.start.remote()
                if wanted != slot.wanted:
                    slot.wanted, slot.turns = wanted, asyncio.Semaphore(wanted)
                return
            except errors.RayTaskError as cause:
                raise EngineError(f"a worker of the cluster cannot load {self.name}: {cause.cause or cause}") from cause
            except errors.RayActorError:
                slot.actor = self._spawn(load("ray", extra="cluster"))
        raise EngineError(f"{CRASHES_LOADING} workers of the cluster died while they loaded {self.name}")

    async def read(self, request: Request) -> EngineOutput:
        """Read one page, in another actor if the first one crashes. Raises `EngineError` if no actor can be started."""
        started = time.monotonic()
        deaths: Counter[str] = Counter()
        while deaths["read"] < CRASHES_OF_A_PAGE:
            if not self._slots:
                raise EngineError("the ray engine was not started")
            if deaths["draw"] >= CRASHES_OF_A_PAGE:
                raise NotRenderedError(f"{CRASHES_OF_A_PAGE} workers died while they rendered it")
            # A machine that is gone may never return, so no page waits for a new actor while another one is loaded.
            slot = min(self._slots, key=lambda one: (not one.ready, one.flying / one.wanted))
            slot.flying += 1
            try:
                return await self._read_in(slot, request)
            except _ActorDiedError as death:
                deaths[str(death)] += 1
            finally:
                slot.flying -= 1
        seconds = time.monotonic() - started
        return EngineOutput("error", reason=f"{CRASHES_OF_A_PAGE} workers died on this page", seconds=seconds)

    async def _read_in(self, slot: _Slot, request: Request) -> EngineOutput:
        """Render and read in one actor; the pixels stay on its machine, the driver has only a reference."""
        actor, page = await slot.load(), request.image
        rendered = (await self._render(slot, actor, page),) if isinstance(page, PageRef) else ()
        async with slot.turns:
            if slot.actor is not actor:
                raise _ActorDiedError("wait")
            try:
                async with self._watch_for_death(slot, actor, "read"):
                    generation: EngineOutput = await _within(request.seconds, actor.read.remote(request, *rendered))
            except TimeoutError:
                return EngineOutput(
                    "timeout", reason=f"no answer within {request.seconds:g} s", seconds=request.seconds
                )
        return generation

    async def _render(self, slot: _Slot, actor: Any, page: PageRef) -> Any:
        """Return a reference to the rendered page. Raises `NotRenderedError`."""
        there = replace(page, path=page.path.absolute())
        said, image = await self._ask_to_render(slot, actor, there)
        if said == MISSING:
            said, image = await self._ask_to_render(slot, actor, there, await self._sender.send(page))
        if said:
            raise NotRenderedError(said)
        return image

    async def _ask_to_render(self, slot: _Slot, actor: Any, page: PageRef, *contents: Any) -> tuple[str, Any]:
        # An actor renders one page of a file at a time, each within the renderer's own limit.
        seconds = page.settings.seconds * (1 + slot.flying)
        try:
            async with self._watch_for_death(slot, actor, "draw"):
                said, image = actor.render.options(num_returns=2).remote(page, *contents)
                return await _within(seconds, said), image
        except TimeoutError:
            return f"not rendered within {seconds:g} s", None
        except load("ray.exceptions", extra="cluster").RayTaskError as bug:  # its machine's or ours, not the page's
            raise NotRenderedError(str(bug.cause or bug)) from bug

    @contextlib.asynccontextmanager
    async def _watch_for_death(self, slot: _Slot, actor: Any, step: str) -> AsyncIterator[None]:
        """Run a call of the slot's actor inside the block. Raises `_ActorDiedError` after replacing a dead actor."""
        errors = load("ray.exceptions", extra="cluster")
        try:
            yield
        except errors.RayActorError as cause:
            if slot.actor is actor:  # once for all pages in the actor
                LOG.debug("an actor died (%s) and is replaced: %s", step, cause)
                slot.actor = self._spawn(load("ray", extra="cluster"))
                slot.loading = asyncio.create_task(self._load(slot))
            raise _ActorDiedError(step) from cause
        except errors.RayTaskError as cause:
            if isinstance(cause.cause, EngineError):
                raise cause.cause from cause
            raise

    async def close(self) -> None:
        """End the actors and leave the cluster; a cluster that was started for this run ends with it."""
        if self._slots:
            for slot in self._slots:
                if slot.loading is not None:
                    slot.loading.cancel()
            self._slots = []
            await asyncio.to_thread(load("ray", extra="cluster").shutdown)
