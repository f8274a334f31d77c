"""`ocr accept`: keep output files that a person corrected, and show the corrected text in the other formats too."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

from ocr.core.document import Document, Source
from ocr.core.errors import UsageError
from ocr.core.files import hash_bytes
from ocr.formats.json_schema import document_from_json
from ocr.formats.writers import FORMATS
from ocr.rendering.discovery import shown
from ocr.storage.corrections import Correction
from ocr.storage.ledger import Output
from ocr.storage.output_dir import OutputDirectory


def accept(folder: OutputDirectory, files: Sequence[str | Path] = ()) -> list[str]:
    """Record the corrected output files, all of them if no `files` are named; return their names in the folder.

    `files` are paths of output files, as typed or below the folder. A recorded file counts as right from then on; no
    run overwrites it. Raises `UsageError` for a file that is no output, is as lusocr wrote it, or is no longer a valid
    file of its format: nothing is recorded then.
    """
    sources = {source.path: source for source in folder.ledger.files()}
    outputs = {output.path: output for output in folder.ledger.outputs()}
    if files:
        chosen = [outputs[_named(folder.root, file, outputs)] for file in files]
    else:
        known = [output for output in outputs.values() if output.source in sources]
        chosen = [output for output in known if folder.is_edited(sources[output.source], output)]
    contents = [_content(folder, sources.get(output.source), output) for output in chosen]
    corrections = [
        _correction(sources[output.source], output, content) for output, content in zip(chosen, contents, strict=True)
    ]
    for correction in corrections:
        folder.correct(sources[correction.source], correction)
    for name in dict.fromkeys(correction.source for correction in corrections):
        _refresh(folder, sources[name])
    return [correction.path for correction in corrections]


def _named(root: Path, file: str | Path, outputs: dict[str, Output]) -> str:
    """Return the name in the folder of a file that the user named."""
    for path in (Path(file), root / file):
        try:
            name = path.resolve().relative_to(root.resolve()).as_posix()
        except ValueError:
            continue
        if name in outputs:
            return name
    raise UsageError(f"{shown(file)} is no output file of {shown(root)}", hint=f"ocr verify {shown(root)} lists them")


def _content(folder: OutputDirectory, source: Source | None, output: Output) -> bytes:
    """Return the content of an output file that someone changed. Raises `UsageError`."""
    if source is None:
        raise UsageError(
            f"{shown(output.path)}: the ledger no longer knows its scan", hint="run ocr extract on the scan first"
        )
    if not folder.is_edited(source, output):
        raise UsageError(f"{shown(output.path)} is as lusocr wrote it, or missing", hint="correct the file first")
    try:
        return (folder.root / output.path).read_bytes()
    except OSError as cause:
        raise UsageError(f"{shown(output.path)}: cannot be read: {cause.strerror}") from cause


def _correction(source: Source, output: Output, content: bytes) -> Correction:
    """Return the correction to record. Raises `UsageError` where the content is not valid."""
    try:
        if output.format in _CHECKS:
            _check_document(_CHECKS[output.format](content), source)
        elif output.format in _XML_FORMATS:
            ElementTree.fromstring(content)
        elif output.format in _PACKAGES:
            _check_package(content)
    except (ValueError, KeyError, TypeError, AttributeError, SyntaxError, zipfile.BadZipFile) as cause:
        raise UsageError(
            f"{shown(output.path)}: is no valid {output.format} output: {str(cause).splitlines()[0]}",
            hint="correct the file, then type ocr accept again",
        ) from cause
    return Correction(output.path, source.path, source.sha256, output.format, hash_bytes(content), content)


_XML_FORMATS = frozenset(("alto", "hocr", "page"))
_PACKAGES = frozenset(("docx", "xlsx"))


def _check_package(content: bytes) -> None:
    """Raise `BadZipFile` where a DOCX or XLSX file is damaged."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        damaged = package.testzip()
    if damaged is not None:
        raise zipfile.BadZipFile(f"{damaged} in it is damaged")


def _check_document(document: Document, source: Source) -> None:
    if document.source.sha256 != source.sha256:
        raise ValueError("it belongs to another scan")
    numbers = [page.number for page in document.pages]
    if numbers != list(range(1, source.pages + 1)):
        raise ValueError(f"the scan has pages 1 to {source.pages}, the file has {len(numbers)} of them")


def _parse_document(content: bytes) -> Document:
    return document_from_json(json.loads(content))


def _parse_lines(content: bytes) -> Document:
    rows = [json.loads(line) for line in content.split(b"\n") if line.strip()]
    pages = [row["page"] for row in rows]
    return document_from_json({"source": rows[0]["source"], "engine": rows[0]["engine"], "pages": pages})


_CHECKS: dict[str, Callable[[bytes], Document]] = {"json": _parse_document, "jsonl": _parse_lines}


def _refresh(folder: OutputDirectory, source: Source) -> None:
    """Write the other formats of a scan anew where they show its text: they then show the corrected text."""
    for form in FORMATS:
        if folder.has_written(source, form) and not folder.is_current(source, form):
            folder.write(source, form)
