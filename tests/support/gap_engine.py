"""An engine that reads the same text of every page, with two places that it could not read."""

from collections.abc import Mapping
from typing import Any

from ocr.core.document import EngineOutput
from ocr.engines.base import Capabilities, Request

TEXT = "O Tribunal de [ilegível] negou provimento ao rec\ufffd\ufffdso do réu."


def create(_options: Mapping[str, Any]) -> "GapEngine":
    """Make the engine; it has no options."""
    return GapEngine()


class GapEngine:
    """See `ocr.engines.base.Engine`."""

    name = "gaps"
    fingerprint = "gaps 1"
    concurrency = 2
    capabilities = Capabilities()

    async def start(self) -> None:
        """Nothing is loaded."""

    async def read(self, _request: Request) -> EngineOutput:
        """Return the text."""
        return EngineOutput("stop", text=TEXT)

    async def close(self) -> None:
        """Nothing is held."""
