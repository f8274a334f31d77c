"""What a system read: each page asked for once, kept by content, gone on with where a run stopped.

An answer is filed under the hash of the scan, the page number and the engine's fingerprint, so nothing that was
answered is asked again, by whatever name the file goes. Failures and time-outs are no answers: the next run asks again.
The bench reads each page once with the bare engine, without the ladder of `ocr extract`, so that every system has
the same one chance; score an output folder of `ocr extract` as `recorded:DIR` to see what the ladder adds.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eval.datasets import TruePage
from eval.systems.pricing import Usage
from eval.systems.vendor_engine import ANSWER_TOKENS, BudgetSpentError, PaidGeneration
from ocr.core.document import EngineOutput, PageImage, Status
from ocr.core.errors import EngineError, ScanError
from ocr.core.files import hash_bytes, write_private
from ocr.engines.base import Engine, Request, capabilities_of
from ocr.engines.batch import read_all
from ocr.engines.supervised import GRACE_SECONDS
from ocr.pipeline.page_reader import seed_of
from ocr.rendering.renderer import Renderer

ANSWERED = frozenset({"stop", "length", "repetition", "refused"})
"""What an engine may say of a page that is worth keeping."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A page without an answer, and why."""

    status: Status
    reason: str
    generation: EngineOutput | None = None
    """What came of it nevertheless: the money of a time-out, half a text."""


Outcome = EngineOutput | Unread


@dataclass(frozen=True, slots=True)
class Session:
    """What one run did beyond its answers."""

    pages: int = 0
    """Answered in this run."""
    seconds: float = 0.0
    """From the first one asked to the last one answered."""
    lost: Usage = field(default_factory=Usage)
    """Tokens of pages that stayed without an answer."""

    def __add__(self, other: "Session") -> "Session":
        return Session(self.pages + other.pages, self.seconds + other.seconds, self.lost + other.lost)


_PLAIN = TypeAdapter(EngineOutput)
_PAID = TypeAdapter(PaidGeneration)
_SESSION = TypeAdapter(Session)


class Cache:
    """Answers of one engine on disk, one file a page, readable by their owner only."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder / hash_bytes(fingerprint.encode())[:16]
        self._fingerprint = fingerprint
        self.unusable = 0
        """Files that did not hold an answer: damaged, or written by another version. Their pages are read again."""

    def get(self, page: TruePage) -> Outcome | None:
        """The answer about this page, if there is one."""
        path = self._path(page)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return (_PAID if found["paid"] else _PLAIN).validate_python(found["generation"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            self.unusable += 1
            return None

    def put(self, page: TruePage, generation: Outcome) -> None:
        """Keep an answer, complete or not at all; a page without an answer is not kept. Raises OutputError."""
        if isinstance(generation, Unread):
            return
        paid = isinstance(generation, PaidGeneration)
        adapter: TypeAdapter[Any] = _PAID if paid else _PLAIN
        content = {
            "fingerprint": self._fingerprint,
            "scan": page.sha256,
            "number": page.number,
            "paid": paid,
            "generation": adapter.dump_python(generation, mode="json"),
        }
        write_private(self._path(page), json.dumps(content, ensure_ascii=False))

    def add_session(self, session: Session) -> None:
        """Remember how fast a run was and what it lost, so that a run without reading can say so too."""
        if session.pages or session.lost != Usage():
            write_private(self._folder / f"session-{time.time_ns()}.json", _SESSION.dump_json(session).decode("utf-8"))

    def sessions(self) -> Session:
        """The sum of all runs."""
        files = sorted(self._folder.glob("session-*.json"))
        return sum((_SESSION.validate_json(path.read_bytes()) for path in files), Session())

    def _path(self, page: TruePage) -> Path:
        key = hash_bytes(f"{page.sha256}:{page.number}".encode())[:32]
        return self._folder / f"{key}.json"


@dataclass(frozen=True)
class Desk:
    """What reading needs beside an engine and pages."""

    cache: Cache
    renderer: Renderer
    seconds: float
    """Time for one page."""
    done: Callable[[], None]
    """Called after every page."""


async def read_pages(engine: Engine, pages: Iterable[TruePage], desk: Desk) -> list[Outcome]:
    """What the engine says of every page, in order; pages answered before are not asked again.

    An engine that dies for good leaves its remaining pages failed with the reason; what it read is kept. Raises what
    `engine.start` raises, where there is anything to read, and the engine's death where it read nothing at all.
    """
    reader = _Reader(engine, desk)
    try:
        outcomes = await read_all(engine, list(pages), reader.read, desk.cache, desk.done)
    finally:
        desk.cache.add_session(reader.session())
    if reader.death is not None and not any(isinstance(outcome, EngineOutput) for outcome in outcomes):
        raise reader.death
    return outcomes


class _Reader:
    """Asks one engine about pages, and stops asking when it is dead or the budget is spent."""

    def __init__(self, engine: Engine, desk: Desk) -> None:
        self._engine, self._desk = engine, desk
        enforces = capabilities_of(engine).enforces_deadline
        self._limit = None if enforces else desk.seconds + GRACE_SECONDS
        self._ended: Unread | None = None
        self.death: EngineError | None = None
        self._started: float | None = None
        self._answered = 0
        self._lost = Usage()

    async def read(self, page: TruePage) -> Outcome:
        self._started = self._started or time.monotonic()
        if self._ended:
            return self._ended
        try:
            image = await self._desk.renderer.render(page.scan, page.number)
            async with asyncio.timeout(self._limit):
                generation = await self._engine.read(self._request(page, image))
        except TimeoutError:
            return Unread("failed", f"no answer within {self._desk.seconds:g} s")
        except ScanError as failure:
            return Unread("unreadable", failure.message)
        except BudgetSpentError:
            self._ended = Unread("skipped", "the next page could have passed --max-cost")
            return self._ended
        except EngineError as failure:
            unread = Unread("failed", failure.message)
            if not failure.retryable:
                self._ended, self.death = unread, failure
            return unread
        if generation.finish not in ANSWERED:
            self._lost += generation.usage if isinstance(generation, PaidGeneration) else Usage()
            return Unread("failed", generation.reason or generation.finish, generation)
        if generation.text is not None:
            # Half a surrogate pair cannot be written to any file; models do answer with one.
            generation = replace(generation, text=generation.text.encode("utf-8", "replace").decode("utf-8"))
        self._answered += 1
        return generation

    def session(self) -> Session:
        """What was done so far."""
        seconds = 0.0 if self._started is None else time.monotonic() - self._started
        return Session(self._answered, seconds, self._lost)

    def _request(self, page: TruePage, image: PageImage) -> Request:
        seed = seed_of(page.sha256, page.number, self._engine.fingerprint, 1)
        return Request(image, seed=seed, seconds=self._desk.seconds, max_tokens=ANSWER_TOKENS)
