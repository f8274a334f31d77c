"""One page through an engine: attempts until one is accepted, and a dead engine started again.

The engine knows nothing of this: it answers, or it raises. Which attempt is kept is decided here.
"""

import asyncio
import hashlib
from dataclasses import dataclass, replace

from ocr.document import Generation, Status
from ocr.engines import Engine, Request
from ocr.errors import EngineError
from ocr.judge import ACCEPTED, judge
from ocr.ledger import Attempt

ATTEMPTS = 2
"""How often a page is read when the first answer is not accepted."""
DEATHS_OF_A_PAGE = 3
"""A page during which the engine died this often is given up: it may be what kills it."""
DEATHS_OF_AN_ENGINE = 10
"""An engine that died this often without reading a single page in between is given up."""
GRACE_SECONDS = 30.0
"""An engine that misses its deadline by more than this does not keep time; the reading is cancelled from outside."""

# The less wrong of two answers, neither of which is good.
_PREFERENCE: tuple[Status, ...] = ("ok", "blank", "truncated", "degenerate", "refused", "failed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The attempt that counts, and the others in the order in which they were made."""

    kept: Attempt
    rejected: tuple[Attempt, ...] = ()


class Readings:
    """Reads pages with one engine, which it starts again when it dies."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._restarting = asyncio.Lock()
        self._suspects = asyncio.Lock()
        self._lives = 0
        self._deaths = 0

    async def read(self, request: Request, sha256: str) -> Outcome:
        """Read one page of the scan `sha256`. Raises `EngineError` when the engine is dead for good."""
        attempts: list[Attempt] = []
        for number in range(1, ATTEMPTS + 1):
            seed = seed_of(sha256, request.image.number, self._engine.fingerprint, number)
            generation = await self._survive(replace(request, attempt=number, seed=seed))
            status, reason = judge(generation)
            attempts.append(Attempt(generation, status, reason))
            if status in ACCEPTED:
                break
        kept = min(attempts, key=lambda attempt: _PREFERENCE.index(attempt.status))
        return Outcome(kept, tuple(attempt for attempt in attempts if attempt is not kept))

    async def _survive(self, request: Request) -> Generation:
        """One attempt, repeated when the engine dies under it.

        The second try is made while no other suspect is being read: a page that kills the engine then takes with it
        only pages that have not been tried yet, so no innocent page dies of its company three times.
        """
        lives = self._lives
        try:
            return await self._ask(request)
        except EngineError as death:
            await self._restart(lives, death)
        async with self._suspects:
            for _ in range(DEATHS_OF_A_PAGE - 1):
                lives = self._lives
                try:
                    return await self._ask(request)
                except EngineError as again:
                    last = again
                    await self._restart(lives, again)
        return Generation("error", reason=f"the engine died {DEATHS_OF_A_PAGE} times on this page: {last.message}")

    async def _ask(self, request: Request) -> Generation:
        try:
            async with asyncio.timeout(request.seconds + GRACE_SECONDS):
                generation = await self._engine.read(request)
        except TimeoutError:
            return Generation("timeout", reason=f"no answer within {request.seconds:g} s", seconds=request.seconds)
        self._deaths = 0
        return generation

    async def _restart(self, lives: int, death: EngineError) -> None:
        """Start the engine again, once for all pages that it took with it."""
        if not death.retryable:
            raise death
        async with self._restarting:
            if self._lives != lives:
                return
            self._deaths += 1
            if self._deaths >= DEATHS_OF_AN_ENGINE:
                raise EngineError(
                    f"the engine {self._engine.name} died {self._deaths} times in a row: {death.message}",
                    hint="pages that were read are kept; `ocr doctor` says what this machine can run",
                ) from death
            await self._engine.close()
            await self._engine.start()
            self._lives += 1


def seed_of(sha256: str, number: int, fingerprint: str, attempt: int) -> int:
    """A seed for sampling that a repeated run computes again: 32 bits of a hash over the reading and the attempt."""
    text = f"{sha256}:{number}:{fingerprint}:{attempt}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
