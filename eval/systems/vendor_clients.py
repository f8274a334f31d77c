"""Send one request to a vendor through its official client, streamed; return the response in one form for all three.

The retries of the clients are off: `eval.systems.vendor_engine` has one retry policy for all vendors. The clients read
their keys from the environment; nothing here stores them.
"""

import base64
import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from eval.systems.pricing import Usage
from eval.systems.vendors import VENDORS, Vendor
from ocr.core.document import Finish
from ocr.core.environment import load
from ocr.core.errors import EngineError
from ocr.engines.backoff import retry_after
from ocr.models.prompts import Prompt


@dataclass(frozen=True, slots=True)
class VendorRequest:
    """One page and how to read it."""

    model: str
    prompt: Prompt
    image: bytes
    media: str
    """image/png or image/jpeg."""
    max_tokens: int
    """For response and thinking together, as the vendors count."""
    thinking: str
    """The vendor's name for its lowest level; empty leaves it to the model."""
    seconds: float


@dataclass(slots=True)
class VendorResponse:
    """What the vendor sent so far; complete once `finish` is set."""

    text: str = ""
    finish: Finish | None = None
    reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    raw: list[dict[str, object]] = field(default_factory=list)
    """The vendor's own messages, without those that only carry a piece of text."""

    @property
    def usage(self) -> Usage:
        """Return the tokens as the vendor counted them."""
        return Usage(self.prompt_tokens, self.completion_tokens)


@dataclass(frozen=True, slots=True)
class VendorFailure:
    """Why a response is not complete."""

    reason: str
    retryable: bool
    fatal: bool = False
    """Other pages would fail too: a wrong key, an unknown model."""
    wait: float | None = None
    """Seconds that the server asks to wait."""
    timed_out: bool = False
    sent: bool = True
    """The page may have been read and billed."""


def check(vendor: Vendor) -> None:
    """Check that a vendor can be used. Raises EngineError without a key, DependencyError without its package."""
    keys = VENDORS[vendor].keys
    if not any(os.environ.get(name) for name in keys):
        raise EngineError(f"no key: {keys[0]} is not set", hint=f"export {keys[0]}=...")
    load(VENDORS[vendor].module, extra="bench")


def connect(vendor: Vendor, seconds: float) -> Any:
    """Return the vendor's client with its own retries off. Raises what `check` raises."""
    check(vendor)
    if vendor == "google":
        genai, types = load("google.genai", extra="bench"), load("google.genai.types", extra="bench")
        httpx = load("httpx", extra="bench")
        options = types.HttpOptions(
            base_url=host(vendor),
            timeout=int(seconds * 1000),
            retry_options=types.HttpRetryOptions(attempts=1),
            # Otherwise the client uses another HTTP library where one is installed.
            httpx_async_client=httpx.AsyncClient(timeout=seconds),
        )
        return genai.Client(http_options=options, vertexai=False)
    package = load(VENDORS[vendor].module, extra="bench")
    client = package.AsyncAnthropic if vendor == "anthropic" else package.AsyncOpenAI
    return client(max_retries=0, timeout=seconds)


def host(vendor: Vendor) -> str:
    """Return the address to which this machine sends pages for this vendor."""
    facts = VENDORS[vendor]
    return os.environ.get(facts.host_variable) or facts.host


async def ask(vendor: Vendor, client: Any, request: VendorRequest, response: VendorResponse) -> AsyncGenerator[str]:
    """Yield the text as it arrives and fill `response`. Raises what the client raises: see `explain`."""
    stream = await _OPEN[vendor](client, request)
    try:
        async for event in stream:
            if piece := _HANDLE[vendor](event, response):
                yield piece
    finally:
        # Closing a stream early cuts the connection, so that the vendor stops generating.
        await (stream.aclose if vendor == "google" else stream.close)()


async def close(vendor: Vendor, client: Any) -> None:
    """Free the client's connections."""
    closing: Awaitable[None] = client.aio.aclose() if vendor == "google" else client.close()
    await closing


def redact(text: str) -> str:
    """Return `text` without API keys: a server may echo one in an error."""
    for facts in VENDORS.values():
        for name in facts.keys:
            if key := os.environ.get(name):
                text = text.replace(key, f"<{name}>")
    return text


def failures(vendor: Vendor) -> tuple[type[Exception], ...]:
    """Return what a client and its HTTP library raise; ValueError and the like stand for an unparsable body."""
    named = [getattr(load(module, extra="bench"), name) for module, name in VENDORS[vendor].errors]
    return (*named, ValueError, KeyError, TypeError, AttributeError, OSError)


def explain(error: Exception) -> VendorFailure:
    """Return what an exception of a client means for this page and for the next attempt."""
    name = type(error).__name__
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    text = redact(f"{name}: {error}")[:500]
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return VendorFailure(f"timeout: {text}", retryable=True, timed_out=True)
    if isinstance(status, int) and status != 200:
        retryable = status in (408, 429) or status >= 500
        reason = f"HTTP {status}: {text}"
        return VendorFailure(reason, retryable, fatal=status in (401, 403, 404), wait=_wait(error), sent=False)
    if "Connect" in name and "Connection" not in name:
        return VendorFailure(f"no connection: {text}", retryable=True, sent=False)
    return VendorFailure(f"broken response: {text}", retryable=True, wait=_wait(error))


