"""What runs in an actor of a Ray cluster: a real engine, and a renderer that draws the pages that it reads."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ocr.core.document import EngineOutput, PageImage
from ocr.core.errors import OcrError
from ocr.engines import base
from ocr.engines.base import Request
from ocr.engines.ray.scan_files import Files
from ocr.rendering.renderer import PageRef, Renderer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING = "the file is not on this machine"
"""What an actor says that wants the file's bytes."""


class EngineActor:
    """One engine on one machine. It may be killed at any moment: its children go with it, and it has no files."""

    def __init__(self, engine: str, options: Mapping[str, Any]) -> None:
        self._engine = base.create(engine, options)
        self._renderer: Renderer | None = None
        self._files = Files()

    async def start(self) -> int:
        """Load; answers how many pages it wants in flight."""
        await self._engine.start()
        return self._engine.concurrency

    async def draw(self, page: PageRef, contents: "NDArray[np.uint8] | None" = None) -> tuple[str, PageImage | None]:
        """The page, or why it could not be drawn here. That is no verdict: the driver draws such a page itself."""
        if self._renderer is None:
            self._renderer = Renderer(page.settings)
        try:
            found = await self._files.find(page, contents)
            return ("", await self._renderer.render_page(found[0])) if found else (MISSING, None)
        except (OcrError, OSError) as problem:
            return str(problem) or type(problem).__name__, None

    async def read(self, request: Request, image: PageImage | None = None) -> EngineOutput:
        """Read a page: the request's own image, or one that was drawn here or on another worker."""
        return await self._engine.read(request if image is None else replace(request, image=image))
