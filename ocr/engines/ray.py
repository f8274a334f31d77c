"""Many machines: an engine whose pages are read by actors of a Ray cluster, each of which holds a real engine.

Pages travel as pixels, so the workers need neither shared storage nor the scans; they need lusocr with the same extras,
and the weights. An actor may die at any moment: its pages go to the others and a new actor takes its place. What is
read does not depend on the cluster, so neither does the fingerprint: a folder may be begun here and finished there.
"""

import asyncio
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field as Setting

from ocr import engines
from ocr.config import Settings, check
from ocr.document import Generation
from ocr.engines import Engine, Request
from ocr.errors import EngineError
from ocr.lazy import load

DEATHS = 3
"""A page under which so many actors died is given up: it may be what kills them."""
DEATHS_LOADING = 10
"""The run is given up when so many actors in a row died while they loaded."""
CONNECT_SECONDS = 5.0
"""Ray itself goes on for minutes to look for a head that is not there."""


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


def create(options: Mapping[str, Any]) -> "RayEngine":
    """Make the engine from `[options]`; raises `UsageError` for an option or an inner engine that does not exist."""
    return RayEngine(check(RayOptions, options, where="options"))


class Reader:
    """What runs in an actor: one engine."""

    def __init__(self, engine: str, options: Mapping[str, Any]) -> None:
        self._engine = engines.create(engine, options)

    async def start(self) -> int:
        """Load; answers how many pages it wants in flight."""
        await self._engine.start()
        return self._engine.concurrency

    async def read(self, request: Request) -> Generation:
        return await self._engine.read(request)


def _knock(address: str) -> None:
    """Raise `OSError` or `ValueError` where nothing listens at HOST:PORT."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()


@dataclass(slots=True)
class _Slot:
    """The place of one actor, whichever holds it at the moment."""

    actor: Any
    flying: int = 0
    wanted: int = 1
    loaded: asyncio.Event = field(default_factory=asyncio.Event)


class RayEngine:
    """Hands pages to actors. See `ocr.engines.Engine`; it goes by the name of the engine that the actors hold."""

    def __init__(self, options: RayOptions) -> None:
        self._options = options
        self._inner: Engine = engines.create(options.engine, self._inner_options())
        self._slots: list[_Slot] = []
        self._replacing = asyncio.Lock()
        if hasattr(self._inner, "model"):
            self.model = self._inner.model

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def fingerprint(self) -> str:
        return self._inner.fingerprint

    @property
    def concurrency(self) -> int:
        """Before the cluster is known, a guess: pages wait here when it turns out to be smaller."""
        return self._inner.concurrency * (self._options.actors or max(2, os.cpu_count() or 1))

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
        except (ConnectionError, RuntimeError, ValueError, OSError) as cause:
            raise EngineError(
                f"no Ray cluster at {self._options.address}: {cause}", hint="ray start --head, or --cluster auto"
            ) from cause
        count = self._options.actors or int(self._resources(ray).get("GPU", 0) or self._resources(ray).get("CPU", 1))
        self._slots = [_Slot(self._spawn(ray)) for _ in range(count)]
        await asyncio.gather(*(self._load(slot) for slot in self._slots))

    @staticmethod
    def _resources(ray: Any) -> Mapping[str, float]:
        resources: Mapping[str, float] = ray.cluster_resources()
        return resources

    def _spawn(self, ray: Any) -> Any:
        gpus = 1 if self._resources(ray).get("GPU") and hasattr(self, "model") else 0
        wanted = max(1, self._inner.concurrency)
        actor = ray.remote(Reader).options(num_cpus=0 if gpus else 1, num_gpus=gpus, max_concurrency=wanted + 1)
        return actor.remote(self._options.engine, self._inner_options())

    async def _load(self, slot: _Slot) -> None:
        """Load the engine in the slot's actor, or in another one where that dies over it."""
        errors = load("ray.exceptions", extra="cluster")
        for _ in range(DEATHS_LOADING):
            try:
                slot.wanted = await slot.actor.start.remote()
                slot.loaded.set()
                return
            except errors.RayTaskError as cause:
                raise EngineError(f"a worker of the cluster cannot load {self.name}: {cause.cause or cause}") from cause
            except errors.RayActorError:
                slot.actor = self._spawn(load("ray", extra="cluster"))
        raise EngineError(f"{DEATHS_LOADING} workers of the cluster died while they loaded {self.name}")

    async def read(self, request: Request) -> Generation:
        """Read one page, elsewhere again if its actor dies. Raises `EngineError` where no actor can be started."""
        errors = load("ray.exceptions", extra="cluster")
        started = time.monotonic()
        for _ in range(DEATHS):
            if not self._slots:
                raise EngineError("the ray engine was not started")
            slot = min(self._slots, key=lambda one: (not one.loaded.is_set(), one.flying / one.wanted))
            await slot.loaded.wait()
            actor = slot.actor
            try:
                return await self._ask(slot, request)
            except errors.RayActorError:
                await self._replace(slot, actor)
            except errors.RayTaskError as cause:
                if isinstance(cause.cause, EngineError):
                    raise cause.cause from cause
                raise
        seconds = time.monotonic() - started
        return Generation("error", reason=f"{DEATHS} workers died on this page", seconds=seconds)

    async def _ask(self, slot: _Slot, request: Request) -> Generation:
        slot.flying += 1
        answer = slot.actor.read.remote(request)
        try:
            async with asyncio.timeout(request.seconds):
                generation: Generation = await answer
        except TimeoutError:
            load("ray", extra="cluster").cancel(answer)
            return Generation("timeout", reason=f"no answer within {request.seconds:g} s", seconds=request.seconds)
        except asyncio.CancelledError:
            load("ray", extra="cluster").cancel(answer)
            raise
        finally:
            slot.flying -= 1
        return generation

    async def _replace(self, slot: _Slot, dead: Any) -> None:
        """Put a new actor into the slot, once for all pages that the dead one took with it."""
        async with self._replacing:
            if slot.actor is dead:
                slot.loaded.clear()
                slot.actor = self._spawn(load("ray", extra="cluster"))
                await self._load(slot)

    async def close(self) -> None:
        """End the actors and leave the cluster; one that was started for this run ends with it."""
        if self._slots:
            self._slots = []
            await asyncio.to_thread(load("ray", extra="cluster").shutdown)
