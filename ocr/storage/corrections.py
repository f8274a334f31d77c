"""Corrected output files: which file, its digest and its text. They are kept beside the ledger and survive its loss."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ocr.core.errors import OutputError
from ocr.core.files import write_private


@dataclass(frozen=True, slots=True)
class Correction:
    """An output file as a person corrected it."""

    path: str
    """The file in the output folder, with forward slashes."""
    source: str
    """Name of the scan that it belongs to."""
    scan: str
    """SHA-256 of the scan: a correction says nothing about another scan of the same name."""
    form: str
    """Its output format."""
    sha256: str
    """Of the corrected content."""
    content: bytes = b""


class Corrections:
    """The corrections of one output folder, one JSON file each."""

    def __init__(self, folder: Path) -> None:
        """Read which files are corrected. Raises `OutputError` where a record is damaged."""
        self._folder = folder
        self._known = {record.path: replace(record, content=b"") for record in self._read_all()}

    def __iter__(self) -> Iterator[Correction]:
        """Yield what is known of each correction, by path, without its content."""
        return iter([self._known[path] for path in sorted(self._known)])

    def of_path(self, path: str) -> Correction | None:
        """Return the correction of an output file, without its content; it may be of an earlier scan of that name."""
        return self._known.get(path)

    def content(self, correction: Correction) -> bytes:
        """Return the corrected content. Raises `OutputError` where it cannot be read."""
        return _read(self._place(correction.path)).content

    def keep(self, correction: Correction) -> None:
        """Record a correction in place of an earlier one of the same file. Raises `OutputError`."""
        record = {
            "path": correction.path,
            "source": correction.source,
            "scan": correction.scan,
            "format": correction.form,
            "sha256": correction.sha256,
            "content": base64.b64encode(correction.content).decode("ascii"),
        }
        try:
            record["text"] = correction.content.decode("utf-8")
            del record["content"]
        except UnicodeDecodeError:
            pass  # a binary format: its bytes are kept
        write_private(self._place(correction.path), json.dumps(record, ensure_ascii=False, indent=1))
        self._known[correction.path] = replace(correction, content=b"")

    def _place(self, path: str) -> Path:
        return self._folder / f"{hashlib.sha256(path.encode()).hexdigest()[:32]}.json"

    def _read_all(self) -> Iterator[Correction]:
        for file in sorted(self._folder.glob("*.json")):
            yield _read(file)


def _read(file: Path) -> Correction:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        text = record.get("text")
        content = base64.b64decode(record["content"]) if text is None else text.encode("utf-8")
        return Correction(record["path"], record["source"], record["scan"], record["format"], record["sha256"], content)
    except (OSError, ValueError, KeyError, AttributeError) as cause:
        raise OutputError(
            f"the corrected output recorded in {file} cannot be read: {cause}",
            hint="restore that file from a backup, or move it away and run ocr accept again",
        ) from cause
