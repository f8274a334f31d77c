"""Servers on this machine that speak each vendor's wire format, well and badly: scripted, one answer a request."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-lusocr-test-0123456789"


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


@contextmanager
def serve() -> Iterator[Server]:
    """A server that answers from its `script` and keeps what it was `asked`; when the script is over, 400."""
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
    yield state
    listener.shutdown()
    listener.server_close()


def environment(server: Server) -> dict[str, str]:
    """The variables that send every vendor's client to `server`, with a key that must not be told."""
    return {
        "ANTHROPIC_BASE_URL": server.url,
        "OPENAI_BASE_URL": server.url + "/v1",
        "GOOGLE_GEMINI_BASE_URL": server.url,
        "ANTHROPIC_API_KEY": KEY,
        "OPENAI_API_KEY": KEY,
        "GEMINI_API_KEY": KEY,
    }
