"""Use vendors' models as engines: one retry policy for all, and a budget that is never exceeded.

A vendor's engine returns a `PaidOutput`: the output of any engine, with the tokens of all attempts and the vendor's own
messages. `eval.systems.response_cache` caches responses by content.
"""

import asyncio
import io
import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from eval.systems import vendor_clients
from eval.systems.pricing import ModelPrice, Usage, dollars, image_tokens
from eval.systems.vendors import VENDORS
from ocr.core.document import EngineOutput
from ocr.core.errors import EngineError
from ocr.engines.backoff import Backoff
from ocr.engines.base import Capabilities, Request
from ocr.models.prompts import PROMPTS, ImageBudget, show

PROMPT = PROMPTS["page-json-1"]
IMAGE = ImageBudget(longest_edge=2000)
"""Every vendor gets the same pixels. The strictest of them shrinks longer images by itself."""
LARGEST_IMAGE = 4_500_000
"""Bytes of PNG above which a page is sent as JPEG (quality 95) instead; the strictest vendor refuses 5 MB."""
ANSWER_TOKENS = 8192
"""Token limit of a response; the public re-implementation of the published evaluation uses the same."""
THINKING_TOKENS = 4096
"""Added for models whose thinking counts against the same limit and cannot be turned off."""
PROMPT_TOKENS = 150
"""Tokens of the text beside the image: two short paragraphs of English."""
JITTER = 0.5
"""Largest share of a wait that is added at random."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a page is requested again, for every vendor alike."""

    attempts: int = 6
    timeouts: int = 2
    """Of these, attempts that may end in a timeout or half a stream: such pages may have been billed."""
    first_wait: float = 1.0
    """Seconds; doubled each time, plus up to half at random, unless the server states a time."""
    longest_wait: float = 120.0
    """Seconds; where a server asks for more, the page fails instead."""


@dataclass(frozen=True, slots=True)
class PaidOutput(EngineOutput):
    """An output that is billed by the token."""

    usage: Usage = field(default_factory=Usage)
    """Of all attempts at the page."""
    attempts: int = 1
    response: tuple[dict[str, object], ...] = ()
    """The vendor's own messages about the last attempt."""


class BudgetSpentError(Exception):
    """The next request could cost more than what is left of the budget."""


@dataclass
class Budget:
    """Dollars for one run. Each request reserves the most that it can cost, so the limit is never exceeded."""

    limit: float = float("inf")
    spent: float = 0.0
    reserved: float = 0.0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def reserve(self, amount: float) -> None:
        """Reserve `amount`, waiting for requests in flight where that may help. Raises BudgetSpentError."""
        async with self._changed:
            while self.spent + self.reserved + amount > self.limit:
                if not self.reserved:
                    raise BudgetSpentError
                await self._changed.wait()
            self.reserved += amount

    async def settle(self, amount: float, cost: float) -> None:
        """Release what was reserved and record what it cost."""
        async with self._changed:
            self.reserved -= amount
            # Rounding errors must not remain: `reserve` compares with exactly zero.
            self.reserved = self.reserved if self.reserved > 1e-9 else 0.0
            self.spent += cost
            self._changed.notify_all()


