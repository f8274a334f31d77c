"""The code of an actor of a Ray cluster: an engine, and a renderer for the pages that it reads."""

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
"""The reply of an actor that needs the bytes of the file."""


class EngineActor:
    """One engine on one machine. It may be killed at any moment: its children end with it, and it has no files."""

    def __init__(self, engine: str, options: Mapping[str, Any]) -> None:
        self._engine = base.create(engine, options)
        self._renderer: Renderer | None = None
        self._files = Files()

    async def start(self) -> int:
        """Load the engine; return how many pages it wants in flight."""
        await self._engine.start()
        return self._engine.concurrency

    async def render(self, page: PageRef, contents: "NDArray[np.uint8] | None" = None) -> tuple[str, PageImage | None]:
        """Return the rendered page, or why it could not be rendered here: the driver then renders it itself."""
        if self._renderer is None:
            self._renderer = Renderer(page.settings)
        try:
            found = await self._files.find(page, contents)
            return ("", await self._renderer.render_page(found[0])) if found else (MISSING, None)
        except (OcrError, OSError) as problem:
            return str(problem) or type(problem).__name__, None

    async def read(self, request: Request, image: PageImage | None = None) -> EngineOutput:
        """Read a page: the image of the request, or one that was rendered on this or another worker."""
        return await self._engine.read(request if image is None else replace(request, image=image))
