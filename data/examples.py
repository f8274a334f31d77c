"""Define a page with ground truth, and read and write the manifest that lists such pages.

`manifest.jsonl` holds one JSON object a line; image paths are relative to its folder. Only this module reads and writes
it. Errors name a bad row by its number (1 is the first line), and nothing is returned.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ocr.core.document import FIELDS, Box, Field
from ocr.core.errors import DataError
from ocr.core.files import write_lines

Split = Literal["", "train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

UNREADABLE = "[ilegível]"
"""Replaces illegible words, or a whole illegible line, in the ground truth."""

_ROWS_NAMED = 10
"""Number of bad rows that one error names; a manifest with one bad row mostly has many."""


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """One line as printed; `box` is (left, top, right, bottom) in pixels of the image."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    text: str
    box: Box
    field: Field = "text"


@dataclass(frozen=True, slots=True)
class Example:
    """One page: its image and its ground truth."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    """Unique in a manifest."""
    document: str
    """Shared by pages of one document and of one source text; splits never divide a document."""
    page: int
    """1-based."""
    image: str
    """Path relative to the manifest's folder, with forward slashes."""
    sha256: str
    """Of the image file's bytes."""
    width: int
    height: int
    kind: str
    """Page type: ruling, gazette, essay, line, ..."""
    origin: str
    """Source: "composed", or the name of the corpus."""
    licence: str
    header: str = ""
    text: str = ""
    margin: str = ""
    footer: str = ""
    paragraphs: tuple[str, ...] = ()
    """Body text, joined and de-hyphenated; empty where the corpus does not state it."""
    lines: tuple[ReferenceLine, ...] = ()
    """In reading order within each field; empty where the corpus has no boxes."""
    illegible: tuple[Box, ...] = ()
    """Places of the words that `UNREADABLE` replaces, in pixels of the image; empty where the corpus has no boxes."""
    split: Split = ""
    seed: int | None = None
    test_only: bool = False
    """Whether license or corpus forbid training; `for_training` rejects such pages."""

    @property
    def fields(self) -> dict[Field, str]:
        return {"header": self.header, "text": self.text, "margin": self.margin, "footer": self.footer}


def read_manifest(path: Path, *, images: bool = True) -> list[Example]:
    """Return all rows of a manifest, checked; with `images`, every image file must exist.

    Raises DataError that names each bad row by number (the first ten of them) and what is wrong with it.
    """
    examples: list[Example] = []
    wrong: list[str] = []
    seen: dict[str, int] = {}
    for number, line in _numbered_lines(path):
        found = parse_row(line)
        complaint = found if isinstance(found, str) else _complaint_in_folder(found, path.parent, seen, images)
        if complaint:
            wrong.append(f"row {number}: {complaint}")
        elif isinstance(found, Example):
            seen[found.id] = number
            examples.append(found)
    if wrong:
        more = f"\n... and {len(wrong) - _ROWS_NAMED} more rows" if len(wrong) > _ROWS_NAMED else ""
        raise DataError(
            f"{path}: {len(wrong)} bad of {len(wrong) + len(examples)} rows\n" + "\n".join(wrong[:_ROWS_NAMED]) + more,
            hint="correct or delete these rows, or make the manifest again",
        )
    if not examples:
        raise DataError(f"{path}: has no rows", hint="make pages with: ocr data compose --kind all --count 10")
    return examples


def parse_row(line: str) -> Example | str:
    """Parse a manifest line into an Example, or return what is wrong with it."""
    try:
        example = _row_type().validate_json(line)
    except ValidationError as failure:
        first = failure.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}" if where else first["msg"]
    return example if not (complaint := _complaint(example)) else complaint


def render_row(example: Example) -> str:
    """Return the manifest line of an example, without the newline; the inverse of `parse_row`.

    A key that came after the first version is left out where it is empty, so that the manifest of a finished run keeps
    its digest.
    """
    empty = {"illegible"} if not example.illegible else set()
    return _row_type().dump_json(example, exclude=empty).decode("utf-8")


def write_manifest(path: Path, examples: Iterable[Example]) -> int:
    """Write all rows, or nothing: a temporary file beside `path`, synced and renamed. Returns the number of rows."""
    rows = [render_row(example) for example in examples]
    write_lines(path, (row.encode("utf-8") for row in rows))
    return len(rows)


def for_training(examples: Iterable[Example]) -> list[Example]:
    """Return the examples if all may be used for training. Raises DataError that names those that may not."""
    kept = list(examples)
    barred = [example.id for example in kept if example.test_only or example.split == "test"]
    if barred:
        raise DataError(
            f"{len(barred)} of {len(kept)} pages are for testing only, e.g. {', '.join(barred[:3])}",
            hint="train on the manifest that `ocr data split` wrote for the train split",
        )
    return kept


@cache
def _row_type() -> TypeAdapter[Example]:
    return TypeAdapter(Example)


def _numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        content = path.read_bytes()
    except OSError as failure:
        raise DataError(f"{path}: {failure.strerror}", hint="name the manifest.jsonl file of a data set") from failure
    for number, raw in enumerate(content.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            yield number, raw.decode("utf-8")
        except UnicodeDecodeError as failure:
            raise DataError(f"{path}: row {number}: is not UTF-8 ({failure})", hint="save it as UTF-8") from failure


def _complaint(example: Example) -> str:
    """Return what is wrong with the values of a row, or nothing."""
    if not example.id or not example.document:
        return "id and document may not be empty"
    if example.page < 1 or example.width < 1 or example.height < 1:
        return "page, width and height start at 1"
    if len(example.sha256) != 64 or set(example.sha256) - set("0123456789abcdef"):
        return "sha256 is not 64 hexadecimal digits"
    if not example.image or Path(example.image).is_absolute():
        return f"image {example.image!r} is not a path relative to the manifest's folder"
    for place, line in enumerate(example.lines, start=1):
        left, top, right, bottom = line.box
        if not (0 <= left < right <= example.width and 0 <= top < bottom <= example.height):
            return (
                f"line {place} ({line.text[:30]!r}): box {line.box} is not on the {example.width}x{example.height} page"
            )
    return ""


def _complaint_in_folder(example: Example, folder: Path, seen: dict[str, int], images: bool) -> str:
    if example.id in seen:
        return f"id {example.id!r} is also the id of row {seen[example.id]}"
    if images and not (folder / example.image).is_file():
        return f"image {example.image} does not exist"
    return ""


def join_lines(lines: Iterable[ReferenceLine]) -> dict[Field, str]:
    """Return the four field texts as printed: the lines of each, one below the other."""
    texts: dict[Field, list[str]] = {field: [] for field in FIELDS}
    for line in lines:
        texts[line.field].append(line.text)
    return {field: "\n".join(parts) for field, parts in texts.items()}
