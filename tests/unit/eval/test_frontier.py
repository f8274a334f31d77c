"""The official clients against servers on this machine that speak each vendor's wire format, well and badly.

Each server answers from a script, one entry a request, and keeps what it was asked.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from eval import vendors
from eval.cost import Usage, find_model
from eval.frontier import BudgetSpentError, FrontierEngine, PaidGeneration, Policy, Purse, encode
from ocr.document import PageImage
from ocr.engines import Request
from ocr.errors import EngineError

KEY = "sk-lusocr-test-0123456789"
MODELS = {"anthropic": "opus", "openai": "gpt", "google": "gemini"}
VENDORS = tuple(MODELS)
FAST = Policy(first_wait=0.01)


@dataclass
class Answer:
    """One scripted response; `cut` closes the connection after so many bytes of the body."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    delay: float = 0.0
    kind: str = "text/event-stream"


@dataclass
class Server:
    script: list[Answer] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    url: str = ""


def events(*parts: dict[str, Any], named: bool = False) -> str:
    return "".join((f"event: {part['type']}\n" if named else "") + f"data: {json.dumps(part)}\n\n" for part in parts)


def say_anthropic(text: str, stop: str = "end_turn", end: bool = True) -> str:
    start = {"type": "message_start", "message": {
        "id": "m", "type": "message", "role": "assistant", "model": "x", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 3000, "output_tokens": 1}}}  # fmt: skip
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    pieces = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text[at : at + 7]}}
        for at in range(0, len(text), 7)
    ]
    finish = [
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": stop, "stop_sequence": None},
            "usage": {"output_tokens": 50},
        },
        {"type": "message_stop"},
    ]
    return events(start, block, *pieces, *(finish if end else []), named=True)


def say_openai(text: str, stop: str = "stop", end: bool = True, refusal: str = "") -> str:
    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "x", "choices": [choice]}

    pieces = [chunk({"content": text[at : at + 7]}) for at in range(0, len(text), 7)]
    if refusal:
        pieces.append(chunk({"refusal": refusal}))
    usage = {
        **chunk({}),
        "choices": [],
        "usage": {"prompt_tokens": 3000, "completion_tokens": 50, "total_tokens": 3050},
    }
    return events(*pieces, *([chunk({}, stop), usage] if end else [])) + ("data: [DONE]\n\n" if end else "")


def say_google(text: str, stop: str = "STOP", end: bool = True) -> str:
    counted = {"promptTokenCount": 3000, "candidatesTokenCount": 40, "thoughtsTokenCount": 10, "totalTokenCount": 3050}
    pieces: list[dict[str, Any]] = [
        {"candidates": [{"content": {"parts": [{"text": text[at : at + 7]}], "role": "model"}}]}
        for at in range(0, len(text), 7)
    ]
    if end:
        pieces.append({
            "candidates": [{"content": {"parts": [{"text": ""}], "role": "model"}, "finishReason": stop}],
            "usageMetadata": counted,
        })  # fmt: skip
    return events(*pieces)


SAY: dict[str, Callable[..., str]] = {"anthropic": say_anthropic, "openai": say_openai, "google": say_google}
REFUSED = {
    "anthropic": [say_anthropic("", "refusal")],
    "openai": [say_openai("", "content_filter"), say_openai("", refusal="I cannot read this.")],
    "google": [say_google("", "SAFETY"), events({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})],
}
TRUNCATED = {
    "anthropic": say_anthropic("começo", "max_tokens"),
    "openai": say_openai("começo", "length"),
    "google": say_google("começo", "MAX_TOKENS"),
}
ERRORS = {
    "anthropic": {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    "openai": {"error": {"message": "busy", "type": "server_error", "code": None}},
    "google": {"error": {"code": 500, "message": "busy", "status": "UNAVAILABLE"}},
}


def refuse(vendor: str, status: int, **headers: str) -> Answer:
    return Answer(json.dumps(ERRORS[vendor]), status, headers, kind="application/json")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            state.moments.append(time.monotonic())
            content = self.rfile.read(int(self.headers["content-length"]))
            state.asked.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(content)})
            answer = state.script.pop(0) if state.script else Answer("{}", 400, kind="application/json")
            time.sleep(answer.delay)
            body = answer.body.encode()
            self.send_response(answer.status)
            for name, value in {
                "content-type": answer.kind,
                "content-length": str(len(body)),
                **answer.headers,
            }.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            try:
                self.wfile.write(body[: answer.cut])
            except ConnectionError:
                return
            if answer.cut is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{listener.server_port}"
    for variable, path in (("ANTHROPIC_BASE_URL", ""), ("OPENAI_BASE_URL", "/v1"), ("GOOGLE_GEMINI_BASE_URL", "")):
        monkeypatch.setenv(variable, state.url + path)
    for names in vendors.KEYS.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(names[0], KEY)
    yield state
    listener.shutdown()
    listener.server_close()


