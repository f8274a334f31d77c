"""The official clients against servers on this machine that speak each vendor's wire format, well and badly."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from vendor_server import KEY, SAY, Answer, Server, environment, events, say_anthropic, say_google, say_openai, serve

from eval.systems.pricing import Usage, find_model
from eval.systems.vendor_engine import Budget, BudgetSpentError, PaidOutput, RetryPolicy, VendorEngine, encode
from eval.systems.vendors import VENDORS
from ocr.core.document import PageImage
from ocr.core.errors import EngineError
from ocr.engines.base import Request

MODELS = {"anthropic": "opus", "openai": "gpt", "google": "gemini"}
FAST = RetryPolicy(first_wait=0.01)


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
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    with serve() as state:
        for name, value in environment(state).items():
            monkeypatch.setenv(name, value)
        yield state


def page(on_text: Callable[[str], bool] | None = None, size: tuple[int, int] = (60, 40)) -> Request:
    return Request(PageImage(1, np.full((*size, 3), 255, np.uint8), 200.0), on_text=on_text)


def read(vendor: str, request: Request | None = None, **options: Any) -> PaidOutput:
    model = find_model(MODELS[vendor])
    assert model is not None

    async def run() -> PaidOutput:
        engine = VendorEngine(MODELS[vendor], model, **{"policy": FAST, "seconds": 20.0, **options})
        await engine.start()
        try:
            generation = await engine.read(request or page())
        finally:
            await engine.close()
        assert isinstance(generation, PaidOutput)
        return generation

    return asyncio.run(run())


@pytest.mark.parametrize("vendor", tuple(VENDORS))
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


@pytest.mark.parametrize("vendor", tuple(VENDORS))
@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_a_busy_server_is_asked_again_by_our_policy_alone(server: Server, vendor: str, status: int) -> None:
    server.script = [refuse(vendor, status), refuse(vendor, status), Answer(SAY[vendor]("lido"))]
    found = read(vendor)
    assert (found.finish, found.text, found.attempts) == ("stop", "lido", 3)
    assert found.usage == Usage(3000, 50)
    assert len(server.asked) == 3


@pytest.mark.parametrize("vendor", tuple(VENDORS))
def test_retry_after_is_kept_to(server: Server, vendor: str) -> None:
    server.script = [refuse(vendor, 429, retry_after="1"), Answer(SAY[vendor]("lido"))]
    assert read(vendor).text == "lido"
    assert server.moments[1] - server.moments[0] >= 1.0


@pytest.mark.parametrize("vendor", tuple(VENDORS))
def test_a_server_that_stays_busy_ends_in_a_failed_page_that_cost_nothing(server: Server, vendor: str) -> None:
    server.script = [refuse(vendor, 529) for _ in range(9)]
    found = read(vendor)
    assert (found.finish, found.attempts, found.usage) == ("error", FAST.attempts, Usage())
    assert "529" in found.reason
    assert len(server.asked) == FAST.attempts
    server.script, server.asked = [refuse(vendor, 429, retry_after="9999")], []
    assert read(vendor).finish == "error"
    assert len(server.asked) == 1


@pytest.mark.parametrize("vendor", tuple(VENDORS))
def test_a_time_out_is_tried_twice_and_may_have_been_billed(server: Server, vendor: str) -> None:
    server.script = [Answer(SAY[vendor]("tarde"), delay=1.5) for _ in range(3)]
    found = read(vendor, seconds=0.5)
    assert found.finish == "timeout"
    assert found.attempts == FAST.timeouts
    assert found.usage.uncertain_prompt > 0
    assert found.usage.prompt == 0


@pytest.mark.parametrize("vendor", tuple(VENDORS))
def test_refusals_and_safety_blocks_are_refused(server: Server, vendor: str) -> None:
    for body in REFUSED[vendor]:
        server.script = [Answer(body)]
        found = read(vendor)
        assert found.finish == "refused"
        assert found.reason
        assert found.attempts == 1


@pytest.mark.parametrize("vendor", tuple(VENDORS))
def test_an_answer_at_the_token_limit_is_kept_and_truncated(server: Server, vendor: str) -> None:
    server.script = [Answer(TRUNCATED[vendor])]
    found = read(vendor)
    assert (found.finish, found.text, found.usage.completion) == ("length", "começo", 50)


@pytest.mark.parametrize("vendor", tuple(VENDORS))
@pytest.mark.parametrize("body", ["<html>gateway</html>", 'event: x\ndata: {"half\n\n', "data: [1, 2]\n\n", ""])
def test_a_malformed_body_is_an_error_after_the_second_try(server: Server, vendor: str, body: str) -> None:
    server.script = [Answer(body) for _ in range(5)]
    found = read(vendor)
    assert found.finish == "error"
    assert found.reason.startswith("broken response")
    assert found.attempts == FAST.timeouts
    assert found.usage.uncertain_prompt > 0


@pytest.mark.parametrize("vendor", tuple(VENDORS))
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


@pytest.mark.parametrize("vendor", tuple(VENDORS))
def test_a_wrong_key_ends_the_system_and_the_key_is_not_told(server: Server, vendor: str) -> None:
    echo = {"error": {"message": f"Incorrect API key provided: {KEY}", "type": "invalid_request_error", "code": 401}}
    server.script = [Answer(json.dumps(echo), 401, kind="application/json")]
    with pytest.raises(EngineError) as caught:
        read(vendor)
    assert KEY not in caught.value.message
    assert "401" in caught.value.message


@pytest.mark.parametrize("vendor", tuple(VENDORS))
def test_a_key_that_a_server_echoes_does_not_stay(server: Server, vendor: str) -> None:
    server.script = [Answer(SAY[vendor](f"a chave {KEY} aqui"))]
    found = read(vendor)
    assert KEY not in repr(found)
    assert "a chave <" in (found.text or "")


@pytest.mark.parametrize("vendor", tuple(VENDORS))
def test_a_bad_request_fails_its_page_only(server: Server, vendor: str) -> None:
    server.script = [Answer(json.dumps({"error": {"message": "image too large"}}), 400, kind="application/json")]
    found = read(vendor)
    assert (found.finish, found.attempts, found.usage) == ("error", 1, Usage())


@pytest.mark.parametrize("vendor", tuple(VENDORS))
def test_a_loop_is_cut_off_while_it_streams(server: Server, vendor: str) -> None:
    server.script = [Answer(SAY[vendor]("de novo " * 500))]
    heard: list[str] = []
    found = read(vendor, page(on_text=lambda piece: heard.append(piece) is None and len(heard) < 20))
    assert found.finish == "repetition"
    assert len(found.text or "") < 500
    assert found.usage.completion > 0


@pytest.mark.parametrize("vendor", tuple(VENDORS))
def test_without_a_key_there_is_a_reason_and_a_hint(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VENDORS[vendor].keys:
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
    budget = Budget(limit=0.5)

    async def run() -> tuple[int, int]:
        engine = VendorEngine("opus", model, budget=budget, policy=FAST)
        await engine.start()
        results = await asyncio.gather(*(engine.read(page()) for _ in range(50)), return_exceptions=True)
        await engine.close()
        return sum(isinstance(r, PaidOutput) for r in results), sum(isinstance(r, BudgetSpentError) for r in results)

    read_pages, unread = asyncio.run(run())
    assert read_pages + unread == 50
    assert 10 < read_pages < 40
    assert budget.spent == pytest.approx(read_pages * 0.013)
    assert budget.spent <= budget.limit
    assert budget.reserved == 0
    assert len(server.asked) == read_pages


def test_a_large_noisy_page_travels_as_jpeg() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (2400, 1700, 3), dtype=np.uint8)
    content, media, size = encode(Request(PageImage(1, noise, 200.0)))
    assert media == "image/jpeg"
    assert max(size) == 2000
    assert content[:2] == b"\xff\xd8"
