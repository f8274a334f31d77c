"""An engine with a pool of single-threaded worker processes, shared by `rapid` and `tesseract`."""

import time
from collections.abc import Sequence
from dataclasses import replace

from ocr.core.child_process import ChildDiedError
from ocr.core.document import EngineOutput
from ocr.core.environment import count_cores
from ocr.core.errors import EngineError
from ocr.core.worker_pool import Parcel, Pool
from ocr.engines.base import Request

RECYCLE = 500
"""Pages after which a worker is replaced, at the cost of 2 s: this bounds the memory that a native library leaks."""

CRASHES_IN_A_ROW = 10
"""Give up the engine after so many workers died without a page read in between: the pages are not the cause."""


class PoolEngine:
    """Reads with `workers` children that run `target`, a function for `ocr.core.worker_pool`; 0 means one a core.

    `arguments` go to the target. A worker that dies loses one attempt at its own page, and is replaced; the others
    continue. After a timeout or a cancellation the worker is killed and replaced too.
    """

    def __init__(
        self, name: str, fingerprint: str, target: str, workers: int, *, arguments: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.concurrency = workers or count_cores()
        self._pool = Pool(target, self.concurrency, recycle=RECYCLE, arguments=arguments)
        self._started = False
        self._deaths = 0

    async def start(self) -> None:
        """Start every worker. Raises the error of a worker that does not load, or `EngineError` if one dies."""
        try:
            await self._pool.start()
        except ChildDiedError as cause:
            raise EngineError(
                f"a worker of the engine {self.name} does not start: {cause}", hint="ocr doctor"
            ) from cause
        self._started = True

    async def read(self, request: Request) -> EngineOutput:
        """Read one page. Raises `EngineError` if one worker after the other dies."""
        if not self._started:
            raise EngineError(f"the engine {self.name} was asked to read before it was started")
        began = time.monotonic()
        try:
            answer = await self._pool.ask(Parcel(None, request.image.pixels), request.seconds)
        except TimeoutError:
            return EngineOutput("timeout", reason=f"not read within {request.seconds:g} s", seconds=request.seconds)
        except ChildDiedError as death:
            self._deaths += 1
            if self._deaths >= CRASHES_IN_A_ROW:
                raise EngineError(
                    f"{self._deaths} workers of the engine {self.name} died in a row: {death}", hint="ocr doctor"
                ) from death
            return EngineOutput("error", reason=f"the worker died: {death}", seconds=time.monotonic() - began)
        self._deaths = 0
        generation: EngineOutput = answer.value
        return replace(generation, seconds=time.monotonic() - began)

    async def close(self) -> None:
        """Kill the workers."""
        self._started = False
        self._pool.close()
