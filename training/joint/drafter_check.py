"""The check of stage `drafter`: held-out pages, written token by token, drafted by the base, and by its adapter.

An adapter that only drafts changes no text, so there is no composite to compare. It is promoted only if the tokens per
pass of self-speculation rise, and if every page has the tokens of `ar`. On a GPU rounding may change a token in any
mode: there no more pages may differ than without the adapter.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from data.examples import Example
from eval.metrics.stats import Interval, bootstrap_mean
from ocr.core.document import PageImage
from ocr.core.errors import EngineError
from ocr.core.files import append_line, read_jsonl
from ocr.engines.base import Request
from ocr.engines.batch import read_all
from ocr.engines.vlm.decoding.modes import DecodingSettings, check_decoding
from ocr.engines.vlm.transformers import TransformersEngine
from ocr.models import catalog
from training.formatting import read_pixels
from training.run import DraftComparison

DAY = 86_400.0
ONE_SIDED = 0.90
"""A two-sided interval of 90% has the one-sided bounds of 95%."""


@dataclass(frozen=True, slots=True)
class DraftedPage:
    """One held-out page as one mode wrote it."""

    way: str
    """`ar`, `alone` or `adapted`."""
    place: int
    ids: tuple[int, ...]
    passes: int

    @property
    def per_pass(self) -> float:
        """Return the tokens per pass."""
        return len(self.ids) / max(1, self.passes)


_PAGE: TypeAdapter[DraftedPage] = TypeAdapter(DraftedPage)
Drafted = Mapping[str, Sequence[DraftedPage]]


def write_held_out(base: str, adapter: Path, images: Sequence[Path], kept: Path) -> Drafted:
    """Return every page as the base writes it in mode `ar`, and by self-speculation without and with the adapter.

    Pages are appended to the file `kept`; those in it are not read again. Raises `EngineError` where a page cannot be
    read or the model does not load.
    """
    ways = {
        "ar": DecodingSettings(mode="ar"),
        "alone": DecodingSettings(mode="self-speculation"),
        "adapted": DecodingSettings(mode="self-speculation", drafter=str(adapter)),
    }
    return {way: _write(way, settings, base, (images, kept)) for way, settings in ways.items()}


def _write(
    way: str, settings: DecodingSettings, base: str, pages: tuple[Sequence[Path], Path]
) -> Sequence[DraftedPage]:
    images, kept = pages
    model = catalog.resolve(base)
    check_decoding(settings, model)
    engine = TransformersEngine(model, settings)

    async def read(page: tuple[int, Path]) -> DraftedPage:
        place, path = page
        image = PageImage(1, await asyncio.to_thread(read_pixels, path), 200.0)
        # A repetition must reach its token limit in every mode.
        request = Request(image, seconds=DAY, decoding={"detect_repeats": False})
        try:
            answer = await engine.answer(request)
        except (ValueError, IndexError) as cause:
            raise EngineError(f"{path} cannot be shown to the model: {cause}", hint="delete it from the set") from cause
        return DraftedPage(way, place, answer.ids, answer.passes)

    return asyncio.run(read_all(engine, list(enumerate(images)), read, _Kept(kept, way)))


class _Kept:
    """The pages of one way in the file, by their place."""

    def __init__(self, file: Path, way: str) -> None:
        self._file = file
        found = read_jsonl(file, _PAGE.validate_json)[0] if file.is_file() else []
        self._known = {page.place: page for page in found if page.way == way}

    def get(self, page: tuple[int, Path]) -> DraftedPage | None:
        return self._known.get(page[0])

    def put(self, page: tuple[int, Path], result: DraftedPage) -> None:
        del page
        append_line(self._file, _PAGE.dump_json(result))


def compare_drafts(examples: Sequence[Example], drafted: Drafted, *, seed: int) -> DraftComparison:
    """Compare the drafts without and with the adapter, page by page; whole documents are resampled."""
    alone, adapted = drafted["alone"], drafted["adapted"]
    change = bootstrap_mean(
        [after.per_pass - before.per_pass for before, after in zip(alone, adapted, strict=True)],
        [example.document for example in examples],
        seed=seed,
        confidence=ONE_SIDED,
    )
    different = [
        sum(page.ids != wanted.ids for page, wanted in zip(pages, drafted["ar"], strict=True))
        for pages in (alone, adapted)
    ]
    before, after = (
        sum(len(page.ids) for page in pages) / sum(page.passes for page in pages) for pages in (alone, adapted)
    )
    return DraftComparison(
        len(examples), before, after, change, different[0], different[1], _complaints(change, different)
    )


def _complaints(change: Interval, different: Sequence[int]) -> tuple[str, ...]:
    found = []
    if change.low is None or change.low <= 0:
        bound = "not known" if change.low is None else f"{change.low:+.3f}"
        found.append(f"no more tokens per pass: {change.value:+.3f} a page, 95% bound {bound}, needed above 0")
    if different[1] > different[0]:
        found.append(f"{different[1]} pages have other tokens than ar, {different[0]} without the adapter")
    return tuple(found)
