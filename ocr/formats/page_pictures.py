"""Pictures of a scan's pages for output files, rendered by the same children that render pages for reading."""

import asyncio
import io
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from ocr.core.document import PageImage
from ocr.core.errors import LockedScanError
from ocr.rendering.passwords import Passwords
from ocr.rendering.renderer import Renderer, RenderSettings

Answer = TypeVar("Answer")


class PagePictures:
    """Renders pages of one scan, one at a time; the child starts with the first page. Not for use in an event loop."""

    def __init__(self, scan: Path, passwords: Passwords, *, dpi: int = 200) -> None:
        self._scan = scan
        self._passwords: list[str | None] = [*passwords.of(scan)] or [None]
        self._settings = RenderSettings(dpi=dpi, processes=1)
        self._runner = asyncio.Runner()
        self._renderer: Renderer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        if self._renderer is not None:
            self._runner.run(self._renderer.close())
        self._runner.close()

    def count(self) -> int:
        """Return the number of pages. Raises `ScanError` where the scan cannot be opened."""
        return self._ask(lambda renderer, password: renderer.inspect(self._scan, password=password)).pages

    def render(self, number: int) -> PageImage:
        """Return page `number`. Raises `ScanError` where it cannot be rendered."""
        return self._ask(lambda renderer, password: renderer.render(self._scan, number, password=password))

    def _ask(self, question: Callable[[Renderer, str | None], Coroutine[object, object, Answer]]) -> Answer:
        """Return the answer of the render child, asked with one password after the other."""
        if self._renderer is None:
            self._renderer = Renderer(self._settings)
        while True:
            try:
                return self._runner.run(question(self._renderer, self._passwords[0]))
            except LockedScanError:
                if len(self._passwords) == 1:
                    raise
                del self._passwords[0]


def as_jpeg(image: PageImage, quality: int, *, width: int | None = None, rotation: int = 0) -> bytes:
    """Return a page as a JPEG, at most `width` pixels wide and turned clockwise by `rotation` degrees."""
    from PIL import Image

    picture = Image.fromarray(image.pixels)
    if rotation:
        picture = picture.rotate(-rotation, expand=True)
    if width is not None and picture.width > width:
        picture = picture.resize((width, max(1, round(picture.height * width / picture.width))))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
