"""Generate pages with ground truth on all cores: text, typesetting, degradation, image and manifest row.

Document i depends on the seed and on i alone, so any number of workers gives the same bytes. A finished document leaves
a file below `.parts`; an interrupted run resumes from there, and the manifest appears complete at the end.
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


def compose(config: SynthesisConfig, report: Callable[[int], None] = lambda _: None) -> Path:
    """Generate the pages of a configuration; return the path of their manifest. `report` gets the pages done so far.

    Raises OutputError when the folder is in use, holds pages of another configuration or cannot be written, EngineError
    when a worker died (run again: finished documents are kept), DataError when fonts or text do not suffice.
    """
    read_faces(config.fonts)  # checked first, so that a wrong configuration leaves no folder behind
    if config.text:
        text_chunks(config)
    with held(config.to, create=True):
        return _generate(config, report)


def _generate(config: SynthesisConfig, report: Callable[[int], None]) -> Path:
    manifest = config.to / "manifest.jsonl"
    _claim(config)
    if manifest.is_file():
        report(len(read_manifest(manifest)))
        return manifest
    examples: list[Example] = []
    for made in _documents(config):
        examples += made
        report(min(len(examples), config.count))
        if len(examples) >= config.count:
            break
    short = config.count - len(examples)
    _finish(config, manifest, examples[: config.count])
    if short > 0:
        raise DataError(
            f"{config.text}: the text is used up after {len(examples)} of {config.count} pages, now in {config.to}",
            hint="add text to the folder, or ask for fewer pages",
        )
    return manifest


def _documents(config: SynthesisConfig) -> Iterator[list[Example]]:
    """Yield the rows of document 0, 1, ... in order, made ahead by the workers, until the caller stops."""
    indices = _indices(config)
    pool = ProcessPoolExecutor(config.workers, mp_context=get_context("spawn"), initializer=_prepare)
    ahead: deque[Future[list[str]]] = deque()
    try:
        for index in indices:
            ahead.append(pool.submit(_make_part, config, index))
            if len(ahead) > config.workers * 3:
                yield [_row(row) for row in ahead.popleft().result()]
        while ahead:
            yield [_row(row) for row in ahead.popleft().result()]
    except BrokenProcessPool as failure:
        hint = "run the same command again: finished pages are kept"
        raise EngineError("a worker process died", hint=hint) from failure
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _indices(config: SynthesisConfig) -> Iterator[int]:
    """Return the numbers of the documents: batches of lines, pieces of a text, or without end."""
    if config.kinds == (LINE,):
        return iter(range(-(-config.count // LINES_A_BATCH)))
    return iter(range(len(text_chunks(config)))) if config.text else count()


def _prepare() -> None:
    import cv2

    cv2.setNumThreads(1)  # one worker a core is faster than threads that share it
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End with the parent: a worker of the standard pool would wait forever for a parent that was killed."""
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _make_part(config: SynthesisConfig, index: int) -> list[str]:
    """Make a document and write its rows below `.parts`, or read them from there."""
    part = config.to / _PARTS / f"{index:07d}.jsonl"
    if part.is_file():
        return part.read_text(encoding="utf-8").splitlines()
    made = make_document(config, index)
    try:
        for page in made:
            (config.to / page.example.image).write_bytes(page.content)
    except OSError as failure:
        raise OutputError(f"{config.to}: {failure.strerror}", hint="free space or name another --to") from failure
    rows = [render_row(page.example) for page in made]
    write_lines(part, (row.encode("utf-8") for row in rows))
    return rows


def _row(line: str) -> Example:
    found = parse_row(line)
    if isinstance(found, str):
        raise DataError(f"a page does not hold its own lines: {found}", hint="this is a bug: please report it")
    return found


def _claim(config: SynthesisConfig) -> None:
    """Write the configuration into its folder, or check that it is the same; one without pages yet is replaced."""
    said = {
        **asdict(config),
        "to": "",
        "text": str(config.text or ""),
        "fonts": [str(f) for f in config.fonts],
        "workers": 0,
    }
    wanted = json.dumps(said, ensure_ascii=False, sort_keys=True)
    path = config.to / "order.json"
    try:
        (config.to / "images").mkdir(parents=True, exist_ok=True)
        (config.to / _PARTS).mkdir(exist_ok=True)
        begun = any((config.to / _PARTS).iterdir()) or (config.to / "manifest.jsonl").is_file()
        there = path.read_text(encoding="utf-8") if begun and path.is_file() else ""
    except OSError as failure:
        raise OutputError(f"{config.to}: {failure.strerror}", hint="name another folder: --to DIR") from failure
    if there and there != wanted:
        raise OutputError(f"{config.to}: holds pages of another configuration", hint="name another folder: --to DIR")
    write_atomic(path, wanted.encode("utf-8"))


def _finish(config: SynthesisConfig, manifest: Path, examples: list[Example]) -> None:
    """Write the manifest, then delete the images that were made ahead and are not needed."""
    write_manifest(manifest, examples)
    wanted = {example.image for example in examples}
    for path in (config.to / "images").iterdir():
        if f"images/{path.name}" not in wanted:
            path.unlink()
    shutil.rmtree(config.to / _PARTS)
