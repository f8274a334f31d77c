"""The built-in engine beside a vision-language model: it reads what the model cannot, and cross-checks the rest.

It starts with the first page that needs it, and its failure never ends a run.
"""

import asyncio
import logging

from ocr.core.document import EngineOutput
from ocr.core.errors import OcrError
from ocr.engines.base import Engine, Request, create

LOG = logging.getLogger(__name__)

BUILT_IN_ENGINE = "rapid"
"""The engine that reads on every machine."""


def create_built_in() -> "FallbackEngine":
    """Make the built-in engine as a fallback; where it cannot be made, `problem` of the result says why."""
    try:
        return FallbackEngine(create(BUILT_IN_ENGINE, {}))
    except OcrError as failure:
        return FallbackEngine(None, failure)


class FallbackEngine:
    """An engine that starts on first use and returns its failures as values."""

    def __init__(self, engine: Engine | None, failure: OcrError | None = None) -> None:
        self._engine = engine
        self._failure = failure
        self._turns = asyncio.Semaphore(engine.concurrency if engine else 1)
        self._starting = asyncio.Lock()
        self._started = False

    @property
    def is_available(self) -> bool:
        """Return whether there is an engine, and it has not failed to start."""
        return self._engine is not None

    @property
    def problem(self) -> str:
        """Return why the engine is not available; "" where it is, or where none is wanted."""
        return self._failure.message if self._failure else ""

    def check(self) -> None:
        """Raise why the engine could not be made, or did not start."""
        if self._failure is not None:
            raise self._failure

    async def start(self) -> None:
        """Start the engine, once. Raises why it is not available."""
        async with self._starting:
            self.check()
            if self._engine is None or self._started:
                return
            try:
                await self._engine.start()
            except OcrError as failure:
                await self._engine.close()
                self._engine, self._failure = None, failure
                raise
            self._started = True

    async def read(self, request: Request) -> EngineOutput:
        """Read one rendered page; the output's finish is "error" where the engine fails or is not available."""
        try:
            await self.start()
        except OcrError as failure:
            return _failed(failure.message)
        engine = self._engine
        if engine is None:
            return _failed("there is none")
        try:
            async with self._turns:
                return await engine.read(request)
        except OcrError as crash:
            LOG.debug("fallback engine %s crashed: %s", engine.name, crash.message)
            async with self._starting:  # The next page that needs the engine starts it again.
                await self.close()
            return _failed(crash.message)

    async def close(self) -> None:
        """Close the engine where it was started; safe to call twice."""
        if self._engine is not None and self._started:
            self._started = False
            await self._engine.close()


def _failed(reason: str) -> EngineOutput:
    return EngineOutput("error", reason=f"the built-in engine failed: {reason}")