def _wait(error: Exception) -> float | None:
    """Return the seconds that the server asks for: the header retry-after, or Google's RetryInfo in the body."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    if (wait := retry_after(headers)) is not None:
        return wait
    found = re.search(r"retryDelay\W+([\d.]+)s", str(getattr(error, "details", "")))
    return float(found.group(1)) if found else None


async def _open_anthropic(client: Any, request: VendorRequest) -> Any:
    source = {"type": "base64", "media_type": request.media, "data": base64.b64encode(request.image).decode()}
    content = [{"type": "image", "source": source}, {"type": "text", "text": request.prompt.user}]
    options: dict[str, Any] = {"output_config": {"effort": request.thinking}} if request.thinking else {}
    return await client.messages.create(
        model=request.model,
        max_tokens=request.max_tokens,
        system=request.prompt.system,
        messages=[{"role": "user", "content": content}],
        stream=True,
        **options,
    )


def _handle_anthropic(event: Any, response: VendorResponse) -> str:
    if event.type == "content_block_delta":
        return event.delta.text if event.delta.type == "text_delta" else ""
    response.raw.append(event.model_dump(mode="json", exclude_none=True))
    if event.type == "message_start":
        used = event.message.usage
        response.prompt_tokens = _sum(used.input_tokens, used.cache_read_input_tokens, used.cache_creation_input_tokens)
    elif event.type == "message_delta":
        response.completion_tokens = event.usage.output_tokens
        _finish(response, event.delta.stop_reason)
    return ""


async def _open_openai(client: Any, request: VendorRequest) -> Any:
    url = f"data:{request.media};base64,{base64.b64encode(request.image).decode()}"
    content = [
        {"type": "image_url", "image_url": {"url": url, "detail": "high"}},
        {"type": "text", "text": request.prompt.user},
    ]
    return await client.chat.completions.create(
        model=request.model,
        max_completion_tokens=request.max_tokens,
        messages=[{"role": "system", "content": request.prompt.system}, {"role": "user", "content": content}],
        stream=True,
        stream_options={"include_usage": True},
        **({"reasoning_effort": request.thinking} if request.thinking else {}),
    )


def _handle_openai(chunk: Any, response: VendorResponse) -> str:
    if chunk.usage:
        response.prompt_tokens, response.completion_tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
    if chunk.usage or any(choice.finish_reason for choice in chunk.choices):
        response.raw.append(chunk.model_dump(mode="json", exclude_none=True))
    text = ""
    for choice in chunk.choices:
        text += choice.delta.content or ""
        response.reason += choice.delta.refusal or ""
        if choice.finish_reason and response.reason:
            response.finish = "refused"
        elif choice.finish_reason:
            _finish(response, choice.finish_reason)
    return text


async def _open_google(client: Any, request: VendorRequest) -> Any:
    types = load("google.genai.types", extra="bench")
    thinking = types.ThinkingConfig(thinking_level=request.thinking) if request.thinking else None
    return await client.aio.models.generate_content_stream(
        model=request.model,
        contents=[types.Part.from_bytes(data=request.image, mime_type=request.media), request.prompt.user],
        config=types.GenerateContentConfig(
            system_instruction=request.prompt.system or None,
            max_output_tokens=request.max_tokens,
            thinking_config=thinking,
        ),
    )


def _handle_google(chunk: Any, response: VendorResponse) -> str:
    if used := chunk.usage_metadata:
        response.prompt_tokens = _sum(used.prompt_token_count)
        response.completion_tokens = _sum(used.candidates_token_count, used.thoughts_token_count)
    text = ""
    for candidate in chunk.candidates or ():
        parts = (candidate.content.parts or ()) if candidate.content else ()
        text += "".join(part.text for part in parts if part.text and not part.thought)
        if candidate.finish_reason:
            _finish(response, candidate.finish_reason.value)
    if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
        response.finish, response.reason = "refused", f"prompt blocked: {chunk.prompt_feedback.block_reason.value}"
    if response.finish:
        response.raw.append(chunk.model_dump(mode="json", exclude_none=True))
    return text


def _finish(response: VendorResponse, word: str) -> None:
    """Record how the response ended in our terms; the vendor's own term is the reason."""
    response.finish = _FINISHES.get(word, "error")
    response.reason = "" if response.finish == "stop" else f"ended with {word}"


def _sum(*counts: int | None) -> int:
    return sum(count or 0 for count in counts)


_OPEN: dict[Vendor, Callable[[Any, VendorRequest], Awaitable[Any]]] = {
    "anthropic": _open_anthropic,
    "openai": _open_openai,
    "google": _open_google,
}
_HANDLE: dict[Vendor, Callable[[Any, VendorResponse], str]] = {
    "anthropic": _handle_anthropic,
    "openai": _handle_openai,
    "google": _handle_google,
}

# The vendors' terms for how a response ended; any other term is an error with that term as its reason.
_FINISHES: dict[str, Finish] = {
    **dict.fromkeys(("end_turn", "stop_sequence", "stop", "STOP"), "stop"),
    **dict.fromkeys(("max_tokens", "model_context_window_exceeded", "length", "MAX_TOKENS"), "length"),
    **dict.fromkeys(
        ("refusal", "content_filter", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT"), "refused"
    ),
    **dict.fromkeys(("SPII", "IMAGE_SAFETY", "LANGUAGE", "ESCALATION"), "refused"),
}
