"""Real lines of an archive: a folder of line images with their text, and lines cut from pages whose text is known.

`read_lines` is the one reader of such folders. It takes images of lines, listed in `lines.jsonl` or each beside its
`NAME.gt.txt`, as Kraken and Tesseract have them; a data set, whose `manifest.jsonl` lists pages with the boxes of their
lines; an output folder of `ocr extract` with corrections that `ocr accept` recorded; corrected JSON output beside the
scans that it was read from, or below the same folder.
"""

import asyncio
import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from data.lines.composer import HEIGHT, LEAST_PIXELS
from data.lines.marks import Pixels
from data.lines.texts import clean
from ocr.core.errors import DataError, ScanError
from ocr.core.files import hash_file, write_atomic
from ocr.core.files import write_lines as write_rows

if TYPE_CHECKING:
    from data.examples import Example
    from ocr.core.document import Box, Document, Page

LINES_FILE = "lines.jsonl"
PAGES_FILE = "manifest.jsonl"
TEXT_SUFFIX = ".gt.txt"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
"""Images of single lines; they are decoded in this process."""
UPRIGHT = 1.5
"""A line this many times taller than wide runs up or down the page and is left out."""
TIGHT = 0.16
"""Of its height, that the box of a line of a data set is grown by: it ends where the ink does."""


@dataclass(frozen=True, slots=True)
class RealLine:
    """One line of a real page: gray `pixels` (48, width) uint8, its text, and where it comes from."""

    pixels: Pixels
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class LineSet:
    """Lines that can be trained on, and how many were left out for which reason."""

    lines: tuple[RealLine, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


def read_lines(folder: Path, *, clean_text: Callable[[str], str] = clean) -> LineSet:
    """Return the lines of a folder; see the module for what it may hold.

    `clean_text` returns a text as it is trained on, or "" for a line to leave out: by default one with a character
    outside the alphabet of composed lines.

    Raises DataError, naming the file, when there is no line in it, when a file is missing or broken, and when a scan is
    not the one that an output file was read from.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder", hint=f"name a folder with {LINES_FILE}, or with corrected output")
    reading = _Reading(clean_text)
    lines = list(_lines_of(folder, reading))
    if not lines:
        reasons = "".join(f"; {count} left out: {reason}" for reason, count in reading.left_out.items())
        raise DataError(
            f"{folder}: holds no line to train on{reasons}",
            hint=f"name a folder with {LINES_FILE}, NAME.gt.txt beside NAME.png, a data set, or corrected output",
        )
    return LineSet(tuple(lines), dict(reading.left_out))


def compose_text(text: str) -> str:
    """Return a text in composed form (NFC) with single spaces, whatever its letters."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@dataclass(frozen=True, slots=True)
class _Reading:
    """How texts are cleaned, and why lines were left out so far."""

    clean: Callable[[str], str]
    left_out: Counter[str] = field(default_factory=Counter)

    def usable(self, text: str) -> str:
        """Return the cleaned text of a line, or "", counted by reason."""
        if not text.strip():
            self.left_out["no text"] += 1
            return ""
        if "[ilegível]" in text:
            self.left_out["cannot be read"] += 1
            return ""
        if not (cleaned := self.clean(text)):
            self.left_out["characters outside the alphabet"] += 1
        return cleaned


def _lines_of(folder: Path, reading: _Reading) -> Iterable[RealLine]:
    if (folder / LINES_FILE).is_file():
        return _listed(folder / LINES_FILE, reading)
    if (folder / PAGES_FILE).is_file():
        return _cut_examples(folder / PAGES_FILE, reading)
    if texts := sorted(folder.rglob(f"*{TEXT_SUFFIX}")):
        return _paired(texts, reading)
    from data.lines.corrected.accepted_output import accepted_documents, is_output_folder  # it loads pydantic too

    if is_output_folder(folder):
        return asyncio.run(_cut_outputs(accepted_documents(folder, reading.left_out), reading))
    return asyncio.run(_cut_outputs(_read_scans(folder), reading))


def write_lines(folder: Path, lines: Iterable[RealLine]) -> int:
    """Write line images and `lines.jsonl`, which `read_lines` reads again; return the number of lines."""
    rows = []
    for number, line in enumerate(lines, start=1):
        name = f"line_{number:06d}.png"
        write_atomic(folder / name, cv2.imencode(".png", line.pixels)[1].tobytes())
        row = {"image": name, "text": line.text, "source": line.source}
        rows.append(json.dumps(row, ensure_ascii=False).encode("utf-8"))
    write_rows(folder / LINES_FILE, rows)
    return len(rows)


def cut_line_image(page: Pixels, box: "Box", grown: float = 0.0) -> Pixels | None:
    """Return the strip (48, width) of a line on a gray page, or None where the box is empty or stands on end.

    `box` is (left, top, right, bottom) in pixels; `grown` is the share of its height that is added on every side.
    """
    left, top, right, bottom = box
    extra = grown * (bottom - top)
    rows = slice(max(0, round(top - extra)), min(page.shape[0], round(bottom + extra)))
    columns = slice(max(0, round(left - extra)), min(page.shape[1], round(right + extra)))
    strip = page[rows, columns]
    if min(strip.shape) < 3 or strip.shape[0] > UPRIGHT * strip.shape[1]:
        return None
    return _resized(strip)


def _resized(strip: Pixels) -> Pixels:
    width = max(LEAST_PIXELS, round(strip.shape[1] * HEIGHT / strip.shape[0]))
    return np.asarray(cv2.resize(strip, (width, HEIGHT)), np.uint8)


def _read_image(path: Path) -> Pixels:
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as failure:
        raise DataError(f"{path}: {failure.strerror}", hint="put the image there, or delete its row") from failure
    pixels = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE) if len(content) else None
    if pixels is None or min(pixels.shape) < 3:
        raise DataError(f"{path}: is not an image that can be read", hint="use PNG, JPEG or TIFF")
    return np.asarray(pixels, np.uint8)