def page(on_text: Callable[[str], bool] | None = None, size: tuple[int, int] = (60, 40)) -> Request:
    return Request(PageImage(1, np.full((*size, 3), 255, np.uint8), 200.0), on_text=on_text)


def read(vendor: str, request: Request | None = None, **options: Any) -> PaidGeneration:
    model = find_model(MODELS[vendor])
    assert model is not None

    async def run() -> PaidGeneration:
        engine = FrontierEngine(MODELS[vendor], model, **{"policy": FAST, "seconds": 20.0, **options})
        await engine.start()
        try:
            generation = await engine.read(request or page())
        finally:
            await engine.close()
        assert isinstance(generation, PaidGeneration)
        return generation

    return asyncio.run(run())


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_answer_is_read_with_its_tokens_and_its_raw_messages(server: Server, vendor: str) -> None:
    server.script = [Answer(SAY[vendor]('{"text": "Ação de não fazer"}'))]
    found = read(vendor)
    assert (found.finish, found.text) == ("stop", '{"text": "Ação de não fazer"}')
    assert found.usage == Usage(3000, 50)
    assert (found.prompt_tokens, found.completion_tokens, found.attempts) == (3000, 50, 1)
    assert found.response
    assert len(server.asked) == 1


def test_all_vendors_see_the_same_pixels_words_and_budget(server: Server) -> None:
    asked = {}
    for vendor in VENDORS:
        server.script = [Answer(SAY[vendor]("x"))]
        read(vendor)
        asked[vendor] = server.asked[-1]["body"]
    image = asked["anthropic"]["messages"][0]["content"][0]["source"]["data"]
    assert asked["openai"]["messages"][1]["content"][0]["image_url"]["url"] == f"data:image/png;base64,{image}"
    parts = asked["google"]["contents"][0]["parts"]
    assert parts[0]["inlineData"]["data"].replace("-", "+").replace("_", "/") == image
    words = asked["anthropic"]["messages"][0]["content"][1]["text"]
    assert words == asked["openai"]["messages"][1]["content"][1]["text"] == parts[1]["text"]
    assert (
        asked["anthropic"]["max_tokens"]
        == asked["openai"]["max_completion_tokens"]
        == asked["google"]["generationConfig"]["maxOutputTokens"]
    )
    assert asked["anthropic"]["output_config"] == {"effort": "low"}
    assert asked["openai"]["reasoning_effort"] == "low"
    assert asked["google"]["generationConfig"]["thinkingConfig"]["thinking_level"].lower() == "low"


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_a_busy_server_is_asked_again_by_our_policy_alone(server: Server, vendor: str, status: int) -> None:
    server.script = [refuse(vendor, status), refuse(vendor, status), Answer(SAY[vendor]("lido"))]
    found = read(vendor)
    assert (found.finish, found.text, found.attempts) == ("stop", "lido", 3)
    assert found.usage == Usage(3000, 50)
    assert len(server.asked) == 3


@pytest.mark.parametrize("vendor", VENDORS)
def test_retry_after_is_kept_to(server: Server, vendor: str) -> None:
    server.script = [refuse(vendor, 429, retry_after="1"), Answer(SAY[vendor]("lido"))]
    assert read(vendor).text == "lido"
    assert server.moments[1] - server.moments[0] >= 1.0


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_server_that_stays_busy_ends_in_a_failed_page_that_cost_nothing(server: Server, vendor: str) -> None:
    server.script = [refuse(vendor, 529) for _ in range(9)]
    found = read(vendor)
    assert (found.finish, found.attempts, found.usage) == ("error", FAST.attempts, Usage())
    assert "529" in found.reason
    assert len(server.asked) == FAST.attempts
    server.script, server.asked = [refuse(vendor, 429, retry_after="9999")], []
    assert read(vendor).finish == "error"
    assert len(server.asked) == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_time_out_is_tried_twice_and_may_have_been_billed(server: Server, vendor: str) -> None:
    server.script = [Answer(SAY[vendor]("tarde"), delay=1.5) for _ in range(3)]
    found = read(vendor, seconds=0.5)
    assert found.finish == "timeout"
    assert found.attempts == FAST.timeouts
    assert found.usage.uncertain_prompt > 0
    assert found.usage.prompt == 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_refusals_and_safety_blocks_are_refused(server: Server, vendor: str) -> None:
    for body in REFUSED[vendor]:
        server.script = [Answer(body)]
        found = read(vendor)
        assert found.finish == "refused"
        assert found.reason
        assert found.attempts == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_answer_at_the_token_limit_is_kept_and_truncated(server: Server, vendor: str) -> None:
    server.script = [Answer(TRUNCATED[vendor])]
    found = read(vendor)
    assert (found.finish, found.text, found.usage.completion) == ("length", "começo", 50)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("body", ["<html>gateway</html>", 'event: x\ndata: {"half\n\n', "data: [1, 2]\n\n", ""])
