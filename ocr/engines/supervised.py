"""Restart an engine that crashes, and limit how often: one engine seen as an engine that survives its crashes.

A page during which the engine crashes is tried again. A page that crashes it repeatedly is given up, and the other
pages go on. An engine that only crashes ends the run.
"""

import asyncio
import logging

from ocr.core.document import EngineOutput
from ocr.core.errors import EngineError
from ocr.engines.base import Capabilities, Engine, Request, capabilities_of

LOG = logging.getLogger(__name__)


CRASHES_OF_A_PAGE = 3
"""Give up a page during which the engine crashed this often: the page may cause it."""
CRASHES_IN_A_ROW = 10
"""Give up an engine that crashed this often without reading a page in between."""
GRACE_SECONDS = 30.0
"""Cancel a read this long after its deadline: the engine does not enforce the deadline itself."""


class SupervisedEngine:
    """Read pages with one engine and restart it when it crashes. See `ocr.engines.base.Engine`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # A few more than the engine wants, so that the next page waits inside the engine and not for the event loop.
        self._slots = asyncio.Semaphore(engine.concurrency + engine.concurrency // 16)
        self._restarting = asyncio.Lock()
        self._suspects = asyncio.Lock()
        self._restarts = 0
        self._crashes = 0

    @property
    def name(self) -> str:
        return self.engine.name

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    @property
    def concurrency(self) -> int:
        return self.engine.concurrency

    @property
    def capabilities(self) -> Capabilities:
        return capabilities_of(self.engine)

    async def start(self) -> None:
        """Start the engine. Raises what it raises."""
        LOG.debug("starting engine %s", self.name)
        await self.engine.start()

    async def close(self) -> None:
        """Close the engine."""
        LOG.debug("closing engine %s", self.name)
        await self.engine.close()

    async def read(self, request: Request) -> EngineOutput:
        """Make one attempt at a page, repeated when the engine crashes during it.

        After a crash the page is retried while no other suspect page is being read, so that only the page that crashes
        the engine uses up its limit. Raises `EngineError` when the engine is given up, and `NotRenderedError`.
        """
        answer = await self._ask(request)
        if isinstance(answer, EngineOutput):
            return answer
        async with self._suspects:
            for _ in range(CRASHES_OF_A_PAGE - 1):
                answer = await self._ask(request)
                if isinstance(answer, EngineOutput):
                    return answer
        LOG.debug("giving up page %d: %s", request.image.number, answer.message)
        reason = f"the engine died {CRASHES_OF_A_PAGE} times on this page: {answer.message}"
        return EngineOutput("error", reason=reason)

    async def _ask(self, request: Request) -> EngineOutput | EngineError:
        """Return the engine's output, or the crash that ended it, once the engine has been restarted."""
        if request.on_text is not None:
            request.on_text("")
        # Held for this attempt only: while another engine reads the page, this one reads another page.
        async with self._slots:
            async with self._restarting:  # ask nothing of an engine that is being restarted
                restarts = self._restarts
            try:
                async with asyncio.timeout(self._deadline(request)):
                    output = await self.engine.read(request)
            except TimeoutError:
                LOG.debug("engine %s missed its deadline on page %d", self.name, request.image.number)
                return EngineOutput(
                    "timeout", reason=f"no answer within {request.seconds:g} s", seconds=request.seconds
                )
            except EngineError as crash:
                await self._restart(restarts, crash)
                return crash
        self._crashes = 0
        return output

    def _deadline(self, request: Request) -> float | None:
        return None if self.capabilities.enforces_deadline else request.seconds + GRACE_SECONDS

    async def _restart(self, restarts: int, crash: EngineError) -> None:
        """Restart the engine, once for all pages that were in flight when it crashed."""
        if not crash.retryable:
            raise crash
        async with self._restarting:
            if self._restarts != restarts:
                return
            self._crashes += 1
            if self._crashes >= CRASHES_IN_A_ROW:
                raise EngineError(
                    f"the engine {self.name} died {self._crashes} times in a row: {crash.message}",
                    hint="pages that were read are kept; `ocr doctor` says what this machine can run",
                ) from crash
            LOG.debug("restarting engine %s after crash %d: %s", self.name, self._crashes, crash.message)
            await self.engine.close()
            await self.engine.start()
            self._restarts += 1
