"""Read many pages with a bare engine, without retries and checks, and keep the results in a cache.

The bench and training measure an engine by its first output on each page. `ocr extract` does more with a page; see
`ocr.pipeline.page_reader`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from ocr.core.errors import OcrError
from ocr.engines.base import Engine

Page = TypeVar("Page")
Result = TypeVar("Result")
KeyPage = TypeVar("KeyPage", contravariant=True)
KeptResult = TypeVar("KeptResult")


class Cache(Protocol[KeyPage, KeptResult]):
    """Results of earlier runs, found by page."""

    def get(self, page: KeyPage, /) -> KeptResult | None:
        """Return the result of a page, None if it must be read."""

    def put(self, page: KeyPage, result: KeptResult, /) -> None:
        """Keep a result, if it is worth keeping. Raises `OutputError`."""


async def read_all(
    engine: Engine,
    pages: Sequence[Page],
    read: Callable[[Page], Awaitable[Result]],
    cache: Cache[Page, Result],
    on_page: Callable[[], None] = lambda: None,
) -> list[Result]:
    """Return the result of every page, in order; pages that `cache` knows are not read again.

    `read` reads one page with the engine. It is awaited for up to `engine.concurrency` pages at once. The engine is
    started only if a page must be read, and is always closed. `on_page` is called after every page. Raises what
    `engine.start` raises, and the first `OcrError` of `read` or `cache.put`, after cancelling the other pages.
    """
    known = [cache.get(page) for page in pages]
    free = asyncio.Semaphore(engine.concurrency)

    async def one(page: Page, result: Result | None) -> Result:
        if result is None:
            async with free:
                result = await read(page)
                cache.put(page, result)
        on_page()
        return result

    try:
        if any(result is None for result in known):
            await engine.start()
        # A group, so that Ctrl-C or a full disk cancels what is in flight before the engine is closed.
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(page, result)) for page, result in zip(pages, known, strict=True)]
    except* OcrError as failures:
        # All pages in flight may fail together; one message says it.
        raise first_of(failures) from None
    finally:
        await engine.close()
    return [task.result() for task in tasks]


def first_of(failures: BaseExceptionGroup[OcrError]) -> OcrError:
    """Return the first failure of a group, however deeply it is nested."""
    first = failures.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
