"""An engine that reads the digest of the pixels, and says how often engines of this kind were started."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ocr.core.document import EngineOutput, Line
from ocr.core.errors import EngineError
from ocr.engines.base import Request

STARTED: list[str] = []


def create(options: Mapping[str, Any]) -> "PixelEngine":
    return PixelEngine(**options)


class PixelEngine:
    name = "pixels"
    fingerprint = "pixels 1"
    concurrency = 4

    def __init__(self, fatal: list[int] = ()) -> None:  # type: ignore[assignment]
        self.fatal = list(fatal)

    async def start(self) -> None:
        STARTED.append(self.name)

    async def read(self, request: Request) -> EngineOutput:
        image = request.image
        if image.number in self.fatal:
            self.fatal.remove(image.number)
            raise EngineError("the device is gone", hint="look for it")
        text = f"{hashlib.sha256(image.pixels.tobytes()).hexdigest()} {image.width} {image.height}"
        line = Line(text, (0.0, 0.0, float(image.width), float(image.height)))
        return EngineOutput("stop", lines=(line,), width=image.width, height=image.height)

    async def close(self) -> None:
        pass
