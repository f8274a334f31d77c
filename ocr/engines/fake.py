"""An engine that reads nothing and fails on request, for tests and for authors of engines.

Use it as `--engine ocr.engines.fake:create`. Options (`--set options.NAME=VALUE`): `seconds` a page, `concurrency`,
`words` a page, `writes` (text as a vision-language model gives it, not lines), and for each fault the numbers of the
pages that it affects, such as `hang=[3]`. A fault affects the first `times` reads of such a page, and no later one.
`start` is "fails" or "bug"; a `stubborn` engine does not close.

Faults: hang, dies, fatal, raises, errs, timeouts, empty, refuses, truncates, loops, garbage, chats.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ocr.core.document import EngineOutput, Line, Word
from ocr.core.errors import EngineError, UsageError
from ocr.engines.base import Capabilities, Request

WORDS = ("O", "réu", "interpôs", "apelação", "à", "sentença", "que", "julgou", "procedente", "o", "pedido")
WORDS_A_LINE = 6
FOREVER = 1_000_000.0
FAULTS = (
    *("hang", "dies", "fatal", "raises", "errs", "timeouts", "empty", "refuses", "truncates", "loops", "garbage"),
    "chats",
)


@dataclass(frozen=True, slots=True)
class FakeOptions:
    """What the engine does, and which pages fail how."""

    seconds: float = 0.0
    concurrency: int = 4
    words: int = 12
    writes: bool = False
    times: int = 1_000_000
    start: str = ""
    stubborn: bool = False
    faults: Mapping[int, str] = field(default_factory=dict)
    """Page number -> fault."""


def create(options: Mapping[str, Any]) -> "FakeEngine":
    """Make the engine. Raises `UsageError` for an option or a fault that does not exist."""
    return FakeEngine(**options)


class FakeEngine:
    """Returns made-up lines, or fails as its options say. See `ocr.engines.base.Engine`."""

    name = "fake"

    def __init__(self, **options: Any) -> None:
        """Take the options of `FakeOptions`, and each fault as a keyword with a list of page numbers."""
        known = {option.name for option in fields(FakeOptions)} - {"faults"}
        unknown = sorted(set(options) - known - set(FAULTS))
        if unknown:
            raise UsageError(f"the fake engine has no option {unknown[0]!r}", hint=f"known: {', '.join(sorted(known))}")
        faults = {number: fault for fault in FAULTS for number in options.get(fault, ())}
        self._options = FakeOptions(**{name: options[name] for name in known & set(options)}, faults=faults)
        self.fingerprint = f"fake of {self._options.words} words"
        self.concurrency = self._options.concurrency
        self.capabilities = Capabilities(generates_text=self._options.writes)
        self.starts = 0
        self.read_count = 0
        self._failures: Counter[int] = Counter()
        self._crash: asyncio.Future[int] | None = None

    async def start(self) -> None:
        """Start, or fail as the option `start` says."""
        self.starts += 1
        if self._options.start == "bug":
            raise RuntimeError("a slip of the pen")
        if self._options.start == "fails":
            raise EngineError("the fake engine does not load", hint="choose a real one")
        self._crash = asyncio.get_running_loop().create_future()

    async def read(self, request: Request) -> EngineOutput:
        """Read one page. A crash takes every page in flight with it, as a crash of a real engine does."""
        crash = self._crash
        if crash is None:
            raise EngineError("the fake engine was asked to read before it was started")
        reading = asyncio.ensure_future(self._read(request))
        try:
            await asyncio.wait((reading, crash), return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result()
            raise EngineError(f"the worker died on page {crash.result()}", retryable=True)
        finally:
            reading.cancel()

    async def _read(self, request: Request) -> EngineOutput:
        number = request.image.number
        await asyncio.sleep(self._options.seconds)
        self.read_count += 1
        fault = self._options.faults.get(number, "")
        if fault and self._failures[number] < self._options.times:
            self._failures[number] += 1
            return await self._fail(fault, request)
        return self._output(request)

    async def close(self) -> None:
        """Forget the start; a stubborn engine never returns."""
        await asyncio.sleep(0)
        self._crash = None
        if self._options.stubborn:
            await asyncio.sleep(FOREVER)

    def _output(self, request: Request) -> EngineOutput:
        image, count = request.image, self._options.words
        lines = tuple(
            _line(image.number, place, min(WORDS_A_LINE, count - place)) for place in range(0, count, WORDS_A_LINE)
        )
        output = EngineOutput(
            "stop", lines=lines, width=image.width, height=image.height, seconds=self._options.seconds
        )
        if not self._options.writes:
            return output
        text = "\n".join(line.text for line in lines)
        return EngineOutput(
            "stop", text, width=image.width, height=image.height, completion_tokens=count, seconds=output.seconds
        )

    async def _fail(self, fault: str, request: Request) -> EngineOutput:
        match fault:
            case "hang":
                await asyncio.sleep(FOREVER)
            case "dies":
                if self._crash is not None and not self._crash.done():
                    self._crash.set_result(request.image.number)
                await asyncio.sleep(FOREVER)
            case "fatal":
                raise EngineError("the device is gone", hint="look for it")
            case "raises":
                raise ValueError("no such thing")
            case "chats":
                print("loading weights ...")
                os.write(1, b"native noise\n")
                return self._output(request)
        return _failed_output(fault, request)


def _line(number: int, place: int, count: int) -> Line:
    """Return a line of `count` words; `place` is the number of words before it on the page."""
    texts = [WORDS[(number + place + offset) % len(WORDS)] for offset in range(count)]
    top = 100.0 + 10 * place
    words = tuple(
        Word(text, (100.0 + 80 * offset, top, 170.0 + 80 * offset, top + 30), 0.95) for offset, text in enumerate(texts)
    )
    return Line(f"{number}. " + " ".join(texts), (100.0, top, 600.0, top + 30), 0.95, words)


def _failed_output(fault: str, request: Request) -> EngineOutput:
    outputs = {
        "errs": EngineOutput("error", reason="could not make sense of it"),
        "timeouts": EngineOutput("timeout", reason="took too long", seconds=request.seconds),
        "empty": EngineOutput("stop", lines=(), width=request.image.width, height=request.image.height),
        "refuses": EngineOutput("refused", text="", reason="I cannot help with that"),
        "truncates": EngineOutput("length", text="O réu interpôs", completion_tokens=3),
        "loops": EngineOutput("repetition", text="a ré e " * 20_000, completion_tokens=60_000),
        "garbage": EngineOutput("stop", text="\ud800\x00\x1b[31m" + "\u202e" * 5),
    }
    return outputs[fault]
