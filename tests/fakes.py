"""Engines that read nothing and fail on purpose. Use them as `--engine fakes:create` with this folder on PYTHONPATH.

Options (`--set options.NAME=VALUE`): `seconds` a page, `concurrency`, and for each fault the page numbers it befalls,
such as `hang=[3]`. A fault befalls the first `times` readings of such a page, then the page is read.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ocr.document import Generation, Line, Word
from ocr.engines import Engine, Request
from ocr.errors import EngineError

WORDS = "O réu interpôs apelação à sentença que julgou procedente o pedido de indenização".split()


def create(options: Mapping[str, Any]) -> Engine:
    return FakeEngine(**options)


class FakeEngine:
    name = "fake"

    def __init__(
        self, *, seconds: float = 0.0, concurrency: int = 4, times: int = 1_000_000, words: int = 12, **faults: Any
    ) -> None:
        self.fingerprint = f"fake of {words} words"
        self.concurrency = concurrency
        self.starts = 0
        self.read_count = 0
        self._seconds = seconds
        self._times = times
        self._words = words
        self._faults: dict[int, str] = {
            number: fault for fault, numbers in faults.items() if fault != "start" for number in numbers
        }
        self._on_start = faults.get("start", "")
        self._befell: Counter[int] = Counter()

    async def start(self) -> None:
        self.starts += 1
        if self._on_start == "fails":
            raise EngineError("the fake engine does not load", hint="choose a real one")

    async def read(self, request: Request) -> Generation:
        number = request.image.number
        await asyncio.sleep(self._seconds)
        self.read_count += 1
        fault = self._faults.get(number, "")
        if fault and self._befell[number] < self._times:
            self._befell[number] += 1
            return await getattr(self, f"_{fault}")(request)
        return self._answer(request)

    async def close(self) -> None:
        pass

    def _answer(self, request: Request) -> Generation:
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
        return Generation("stop", lines=tuple(lines), width=image.width, height=image.height, seconds=self._seconds)

    async def _hang(self, request: Request) -> Generation:
        await asyncio.sleep(1_000_000)
        return self._answer(request)

    async def _block(self, request: Request) -> Generation:
        """Keeps no time and does not let go of the event loop for a while."""
        time.sleep(0.5)
        return self._answer(request)

    async def _dies(self, request: Request) -> Generation:
        raise EngineError(f"the worker died on page {request.image.number}", retryable=True)

    async def _fatal(self, request: Request) -> Generation:
        raise EngineError("the device is gone", hint="look for it")

    async def _raises(self, request: Request) -> Generation:
        raise ValueError("no such thing")

    async def _errs(self, request: Request) -> Generation:
        return Generation("error", reason="could not make sense of it")

    async def _timeouts(self, request: Request) -> Generation:
        return Generation("timeout", reason="took too long", seconds=request.seconds)

    async def _empty(self, request: Request) -> Generation:
        return Generation("stop", lines=(), width=request.image.width, height=request.image.height)

    async def _refuses(self, request: Request) -> Generation:
        return Generation("refused", text="", reason="I cannot help with that")

    async def _truncates(self, request: Request) -> Generation:
        return Generation("length", text="O réu interpôs", completion_tokens=3)

    async def _loops(self, request: Request) -> Generation:
        return Generation("repetition", text="a ré e " * 20_000, completion_tokens=60_000)

    async def _garbage(self, request: Request) -> Generation:
        return Generation("stop", text="\ud800\x00\x1b[31m" + "\u202e" * 5)

    async def _chats(self, request: Request) -> Generation:
        print("loading weights ...")
        os.write(1, b"native noise\n")
        return self._answer(request)
