"""A model reads the pages of a data set: the same engines, prompt and image size as `ocr extract`, no guard.

The gate and the pairs need the model's first word on a page, loops and all; the guard of `ocr extract` would hide what
they are looking for.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from ocr.core.document import EngineOutput, PageImage
from ocr.core.errors import OcrError
from ocr.core.files import append_line, read_jsonl, seed_from, write_lines
from ocr.engines.base import Engine, Request, create
from ocr.repetition import detector
from training.formatting import read_pixels

DAY = 86_400.0
_KEPT: TypeAdapter[tuple[int, tuple[EngineOutput, ...]]] = TypeAdapter(tuple[int, tuple[EngineOutput, ...]])


@dataclass(frozen=True, slots=True)
class Sampled:
    """How answers are drawn: the first greedy, the others at `temperature`."""

    count: int = 1
    temperature: float = 1.0
    seed: int = 0


def read_pages(
    engine: str, model: Path, images: Sequence[Path], sampled: Sampled, kept: Path | None = None
) -> list[tuple[EngineOutput, ...]]:
    """Every answer of the model in folder `model` to every page, in order; `sampled.count` answers a page.

    The file `kept` takes each page's answers as they come; what stands in it is not read again. Raises `EngineError`
    where the model does not load, `DataError` where an image cannot be read.
    """
    known = read_kept(kept) if kept else {}
    unread = [place for place in range(len(images)) if place not in known]
    if unread:
        reader = create(engine, {"model": str(model)})
        asyncio.run(_read_all(reader, {place: images[place] for place in unread}, sampled, known, kept))
    return [known[place] for place in range(len(images))]


def read_kept(file: Path) -> dict[int, tuple[EngineOutput, ...]]:
    """The answers in a file of `read_pages` by the page's place.

    A line that a kill or a full disk cut, and one that is glued to it, go out of the file: the next must begin anew.
    """
    if not file.is_file():
        return {}
    rows, cut = read_jsonl(file, _KEPT.validate_json)
    if cut:
        write_lines(file, map(_KEPT.dump_json, rows))
    return dict(rows)


async def _read_all(
    engine: Engine,
    images: Mapping[int, Path],
    sampled: Sampled,
    known: dict[int, tuple[EngineOutput, ...]],
    kept: Path | None,
) -> None:
    await engine.start()
    try:
        places = asyncio.Semaphore(engine.concurrency)

        async def read(place: int, path: Path) -> None:
            async with places:
                page = PageImage(1, await asyncio.to_thread(read_pixels, path), 200.0)
                requests = [_request(page, path, number, sampled) for number in range(sampled.count)]
                known[place] = tuple([await engine.read(request) for request in requests])
                # A failure may lie with the machine and is asked for again.
                if kept and not any(answer.finish == "error" for answer in known[place]):
                    append_line(kept, _KEPT.dump_json((place, known[place])))

        async with asyncio.TaskGroup() as group:
            for place, path in images.items():
                group.create_task(read(place, path))
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
    return Request(
        image=page,
        attempt=number + 1,
        seed=seed_from(f"{sampled.seed}/{path.name}/{number}"),
        sampling={"temperature": sampled.temperature if number else 0.0},
        # A loop must run its course, however slow the machine: it is what is being counted.
        seconds=DAY,
        decoding={"detect_repeats": False},
    )


def is_degenerate(generation: EngineOutput) -> bool:
    """Does the answer loop, by our own rule, by the published one, or because its engine says so?

    The published rule sees what a low token limit cuts before our own has seen enough laps.
    """
    text = generation.text or ""
    if generation.finish == "repetition" or detector.find(text) is not None:
        return True
    return detector.published_rule(text, generation.finish)
