"""Serve pages that arrive one by one with one batch, on the thread that holds the model."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from ocr.core.environment import load
from ocr.engines.vlm.decoding.batch_decoder import BatchDecoder
from ocr.engines.vlm.decoding.page_row import PageRow, RowSettings


@dataclass(frozen=True, slots=True)
class _Job:
    """A page that waits or is being written."""

    prepare: Callable[[], tuple[dict[str, Any], RowSettings]]
    """Returns the processed prompt and when the page ends. Runs on the model's thread."""
    written: asyncio.Future[PageRow]


class PageWriter:
    """Takes pages on the event loop; a page joins the batch before its next step and leaves it when it is finished."""

    def __init__(self, decoder: BatchDecoder, worker: Executor) -> None:
        self._decoder = decoder
        self._worker = worker
        self._waiting: list[_Job] = []
        self._running: dict[int, _Job] = {}
        """By the identity of the row."""
        self._serving: asyncio.Task[None] | None = None

    async def write(self, prepare: Callable[[], tuple[dict[str, Any], RowSettings]]) -> PageRow:
        """Return the finished row of a page. Raises what `prepare` and the network raise."""
        loop = asyncio.get_running_loop()
        job = _Job(prepare, loop.create_future())
        self._waiting.append(job)
        if self._serving is None or self._serving.done():
            self._serving = loop.create_task(self._serve())
            self._serving.add_done_callback(self._fail)
        return await job.written

    async def _serve(self) -> None:
        """Advance the batch until no page is left."""
        loop = asyncio.get_running_loop()
        while self._waiting or self._running:
            joining, self._waiting = self._waiting, []
            for row in await loop.run_in_executor(self._worker, self._advance, joining):
                job = self._running.pop(id(row))
                if not job.written.done():
                    job.written.set_result(row)

    def _advance(self, joining: Sequence[_Job]) -> list[PageRow]:
        with load("torch", extra="gpu").inference_mode():
            for job in joining:
                try:
                    row = self._decoder.join(*job.prepare())
                except (ValueError, IndexError) as cause:
                    job.written.get_loop().call_soon_threadsafe(_refuse, job, cause)
                else:
                    self._running[id(row)] = job
            return self._decoder.step()

    def _fail(self, task: asyncio.Task[None]) -> None:
        """Pass on why the network failed to all pages of the batch, which is then empty."""
        failure = None if task.cancelled() else task.exception()
        for job in [*self._running.values(), *self._waiting] if failure else ():
            _refuse(job, failure)
        if failure:
            self._running, self._waiting = {}, []
            self._decoder.clear()


def _refuse(job: _Job, cause: BaseException | None) -> None:
    if not job.written.done() and cause is not None:
        job.written.set_exception(cause)