def test_a_malformed_body_is_an_error_after_the_second_try(server: Server, vendor: str, body: str) -> None:
    server.script = [Answer(body) for _ in range(5)]
    found = read(vendor)
    assert found.finish == "error"
    assert found.reason.startswith("broken answer")
    assert found.attempts == FAST.timeouts
    assert found.usage.uncertain_prompt > 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_half_a_stream_is_tried_again_and_never_passes_for_a_page(server: Server, vendor: str) -> None:
    whole = SAY[vendor]("um texto que continua por muitas palavras")
    server.script = [Answer(whole, cut=len(whole) // 2), Answer(whole)]
    found = read(vendor)
    assert (found.finish, found.attempts) == ("stop", 2)
    assert found.usage.uncertain_prompt > 0
    server.script = [Answer(SAY[vendor]("um texto que continua", end=False)) for _ in range(2)]
    cut = read(vendor)
    assert (cut.finish, cut.text) == ("error", "um texto que continua")
    assert cut.usage.uncertain_completion > 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_wrong_key_ends_the_system_and_the_key_is_not_told(server: Server, vendor: str) -> None:
    echo = {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "invalid_request_error", "code": 401}}
    server.script = [Answer(json.dumps(echo), 401, kind="application/json")]
    with pytest.raises(EngineError) as caught:
        read(vendor)
    assert KEY not in caught.value.message
    assert "401" in caught.value.message


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_key_that_a_server_echoes_does_not_stay(server: Server, vendor: str) -> None:
    server.script = [Answer(SAY[vendor](f"a chave {KEY} aqui"))]
    found = read(vendor)
    assert KEY not in repr(found)
    assert "a chave <" in (found.text or "")


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_bad_request_fails_its_page_only(server: Server, vendor: str) -> None:
    server.script = [Answer(json.dumps({"error": {"message": "image too large"}}), 400, kind="application/json")]
    found = read(vendor)
    assert (found.finish, found.attempts, found.usage) == ("error", 1, Usage())


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_loop_is_cut_off_while_it_streams(server: Server, vendor: str) -> None:
    server.script = [Answer(SAY[vendor]("de novo " * 500))]
    heard: list[str] = []
    found = read(vendor, page(on_text=lambda piece: heard.append(piece) is None and len(heard) < 20))
    assert found.finish == "repetition"
    assert len(found.text or "") < 500
    assert found.usage.completion > 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_without_a_key_there_is_a_reason_and_a_hint(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in vendors.KEYS[vendor]:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(EngineError) as caught:
        read(vendor)
    assert "is not set" in caught.value.message
    assert "export" in caught.value.hint


def test_a_budget_is_never_passed(server: Server) -> None:
    server.script = [Answer(say_anthropic("x")) for _ in range(50)]
    model = find_model("opus")
    assert model is not None
    # One answer costs (3,000 x 4 + 50 x 20) / 1,000,000 = 1.3 cents; at most a request may cost some 25 cents.
    purse = Purse(limit=0.5)

    async def run() -> tuple[int, int]:
        engine = FrontierEngine("opus", model, purse=purse, policy=FAST)
        await engine.start()
        results = await asyncio.gather(*(engine.read(page()) for _ in range(50)), return_exceptions=True)
        await engine.close()
        return sum(isinstance(r, PaidGeneration) for r in results), sum(
            isinstance(r, BudgetSpentError) for r in results
        )

    read_pages, unread = asyncio.run(run())
    assert read_pages + unread == 50
    assert 10 < read_pages < 40
    assert purse.spent == pytest.approx(read_pages * 0.013)
    assert purse.spent <= purse.limit
    assert purse.reserved == 0
    assert len(server.asked) == read_pages


def test_a_large_noisy_page_travels_as_jpeg() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (2400, 1700, 3), dtype=np.uint8)
    content, media, size = encode(Request(PageImage(1, noise, 200.0)))
    assert media == "image/jpeg"
    assert max(size) == 2000
    assert content[:2] == b"\xff\xd8"
