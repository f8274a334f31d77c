"""One question to a vendor, through its official client, streamed; what came back in one form for all three.

Every client's own retries are off: one policy for all stands in `eval.systems.vendor_engine`. Keys come from the
environment, the clients read them there, and nothing here writes them down.
"""

import base64
import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from eval.systems.pricing import Usage, Vendor
from ocr.core.document import Finish
from ocr.core.environment import load
from ocr.core.errors import EngineError
from ocr.engines.backoff import retry_after
from ocr.models.prompts import Prompt

KEYS: dict[Vendor, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "google": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
}
"""Environment variables that hold a key; one of them must be set."""

HOSTS: dict[Vendor, tuple[str, str]] = {
    "anthropic": ("ANTHROPIC_BASE_URL", "https://api.anthropic.com"),
    "openai": ("OPENAI_BASE_URL", "https://api.openai.com/v1"),
    "google": ("GOOGLE_GEMINI_BASE_URL", "https://generativelanguage.googleapis.com"),
}
"""Where pages go: the variable that the client itself reads, and its default."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One page and what is asked of it."""

    model: str
    prompt: Prompt
    image: bytes
    media: str
    """image/png or image/jpeg."""
    max_tokens: int
    """For answer and thinking together, as the vendors count."""
    thinking: str
    """The vendor's word for its lowest level; empty leaves it to the model."""
    seconds: float


@dataclass(slots=True)
class Reply:
    """What came back so far; complete once `finish` is set."""

    text: str = ""
    finish: Finish | None = None
    reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    raw: list[dict[str, Any]] = field(default_factory=list)
    """The vendor's own messages, without those that only carry the next piece of text."""

    @property
    def usage(self) -> Usage:
        """Tokens as the vendor counted them."""
        return Usage(self.prompt_tokens, self.completion_tokens)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no complete reply."""

    reason: str
    retryable: bool
    fatal: bool = False
    """No other page can fare better: a wrong key, an unknown model."""
    wait: float | None = None
    """Seconds that the server asked us to wait."""
    timed_out: bool = False
    sent: bool = True
    """The page may have been read, and billed."""


_ERRORS: dict[Vendor, tuple[tuple[str, str], ...]] = {
    "anthropic": (("anthropic", "AnthropicError"), ("httpx2", "HTTPError"), ("httpx2", "StreamError")),
    "openai": (("openai", "OpenAIError"), ("httpx2", "HTTPError"), ("httpx2", "StreamError")),
    "google": (("google.genai.errors", "APIError"), ("httpx", "HTTPError"), ("httpx", "StreamError")),
}


def check(vendor: Vendor) -> None:
    """Raises EngineError without a key, DependencyError without the vendor's package."""
    if not any(os.environ.get(name) for name in KEYS[vendor]):
        raise EngineError(f"no key: {KEYS[vendor][0]} is not set", hint=f"export {KEYS[vendor][0]}=...")
    load("google.genai" if vendor == "google" else vendor, extra="bench")


def connect(vendor: Vendor, seconds: float) -> Any:
    """The vendor's client, its own retries off. Raises what `check` raises."""
    check(vendor)
    if vendor == "google":
        genai, types = load("google.genai", extra="bench"), load("google.genai.types", extra="bench")
        httpx = load("httpx", extra="bench")
        options = types.HttpOptions(
            base_url=host(vendor),
            timeout=int(seconds * 1000),
            retry_options=types.HttpRetryOptions(attempts=1),
            # The client would take another HTTP library where one happens to be installed.
            httpx_async_client=httpx.AsyncClient(timeout=seconds),
        )
        return genai.Client(http_options=options, vertexai=False)
    package = load(vendor, extra="bench")
    client = package.AsyncAnthropic if vendor == "anthropic" else package.AsyncOpenAI
    return client(max_retries=0, timeout=seconds)


def host(vendor: Vendor) -> str:
    """Where this machine sends pages for this vendor."""
    variable, default = HOSTS[vendor]
    return os.environ.get(variable) or default


async def ask(vendor: Vendor, client: Any, question: Ask, reply: Reply) -> AsyncGenerator[str]:
    """Yield the answer's text as it comes and fill `reply`. Raises what the client raises: see `explain`."""
    stream = await _OPEN[vendor](client, question)
    try:
        async for event in stream:
            if piece := _HEAR[vendor](event, reply):
                yield piece
    finally:
        # Closing cuts the connection of a stream that is left early: the vendor stops writing.
        await (stream.aclose if vendor == "google" else stream.close)()


async def close(vendor: Vendor, client: Any) -> None:
    """Free the client's connections."""
    closing: Awaitable[None] = client.aio.aclose() if vendor == "google" else client.close()
    await closing


def redact(text: str) -> str:
    """`text` without any key of ours: a server may echo one in an error."""
    for names in KEYS.values():
        for name in names:
            if key := os.environ.get(name):
                text = text.replace(key, f"<{name}>")
    return text


def failures(vendor: Vendor) -> tuple[type[Exception], ...]:
    """What a client and its HTTP library raise; ValueError and the like stand for a body that does not parse."""
    named = [getattr(load(module, extra="bench"), name) for module, name in _ERRORS[vendor]]
    return (*named, ValueError, KeyError, TypeError, AttributeError, OSError)


def explain(error: Exception) -> Failure:
    """What an exception of a client means for this page and for the next attempt."""
    name = type(error).__name__
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    text = redact(f"{name}: {error}")[:500]
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return Failure(f"time-out: {text}", retryable=True, timed_out=True)
    if isinstance(status, int) and status != 200:
        retryable = status in (408, 429) or status >= 500
        reason = f"HTTP {status}: {text}"
        return Failure(reason, retryable, fatal=status in (401, 403, 404), wait=_wait(error), sent=False)
    if "Connect" in name and "Connection" not in name:
        return Failure(f"no connection: {text}", retryable=True, sent=False)
    return Failure(f"broken answer: {text}", retryable=True, wait=_wait(error))


