"""Read pages through any OpenAI-compatible endpoint: vLLM, SGLang, a gateway. Output is streamed.

Repetition is detected here as the text arrives, because a server may not detect it; closing the connection stops any
server. Temporary failures (429, 5xx, a dropped connection) are retried with back-off; others are raised at once.
"""

import asyncio
import base64
import io
import json
import logging
import os
import time
import urllib.parse
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import Field as Setting

from ocr.core.document import EngineOutput, Finish
from ocr.core.environment import load
from ocr.core.errors import EngineError, UsageError
from ocr.core.settings import check
from ocr.engines.backoff import Backoff, retry_after
from ocr.engines.base import Capabilities, Request
from ocr.engines.vlm.decoding.modes import refuse_decoding
from ocr.engines.vlm.request import Answer, Question, VisionOptions, compose, conclude, describe, failed
from ocr.models.catalog import Model

LOG = logging.getLogger(__name__)

Result = TypeVar("Result")

TRIES = 6
"""How often one attempt at a page is sent to a server that is busy or unreachable: with the waits below, a minute."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before the second try, doubled for each further one; `Retry-After` is obeyed up to the longest wait."""
SILENCE = 120.0
"""Seconds without a byte after which a connection is dropped: the longest wait for a first token in a queue."""


class ServerOptions(VisionOptions):
    """Options of the server engine."""

    url: str = ""
    """Base address of the endpoint, such as http://host:8000/v1."""
    served: str = ""
    """The server's name of the model; if empty the server is asked, which must then serve only one."""
    key_variable: str = "OPENAI_API_KEY"
    """The environment variable that holds the key, if the server requires one. Keys are never written anywhere."""
    tries: int = Setting(default=TRIES, ge=1)
    """Attempts at a request that the server refuses for the moment."""
    first_wait: float = Setting(default=FIRST_WAIT, ge=0)
    """Seconds before the second attempt; each further wait is twice as long."""


def create(options: Mapping[str, Any]) -> "ServerEngine":
    """Make the engine from `[options]`; raises `UsageError` for an option that does not exist or is missing."""
    chosen = check(ServerOptions, options, where="options")
    if not chosen.url:
        raise UsageError("--engine server needs the address of the endpoint", hint="--url http://HOST:8000/v1")
    if not _is_address(chosen.url):
        raise UsageError(f"--url {chosen.url} is no address of an endpoint", hint="--url http://HOST:8000/v1")
    refuse_decoding(chosen.decoding, "server", "asks a server, which was started in one mode (ocr launch)")
    return ServerEngine(chosen)


