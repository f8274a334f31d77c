"""An engine whose pages are read by a pool of single-threaded worker processes: what `rapid` and `tesseract` share."""

import os
import time
from dataclasses import replace

from ocr.children import ChildDiedError, Parcel, Pool
from ocr.document import Generation
from ocr.engines import Request
from ocr.errors import EngineError

RECYCLE = 500
"""Pages after which a worker is replaced: what a native library fails to give back is bounded, for 2 s of loading."""


class PoolEngine:
    """Reads with `workers` children that run `target`, a function for `ocr.children`; 0 means one a core.

    Whoever stops waiting for a page, by timeout or cancellation, has its worker killed and replaced.
    """

    def __init__(self, name: str, fingerprint: str, target: str, workers: int) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.concurrency = workers or core_count()
        self._pool = Pool(target, self.concurrency, recycle=RECYCLE)
        self._started = False

    async def start(self) -> None:
        """Start every worker. Raises what a worker says about loading, or `EngineError` if one dies over it."""
        try:
            await self._pool.start()
        except (ChildDiedError, TimeoutError) as cause:
            raise EngineError(
                f"a worker of the engine {self.name} does not start: {cause}", hint="ocr doctor"
            ) from cause
        self._started = True

    async def read(self, request: Request) -> Generation:
        """Read one page. Raises a retryable `EngineError` if the worker dies over it."""
        if not self._started:
            raise EngineError(f"the engine {self.name} was asked to read before it was started")
        began = time.monotonic()
        try:
            answer = await self._pool.ask(Parcel(None, request.image.pixels), request.seconds)
        except TimeoutError:
            return Generation("timeout", reason=f"not read within {request.seconds:g} s", seconds=request.seconds)
        except ChildDiedError as cause:
            raise EngineError(f"page {request.image.number}: {cause}", retryable=True) from cause
        generation: Generation = answer.value
        return replace(generation, seconds=time.monotonic() - began)

    async def close(self) -> None:
        """Kill the workers."""
        self._pool.close()


def core_count() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