def _wait(error: Exception) -> float | None:
    """Seconds that the server asked for: the header retry-after, or Google's RetryInfo in the body."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    if (wait := retry_after(headers)) is not None:
        return wait
    found = re.search(r"retryDelay\W+([\d.]+)s", str(getattr(error, "details", "")))
    return float(found.group(1)) if found else None


async def _open_anthropic(client: Any, question: Ask) -> Any:
    source = {"type": "base64", "media_type": question.media, "data": base64.b64encode(question.image).decode()}
    content = [{"type": "image", "source": source}, {"type": "text", "text": question.prompt.user}]
    options: dict[str, Any] = {"output_config": {"effort": question.thinking}} if question.thinking else {}
    return await client.messages.create(
        model=question.model,
        max_tokens=question.max_tokens,
        system=question.prompt.system,
        messages=[{"role": "user", "content": content}],
        stream=True,
        **options,
    )


def _hear_anthropic(event: Any, reply: Reply) -> str:
    if event.type == "content_block_delta":
        return event.delta.text if event.delta.type == "text_delta" else ""
    reply.raw.append(event.model_dump(mode="json", exclude_none=True))
    if event.type == "message_start":
        used = event.message.usage
        reply.prompt_tokens = _sum(used.input_tokens, used.cache_read_input_tokens, used.cache_creation_input_tokens)
    elif event.type == "message_delta":
        reply.completion_tokens = event.usage.output_tokens
        _finish(reply, event.delta.stop_reason)
    return ""


async def _open_openai(client: Any, question: Ask) -> Any:
    url = f"data:{question.media};base64,{base64.b64encode(question.image).decode()}"
    content = [
        {"type": "image_url", "image_url": {"url": url, "detail": "high"}},
        {"type": "text", "text": question.prompt.user},
    ]
    return await client.chat.completions.create(
        model=question.model,
        max_completion_tokens=question.max_tokens,
        messages=[{"role": "system", "content": question.prompt.system}, {"role": "user", "content": content}],
        stream=True,
        stream_options={"include_usage": True},
        **({"reasoning_effort": question.thinking} if question.thinking else {}),
    )


def _hear_openai(chunk: Any, reply: Reply) -> str:
    if chunk.usage:
        reply.prompt_tokens, reply.completion_tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
    if chunk.usage or any(choice.finish_reason for choice in chunk.choices):
        reply.raw.append(chunk.model_dump(mode="json", exclude_none=True))
    text = ""
    for choice in chunk.choices:
        text += choice.delta.content or ""
        reply.reason += choice.delta.refusal or ""
        if choice.finish_reason and reply.reason:
            reply.finish = "refused"
        elif choice.finish_reason:
            _finish(reply, choice.finish_reason)
    return text


async def _open_google(client: Any, question: Ask) -> Any:
    types = load("google.genai.types", extra="bench")
    thinking = types.ThinkingConfig(thinking_level=question.thinking) if question.thinking else None
    return await client.aio.models.generate_content_stream(
        model=question.model,
        contents=[types.Part.from_bytes(data=question.image, mime_type=question.media), question.prompt.user],
        config=types.GenerateContentConfig(
            system_instruction=question.prompt.system or None,
            max_output_tokens=question.max_tokens,
            thinking_config=thinking,
        ),
    )


def _hear_google(chunk: Any, reply: Reply) -> str:
    if used := chunk.usage_metadata:
        reply.prompt_tokens = _sum(used.prompt_token_count)
        reply.completion_tokens = _sum(used.candidates_token_count, used.thoughts_token_count)
    text = ""
    for candidate in chunk.candidates or ():
        parts = (candidate.content.parts or ()) if candidate.content else ()
        text += "".join(part.text for part in parts if part.text and not part.thought)
        if candidate.finish_reason:
            _finish(reply, candidate.finish_reason.value)
    if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
        reply.finish, reply.reason = "refused", f"prompt blocked: {chunk.prompt_feedback.block_reason.value}"
    if reply.finish:
        reply.raw.append(chunk.model_dump(mode="json", exclude_none=True))
    return text


def _finish(reply: Reply, word: str) -> None:
    """How the answer ended, in our words; the vendor's own word is the reason."""
    reply.finish = _FINISHES.get(word, "error")
    reply.reason = "" if reply.finish == "stop" else f"ended with {word}"


def _sum(*counts: int | None) -> int:
    return sum(count or 0 for count in counts)


_OPEN: dict[Vendor, Callable[[Any, Ask], Awaitable[Any]]] = {
    "anthropic": _open_anthropic,
    "openai": _open_openai,
    "google": _open_google,
}
_HEAR: dict[Vendor, Callable[[Any, Reply], str]] = {
    "anthropic": _hear_anthropic,
    "openai": _hear_openai,
    "google": _hear_google,
}

# The vendors' words for how an answer ended; any other word is an error with that word as its reason.
_FINISHES: dict[str, Finish] = {
    **dict.fromkeys(("end_turn", "stop_sequence", "stop", "STOP"), "stop"),
    **dict.fromkeys(("max_tokens", "model_context_window_exceeded", "length", "MAX_TOKENS"), "length"),
    **dict.fromkeys(
        ("refusal", "content_filter", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT"), "refused"
    ),
    **dict.fromkeys(("SPII", "IMAGE_SAFETY", "LANGUAGE", "ESCALATION"), "refused"),
}