def _is_address(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class BusyError(Exception):
    """The server may answer later; `wait` is the time that it asked for in seconds, if any."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class PageRefusedError(Exception):
    """The server rejects this page, and says why; it may accept others."""


class ServerEngine:
    """Sends pages to an endpoint, many at once. See `ocr.engines.base.Engine`."""

    name = "server"

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        self.model: Model = options.chosen_model()
        self._served = options.served
        self._answered = 0
        self._client: Any = None

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(generates_text=True, model=self.model)

    @property
    def fingerprint(self) -> str:
        return f"{describe(self.name, 'lusocr', self.model)} served as {self._options.served or 'its only model'}"

    @property
    def concurrency(self) -> int:
        return self._options.concurrency or 64

    async def start(self) -> None:
        """Ask the server which model it serves. Raises `EngineError` if nothing answers or the model is unknown."""
        httpx = load("httpx", extra="server")
        key = os.environ.get(self._options.key_variable, "")
        self._client = httpx.AsyncClient(
            base_url=self._options.url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(SILENCE, connect=10.0, pool=None),
            limits=httpx.Limits(max_connections=self.concurrency + 4),
        )
        try:
            served = await self._retrying(self._list_models)
        except BusyError as busy:
            raise self._gives_up(busy) from busy
        if self._served and served and self._served not in served:
            raise EngineError(f"the server does not serve {self._served}", hint=f"it serves: {', '.join(served)}")
        if not self._served:
            if len(served) != 1:
                listed = ", ".join(served) or "nothing"
                raise EngineError(f"the server serves {listed}", hint="choose with --set options.served=NAME")
            self._served = served[0]

    async def _list_models(self) -> list[str]:
        response = await self._client.get("models")
        _check_status(response.status_code, response.headers, response.text)
        try:
            return [str(entry["id"]) for entry in response.json()["data"]]
        except (ValueError, KeyError, TypeError) as cause:
            what = f"{self._options.url} does not answer as an OpenAI-compatible endpoint"
            raise EngineError(f"{what}: {' '.join(response.text.split())[:80]!r}", hint=_CHECK_URL) from cause

    async def _retrying(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Ask until the server answers, waiting longer each time. Raises the last `BusyError` after the last try."""
        httpx = load("httpx", extra="server")
        backoff = Backoff(self._options.first_wait, LONGEST_WAIT)
        for number in range(1, self._options.tries + 1):
            try:
                return await ask()
            except httpx.TransportError as dropped:
                busy = BusyError(f"the connection failed: {dropped or type(dropped).__name__}")
            except BusyError as said:
                busy = said
            if number == self._options.tries:
                raise busy
            wait = min(backoff.longest, backoff.wait(number, busy.wait))
            LOG.debug("the server is asked again in %.1f s: %s", wait, busy.reason)
            await asyncio.sleep(wait)
        raise AssertionError("options.tries is at least 1")

    def _gives_up(self, busy: BusyError) -> EngineError:
        return EngineError(
            f"{self._options.url} did not answer in {self._options.tries} tries: {busy.reason}",
            hint="check that the server runs and is reachable; the same command continues where this one stopped",
        )

    async def read(self, request: Request) -> EngineOutput:
        """Read one page. Raises `EngineError` if the server stays unreachable."""
        started = time.monotonic()
        if self._client is None:
            raise EngineError("the server engine was not started")
        answered = self._answered  # before the page is composed: others may be read in that time
        question = await asyncio.to_thread(compose, self.model, request)
        body = await asyncio.to_thread(self._body, question)
        try:
            async with asyncio.timeout(request.seconds):
                answer = await self._retrying(lambda: self._ask(body, request))
        except TimeoutError:
            return EngineOutput("timeout", reason=f"no answer within {request.seconds:g} s", seconds=request.seconds)
        except PageRefusedError as refusal:
            return failed(str(refusal), request, started)
        except BusyError as busy:
            if self._answered == answered:
                raise self._gives_up(busy) from busy
            # Other pages were read meanwhile, so the cause is this page and not the server.
            return failed(busy.reason, request, started)
        self._answered += 1
        return conclude(answer, request, started)

    def _body(self, question: Question) -> dict[str, Any]:
        shown = io.BytesIO()
        question.image.save(shown, format="PNG", compress_level=1)
        image = {"url": "data:image/png;base64," + base64.b64encode(shown.getvalue()).decode("ascii")}
        messages = [
            {**message, "content": [_with_image(part, image) for part in message["content"]]}
            for message in question.messages
        ]
        body: dict[str, Any] = {
            "model": self._served,
            "messages": messages,
            "temperature": question.temperature,
            "max_tokens": question.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if question.temperature > 0:
            body |= {"seed": question.seed, **question.sampling}
        if question.template:
            body["chat_template_kwargs"] = dict(question.template)
        if question.schema is not None:
            named = {"name": "page", "schema": dict(question.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        return body

    async def _ask(self, body: Mapping[str, Any], request: Request) -> Answer:
        if request.on_text is not None:
            request.on_text("")
        async with self._client.stream("POST", "chat/completions", json=body) as response:
            if response.status_code != 200:
                await response.aread()
                _check_status(response.status_code, response.headers, response.text)
            kind = response.headers.get("content-type", "").partition(";")[0]
            if kind == "text/html":  # a login page, or a gateway without its server
                raise BusyError("the server answered with a web page")
            return await _listen(response.aiter_lines(), request)

    async def close(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _with_image(part: Mapping[str, Any], image: Mapping[str, str]) -> Mapping[str, Any]:
    return {"type": "image_url", "image_url": image} if part["type"] == "image" else part


_CHECK_URL = (
    "check --url: it ends where /chat/completions begins, usually in /v1; and the model's name there: "
    "--set options.served=NAME"
)
_GIVE_KEY = (
    "put the server's key into the environment variable OPENAI_API_KEY, or name another one: "
    "--set options.key_variable=NAME"
)


def _check_status(status: int, headers: Mapping[str, str], text: str) -> None:
    """Accept 200. Raises `BusyError` for a temporary failure, `PageRefusedError`, or `EngineError` for others."""
    if status == 200:
        return
    said = f"the server answered {status}: {' '.join(text.split())[:300]}"
    if status in (408, 409, 425, 429) or status >= 500:
        raise BusyError(said, retry_after(headers))
    if status in (400, 413, 422):
        raise PageRefusedError(said)
    raise EngineError(said, hint=_GIVE_KEY if status in (401, 403) else _CHECK_URL)


_FINISHES: Mapping[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "repetition": "repetition",
    "content_filter": "refused",
}


async def _listen(lines: AsyncIterator[str], request: Request) -> Answer:
    """Read a stream of server-sent events. Raises `BusyError` if it breaks off or is invalid."""
    text, pieces = "", 0
    finish: Finish | None = None
    usage: dict[str, Any] = {}
    async for line in lines:
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            break
        event = _read_event(data)
        usage = event.get("usage") or usage
        piece, ended = _read_choice(event)
        finish = ended or finish
        pieces += bool(piece)
        text += piece
        if piece and request.on_text is not None and not request.on_text(piece):
            finish = "repetition"
            break
    if finish is None:
        raise BusyError(f"the stream broke off after {len(text)} characters")
    prompt_tokens, written = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
    # Without the server's own count (the stream was closed early), a piece is about a token.
    return Answer(text, (), finish, "", prompt_tokens, written or pieces)


def _read_event(data: str) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except ValueError:
        raise BusyError(f"the server sent what is not JSON: {data[:80]!r}") from None
    if not isinstance(event, dict):
        raise BusyError(f"the server sent what is no event: {data[:80]!r}")
    if event.get("error"):
        raise BusyError(f"the server reported: {str(event['error'])[:300]}")
    return event


def _read_choice(event: Mapping[str, Any]) -> tuple[str, Finish | None]:
    choices = event.get("choices") or [{}]
    try:
        delta, ended = choices[0].get("delta") or {}, choices[0].get("finish_reason")
        piece = delta.get("content") or ""
    except (AttributeError, KeyError, TypeError):
        raise BusyError(f"the server sent an event that is not understood: {str(event)[:80]}") from None
    return str(piece), None if ended is None else _FINISHES.get(str(ended), "error")
