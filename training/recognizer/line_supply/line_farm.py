"""Compose training lines in processes of their own, as numbered chunk files that any number of trainers can read.

Chunk k holds the lines with indices k * CHUNK to (k + 1) * CHUNK - 1, so a store is the same whatever number of
processes fills it, and a resumed or second run finds its lines again. This module imports neither torch nor onnx: each
composing process starts in under a second.
"""

import multiprocessing
import os
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ocr.core.errors import TrainingError

CHUNK = 64
"""Lines in a chunk file."""
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 300.0
"""How long a reader waits for one chunk before it gives up."""
LEAST_AHEAD = 2
"""Chunks that each process may compose before the reader asks for them."""
MOST_RESTARTS = 5


class Line(Protocol):
    """A composed line as `data.lines` returns it."""

    @property
    def pixels(self) -> NDArray[np.uint8]: ...

    @property
    def text(self) -> str: ...

    @property
    def wear(self) -> str: ...


class Composer(Protocol):
    """Composes line `index`; the same index gives the same line."""

    def compose(self, index: int) -> Line:
        """Return the line with this index."""


MakeComposer = Callable[[], Composer]
"""Makes the composer inside a process; must pickle, such as `functools.partial(LineComposer, config)`."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One line to train on or to judge by: `pixels` (48, w) uint8."""

    pixels: NDArray[np.uint8]
    text: str
    wear: str = ""
    source: str = ""
    """File it comes from, for messages; empty for composed lines."""


@dataclass(frozen=True, slots=True)
class ChunkStore:
    """A folder of chunk files."""

    folder: Path

    def path(self, number: int) -> Path:
        """Where chunk `number` lies."""
        return self.folder / f"chunk-{number:07d}.npz"

    def write(self, number: int, lines: Sequence[Line]) -> None:
        """Write a chunk; a reader never sees half of it."""
        partial = self.folder / f"partial-{number:07d}-{os.getpid()}"
        with partial.open("wb") as file:
            np.savez(
                file,
                pixels=np.concatenate([np.zeros((48, 0), np.uint8), *(line.pixels for line in lines)], axis=1),
                widths=np.array([line.pixels.shape[1] for line in lines], np.int32),
                texts=_packed(line.text for line in lines),
                wears=_packed(line.wear for line in lines),
            )
        partial.replace(self.path(number))

    def read(self, number: int) -> list[Sample]:
        """Return the lines of a chunk. Raises FileNotFoundError where it is missing, `TrainingError` if broken."""
        try:
            with np.load(self.path(number)) as chunk:
                if not len(chunk["widths"]):
                    return []
                ends = np.cumsum(chunk["widths"])[:-1]
                pixels = np.split(chunk["pixels"], ends, axis=1)
                texts, wears = _unpacked(chunk["texts"]), _unpacked(chunk["wears"])
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as cause:
            raise TrainingError(
                f"{self.path(number)} is broken: {cause}", hint="delete it, it is composed again"
            ) from cause
        return [Sample(*parts) for parts in zip(pixels, texts, wears, strict=True)]


def _packed(texts: Any) -> NDArray[np.uint8]:
    return np.frombuffer("\0".join(texts).encode("utf-8"), np.uint8)


def _unpacked(packed: NDArray[np.uint8]) -> list[str]:
    return packed.tobytes().decode("utf-8").split("\0")


def compose_chunk(composer: Composer, number: int) -> list[Line]:
    """Return the lines of one chunk."""
    return [composer.compose(index) for index in range(number * CHUNK, (number + 1) * CHUNK)]


def compose_lines(make: MakeComposer, count: int) -> list[Sample]:
    """Return the first `count` lines, composed in this process: the held-out lines that judge a run."""
    composer = make()
    lines = (composer.compose(index) for index in range(count))
    return [Sample(line.pixels, line.text, line.wear) for line in lines]


