"""Vendors' models as engines behind the seam: one retry policy for all, a budget that is never passed.

An engine's answer is a `PaidGeneration`: what every engine gives, with the tokens of all attempts and the vendor's own
messages. Nothing is read twice that was answered: `eval.systems.response_cache` keeps it by content.
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
from eval.systems.pricing import ModelPrice, Usage, Vendor, dollars, image_tokens
from ocr.core.document import EngineOutput
from ocr.core.errors import EngineError
from ocr.engines.backoff import Backoff
from ocr.engines.base import Capabilities, Request
from ocr.models.prompts import PROMPTS, ImageBudget, show

PROMPT = PROMPTS["page-json-1"]
IMAGE = ImageBudget(longest_edge=2000)
"""Every vendor is shown the same pixels. The strictest of them shrinks what is longer than this by itself."""
LARGEST_IMAGE = 4_500_000
"""Bytes of PNG above which a page travels as JPEG (quality 95) instead; the strictest vendor refuses 5 MB."""
ANSWER_TOKENS = 8192
"""The budget of an answer; the published evaluation's public re-implementation uses the same."""
THINKING_TOKENS = 4096
"""Allowed on top to models whose thinking counts against the same limit and cannot be turned off."""
PROMPT_TOKENS = 150
"""Of the words beside the image: two short paragraphs of English."""
JITTER = 0.5
"""Largest share of a wait that is added at random."""
CONCURRENCY: dict[Vendor, int] = {"anthropic": 8, "openai": 8, "google": 8}


@dataclass(frozen=True, slots=True)
class Policy:
    """When a page is asked for again, for every vendor alike."""

    attempts: int = 6
    timeouts: int = 2
    """Of these, attempts that may end in a time-out or half a stream: such pages may have been billed."""
    first_wait: float = 1.0
    """Seconds; doubled each time, with up to half as much again at random, unless the server names a time."""
    longest_wait: float = 120.0
    """A server that asks for more is not waited for."""


@dataclass(frozen=True, slots=True)
class PaidGeneration(EngineOutput):
    """A generation that was paid for by the token."""

    usage: Usage = field(default_factory=Usage)
    """Of all attempts at the page."""
    attempts: int = 1
    response: tuple[dict[str, Any], ...] = ()
    """The vendor's own messages about the last attempt."""


class BudgetSpentError(Exception):
    """The next request could cost more than what is left."""


@dataclass
class Budget:
    """Money for one run. A request is reserved at the most that it can cost, so the limit is never passed."""

    limit: float = float("inf")
    spent: float = 0.0
    reserved: float = 0.0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def reserve(self, amount: float) -> None:
        """Set `amount` aside, waiting for requests in flight where that may help; else BudgetSpentError."""
        async with self._changed:
            while self.spent + self.reserved + amount > self.limit:
                if not self.reserved:
                    raise BudgetSpentError
                await self._changed.wait()
            self.reserved += amount

    async def settle(self, amount: float, cost: float) -> None:
        """Give back what was reserved and take what it cost."""
        async with self._changed:
            self.reserved -= amount
            # Without rounding errors: nothing reserved is exactly zero.
            self.reserved = self.reserved if self.reserved > 1e-9 else 0.0
            self.spent += cost
            self._changed.notify_all()


