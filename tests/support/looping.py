"""An engine that loops at its first attempt on some pages (`--set options.pages=[1]`) and then reads them."""

from collections.abc import Mapping
from typing import Any

from ocr.core.document import EngineOutput
from ocr.engines.base import Engine, Request

TEXT = "Vistos, relatados e discutidos estes autos de apelação, acordam os magistrados em negar provimento."
LAP = " nos termos do voto da relatora;"


def create(options: Mapping[str, Any]) -> Engine:
    return LoopingEngine(**options)


class LoopingEngine:
    name, fingerprint, concurrency = "looping", "looping", 2

    def __init__(self, pages: list[int]) -> None:
        self._pages = pages

    async def start(self) -> None:
        """Nothing to load."""

    async def read(self, request: Request) -> EngineOutput:
        loops = request.attempt == 1 and request.image.number in self._pages
        return EngineOutput(
            "length" if loops else "stop", text=TEXT + LAP * 120 if loops else TEXT, completion_tokens=9
        )

    async def close(self) -> None:
        """Nothing to free."""
