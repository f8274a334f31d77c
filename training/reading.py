"""A model reads the pages of a data set: the same engines, prompt and image size as `ocr extract`, no guard.

The gate and the pairs need the model's first word on a page, loops and all; the guard of `ocr extract` would hide what
they are looking for.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ocr import degeneration
from ocr.document import Generation, PageImage
from ocr.engines import Engine, Request, create
from ocr.errors import OcrError
from training.chat import read_pixels


@dataclass(frozen=True, slots=True)
class Sampled:
    """How answers are drawn: the first greedy, the others at `temperature`."""

    count: int = 1
    temperature: float = 1.0
    seed: int = 0


def read_pages(engine: str, model: Path, images: Sequence[Path], sampled: Sampled) -> list[tuple[Generation, ...]]:
    """Every answer of the model in folder `model` to every page, in order; `sampled.count` answers a page.

    Raises `EngineError` where the model does not load, `DataError` where an image cannot be read.
    """
    return asyncio.run(_read_all(create(engine, {"model": str(model)}), images, sampled))


async def _read_all(engine: Engine, images: Sequence[Path], sampled: Sampled) -> list[tuple[Generation, ...]]:
    await engine.start()
    try:
        places = asyncio.Semaphore(engine.concurrency)

        async def read(path: Path) -> tuple[Generation, ...]:
            async with places:
                page = PageImage(1, await asyncio.to_thread(read_pixels, path), 200.0)
                requests = [_request(page, path, number, sampled) for number in range(sampled.count)]
                return tuple([await engine.read(request) for request in requests])

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read(path)) for path in images]
        return [task.result() for task in tasks]
    except* OcrError as failures:
        # All pages in flight fail together; one message says it.
        raise first_of(failures) from None
    finally:
        await engine.close()


def first_of(failures: BaseExceptionGroup[OcrError]) -> OcrError:
    """The first failure of a group, however deeply it is nested."""
    first = failures.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first


def _request(page: PageImage, path: Path, number: int, sampled: Sampled) -> Request:
    key = hashlib.sha256(f"{sampled.seed}/{path.name}/{number}".encode()).digest()
    return Request(
        image=page,
        attempt=number + 1,
        seed=int.from_bytes(key[:4], "big"),
        sampling={"temperature": sampled.temperature} if number else {},
        # A loop must run its course: it is what is being counted.
        decoding={"detect_repeats": False},
    )


def is_degenerate(generation: Generation) -> bool:
    """Does the answer loop, by our own rule, by the published one, or because its engine says so?

    The published rule sees what a low token limit cuts before our own has seen enough laps.
    """
    text = generation.text or ""
    if generation.finish == "repetition" or degeneration.find(text) is not None:
        return True
    return degeneration.published_rule(text, generation.finish)
