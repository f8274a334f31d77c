"""Import corpora: one function for each known corpus, and a table of them.

An importer yields pages with the bytes of their images; `import_corpus` writes both as a data set with a manifest.
Nothing is invented: boxes, paragraphs and fields that a corpus does not have stay empty. Pages of corpora whose rules
or purpose forbid training are marked `test_only`.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Any

from data.examples import UNREADABLE, Example, ReferenceLine, Split, write_manifest
from data.importers.alto_page_xml import IMAGES, ImportedPage, read_alto, read_page_xml
from data.importers.parquet import image_of, read_rows
from ocr.core.document import FIELDS, Field
from ocr.core.environment import load
from ocr.core.errors import DataError, OutputError, UsageError
from ocr.core.files import hash_bytes
from ocr.storage.output_dir import held


@dataclass(frozen=True, slots=True)
class Corpus:
    """How a corpus is read, and the license of its pages."""

    read: Callable[[Path], Iterator[ImportedPage]]
    licence: str
    test_only: bool = False


def import_corpus(name: str, source: str, to: Path, licence: str = "") -> Path:
    """Read the corpus `name` at `source` into a data set at `to`; return the manifest.

    `licence` overrides the license that the corpus states. Raises UsageError on an unknown corpus, DataError when the
    source does not have the layout of the corpus, OutputError when `to` is in use or holds a data set.
    """
    corpus = _corpus(name)
    pages = corpus.read(_place(name, source))
    first = next(pages, None)  # read first, so that a missing corpus leaves no folder behind
    if first is None:
        raise DataError(
            f"{source or name}: no page of {name} found", hint=f"ocr data import {name} FOLDER, laid out as published"
        )
    manifest = to / "manifest.jsonl"
    with held(to, create=True):
        if manifest.exists():
            raise OutputError(f"{to}: already holds a data set", hint="name another folder: --to DIR")
        terms = _Terms(name, licence or corpus.licence, corpus.test_only)
        names: set[str] = set()
        write_manifest(manifest, [_keep(found, _name(found, names), to, terms) for found in chain([first], pages)])
    return manifest


def _place(name: str, source: str) -> Path:
    if name.startswith("hub:"):
        return Path(name.removeprefix("hub:"))
    if not source or not Path(source).exists():
        said = f"{source}: no such file or folder" if source else f"{name}: SOURCE is missing"
        raise DataError(said, hint=f"ocr data import {name} FOLDER --to DIR")
    return Path(source)


def _name(found: ImportedPage, taken: set[str]) -> str:
    """Return a name of the page that can be a file name, with a number where another page has it."""
    safe = re.sub(r"[^\w.-]+", "_", found.name)
    name = next(name for number in count(1) if (name := safe if number == 1 else f"{safe}-{number}") not in taken)
    taken.add(name)
    return name


@dataclass(frozen=True, slots=True)
class _Terms:
    origin: str
    licence: str
    test_only: bool


def _corpus(name: str) -> Corpus:
    if name in CORPORA:
        return CORPORA[name]
    if name.removeprefix("hub:") not in ("", name):
        return Corpus(read_hub, "see the data set's card")
    raise UsageError(f"there is no importer {name!r}", hint=f"one of: {', '.join(CORPORA)}, hub:OWNER/NAME")


def _keep(found: ImportedPage, name: str, to: Path, terms: _Terms) -> Example:
    width, height, suffix = _measure(found.image, found.name)
    path = to / "images" / f"{name}{suffix}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found.image)
    except OSError as failure:
        raise OutputError(f"{path}: {failure.strerror}", hint="free space or name another --to") from failure
    return Example(
        id=name, document=found.document, page=found.page, image=f"images/{path.name}", sha256=hash_bytes(found.image),
        width=width, height=height, kind=found.kind, origin=terms.origin, licence=terms.licence,
        header=found.texts.get("header", ""), text=found.texts.get("text", ""), margin=found.texts.get("margin", ""),
        footer=found.texts.get("footer", ""), lines=_on_page(found.lines, width, height), test_only=terms.test_only,
        split="test" if terms.test_only else found.split,
    )  # fmt: skip


def _measure(content: bytes, name: str) -> tuple[int, int, str]:
    images: Any = load("PIL.Image")
    try:
        with images.open(io.BytesIO(content)) as image:
            suffix = {"JPEG": ".jpg", "TIFF": ".tif"}.get(image.format, f".{image.format.lower()}")
            return image.width, image.height, suffix
    except (OSError, ValueError) as failure:
        raise DataError(
            f"{name}: its image cannot be opened: damaged or of an unknown format", hint="replace or remove it"
        ) from failure


def _on_page(lines: tuple[ReferenceLine, ...], width: int, height: int) -> tuple[ReferenceLine, ...]:
    """Clip boxes to the page, because corpora have some that exceed it by a few pixels; drop lines outside the page."""
    kept = []
    for line in lines:
        left, top, right, bottom = line.box
        box = (max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom))
        if box[0] < box[2] and box[1] < box[3]:
            kept.append(ReferenceLine(line.text, box, line.field))
    return tuple(kept)


def read_dharma(source: Path) -> Iterator[ImportedPage]:
    """Read Parquet files of DharmaOCR-Benchmark: `id`, `image` or `image_base64`, `assistant` (JSON of the fields)."""
    for row in read_rows(source, ("id", "assistant")):
        try:
            said = json.loads(str(row["assistant"]), strict=False)
        except json.JSONDecodeError as failure:
            raise DataError(f"{source}: row {row['id']}: `assistant` is not JSON ({failure})") from failure
        texts: dict[Field, str] = {field: str(said.get(field) or "") for field in FIELDS}
        yield ImportedPage(
            f"dharma-{int(str(row['id'])):03d}", f"dharma-{row['id']}", image_of(row), texts, kind="benchmark"
        )


def read_bressay(source: Path) -> Iterator[ImportedPage]:
    """Read BRESSAY: `data/pages/NAME.png` beside `NAME.txt`, partitions in `sets/*.txt`; markers by `clean_bressay`."""
    folder = next((path for path in (source / "data" / "pages", source / "pages") if path.is_dir()), source)
    splits = _bressay_splits(source / "sets")
    for found in read_pairs(folder):
        texts: dict[Field, str] = {"text": clean_bressay(found.texts["text"])}
        yield replace(
            found, name=f"bressay-{found.name}", document=f"bressay-{found.document}", texts=texts, kind="handwritten",
            split=splits.get(found.name, ""),
        )  # fmt: skip


def clean_bressay(text: str) -> str:
    """Convert the markers of BRESSAY to the conventions of this project.

    `@@???@@` and `--xxx--`, illegible text, become `[ilegível]`. `##word##` and `$$word$$`, written above or below the
    line, become plain words at their place. `--word--`, struck out, stays: the benchmark that tests its pages keeps it.
    """
    text = re.sub(r"(##|\$\$)([^\n]*?)\1", r"\2", text)
    text = re.sub(r"@@\?+@@|@+\?{3}@+|--x+--", UNREADABLE, text)
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip()


def _bressay_splits(folder: Path) -> dict[str, Split]:
    splits: dict[str, Split] = {}
    for name, split in _BRESSAY_SETS.items():
        path = folder / f"{name}.txt"
        if path.is_file():
            splits |= {PurePosixPath(line.strip()).stem: split for line in path.read_text(encoding="utf-8").split()}
    return splits


def read_ester(source: Path) -> Iterator[ImportedPage]:
    """Read ESTER-Pt: a folder or ZIP of page images, each beside a .txt of its lines."""
    if source.is_dir():
        yield from read_pairs(source)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            yield from _zipped_pairs(archive, source)
    except (OSError, zipfile.BadZipFile) as failure:
        raise DataError(f"{source}: is neither a folder nor a ZIP archive: {failure}") from failure


def _zipped_pairs(archive: zipfile.ZipFile, source: Path) -> Iterator[ImportedPage]:
    names = {PurePosixPath(name): name for name in archive.namelist()}
    for path in sorted(names):
        beside = names.get(path.with_suffix(".txt"))
        if path.suffix.lower() in IMAGES and beside:
            text = _decoded(archive.read(beside), f"{source}: {beside}")
            document = path.parent.name or path.stem
            yield ImportedPage(path.stem, document, archive.read(names[path]), {"text": text.rstrip("\n")})


def read_pairs(source: Path) -> Iterator[ImportedPage]:
    """Read any folder of images, each beside a .txt of the same name; pages of one subfolder are one document."""
    for path in sorted(source.rglob("*")):
        beside = path.with_suffix(".txt")
        if path.suffix.lower() in IMAGES and beside.is_file():
            own = path.parent == source
            document = path.stem if own else path.parent.relative_to(source).as_posix()
            text = _decoded(beside.read_bytes(), str(beside))
            yield ImportedPage(path.stem, document, path.read_bytes(), {"text": text.rstrip("\n")})


def read_hub(source: Path) -> Iterator[ImportedPage]:
    """Read a hub data set of Parquet files with an image column and `text` (or the four fields by name).

    `source` is OWNER/NAME, downloaded through huggingface_hub, or a folder of such files.
    """
    folder = source
    if not source.exists():
        hub: Any = load("huggingface_hub", extra="train")
        try:
            folder = Path(hub.snapshot_download(source.as_posix(), repo_type="dataset", allow_patterns=["*.parquet"]))
        except (OSError, ValueError) as failure:
            raise DataError(
                f"hub:{source}: cannot be downloaded: {str(failure).splitlines()[0]}",
                hint="download it where there is a network, then: ocr data import hub:FOLDER --to DIR",
            ) from failure
    for number, row in enumerate(read_rows(folder)):
        texts: dict[Field, str] = {field: str(row[field]) for field in FIELDS if row.get(field)}
        if not texts:
            raise DataError(f"{source}: row {number} has none of the columns {', '.join(FIELDS)}")
        name = str(row.get("id", number))
        yield ImportedPage(name, str(row.get("document", name)), image_of(row), texts)


_BRESSAY_SETS: dict[str, Split] = {
    "test": "test", "validation": "validation", "training": "train", "train": "train",
}  # fmt: skip

CORPORA: dict[str, Corpus] = {
    "bressay": Corpus(read_bressay, "BRESSAY terms: research only"),
    "ester": Corpus(read_ester, "ESTER-Pt terms: see its archive"),
    "dharma": Corpus(read_dharma, "DharmaOCR-Benchmark licence: other", test_only=True),
    "alto": Corpus(read_alto, "unknown"),
    "page-xml": Corpus(read_page_xml, "unknown"),
    "pairs": Corpus(read_pairs, "unknown"),
}


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as failure:
        raise DataError(f"{name}: is not UTF-8 ({failure.reason} at byte {failure.start})") from failure
