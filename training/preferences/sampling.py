"""Read the pages of a data set with a model: the engines, prompt and image size of `ocr extract`, without retries.

The regression check and the pairs need the first output for a page, with its repetition. The retry policy of
`ocr extract` would hide that.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from ocr.core.document import EngineOutput, PageImage
from ocr.core.files import append_line, read_jsonl, seed_from
from ocr.engines.base import Request, create
from ocr.engines.batch import read_all
from ocr.repetition import detector
from training.formatting import read_pixels

DAY = 86_400.0
_KEPT: TypeAdapter[tuple[int, tuple[EngineOutput, ...]]] = TypeAdapter(tuple[int, tuple[EngineOutput, ...]])


@dataclass(frozen=True, slots=True)
class Sampled:
    """How outputs are sampled: the first greedy, the others at `temperature`."""

    count: int = 1
    temperature: float = 1.0
    seed: int = 0


def read_pages(
    engine: str, model: Path, images: Sequence[Path], sampled: Sampled, kept: Path | None = None
) -> list[tuple[EngineOutput, ...]]:
    """Return the outputs of the model in folder `model` for every page, in order; `sampled.count` outputs a page.

    Each page's outputs are appended to the file `kept`; pages in it are not read again. Raises `EngineError` where the
    model does not load, `DataError` where an image cannot be read.
    """
    cache = _Kept(kept)
    pages = list(enumerate(images))
    if all(cache.get(page) for page in pages):
        return [cache.known[place] for place, _ in pages]
    reader = create(engine, {"model": str(model)})

    async def read(page: tuple[int, Path]) -> tuple[EngineOutput, ...]:
        _, path = page
        image = PageImage(1, await asyncio.to_thread(read_pixels, path), 200.0)
        requests = [_request(image, path, number, sampled) for number in range(sampled.count)]
        return tuple([await reader.read(request) for request in requests])

    return asyncio.run(read_all(reader, pages, read, cache))


class _Kept:
    """The outputs in a file of `read_pages`, by the place of the page; without a file nothing is kept."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.known = dict(read_jsonl(file, _KEPT.validate_json)[0]) if file and file.is_file() else {}

    def get(self, page: tuple[int, Path]) -> tuple[EngineOutput, ...] | None:
        return self.known.get(page[0])

    def put(self, page: tuple[int, Path], outputs: tuple[EngineOutput, ...]) -> None:
        # A failure may lie with the machine, so such a page is read again.
        if self._file and not any(output.finish == "error" for output in outputs):
            append_line(self._file, _KEPT.dump_json((page[0], outputs)))


def _request(page: PageImage, path: Path, number: int, sampled: Sampled) -> Request:
    return Request(
        image=page,
        attempt=number + 1,
        seed=seed_from(f"{sampled.seed}/{path.name}/{number}"),
        sampling={"temperature": sampled.temperature if number else 0.0},
        # An output that repeats itself must reach its token limit on a slow machine too, to be counted.
        seconds=DAY,
        decoding={"detect_repeats": False},
    )


@dataclass(frozen=True, slots=True)
class Repetition:
    """The repetition in an output."""

    degenerate: bool
    """By our own rule, by the published one, or because the engine says so. The published rule sees what a low token
    limit cuts before our own has seen enough periods."""
    rest: str
    """The text without the repetition."""


def assess_repetition(output: EngineOutput) -> Repetition:
    """Return whether the output repeats itself without end, and its text without that."""
    text = output.text or ""
    found = detector.find(text)
    # An output without letters is no text to leave out of; its start is where the last new text was.
    rest = text[: found.start] + text[found.end :] if found and found.kind != "empty" else text
    degenerate = output.finish == "repetition" or found is not None or detector.published_rule(text, output.finish)
    return Repetition(degenerate, rest)


def is_degenerate(output: EngineOutput) -> bool:
    """Return whether the output repeats itself without end."""
    return assess_repetition(output).degenerate
