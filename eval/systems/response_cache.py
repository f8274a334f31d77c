"""Ask a system about each page once, cache the responses on disk, and resume where a run stopped.

Responses are cached by scan hash, page number and engine fingerprint, so a renamed file is not read again. Failures and
timeouts are not cached: the next run asks again. The benchmark reads each page once with the bare engine, without the
retry policy of `ocr extract`, so that every system has one attempt. Score an output folder of `ocr extract` as
`recorded:DIR` to see what retries add.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eval.datasets import ReferencePage
from eval.systems.pricing import Usage
from eval.systems.vendor_engine import ANSWER_TOKENS, BudgetSpentError, PaidOutput
from ocr.core.document import EngineIdentity, EngineOutput, PageImage, Status
from ocr.core.errors import EngineError, ScanError
from ocr.core.files import hash_bytes, write_private
from ocr.core.process_tree import cpu_seconds
from ocr.engines.base import Engine, Request, capabilities_of
from ocr.engines.batch import read_all
from ocr.engines.supervised import GRACE_SECONDS
from ocr.pipeline.page_reader import seed_of
from ocr.rendering.renderer import Renderer

CACHED = frozenset({"stop", "length", "repetition", "refused"})
"""How a response must have ended to be cached."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A page without a response, and why."""

    status: Status
    reason: str
    output: EngineOutput | None = None
    """What came of it nevertheless: the tokens of a timeout, half a text."""


Response = EngineOutput | Unread


@dataclass(frozen=True, slots=True)
class Session:
    """Speed and losses of one run."""

    pages: int = 0
    """Pages that this run read."""
    seconds: float = 0.0
    """From the first request to the last response."""
    lost: Usage = field(default_factory=Usage)
    """Tokens of pages that stayed without a response."""
    cpu_pages: int = 0
    """Pages whose CPU time was measured."""
    cpu_seconds: float = 0.0
    """CPU time that these pages took, rendering included, loading the engine not."""

    def __add__(self, other: "Session") -> "Session":
        return Session(
            self.pages + other.pages,
            self.seconds + other.seconds,
            self.lost + other.lost,
            self.cpu_pages + other.cpu_pages,
            self.cpu_seconds + other.cpu_seconds,
        )


_PLAIN = TypeAdapter(EngineOutput)
_PAID = TypeAdapter(PaidOutput)
_SESSION = TypeAdapter(Session)