def _listed(listing: Path, reading: _Reading) -> Iterator[RealLine]:
    for number, row in enumerate(listing.read_text(encoding="utf-8").splitlines(), start=1):
        if not row.strip():
            continue
        try:
            entry = json.loads(row)
            name, text = str(entry["image"]), str(entry["text"])
        except (ValueError, KeyError, TypeError) as failure:
            raise DataError(
                f"{listing}: row {number}: no object with image and text ({failure})",
                hint='each row is {"image": "a.png", "text": "what it says"}',
            ) from failure
        if text := reading.usable(text):
            yield RealLine(_resized(_read_image(listing.parent / name)), text, str(entry.get("source", name)))


def _paired(texts: Iterable[Path], reading: _Reading) -> Iterator[RealLine]:
    for file in texts:
        name = file.name.removesuffix(TEXT_SUFFIX)
        images = [image for suffix in IMAGE_SUFFIXES if (image := file.with_name(name + suffix)).is_file()]
        if not images:
            raise DataError(f"{file} has no image beside it", hint=f"put {name}.png there, or delete the text")
        if text := reading.usable(file.read_text(encoding="utf-8")):
            yield RealLine(_resized(_read_image(images[0])), text, images[0].name)


def _cut_examples(manifest: Path, reading: _Reading) -> Iterator[RealLine]:
    from data.examples import for_training, read_manifest  # it loads pydantic, which composing lines does without

    for example in for_training(read_manifest(manifest)):
        yield from _cut_example(example, manifest.parent, reading)


def _cut_example(example: "Example", folder: Path, reading: _Reading) -> Iterator[RealLine]:
    page = _read_image(folder / example.image)
    for number, line in enumerate(example.lines, start=1):
        if text := reading.usable(line.text):
            strip = cut_line_image(page, line.box, TIGHT)
            if strip is None:
                reading.left_out["stands on end or has no size"] += 1
            else:
                yield RealLine(strip, text, f"{example.id}, line {number}")


def _read_scans(folder: Path) -> list[tuple[Path, "Document"]]:
    """Yield each scan of an output file below the folder, with that output."""
    outputs = ((path, _read_output(path)) for path in sorted(folder.rglob("*.json")))
    return [(_find_scan(path, folder, document), document) for path, document in outputs if document]


async def _cut_outputs(scans: Sequence[tuple[Path, "Document"]], reading: _Reading) -> list[RealLine]:
    from ocr.rendering.renderer import Renderer, RenderSettings

    renderer = Renderer(RenderSettings())
    lines: list[RealLine] = []
    try:
        for scan, document in scans:
            for page in (page for page in document.pages if page.lines):
                image = await renderer.render(scan, page.number)
                gray = np.asarray(cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
                lines += _cut_page(gray, page, f"{document.source.path}, page {page.number}", reading)
    except ScanError as failure:
        raise DataError(failure.message, hint=failure.hint) from failure
    finally:
        await renderer.close()
    return lines


def _read_output(path: Path) -> "Document | None":
    """Return the document of an output file; None where a JSON file is something else."""
    from pydantic import ValidationError

    from ocr.formats.json_schema import document_from_json

    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as failure:
        raise DataError(
            f"{path}: is not JSON: {failure}", hint="fix the file, or move it out of the folder"
        ) from failure
    if not isinstance(values, dict) or not {"source", "pages"} <= values.keys():
        return None
    try:
        return document_from_json(values)
    except ValidationError as failure:
        first = failure.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path}: {where}: {first['msg']}", hint="see the shape with: ocr schema") from failure


def _find_scan(output: Path, folder: Path, document: "Document") -> Path:
    """Return the scan of an output file, beside it or below the folder that was named."""
    named = Path(document.source.path)
    places = [output.parent / named.name, folder / named, folder.parent / named]
    found = [place for place in places if place.is_file()]
    if not found:
        raise DataError(
            f"{output}: its scan {named.name} is not beside it", hint=f"copy {named.name} to {output.parent}"
        )
    same = [place for place in found if hash_file(place) == document.source.sha256]
    if not same:
        raise DataError(
            f"{output}: {found[0]} is not the file that was read",
            hint="put the scan there as it was, or read it again with: ocr extract",
        )
    return same[0]


def _cut_page(gray: Pixels, page: "Page", where: str, reading: _Reading) -> Sequence[RealLine]:
    upright = np.rot90(gray, -page.rotation // 90)
    scale = upright.shape[1] / page.width if page.width else 1.0
    lines = []
    for number, line in enumerate(page.lines, start=1):
        if text := reading.usable(line.text):
            left, top, right, bottom = (scale * edge for edge in line.box)
            strip = cut_line_image(np.ascontiguousarray(upright), (left, top, right, bottom))
            if strip is None:
                reading.left_out["stands on end or has no size"] += 1
            else:
                lines.append(RealLine(strip, text, f"{where}, line {number}"))
    return lines
