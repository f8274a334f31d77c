"""Take preference pairs from the ledger of a run of `ocr extract`, or from a file.

A ledger keeps rejected attempts. Each makes a pair with the accepted output for the same page. The page is rendered
again with the settings of that run. Held-out pages are never taken.
"""

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ocr.core.document import FIELDS, PageImage
from ocr.core.environment import load
from ocr.core.errors import DataError, ScanError, UsageError
from ocr.core.files import hash_bytes, hash_file, write_atomic
from ocr.models.answer_format import Fields
from ocr.models.catalog import Model
from ocr.pipeline.engine_selection import rendered_as
from ocr.rendering.discovery import sha256_of
from ocr.rendering.renderer import Renderer, RenderSettings
from ocr.storage.ledger import Entry
from ocr.storage.output_dir import open_folder
from training.formatting import write
from training.preferences.mining import oppose
from training.preferences.pairs import Pair, read_pairs


@dataclass(frozen=True, slots=True)
class Harvest:
    """The pairs, and a line for each page that gave none."""

    pairs: list[Pair]
    left_out: list[str]


@dataclass(frozen=True, slots=True)
class _Found:
    """A page of a ledger that makes pairs, before its image is rendered."""

    places: list[str]
    sha256: str
    number: int
    pairs: list[Pair]


def digest_source(source: Path) -> str:
    """Return the digest of a pairs file, or of the attempts in a ledger. Raises `UsageError` where there is neither."""
    if source.is_file():
        return hash_file(source)
    if not source.is_dir():
        raise UsageError(
            f"--pairs-from {source}: no such file or folder", hint="a folder that `ocr extract --to` named, or a file"
        )
    _, entries = _open(source)
    rows = sorted((sha256, entry.page.number, len(entry.rejected)) for _, sha256, entry in entries)
    return hash_bytes(repr(rows).encode())


def take_pairs(source: Path, model: Model, images: Path, barred: Mapping[str, str]) -> Harvest:
    """Return the pairs of a file, or of the ledger in an output folder of `ocr extract`.

    Their answers have the form that `model` writes; pages are rendered into the folder `images`. `barred` names the
    held-out images by SHA-256. Raises `DataError` where one of them would be trained on.
    """
    return _of_file(source, barred) if source.is_file() else _of_ledger(source, model, images, barred)


def _of_file(source: Path, barred: Mapping[str, str]) -> Harvest:
    pairs = [replace(pair, image=str((source.parent / pair.image).resolve())) for pair in read_pairs(source)]
    digests = {}
    for image in {pair.image for pair in pairs}:
        try:
            digests[image] = sha256_of(Path(image))
        except ScanError as cause:
            raise DataError(f"{source}: {cause.message}", hint="correct the path, or delete the line") from cause
    _refuse_held_out(source, list(digests.values()), barred)
    return Harvest(pairs, [])


def _of_ledger(source: Path, model: Model, images: Path, barred: Mapping[str, str]) -> Harvest:
    settings, entries = _open(source)
    _refuse_held_out(source, [sha256 for _, sha256, _ in entries], barred)
    found = [_pair(places, sha256, entry, model) for places, sha256, entry in entries]
    useful = [page for page in found if page.pairs]
    harvest = asyncio.run(_draw(useful, settings, images))
    if len(useful) < len(found):
        harvest.left_out.append(
            f"{len(found) - len(useful)} pages: the accepted output has discrepancies, is not the model's own, "
            "or hardly differs"
        )
    return harvest


def _open(source: Path) -> tuple[RenderSettings, list[tuple[list[str], str, Entry]]]:
    with open_folder(source) as folder:
        return rendered_as(folder.ledger), list(folder.ledger.rejections())


def _refuse_held_out(source: Path, digests: Sequence[str], barred: Mapping[str, str]) -> None:
    held = sorted({barred[digest] for digest in digests if digest in barred})
    if held:
        raise DataError(
            f"{source}: {len(held)} of its pages are held out for the regression check or for tests, "
            f"e.g. {', '.join(held[:3])}",
            hint="take pairs from a run over other scans: ocr extract OTHER_SCANS --to DIR",
        )


def _pair(places: list[str], sha256: str, entry: Entry, model: Model) -> _Found:
    """Return the pairs of one page, without an image; none where the accepted output is no example to follow.

    The built-in engine makes other errors than a model, and an output with discrepancies may be wrong.
    """
    page, kept = entry.page, entry.generation
    if kept is None or kept.text is None or kept.doubts:
        return _Found(places, sha256, page.number, [])
    chosen = write(Fields(**{name: getattr(page, name) for name in FIELDS}), model)
    name = f"{Path(places[0]).name if places else sha256[:12]}:{page.number}"
    rejected = oppose(chosen, [attempt.generation for attempt in entry.rejected], model)
    return _Found(
        places,
        sha256,
        page.number,
        [Pair(name, "", chosen, each.text, each.cause, "reading", each.ended) for each in rejected],
    )


async def _draw(found: Sequence[_Found], settings: RenderSettings, images: Path) -> Harvest:
    """Render every page again; the pairs of a scan that is gone or has changed are left out."""
    renderer = Renderer(settings)
    harvest = Harvest([], [])
    try:
        for page in found:
            image = images / f"{page.sha256[:16]}-{page.number}.png"
            try:
                write_atomic(image, _png(await renderer.render(_standing(page), page.number)))
            except ScanError as problem:
                harvest.left_out.append(problem.message)
            else:
                harvest.pairs.extend(replace(pair, image=str(image.resolve())) for pair in page.pairs)
    finally:
        await renderer.close()
    return harvest


def _standing(page: _Found) -> Path:
    """Return a copy of the scan that has not changed."""
    for place in page.places:
        path = Path(place)
        if path.is_file() and sha256_of(path) == page.sha256:
            return path
    raise ScanError(f"{page.places[0] if page.places else page.sha256}: is gone, or has changed since it was read")


def _png(page: PageImage) -> bytes:
    stream = io.BytesIO()
    load("PIL.Image").fromarray(page.pixels).save(stream, "PNG")
    return stream.getvalue()
