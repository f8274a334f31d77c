"""The server engine against endpoints on the loopback that answer, wait, break off, and talk nonsense."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from ocr.core.document import EngineOutput, PageImage
from ocr.core.errors import EngineError, UsageError
from ocr.engines.base import Request
from ocr.engines.vlm.openai_server import create
from ocr.pipeline.retry import monitored
from ocr.repetition.detector import find

pytest.importorskip("httpx", reason="the extra server is not installed")

TEXT = "O réu interpôs apelação contra a sentença."
Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Endpoint:
    """Plays one behaviour a request, in turn, the last one for ever; remembers what was asked."""

    def __init__(self, *behaviours: Behaviour, models: tuple[str, ...] = ("leitor",)) -> None:
        self.behaviours, self.models = list(behaviours), models
        self.bodies: list[dict[str, Any]] = []
        self.left = asyncio.Event()
        self.headers = ""

    async def __aenter__(self) -> "Endpoint":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith("GET"):
            self.headers = head
            await respond(200, json.dumps({"data": [{"id": name} for name in self.models]}))(writer)
        else:
            length = next(
                int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-le")
            )
            self.bodies.append(json.loads(await reader.readexactly(length)))
            behave = self.behaviours[min(len(self.bodies), len(self.behaviours)) - 1]
            try:
                await behave(writer)
            except ConnectionError:
                self.left.set()
        writer.close()


def respond(status: int, body: str, headers: str = "") -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        data = body.encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\nConnection: close\r\n{headers}\r\n".encode()
        )
        writer.write(data)
        await writer.drain()

    return behave


def stream(*events: object, end: bool = True) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for event in events:
            writer.write(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode())
            await writer.drain()
        if end:
            writer.write(b"data: [DONE]\n\n")
        await writer.drain()

    return behave


def piece(text: str, finish: str | None = None) -> dict[str, object]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": finish}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 700, "completion_tokens": 12}}
GOOD = stream(piece(TEXT[:10]), piece(TEXT[10:]), piece("", "stop"), USAGE)


async def drop(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def page() -> Request:
    return Request(PageImage(1, np.full((40, 60, 3), 255, dtype=np.uint8), 200.0), seconds=20.0)


def read(endpoint: Endpoint, request: Request | None = None, **options: Any) -> EngineOutput:
    async def run() -> EngineOutput:
        async with endpoint:
            engine = create({"url": endpoint.url, "first_wait": 0.01, "tries": 3, **options})
            await engine.start()
            try:
                return await engine.read(request or page())
            finally:
                await engine.close()

    return asyncio.run(run())


def test_a_page_is_sent_as_an_image_and_comes_back_as_text() -> None:
    endpoint = Endpoint(GOOD)
    reading = read(endpoint, model="lightonocr-3-4b")
    assert (reading.finish, reading.text) == ("stop", TEXT)
    assert (reading.prompt_tokens, reading.completion_tokens) == (700, 12)
    (body,) = endpoint.bodies
    image, words = body["messages"][0]["content"]
    assert image["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    assert words == {"type": "text", "text": "grounding"}
    assert (body["model"], body["temperature"], body["stream"]) == ("leitor", 0.1, True)
    assert body["chat_template_kwargs"] == {"enable_thinking": False}


def test_a_model_trained_to_the_schema_is_held_to_it() -> None:
    endpoint = Endpoint(GOOD)
    read(endpoint, model="dharma-ocr-lite")
    schema = endpoint.bodies[0]["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["header", "margin", "footer", "text"]


@pytest.mark.parametrize(
    "trouble",
    [
        respond(429, "slow down", "Retry-After: 0\r\n"),
        respond(500, "oops"),
        respond(503, "loading", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n"),
        drop,
        stream(piece(TEXT[:10]), end=False),
        stream(piece(TEXT[:10])),
        stream("{nonsense"),
        stream("[1, 2]"),
        stream({"choices": [7]}),
        stream({"error": {"message": "CUDA error"}}),
    ],
    ids=[
        "429",
        "500",
        "503 until a date",
        "dropped",
        "half a stream",
        "no finish",
        "garbage",
        "list",
        "shape",
        "error",
    ],
)
def test_what_passes_is_waited_out(trouble: Behaviour) -> None:
    endpoint = Endpoint(trouble, trouble, GOOD)
    assert read(endpoint).text == TEXT
    assert len(endpoint.bodies) == 3


@pytest.mark.parametrize("trouble", [respond(500, "oops"), drop, stream(piece("x"), end=False)])
def test_what_does_not_pass_ends_the_run_with_a_reason(trouble: Behaviour) -> None:
    with pytest.raises(EngineError, match="did not answer in 3 tries") as caught:
        read(Endpoint(trouble))
    assert not caught.value.retryable


@pytest.mark.parametrize(("status", "finish"), [(400, "error"), (413, "error"), (422, "error")])
def test_a_page_that_the_server_refuses_is_a_failed_page(status: int, finish: str) -> None:
    reading = read(Endpoint(respond(status, '{"error": "image too large"}')))
    assert reading.finish == finish
    assert "image too large" in reading.reason


@pytest.mark.parametrize(("status", "hint"), [(401, "OPENAI_API_KEY"), (404, "--url")])
def test_a_wrong_key_or_address_is_said_at_once(status: int, hint: str) -> None:
    endpoint = Endpoint(respond(status, "no"))
    with pytest.raises(EngineError) as caught:
        read(endpoint)
    assert hint in caught.value.hint
    assert len(endpoint.bodies) == 1


def test_the_connection_is_closed_when_the_watch_says_so() -> None:
    loop = [piece(TEXT + " ")] + [piece("A parte autora requer o deferimento. ") for _ in range(100_000)]

    async def run() -> EngineOutput:
        async with Endpoint(stream(*loop)) as endpoint:
            engine = create({"url": endpoint.url})
            await engine.start()
            reading = await engine.read(monitored(page()))
            await asyncio.wait_for(endpoint.left.wait(), 10)
            return reading

    reading = asyncio.run(run())
    assert reading.finish == "repetition"
    assert reading.text is not None
    assert len(reading.text) < 5_000


def test_a_broken_stream_that_is_asked_again_is_not_taken_for_a_loop() -> None:
    letters = random.Random(0)
    text = " ".join("".join(letters.choices("abcdefghijlmnopqrstuvz", k=7)) for _ in range(60)) + "\n"
    broken = [stream(piece(text), end=False)] * 9
    assert find(text) is None
    assert find(text * (len(broken) + 1)) is not None
    assert read(Endpoint(*broken, stream(piece(text, "stop"))), monitored(page()), tries=10).finish == "stop"


def test_the_deadline_is_kept() -> None:
    async def never(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    reading = read(Endpoint(never), Request(page().image, seconds=0.2))
    assert reading.finish == "timeout"


def test_a_page_that_fails_while_others_are_read_does_not_end_the_run() -> None:
    # The bad page starts first, and is refused only when the good one has been read.
    async def run() -> tuple[EngineOutput, EngineOutput]:
        good_was_read = asyncio.Event()

        async def answer(writer: asyncio.StreamWriter) -> None:
            if endpoint.bodies[-1]["max_tokens"] != 1:
                return await GOOD(writer)
            await good_was_read.wait()
            return await respond(500, "bad page")(writer)

        async with (endpoint := Endpoint(answer)):
            engine = create({"url": endpoint.url, "first_wait": 0.0, "tries": 3})
            await engine.start()
            bad = asyncio.ensure_future(engine.read(Request(page().image, seconds=20.0, max_tokens=1)))
            await asyncio.sleep(0)
            good = await engine.read(page())
            good_was_read.set()
            return await bad, good

    bad, good = asyncio.run(run())
    assert (bad.finish, good.finish) == ("error", "stop")
    assert "bad page" in bad.reason


def test_the_key_goes_to_the_server_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "segredo")
    endpoint = Endpoint(GOOD)
    read(endpoint)
    assert "authorization: bearer segredo" in endpoint.headers.lower()
    assert "segredo" not in create({"url": endpoint.url}).fingerprint


def test_several_served_models_must_be_told_apart() -> None:
    with pytest.raises(EngineError, match="serves a, b") as caught:
        read(Endpoint(GOOD, models=("a", "b")))
    assert "options.served" in caught.value.hint
    assert read(Endpoint(GOOD, models=("a", "b")), served="b").text == TEXT
    with pytest.raises(EngineError, match="does not serve c"):
        read(Endpoint(GOOD, models=("a", "b")), served="c")


def test_the_address_must_be_given() -> None:
    with pytest.raises(UsageError, match="address"):
        create({})


@pytest.mark.parametrize("url", ["host:8000/v1", "ftp://host/v1", "http://", "http://[::1/v1", "http://host:99999/v1"])
def test_what_is_no_address_is_refused_before_anything_starts(url: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        create({"url": url})


def test_a_web_page_in_place_of_an_answer_is_said() -> None:
    page = respond(200, "<html>Welcome</html>", "Content-Type: text/html\r\n")
    with pytest.raises(EngineError, match="answered with a web page"):
        read(Endpoint(page))
