"""Open pages with their reference text: the samples, a folder, a manifest, or DharmaOCR-Benchmark."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from data.importers.parquet import Row, image_of, read_rows
from eval.reference_files import fields_to_json, find_text_file, read_page_texts
from ocr.core.document import FIELDS
from ocr.core.environment import load, samples_folder
from ocr.core.errors import DataError
from ocr.core.files import write_atomic
from ocr.rendering.discovery import sha256_of
from ocr.rendering.filetype import EXTENSIONS, kind_of

HUB_SET = "Dharma-AI/DharmaOCR-Benchmark"
HUB_REVISION = "e8f4bb516839c1a0a32ee0234b3cbcd5aa5c10d3"
HUB_LICENCE = "its own (LICENSE in the data set, to be read before use); test only"


@dataclass(frozen=True, slots=True)
class ReferencePage:
    """One page of a scan and its reference text."""

    id: str
    document: str
    """Errors on pages of one document are correlated; intervals resample whole documents."""
    scan: Path
    number: int
    """1-based page of the scan."""
    reference: str
    """A JSON object of fields, or plain text."""
    sha256: str
    """Of the scan file."""


@dataclass(frozen=True, slots=True)
class DataSet:
    name: str
    pages: tuple[ReferencePage, ...]
    left_out: tuple[str, ...] = ()
    """Scans that cannot be scored, each with the reason."""
    licence: str = ""


def open_data(name: str, work: Path) -> DataSet:
    """Open the data set that `--data` names: "samples", "dharma", a folder, a manifest.jsonl or a .parquet file.

    Images that come inside a table are unpacked into `work`. Raises DataError where no page can be scored.
    """
    path = Path(name)
    if name in ("", "samples"):
        found = replace(_folder("samples", samples_folder()), licence="made by the project, Apache-2.0")
    elif name == "dharma":
        found = _parquet(name, _download(), work)
    elif path.suffix == ".jsonl" and path.is_file():
        found = _manifest(path)
    elif path.suffix == ".parquet" and path.is_file():
        found = _parquet(name, [path], work)
    elif path.is_dir():
        found = _any_folder(path, work)
    else:
        raise DataError(
            f"--data {name}: no such data set", hint="samples, dharma, a folder, a manifest.jsonl or a .parquet file"
        )
    if not found.pages:
        reasons = "".join(f"\n{reason}" for reason in found.left_out[:10])
        raise DataError(
            f"--data {name}: no page with a reference text{reasons}", hint="put page.txt or page.json beside page.png"
        )
    return found


def _any_folder(path: Path, work: Path) -> DataSet:
    if (path / "manifest.jsonl").is_file():
        return _manifest(path / "manifest.jsonl")
    tables = sorted(path.rglob("*.parquet"))
    return _parquet(str(path), tables, work) if tables else _folder(str(path), path)


def _folder(name: str, folder: Path) -> DataSet:
    """Open scans with a text file beside them, or in a folder named truth, alto or page beside them."""
    pages: list[ReferencePage] = []
    left_out: list[str] = []
    for scan in sorted(path for path in folder.rglob("*") if path.suffix.lower() in EXTENSIONS and path.is_file()):
        shown = scan.relative_to(folder).as_posix()
        beside = (
            find_text_file(scan, place) for place in (scan.parent, *(scan.parent / n for n in _REFERENCE_FOLDERS))
        )
        file = next((found for found in beside if found), None)
        if file is None:
            left_out.append(f"{shown}: no text beside it")
            continue
        try:
            pages += _pages_of(shown, scan, read_page_texts(file))
        except DataError as failure:
            left_out.append(failure.message)
    return DataSet(name, tuple(pages), tuple(left_out))


_REFERENCE_FOLDERS = ("truth", "alto", "page")


def _pages_of(shown: str, scan: Path, references: list[str]) -> Iterator[ReferencePage]:
    sha256 = sha256_of(scan)
    for number, reference in enumerate(references, start=1):
        identity = shown if len(references) == 1 else f"{shown}#{number}"
        yield ReferencePage(identity, shown, scan, number, reference, sha256)


def _manifest(path: Path) -> DataSet:
    """Open a manifest: one JSON object a line with `image`, `text`, and `header`, `margin`, `footer`, `id`, `document`.

    Rows of data.examples have this form, and so have those of other tools. A bad row is an error: where one row is
    wrong, the others may be wrong as well.
    """
    pages: list[ReferencePage] = []
    licences: set[str] = set()
    for number, raw in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            row = json.loads(raw.decode("utf-8"))
            pages.append(_row_page(row, path.parent, number))
        except (ValueError, KeyError, TypeError, OSError) as cause:
            raise DataError(f"{path}: row {number}: {_words(cause)}", hint="correct or delete the row") from cause
        licences.add(str(row.get("licence", "")))
    return DataSet(str(path), tuple(pages), (), ", ".join(sorted(licences - {""})))


def _row_page(row: dict[str, str], folder: Path, number: int) -> ReferencePage:
    scan = folder / row["image"]
    if not scan.is_file():
        raise ValueError(f"there is no image {row['image']}")
    fields: dict[str, str] = {name: row.get(name) or "" for name in FIELDS}
    if not isinstance(row.get("text"), str):
        raise ValueError("text is missing")
    plain = not any(fields[name] for name in FIELDS if name != "text")
    reference = fields["text"] if plain else fields_to_json(fields)
    identity = str(row.get("id", f"row {number}"))
    return ReferencePage(identity, str(row.get("document", identity)), scan, 1, reference, sha256_of(scan))


def _words(cause: Exception) -> str:
    return f"{cause} is missing" if isinstance(cause, KeyError) else str(cause)


def _download() -> list[Path]:
    """Return the shards of the benchmark at its pinned revision, from the hub or its cache."""
    hub = load("huggingface_hub", extra="bench")
    try:
        folder = hub.snapshot_download(
            HUB_SET, repo_type="dataset", revision=HUB_REVISION, allow_patterns=["data/*", "LICENSE*"]
        )
    except (OSError, ValueError) as cause:
        raise DataError(
            f"--data dharma: {HUB_SET} cannot be downloaded: {str(cause).splitlines()[0]}",
            hint="download it where there is a network (2.5 GB), then name its folder: --data FOLDER",
        ) from cause
    return sorted(Path(folder).rglob("*.parquet"))


def _parquet(name: str, tables: list[Path], work: Path) -> DataSet:
    """Open tables with the columns of DharmaOCR-Benchmark (id, image_base64, assistant); unpack images into `work`."""
    found = [_table_page(row, work) for table in tables for row in read_rows(table, ("id", "assistant"))]
    pages = tuple(page for page in found if isinstance(page, ReferencePage))
    return DataSet(name, pages, tuple(reason for reason in found if isinstance(reason, str)), HUB_LICENCE)


def _table_page(row: Row, work: Path) -> ReferencePage | str:
    """Return the page of a row, with its image written to `work` once; or the reason why it cannot be scored."""
    identity, reference = str(row["id"]), row["assistant"]
    if not isinstance(reference, str):
        return f"id {identity}: assistant is not text"
    try:
        content = image_of(row)
    except DataError as failure:
        return failure.message
    kind = kind_of(content[:1024])
    if kind is None:
        return f"id {identity}: holds no image"
    scan = work / f"{identity}.{kind}"
    if not scan.is_file() or scan.stat().st_size != len(content):
        write_atomic(scan, content)
    return ReferencePage(identity, identity, scan, 1, reference, sha256_of(scan))
