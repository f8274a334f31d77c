"""An engine with its renderer and page reader: opened once, used for one run or for many."""

import asyncio
from types import TracebackType
from typing import Self

from ocr.engines.base import Engine, capabilities_of
from ocr.engines.vlm import canary
from ocr.formats.writers import FORMATS
from ocr.pipeline.engine_selection import Chosen
from ocr.pipeline.options import ExtractSettings
from ocr.pipeline.page_reader import PageReader
from ocr.rendering.renderer import Renderer
from ocr.text.gap_proposals import GapFiller


class EngineSession:
    """Use it as `async with`, from one event loop. Entering starts the renderer; the engine starts with `load`."""

    def __init__(self, chosen: Chosen, settings: ExtractSettings) -> None:
        self.chosen = chosen
        self.renderer = Renderer(settings.render)
        self.page_reader = PageReader(
            self.engine,
            cross_check=settings.witness,
            render=self.renderer.render_page,
            places=any(FORMATS[form].has_boxes for form in settings.out),
        )
        self.gap_filler = GapFiller(settings.fill_gaps, settings.fill_gaps_code) if settings.fill_gaps else None
        self._canary = settings.canary
        self._loading = asyncio.Lock()
        self._loaded = False

    @property
    def engine(self) -> Engine:
        return self.chosen.engine

    async def __aenter__(self) -> Self:
        """Start the renderer. Raises `DependencyError` where it does not run."""
        try:
            await self.renderer.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def load(self) -> None:
        """Start the engine once, and have a vision-language model read the built-in test page.

        Raises `EngineError` or `DependencyError`; the next call tries again.
        """
        async with self._loading:
            if self._loaded:
                return
            await self.engine.start()
            if self._canary and capabilities_of(self.engine).generates_text:
                await canary.check(self.engine)
            if self.gap_filler is not None:
                await asyncio.to_thread(self.gap_filler.load)
            self._loaded = True

    async def unload(self) -> None:
        """Close the engine; the next `load` starts it again."""
        async with self._loading:
            self._loaded = False
            await self.engine.close()

    async def close(self) -> None:
        """Close the engine, the page reader and the renderer; safe to call twice."""
        await self.engine.close()
        await self.page_reader.close()
        await self.renderer.close()