@dataclass
class FrontierEngine:
    """A vendor's model as an engine; `name` is what the user typed."""

    name: str
    model: ModelPrice
    purse: Budget = field(default_factory=Budget)
    policy: Policy = field(default_factory=Policy)
    seconds: float = 600.0
    _client: Any = None

    @property
    def capabilities(self) -> Capabilities:
        """It enforces deadlines itself, attempt by attempt: the server may tell it to wait."""
        return Capabilities(generates_text=True, enforces_deadline=True)

    @property
    def fingerprint(self) -> str:
        """Model, prompt, image size, budgets and thinking level: all that decides an answer on our side."""
        return (
            f"{self.model.vendor} {self.model.id} prompt={PROMPT.id} image={IMAGE.longest_edge} "
            f"answer={ANSWER_TOKENS} thinking={self.model.thinking or 'default'}+{THINKING_TOKENS}"
        )

    @property
    def concurrency(self) -> int:
        """Requests in flight."""
        return CONCURRENCY[self.model.vendor]

    async def start(self) -> None:
        """Make the client. Raises EngineError without a key, DependencyError without the package."""
        self._client = self._client or vendor_clients.connect(self.model.vendor, self.seconds)

    async def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            await vendor_clients.close(self.model.vendor, self._client)
        self._client = None

    async def read(self, request: Request) -> EngineOutput:
        """Ask until there is an answer or the policy ends. Raises EngineError for what no other page can mend.

        Raises BudgetSpentError before a request that could pass the budget.
        """
        started = time.monotonic()
        image, media, (width, height) = encode(request)
        question = vendor_clients.Ask(
            self.model.id, PROMPT, image, media, ANSWER_TOKENS + THINKING_TOKENS, self.model.thinking, self.seconds
        )
        expected = image_tokens(self.model, width, height) + PROMPT_TOKENS
        usage, broken = Usage(), 0
        for attempt in range(1, self.policy.attempts + 1):
            reply, failure = await self._attempt(question, request, expected)
            if failure is None:
                break
            if failure.fatal:
                raise EngineError(f"{self.name} ({self.model.id}): {failure.reason}")
            broken += failure.sent
            lost = Usage(0, 0, reply.prompt_tokens or expected, count_tokens(reply.text)) if failure.sent else Usage()
            usage += lost
            wait = self._wait(failure, attempt, request.seed)
            if not failure.retryable or broken >= self.policy.timeouts or wait is None:
                break
            await asyncio.sleep(wait)
        generation = _conclude(reply, failure, request, time.monotonic() - started)
        return replace(generation, usage=usage + (reply.usage if failure is None else Usage()), attempts=attempt)

    async def _attempt(
        self, question: vendor_clients.Ask, request: Request, expected: int
    ) -> tuple[vendor_clients.Reply, vendor_clients.Failure | None]:
        """One request: the reply as far as it came, and why it is not complete."""
        most = dollars(Usage(expected * 2, question.max_tokens), self.model)
        await self.purse.reserve(most)
        reply, failure, cost = vendor_clients.Reply(), None, most
        try:
            async with asyncio.timeout(self.seconds):
                failure = await self._listen(
                    vendor_clients.ask(self.model.vendor, self._client, question, reply), reply, request
                )
            cost = dollars(reply.usage, self.model)
        except vendor_clients.failures(self.model.vendor) as error:
            failure = vendor_clients.explain(error)
            lost = Usage(reply.prompt_tokens or expected, count_tokens(reply.text))
            cost = dollars(lost, self.model) if failure.sent else 0.0
        finally:
            await self.purse.settle(most, cost)
        return reply, failure

    async def _listen(
        self, stream: AsyncGenerator[str], reply: vendor_clients.Reply, request: Request
    ) -> vendor_clients.Failure | None:
        """Take the answer in; the reason why it is not complete, if so."""
        async with aclosing(stream):
            async for piece in stream:
                reply.text += piece
                if request.on_text is not None and not request.on_text(piece):
                    reply.finish, reply.reason = "repetition", "stopped: the text repeats itself"
                    # The account comes at the end of a stream, which a closed connection never sees.
                    reply.completion_tokens = max(reply.completion_tokens, count_tokens(reply.text))
                    return None
        if reply.finish is None:
            return vendor_clients.Failure("broken answer: the stream ended before the answer did", retryable=True)
        return None

    def _wait(self, failure: vendor_clients.Failure, attempt: int, seed: int) -> float | None:
        """Seconds before the next attempt, or None where it is not worth waiting."""
        backoff = Backoff(self.policy.first_wait, self.policy.longest_wait, JITTER)
        wait = backoff.wait(attempt, failure.wait, seed)
        return wait if wait <= backoff.longest else None


def count_tokens(text: str) -> int:
    """An estimate where no account came: Portuguese takes about 3 characters a token in these models."""
    return (len(text) + 2) // 3


def encode(request: Request) -> tuple[bytes, str, tuple[int, int]]:
    """The page as every vendor is shown it: bytes, media type, width and height."""
    image = show(request.image.pixels, IMAGE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    if buffer.tell() <= LARGEST_IMAGE:
        return buffer.getvalue(), "image/png", image.size
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue(), "image/jpeg", image.size


def _conclude(
    reply: vendor_clients.Reply, failure: vendor_clients.Failure | None, request: Request, seconds: float
) -> PaidGeneration:
    finish, reason = reply.finish or "error", reply.reason
    if failure is not None:
        finish, reason = ("timeout" if failure.timed_out else "error"), failure.reason
    return PaidGeneration(
        finish,
        text=vendor_clients.redact(reply.text),
        reason=vendor_clients.redact(reason),
        width=request.image.width,
        height=request.image.height,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        seconds=seconds,
        response=tuple(json.loads(vendor_clients.redact(json.dumps(reply.raw)))),
    )