@dataclass(frozen=True, slots=True)
class _Share:
    """Which chunks one process composes: first, first + step, and so on, below `reached + ahead`."""

    store: ChunkStore
    first: int
    step: int
    ahead: int
    end: int
    """Chunks from this one on are not composed; 0 for no end."""


def _fill(make: MakeComposer, share: _Share, reached: Any) -> None:
    """Compose the chunks of `share` until the parent process is gone. Runs in a process of its own."""
    os.nice(5)  # the trainer goes first where cores are few
    composer, number = make(), share.first
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive() and not (share.end and number >= share.end):
        if number >= reached.value + share.ahead:
            time.sleep(POLL_SECONDS)
            continue
        if not share.store.path(number).is_file():
            share.store.write(number, compose_chunk(composer, number))
        number += share.step


class LineFarm:
    """Processes that fill a store ahead of its reader; `read` returns chunk after chunk.

    With no processes it only reads a store that another farm fills. Chunks that were read are deleted unless `keep`.
    With `end`, only chunks below it are composed: several turns over the same lines.
    """

    def __init__(self, make: MakeComposer, store: Path, *, processes: int, keep: bool = False, end: int = 0) -> None:
        store.mkdir(parents=True, exist_ok=True)
        self.store = ChunkStore(store)
        self._make, self._count, self._keep, self._end = make, processes, keep, end
        self.ahead = max(LEAST_AHEAD * processes, 4)
        """Chunks that are composed before they are asked for."""
        self._context: Any = multiprocessing.get_context("spawn")
        self._reached = self._context.Value("q", 0)
        self._processes: list[Any] = []
        self._first, self._restarts, self._died_at = 0, 0, -1

    def start(self, number: int = 0) -> None:
        """Start composing at chunk `number`. Raises what making a composer raises, such as `DataError` for fonts."""
        if self._count:
            self._make()
        self._reached.value = self._first = number
        self._processes = [self._launch(number + place) for place in range(self._count)]

    def _launch(self, first: int) -> Any:
        share = _Share(self.store, first, self._count, self.ahead, self._end)
        process = self._context.Process(target=_fill, args=(self._make, share, self._reached), daemon=True)
        process.start()
        return process

    def has(self, number: int) -> bool:
        """Return whether chunk `number` can be read without waiting."""
        return self.store.path(number).is_file()

    def read(self, number: int) -> list[Sample]:
        """Return chunk `number`, waiting for it where needed; nothing where composing it fails twice.

        Raises `TrainingError` when composing processes keep dying or the chunk does not come.
        """
        self._reached.value = max(self._reached.value, number)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.has(number):
            if self._lost(number):
                return []
            if time.monotonic() > deadline:
                raise TrainingError(
                    f"no training lines for {PATIENCE_SECONDS:.0f} s: chunk {number} of {self.store.folder} is missing",
                    hint="type the same command again; with few cores raise --set workers=1",
                )
            time.sleep(POLL_SECONDS)
        lines = self.store.read(number)
        if not self._keep:
            with suppress(FileNotFoundError):
                self.store.path(number).unlink()
        return lines

    def _lost(self, number: int) -> bool:
        """Start the process that owes chunk `number` again if it died; True where it died of this chunk twice."""
        if not self._processes:
            return False
        slot = (number - self._first) % len(self._processes)
        process = self._processes[slot]
        if process.is_alive() or self.has(number) or process.exitcode == 0:
            return False
        self._restarts += 1
        if self._restarts > MOST_RESTARTS:
            raise TrainingError(
                f"composing processes ended {self._restarts} times, last with exit code {process.exitcode}",
                hint="the reason stands above; if memory ran out, lower the number of processes: --set workers=1",
            )
        lost = self._died_at == number
        self._died_at = number
        if lost:
            self.store.write(number, [])
        self._processes[slot] = self._launch(number + (len(self._processes) if lost else 0))
        return lost

    def close(self) -> None:
        """End the processes; chunk files stay."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(5)
        self._processes = []