class ResponseCache:
    """Responses of one engine on disk, one file a page, readable by their owner only."""

    def __init__(self, folder: Path, identity: EngineIdentity) -> None:
        self._folder = folder / identity.digest
        self._fingerprint = identity.fingerprint
        self.unusable = 0
        """Files without a usable response: damaged, or written by another version. Their pages are read again."""

    def get(self, page: ReferencePage) -> Response | None:
        """Return the response to this page, if it is cached."""
        path = self._path(page)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return (_PAID if found["paid"] else _PLAIN).validate_python(found["generation"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            self.unusable += 1
            return None

    def put(self, page: ReferencePage, output: Response) -> None:
        """Cache a response, complete or not at all; a page without response is not cached. Raises OutputError."""
        if isinstance(output, Unread):
            return
        paid = isinstance(output, PaidOutput)
        adapter: TypeAdapter[Any] = _PAID if paid else _PLAIN
        content = {
            "fingerprint": self._fingerprint,
            "scan": page.sha256,
            "number": page.number,
            "paid": paid,
            "generation": adapter.dump_python(output, mode="json"),
        }
        write_private(self._path(page), json.dumps(content, ensure_ascii=False))

    def add_session(self, session: Session) -> None:
        """Record speed and losses of a run, so that a later run that reads nothing can report them too."""
        if session.pages or session.lost != Usage():
            write_private(self._folder / f"session-{time.time_ns()}.json", _SESSION.dump_json(session).decode("utf-8"))

    def sessions(self) -> Session:
        """Return the sum of all recorded runs."""
        files = sorted(self._folder.glob("session-*.json"))
        return sum((_SESSION.validate_json(path.read_bytes()) for path in files), Session())

    def _path(self, page: ReferencePage) -> Path:
        key = hash_bytes(f"{page.sha256}:{page.number}".encode())[:32]
        return self._folder / f"{key}.json"


@dataclass(frozen=True)
class ReadContext:
    """What reading needs beside an engine and pages."""

    cache: ResponseCache
    renderer: Renderer
    seconds: float
    """Time limit of one page."""
    on_page: Callable[[], None]
    """Called after every page."""


async def read_pages(engine: Engine, pages: Iterable[ReferencePage], context: ReadContext) -> list[Response]:
    """Read every page, in order; cached pages are not requested again.

    After a crash without recovery, the remaining pages fail with its reason; what was read is kept. Raises what
    `engine.start` raises, where there is anything to read, and the engine's error where it read nothing at all.
    """
    reader = _Reader(engine, context)
    try:
        responses = await read_all(engine, list(pages), reader.read, context.cache, context.on_page)
    finally:
        context.cache.add_session(reader.session())
    if reader.death is not None and not any(isinstance(response, EngineOutput) for response in responses):
        raise reader.death
    return responses


class _Clock:
    """Wall and CPU time from the first request on, when the engine is loaded."""

    def __init__(self) -> None:
        self._started, self._cpu = time.monotonic(), cpu_seconds()

    def stop(self, session: Session) -> Session:
        """Return the session with its times; no CPU time where the system does not tell it."""
        session = replace(session, seconds=time.monotonic() - self._started)
        now = cpu_seconds()
        if now is None or self._cpu is None or not session.pages:
            return session
        return replace(session, cpu_pages=session.pages, cpu_seconds=now - self._cpu)


class _Reader:
    """Asks one engine about pages, and stops when the engine is dead or the budget is spent."""

    def __init__(self, engine: Engine, context: ReadContext) -> None:
        self._engine, self._context = engine, context
        enforces = capabilities_of(engine).enforces_deadline
        self._limit = None if enforces else context.seconds + GRACE_SECONDS
        self._ended: Unread | None = None
        self.death: EngineError | None = None
        self._clock: _Clock | None = None
        self._read = 0
        self._lost = Usage()

    async def read(self, page: ReferencePage) -> Response:
        self._clock = self._clock or _Clock()
        if self._ended:
            return self._ended
        try:
            image = await self._context.renderer.render(page.scan, page.number)
            async with asyncio.timeout(self._limit):
                output = await self._engine.read(self._request(page, image))
        except TimeoutError:
            return Unread("failed", f"no response within {self._context.seconds:g} s")
        except ScanError as failure:
            return Unread("unreadable", failure.message)
        except BudgetSpentError:
            self._ended = Unread("skipped", "the next page could have exceeded --max-cost")
            return self._ended
        except EngineError as failure:
            unread = Unread("failed", failure.message)
            if not failure.retryable:
                self._ended, self.death = unread, failure
            return unread
        if output.finish not in CACHED:
            self._lost += output.usage if isinstance(output, PaidOutput) else Usage()
            return Unread("failed", output.reason or output.finish, output)
        if output.text is not None:
            # Half a surrogate pair cannot be written to any file; models do generate one.
            output = replace(output, text=output.text.encode("utf-8", "replace").decode("utf-8"))
        self._read += 1
        return output

    def session(self) -> Session:
        """Return what was read and lost so far."""
        session = Session(pages=self._read, lost=self._lost)
        return self._clock.stop(session) if self._clock else session

    def _request(self, page: ReferencePage, image: PageImage) -> Request:
        seed = seed_of(page.sha256, page.number, self._engine.fingerprint, 1)
        return Request(image, seed=seed, seconds=self._context.seconds, max_tokens=ANSWER_TOKENS)
