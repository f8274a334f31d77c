"""A new ledger in place of a damaged one, made of the JSON outputs that stand in the folder.

The pages are whole, so nothing is read again; what only the ledger knew (raw readings, seconds, attempts) is gone.
"""

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

import ocr
from ocr.document import Document, Reader
from ocr.folder import LEDGER, held, output_path
from ocr.ledger import Entry, Ledger, Output
from ocr.schema import document_from_json
from ocr.writers import WRITERS


def rebuild(root: Path) -> int:
    """Put the old ledger aside as `ledger.damaged` and make a new one; answers how many files it knows.

    Raises `OutputError` when the folder is not ours or in use.
    """
    with held(root) as private:
        for suffix in ("", "-wal", "-shm", "-journal"):
            part = private / f"{LEDGER}{suffix}"
            if part.exists():
                part.replace(private / f"ledger.damaged{suffix}")
        with closing(Ledger(private / LEDGER)) as ledger:
            return _fill(ledger, root)


def _fill(ledger: Ledger, root: Path) -> int:
    readers: Counter[Reader] = Counter()
    forms = set()
    for document in _documents(root):
        ledger.begin(document.engine, version=ocr.__version__, host=platform.node())
        readers[document.engine] += len(document.pages)
        ledger.add_file(document.source)
        for page in document.pages:
            ledger.record(document.source.sha256, Entry(page))
        for form in WRITERS:
            path = output_path(document.source.path, form)
            if (root / path).is_file():
                forms.add(form)
                digest = hashlib.sha256((root / path).read_bytes()).hexdigest()
                ledger.claim(Output(path, document.source.path, form, digest))
    for reader, _ in readers.most_common(1):
        ledger.begin(reader, version=ocr.__version__, host=platform.node())
    ledger.remember("formats", ",".join(form for form in WRITERS if form in forms))
    return sum(1 for _ in ledger.files())


def _documents(root: Path) -> Iterator[Document]:
    """The JSON files under `root` that are documents of ours and stand where such a document goes."""
    for path in sorted(root.rglob("*.json")):
        try:
            document = document_from_json(json.loads(path.read_text(encoding="utf-8")))
        except (ValidationError, ValueError, OSError):
            continue
        if path == root / output_path(document.source.path, "json"):
            yield document
