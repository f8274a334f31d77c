"""Engines that read nothing and fail on purpose. Use them as `--engine fakes:create` with this folder on PYTHONPATH.

Options (`--set options.NAME=VALUE`): `seconds` a page, `concurrency`, and for each fault the page numbers it befalls,
such as `hang=[3]`. A fault befalls the first `times` readings of such a page, then the page is read. `start` is
"fails" or "bug"; a `stubborn` engine does not close.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ocr.core.document import EngineOutput, Line, Word
from ocr.core.errors import EngineError
from ocr.engines.base import Engine, Request

WORDS = ("O", "réu", "interpôs", "apelação", "à", "sentença", "que", "julgou", "procedente", "o", "pedido")


def create(options: Mapping[str, Any]) -> Engine:
    return FakeEngine(**options)


class FakeEngine:
    name = "fake"

    def __init__(
        self,
        *,
        seconds: float = 0.0,
        concurrency: int = 4,
        times: int = 1_000_000,
        words: int = 12,
        start: str = "",
        stubborn: bool = False,
        **faults: list[int],
    ) -> None:
        self.fingerprint = f"fake of {words} words"
        self.concurrency = concurrency
        self.starts = 0
        self.read_count = 0
        self._seconds = seconds
        self._times = times
        self._words = words
        self._faults = {number: fault for fault, numbers in faults.items() for number in numbers}
        self._on_start = start
        self._stubborn = stubborn
        self._befell: Counter[int] = Counter()
        self._death: asyncio.Future[int] | None = None

    async def start(self) -> None:
        self.starts += 1
        if self._on_start == "bug":
            raise RuntimeError("a slip of the pen")
        if self._on_start == "fails":
            raise EngineError("the fake engine does not load", hint="choose a real one")
        self._death = asyncio.get_running_loop().create_future()

    async def read(self, request: Request) -> EngineOutput:
        """A death takes every page in flight with it, as that of a real engine does."""
        death = self._death
        if death is None:
            raise EngineError("the fake engine was asked to read before it was started")
        reading = asyncio.ensure_future(self._read(request))
        try:
            await asyncio.wait((reading, death), return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result()
            raise EngineError(f"the worker died on page {death.result()}", retryable=True)
        finally:
            reading.cancel()

    async def _read(self, request: Request) -> EngineOutput:
        number = request.image.number
        await asyncio.sleep(self._seconds)
        self.read_count += 1
        fault = self._faults.get(number, "")
        if fault and self._befell[number] < self._times:
            self._befell[number] += 1
            return await self._befall(fault, request)
        return self._answer(request)

    async def close(self) -> None:
        await asyncio.sleep(0)
        self._death = None
        if self._stubborn:
            await asyncio.sleep(1_000_000)

    def _answer(self, request: Request) -> EngineOutput:
        image, number = request.image, request.image.number
        lines = []
        for place in range(0, self._words, 6):
            words = [WORDS[(number + place + i) % len(WORDS)] for i in range(min(6, self._words - place))]
            top = 100.0 + 10 * place
            boxes = [(100.0 + 80 * i, top, 170.0 + 80 * i, top + 30) for i in range(len(words))]
            line = Line(
                f"{number}. " + " ".join(words),
                (100.0, top, 600.0, top + 30),
                0.95,
                tuple(Word(word, box, 0.95) for word, box in zip(words, boxes, strict=True)),
            )
            lines.append(line)
        return EngineOutput("stop", lines=tuple(lines), width=image.width, height=image.height, seconds=self._seconds)

    async def _befall(self, fault: str, request: Request) -> EngineOutput:
        image = request.image
        match fault:
            case "hang":
                await asyncio.sleep(1_000_000)
            case "dies":
                if self._death is not None and not self._death.done():
                    self._death.set_result(image.number)
                await asyncio.sleep(1_000_000)
            case "fatal":
                raise EngineError("the device is gone", hint="look for it")
            case "raises":
                raise ValueError("no such thing")
            case "errs":
                return EngineOutput("error", reason="could not make sense of it")
            case "timeouts":
                return EngineOutput("timeout", reason="took too long", seconds=request.seconds)
            case "empty":
                return EngineOutput("stop", lines=(), width=image.width, height=image.height)
            case "refuses":
                return EngineOutput("refused", text="", reason="I cannot help with that")
            case "truncates":
                return EngineOutput("length", text="O réu interpôs", completion_tokens=3)
            case "loops":
                return EngineOutput("repetition", text="a ré e " * 20_000, completion_tokens=60_000)
            case "garbage":
                return EngineOutput("stop", text="\ud800\x00\x1b[31m" + "\u202e" * 5)
            case "chats":
                print("loading weights ...")
                os.write(1, b"native noise\n")
            case _:
                raise AssertionError(f"no such fault: {fault}")
        return self._answer(request)