@dataclass
class VendorEngine:
    """A vendor's model as an engine; `name` is what the user typed."""

    name: str
    model: ModelPrice
    budget: Budget = field(default_factory=Budget)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    seconds: float = 600.0
    _client: Any = None

    @property
    def capabilities(self) -> Capabilities:
        """Return that it enforces deadlines itself, attempt by attempt: the server may tell it to wait."""
        return Capabilities(generates_text=True, enforces_deadline=True)

    @property
    def fingerprint(self) -> str:
        """Return model, prompt, image size, token limits and thinking level: all that decides a response."""
        return (
            f"{self.model.vendor} {self.model.id} prompt={PROMPT.id} image={IMAGE.longest_edge} "
            f"answer={ANSWER_TOKENS} thinking={self.model.thinking or 'default'}+{THINKING_TOKENS}"
        )

    @property
    def concurrency(self) -> int:
        """Return the number of requests in flight."""
        return VENDORS[self.model.vendor].concurrency

    async def start(self) -> None:
        """Create the client. Raises EngineError without a key, DependencyError without the package."""
        self._client = self._client or vendor_clients.connect(self.model.vendor, self.seconds)

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            await vendor_clients.close(self.model.vendor, self._client)
        self._client = None

    async def read(self, request: Request) -> EngineOutput:
        """Read a page, with retries as the policy allows.

        Raises EngineError for what would fail on other pages too, BudgetSpentError before a request that could exceed
        the budget.
        """
        started = time.monotonic()
        image, media, (width, height) = encode(request)
        call = vendor_clients.VendorRequest(
            self.model.id, PROMPT, image, media, ANSWER_TOKENS + THINKING_TOKENS, self.model.thinking, self.seconds
        )
        expected = image_tokens(self.model, width, height) + PROMPT_TOKENS
        usage, broken = Usage(), 0
        for attempt in range(1, self.policy.attempts + 1):
            response, failure = await self._attempt(call, request, expected)
            if failure is None:
                break
            if failure.fatal:
                raise EngineError(f"{self.name} ({self.model.id}): {failure.reason}")
            broken += failure.sent
            lost = (
                Usage(0, 0, response.prompt_tokens or expected, count_tokens(response.text))
                if failure.sent
                else Usage()
            )
            usage += lost
            wait = self._wait(failure, attempt, request.seed)
            if not failure.retryable or broken >= self.policy.timeouts or wait is None:
                break
            await asyncio.sleep(wait)
        output = _conclude(response, failure, request, time.monotonic() - started)
        return replace(output, usage=usage + (response.usage if failure is None else Usage()), attempts=attempt)

    async def _attempt(
        self, call: vendor_clients.VendorRequest, request: Request, expected: int
    ) -> tuple[vendor_clients.VendorResponse, vendor_clients.VendorFailure | None]:
        """Send one request; return the response as far as it came, and why it is not complete."""
        most = dollars(Usage(expected * 2, call.max_tokens), self.model)
        await self.budget.reserve(most)
        response, failure, cost = vendor_clients.VendorResponse(), None, most
        try:
            async with asyncio.timeout(self.seconds):
                failure = await self._receive(
                    vendor_clients.ask(self.model.vendor, self._client, call, response), response, request
                )
            cost = dollars(response.usage, self.model)
        except vendor_clients.failures(self.model.vendor) as error:
            failure = vendor_clients.explain(error)
            lost = Usage(response.prompt_tokens or expected, count_tokens(response.text))
            cost = dollars(lost, self.model) if failure.sent else 0.0
        finally:
            await self.budget.settle(most, cost)
        return response, failure

    async def _receive(
        self, stream: AsyncGenerator[str], response: vendor_clients.VendorResponse, request: Request
    ) -> vendor_clients.VendorFailure | None:
        """Receive the text; return why it is not complete, if so."""
        async with aclosing(stream):
            async for piece in stream:
                response.text += piece
                if request.on_text is not None and not request.on_text(piece):
                    response.finish, response.reason = "repetition", "stopped: the text repeats itself"
                    # The token count comes at the end of a stream, so a closed connection never gets it.
                    response.completion_tokens = max(response.completion_tokens, count_tokens(response.text))
                    return None
        if response.finish is None:
            return vendor_clients.VendorFailure("broken response: the stream ended too early", retryable=True)
        return None

    def _wait(self, failure: vendor_clients.VendorFailure, attempt: int, seed: int) -> float | None:
        """Return the seconds before the next attempt, or None where the wait would be too long."""
        backoff = Backoff(self.policy.first_wait, self.policy.longest_wait, JITTER)
        wait = backoff.wait(attempt, failure.wait, seed)
        return wait if wait <= backoff.longest else None


def count_tokens(text: str) -> int:
    """Estimate the tokens of a text without a count: Portuguese has about 3 characters a token in these models."""
    return (len(text) + 2) // 3


def encode(request: Request) -> tuple[bytes, str, tuple[int, int]]:
    """Encode the page as every vendor gets it; return bytes, media type, width and height."""
    image = show(request.image.pixels, IMAGE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    if buffer.tell() <= LARGEST_IMAGE:
        return buffer.getvalue(), "image/png", image.size
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue(), "image/jpeg", image.size


def _conclude(
    response: vendor_clients.VendorResponse,
    failure: vendor_clients.VendorFailure | None,
    request: Request,
    seconds: float,
) -> PaidOutput:
    finish, reason = response.finish or "error", response.reason
    if failure is not None:
        finish, reason = ("timeout" if failure.timed_out else "error"), failure.reason
    return PaidOutput(
        finish,
        text=vendor_clients.redact(response.text),
        reason=vendor_clients.redact(reason),
        width=request.image.width,
        height=request.image.height,
        prompt_tokens=response.prompt_tokens,
        completion_tokens=response.completion_tokens,
        seconds=seconds,
        response=tuple(json.loads(vendor_clients.redact(json.dumps(response.raw)))),
    )
