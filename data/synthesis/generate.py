"""Documents by the hundred thousand: text -> typeset -> degraded -> image, truth and manifest row, on all cores.

Document i of an order depends on the order's seed and on i alone, so that any number of workers gives the same bytes.
A finished document leaves a file below `.parts`; a run that was stopped goes on from there, and the manifest appears
whole at the end.
"""

import json
import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from itertools import count
from multiprocessing import get_context, parent_process
from pathlib import Path

from data.examples import Example, parse_row, read_manifest, render_row, write_manifest
from data.synthesis.composed_document import LINES_A_BATCH, SynthesisConfig, make_document, text_chunks
from data.synthesis.fonts import read_faces
from data.synthesis.page_types import LINE
from ocr.core.errors import DataError, EngineError, OutputError
from ocr.core.files import write_atomic, write_lines
from ocr.storage.output_dir import held

_PARTS = ".parts"


def compose(order: SynthesisConfig, report: Callable[[int], None] = lambda _: None) -> Path:
    """Make an order's pages and return the path of their manifest; `report` hears the pages done so far.

    Raises OutputError when the folder is in use, belongs to another order or cannot be written, EngineError when a
    worker died (run again: finished documents are kept), DataError when fonts or text do not suffice.
    """
    read_faces(order.fonts)  # an order that cannot be carried out leaves no folder behind
    if order.text:
        text_chunks(order)
    with held(order.to, create=True):
        return _carry_out(order, report)


def _carry_out(order: SynthesisConfig, report: Callable[[int], None]) -> Path:
    manifest = order.to / "manifest.jsonl"
    _claim(order)
    if manifest.is_file():
        report(len(read_manifest(manifest)))
        return manifest
    examples: list[Example] = []
    for made in _documents(order):
        examples += made
        report(min(len(examples), order.count))
        if len(examples) >= order.count:
            break
    short = order.count - len(examples)
    _finish(order, manifest, examples[: order.count])
    if short > 0:
        raise DataError(
            f"{order.text}: the text is used up after {len(examples)} of {order.count} pages, which are in {order.to}",
            hint="add text to the folder, or ask for fewer pages",
        )
    return manifest


def _documents(order: SynthesisConfig) -> Iterator[list[Example]]:
    """The rows of document 0, 1, ... in order, made ahead by the workers; it goes on until nobody asks."""
    indices = _indices(order)
    pool = ProcessPoolExecutor(order.workers, mp_context=get_context("spawn"), initializer=_prepare)
    ahead: deque[Future[list[str]]] = deque()
    try:
        for index in indices:
            ahead.append(pool.submit(_make_part, order, index))
            if len(ahead) > order.workers * 3:
                yield [_row(row) for row in ahead.popleft().result()]
        while ahead:
            yield [_row(row) for row in ahead.popleft().result()]
    except BrokenProcessPool as failure:
        hint = "run the same command again: finished pages are kept"
        raise EngineError("a worker process died", hint=hint) from failure
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _indices(order: SynthesisConfig) -> Iterator[int]:
    """The documents that there are: batches of lines for as many as were asked, pieces of a text, or without end."""
    if order.kinds == (LINE,):
        return iter(range(-(-order.count // LINES_A_BATCH)))
    return iter(range(len(text_chunks(order)))) if order.text else count()


def _prepare() -> None:
    import cv2

    cv2.setNumThreads(1)  # one worker a core does better than threads that share it
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker of the standard pool would wait for ever for a parent that was killed."""
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _make_part(order: SynthesisConfig, index: int) -> list[str]:
    """Make a document and leave its rows below `.parts`, or find them there."""
    part = order.to / _PARTS / f"{index:07d}.jsonl"
    if part.is_file():
        return part.read_text(encoding="utf-8").splitlines()
    made = make_document(order, index)
    try:
        for page in made:
            (order.to / page.example.image).write_bytes(page.content)
    except OSError as failure:
        raise OutputError(f"{order.to}: {failure.strerror}", hint="free space or name another --to") from failure
    rows = [render_row(page.example) for page in made]
    write_lines(part, (row.encode("utf-8") for row in rows))
    return rows


def _row(line: str) -> Example:
    found = parse_row(line)
    if isinstance(found, str):
        raise DataError(f"a page does not hold its own truth: {found}", hint="this is a bug: please report it")
    return found


def _claim(order: SynthesisConfig) -> None:
    """Write the order into its folder, or see that the one there is the same; one that made nothing yet gives way."""
    said = {
        **asdict(order),
        "to": "",
        "text": str(order.text or ""),
        "fonts": [str(f) for f in order.fonts],
        "workers": 0,
    }
    wanted = json.dumps(said, ensure_ascii=False, sort_keys=True)
    path = order.to / "order.json"
    try:
        (order.to / "images").mkdir(parents=True, exist_ok=True)
        (order.to / _PARTS).mkdir(exist_ok=True)
        begun = any((order.to / _PARTS).iterdir()) or (order.to / "manifest.jsonl").is_file()
        there = path.read_text(encoding="utf-8") if begun and path.is_file() else ""
    except OSError as failure:
        raise OutputError(f"{order.to}: {failure.strerror}", hint="name another folder: --to DIR") from failure
    if there and there != wanted:
        raise OutputError(f"{order.to}: holds the pages of another order", hint="name another folder: --to DIR")
    write_atomic(path, wanted.encode("utf-8"))


def _finish(order: SynthesisConfig, manifest: Path, examples: list[Example]) -> None:
    """Write the manifest, then take away what was made ahead of need."""
    write_manifest(manifest, examples)
    wanted = {example.image for example in examples}
    for path in (order.to / "images").iterdir():
        if f"images/{path.name}" not in wanted:
            path.unlink()
    shutil.rmtree(order.to / _PARTS)
